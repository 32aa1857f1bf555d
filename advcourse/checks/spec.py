"""A check as data: the right answer, the cases to ask about, and the mistakes to recognise, each as a formula.

A mistake is what a student would type: a function of the exercise's own arguments. So a wrong answer is recognised by
computing it, and the tests take the same formula for an answer that has to be recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .forms import Answer
from .interview import Interview
from .verdict import Finding, apart
from .words import Words

Formula = Callable[..., Answer]
Sign = Callable[["Asked"], bool]
Question = Callable[[Interview], Mapping[str, object] | None]


@dataclass(frozen=True)
class Case:
    """Arguments to ask with, and what a wrong answer to them means: the first mistake that fits, or `otherwise`.

    Without `otherwise` an answer that no mistake explains is left to the cases that follow.

    `also` are more arguments, asked with before any answer is looked at: a mistake has to explain all the answers.
    `told` makes a general diagnosis (nan, raises, wrong-shape) a specific one here. A `blemish` does not fail the
    answer: the passed verdict tells of it, where its words have the diagnosis in braces.
    """

    args: tuple
    otherwise: str | None
    where: str = ""
    also: tuple[tuple, ...] = ()
    mistakes: Mapping[str, Sign] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    blemish: bool = False


@dataclass(frozen=True)
class Asked:
    """What came of a case: arguments, answers and right answers, one entry for each time the candidate was asked."""

    ask: Interview
    args: tuple[tuple, ...]
    answers: tuple
    right: tuple
    tolerance: float


@dataclass(frozen=True)
class Spec:
    """Asks about every case in order; the first answer that is wrong ends the check with a diagnosis.

    `right` is the closed form. `numbers(answer, *args)` are what the words may name in braces, besides {where} and what
    `compared` finds. Numbers are equal that differ by no more than `tolerance`, above 1 by that share; those of a
    coarser precision, such as bfloat16, by no more than that rounds.
    What would be bad manners elsewhere, but is `meant` here, is not held against an answer.
    """

    words: Words
    right: Formula
    cases: Callable[[], Iterable[Case]]
    numbers: Callable[..., Mapping] = lambda answer, *args: {}
    tolerance: float = 1e-4
    meant: tuple[str, ...] = ()

    def __call__(self, ask: Interview) -> dict[str, str]:
        """What the passed verdict adds about each blemish."""
        return {str(case.otherwise): self._remark(ask, case) for case in self.cases()}

    def mistakes(self) -> Iterator[tuple[str, Formula]]:
        """Every formula that a mistake is recognised by, under its diagnosis: wrong answers for the tests."""
        for diagnosis, sign in (mistake for case in self.cases() for mistake in case.mistakes.items()):
            yield from ((diagnosis, formula) for formula in getattr(sign, "formulas", ()))

    def _remark(self, ask: Interview, case: Case) -> str:
        try:
            asked = self._ask(ask, case)
        except Finding as found:
            if found.verdict.diagnosis not in case.told:
                raise
            return self._tell(case, case.told[found.verdict.diagnosis], {"where": case.where})
        for answer, right, args in zip(asked.answers, asked.right, asked.args):
            if not same(answer, right, asked.tolerance):
                diagnosis = self._diagnosis(case, asked)
                if diagnosis is None:
                    break
                numbers = {
                    "where": case.where,
                    **compared(answer, right, asked.tolerance),
                    **self.numbers(answer, *args),
                }
                return self._tell(case, diagnosis, numbers)
        return self.words.get(f"no-{case.otherwise}", "")

    def _tell(self, case: Case, diagnosis: str, numbers: Mapping) -> str:
        """Of a blemish the remark is returned; any other diagnosis ends the check."""
        if case.blemish and diagnosis == case.otherwise:
            return self.words.say(diagnosis, **numbers)
        self.words.fail(diagnosis, **numbers)

    def _diagnosis(self, case: Case, asked: Asked) -> str | None:
        for diagnosis, sign in case.mistakes.items():
            if sign(asked):
                return diagnosis
        # A model that was changed on the way explains wrong values better than "wrong".
        if case.otherwise:
            asked.ask.require_manners("changes-weights", "changes-buffers", "flips-mode")
        return case.otherwise

    def _ask(self, ask: Interview, case: Case) -> Asked:
        every = (case.args, *case.also)
        answers = tuple(ask(*args) for args in every)
        ask.breaches = [breach for breach in ask.breaches if breach[0] not in self.meant]
        right = tuple(self.right(*args) for args in every)
        return Asked(ask, every, answers, right, max(self.tolerance, ask.rounding))


@dataclass(frozen=True)
class Questions:
    """A check that is more than a formula: named questions, each of which may end it; some may be a Spec."""

    words: Words
    questions: tuple[Question, ...]

    def __call__(self, ask: Interview) -> dict[str, object]:
        """What the questions found worth telling in the passed verdict."""
        told: dict[str, object] = {}
        for question in self.questions:
            told |= question(ask) or {}
        return told

    def mistakes(self) -> Iterator[tuple[str, Formula]]:
        """Those of every Spec among the questions."""
        for question in self.questions:
            yield from getattr(question, "mistakes", tuple)()


# Signs of a mistake -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Follows:
    """The answers agree with one of these formulas, whose arguments are the exercise's."""

    formulas: tuple[Formula, ...]
    agree: Callable[[Tensor, Tensor, float], bool]

    def __call__(self, asked: Asked) -> bool:
        return any(self._explains(formula, asked) for formula in self.formulas)

    def _explains(self, formula: Formula, asked: Asked) -> bool:
        try:
            return all(
                self.agree(answer, asked.ask.read(formula, args), asked.tolerance)
                for answer, args in zip(asked.answers, asked.args)
            )
        except Finding:  # what the formula gives here is no answer at all
            return False


def like(*formulas: Formula) -> Follows:
    """The answers are what one of the formulas gives."""
    return Follows(formulas, same)


def scaled(*formulas: Formula) -> Follows:
    """The answers are what one of the formulas gives, times one number."""
    return Follows(formulas, lambda a, b, tolerance: _multiple(a.reshape(1, -1), b.reshape(1, -1), tolerance))


def along(*formulas: Formula) -> Follows:
    """Every sample points where one of the formulas says, whatever its length."""
    return Follows(formulas, lambda a, b, tolerance: _multiple(a.flatten(1), b.flatten(1), tolerance, least=0.0))


def seen(what: Callable[..., object]) -> Sign:
    """`what(answer, *args)` is true of every answer."""
    return lambda asked: all(what(answer, *args) for answer, args in zip(asked.answers, asked.args))


def right_alone(asked: Asked) -> bool:
    """Sample by sample the answer is right. A tensor is split that has as many rows as the answer."""
    answer, args = asked.answers[0], asked.args[0]

    def sample(a: object, i: int) -> object:
        return a[i : i + 1] if isinstance(a, Tensor) and a.ndim and len(a) == len(answer) else a

    alone = [asked.ask(*(sample(a, i) for a in args)) for i in range(len(answer))]
    return same(torch.cat(alone), asked.right[0], asked.tolerance)


def changes_from_call_to_call(asked: Asked) -> bool:
    """Asked the same again, the candidate answers something else. It may draw the same once or twice."""
    return any(not same(asked.ask(*asked.args[0]), asked.answers[0], 0.0) for _ in range(4))


# Comparing answers ------------------------------------------------------------------------------------------------


def same(a: object, b: object, tolerance: float = 1e-4) -> bool:
    """Equal up to the tolerance, absolute for numbers below 1 and relative above; names and words exactly."""
    if not isinstance(b, Tensor | float | int):
        return a == b
    return bool(_close(*_numbers(a, b), tolerance).all())


def compared(answer: object, right: object, tolerance: float) -> dict[str, object]:
    """What is most wrong: that entry as it was {found} and as it is {wanted}, with digits enough to tell them apart,
    the largest {error}, and the {share} of {n} entries, in per cent, that are wrong."""
    if not isinstance(right, Tensor | float | int):
        return {"found": answer, "wanted": right}
    a, b = (v.flatten() for v in _numbers(answer, right))
    error = (a - b).abs().where(a != b, 0.0)
    found, wanted = apart(a[error.argmax()], b[error.argmax()])
    share = f"{100 * float((~_close(a, b, tolerance)).double().mean()):.0f}"
    return {"found": found, "wanted": wanted, "error": error.max(), "n": len(a), "share": share}


def _numbers(a: object, b: object) -> tuple[Tensor, Tensor]:
    return torch.as_tensor(a).double(), torch.as_tensor(b).double()


def _close(a: Tensor, b: Tensor, tolerance: float) -> Tensor:
    return (a == b) | ((a - b).abs() <= tolerance * b.abs().clamp_min(1))


def _multiple(a: Tensor, b: Tensor, tolerance: float, least: float = -torch.inf) -> bool:
    """Every row of a is some multiple of the row of b, larger than `least` times it and not zero."""
    a, b = a.double(), b.double()
    factor = (a * b).sum(1, keepdim=True) / (b * b).sum(1, keepdim=True)
    off = (a - factor * b).abs().amax(1, keepdim=True)
    return bool(((factor != 0) & (factor > least) & (off <= tolerance * a.abs().amax(1, keepdim=True))).all())
