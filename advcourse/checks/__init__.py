"""Checks for the exercises: an answer goes in, a verdict with a diagnosis comes out.

A unit's checks live in a room of their own, named like the unit, that offers `EXERCISES`: name -> `Exercise`. A new
unit is such a room, one more line in the dict below, and a bank of right and wrong answers in `tests/banks`.

The oracle is never the library: closed forms, properties, and small models made for the purpose.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial

from advcourse.claims import say

from . import (
    adversarial_examples,
    black_box,
    blind_spots,
    creative_attacks,
    gradient_attacks,
    inner_maximisation,
    margins_and_noise,
    max_of_convex,
    mixed_batches,
    robust_training,
    texture_vs_shape,
)
from .earlier import earlier_answers
from .forms import like_first_tensor
from .interview import Interview, refuse_to_examine
from .progress import note
from .surroundings import fixed_surroundings
from .verdict import FAILED, PASSED, Exercise, Finding, Verdict, kind_of, lines
from .words import general_words

__all__ = ["Verdict", "check", "judge"]

EXERCISES: dict[str, Exercise] = {
    **blind_spots.EXERCISES,
    **adversarial_examples.EXERCISES,
    **texture_vs_shape.EXERCISES,
    **gradient_attacks.EXERCISES,
    **black_box.EXERCISES,
    **creative_attacks.EXERCISES,
    **mixed_batches.EXERCISES,
    **inner_maximisation.EXERCISES,
    **max_of_convex.EXERCISES,
    **robust_training.EXERCISES,
    **margins_and_noise.EXERCISES,
}

SECONDS = 6.0


def judge(name: str, candidate: Callable, *, seconds: float = SECONDS) -> Verdict:
    """Examine an answer to the exercise `name`; `seconds` is what the candidate may use up in all its calls together.

    Nothing an answer does gets out of here: it may raise, print, hang, reseed or exit. Runs on the CPU whatever the
    course's device. Raises KeyError for an unknown exercise.
    """
    exercise = _find(name)
    if not callable(candidate):
        return Verdict(FAILED, "not-a-function", general_words("call").say("not-a-function", kind=kind_of(candidate)))
    with fixed_surroundings():
        form = exercise.form or like_first_tensor
        interview = Interview(candidate, f"{name}({exercise.arguments})", seconds, form)
        try:
            verified = _examine(exercise, interview)
        except Finding as found:
            verdict = found.verdict
            return (_of_an_earlier_answer(name, candidate, seconds) if verdict.status == FAILED else None) or verdict
    return Verdict(PASSED, "ok", f"{verified} {interview.remark()}")


def _of_an_earlier_answer(name: str, candidate: Callable, seconds: float) -> Verdict | None:
    """What is wrong with the first of the answers this one calls that fails by itself, None where all are right."""
    for other, answer in earlier_answers(candidate, name, list(EXERCISES)):
        verdict = judge(other, answer, seconds=seconds)
        if verdict.status == FAILED:
            told = general_words("call").say("earlier-answer", other=other, its=verdict.diagnosis)
            return Verdict(FAILED, "earlier-answer", told)
    return None


def _examine(exercise: Exercise, interview: Interview) -> str:
    try:
        told = exercise.check(interview)
        verified = exercise.check.words.say("ok", **told)
    except Finding:
        raise
    except Exception as error:  # the last resort: what a check made of an answer must not reach the notebook
        refuse_to_examine(interview.latest, error)
    interview.require_manners()
    return verified


class _Check:
    """`check.fgsm(fgsm)` prints the verdict on an answer to the exercise `fgsm`. `dir(check)` lists the exercises."""

    def __getattr__(self, name: str) -> Callable[[Callable], None]:
        try:
            _find(name)
        except KeyError as error:
            raise AttributeError(error.args[0]) from None
        return partial(_show, name)

    def __dir__(self) -> list[str]:
        return list(EXERCISES)

    def __repr__(self) -> str:
        return f"check: {', '.join(EXERCISES)}"


check = _Check()


def _show(name: str, candidate: Callable) -> None:
    # The notebook is where a verdict is read, and this text is what its tests compare.
    verdict = judge(name, candidate)
    say(lines(name, verdict))
    if verdict.status == PASSED:
        note(name)


def _find(name: str) -> Exercise:
    if name in EXERCISES:
        return EXERCISES[name]
    close = difflib.get_close_matches(name, EXERCISES, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    raise KeyError(f"no exercise {name!r}.{guess} There are: {', '.join(EXERCISES)}")
