"""What exercises share that want a case named from its readings: every case is asked about, and the first slip told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .interview import Interview
from .words import Words


class Known(Protocol):
    """A case of which is known what it is."""

    @property
    def readings(self) -> tuple[float, ...]: ...

    @property
    def kind(self) -> str: ...

    @property
    def who(self) -> str: ...

    @property
    def numbers(self) -> str: ...


# (what it is, what was said) -> the diagnosis of the one who said it, the first that fits; None for whatever else.
Mistakes = Mapping[tuple[str | None, str | None], str]


def every_one_is_named(say: Words, cases: Sequence[Known], mistakes: Mistakes) -> Callable[[Interview], dict]:
    """The question whether each case is called what it is."""

    def question(ask: Interview) -> dict:
        answers = [ask(*case.readings) for case in cases]
        if len(set(answers)) == 1:
            say.fail("one-for-all", cases=len(cases), word=answers[0])
        for case, answer in zip(cases, answers, strict=True):
            if answer != case.kind:
                told = {(case.kind, answer), (case.kind, None), (None, answer)}
                diagnosis = next(mistake for pair, mistake in mistakes.items() if pair in told)
                say.fail(diagnosis, who=case.who, numbers=case.numbers, word=answer)
        return {"cases": len(cases)}

    return question
