"""What exercises share that want a case named from its readings: every case is asked about, and the first slip told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .forms import Form
from .interview import Interview
from .verdict import kind_of
from .words import Words, general_words

SAY = general_words("naming")


@dataclass(frozen=True)
class Known:
    """A case of which is known what it is: its readings, its name, and who that is."""

    readings: tuple[float, ...]
    kind: str
    who: str


# (what it is, what was said) -> the diagnosis of the one who said it, the first that fits; None for whatever else.
Mistakes = Mapping[tuple[str | None, str | None], str]


def one_of(say: Words, kinds: Sequence[str]) -> Form:
    """One of these words."""

    def form(value: object, args: tuple) -> str:
        if value is None:
            say.fail("returns-none")
        if not isinstance(value, str):
            say.fail("returns-no-word", kind=kind_of(value))
        if value not in kinds:
            say.fail("other-word", word=repr(value[:30]), kinds=", ".join(kinds))
        return value

    return form


def every_one_is_named(
    say: Words, readings: Sequence[str], cases: Sequence[Known], mistakes: Mistakes
) -> Callable[[Interview], dict]:
    """The question whether each case is called what it is; readings are the names of its numbers."""

    def question(ask: Interview) -> dict:
        answers = [ask(*case.readings) for case in cases]
        if len(set(answers)) == 1:
            say.fail("one-for-all", cases=len(cases), word=answers[0])
        said = {(case.kind, answer) for case, answer in zip(cases, answers, strict=True)}
        exchanged = len(said) == len({kind for kind, _ in said}) == len(set(answers))
        for case, answer in zip(cases, answers, strict=True):
            if answer != case.kind and exchanged:
                SAY.fail("words-exchanged", who=case.who, word=answer)
            if answer != case.kind:
                told = {(case.kind, answer), (case.kind, None), (None, answer)}
                diagnosis = next(mistake for pair, mistake in mistakes.items() if pair in told)
                numbers = ", ".join(f"{name} {v:g}" for name, v in zip(readings, case.readings, strict=True))
                say.fail(diagnosis, who=case.who, numbers=numbers, word=answer)
        return {"cases": len(cases)}

    return question
