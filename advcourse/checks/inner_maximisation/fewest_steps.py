"""The check for `fewest_steps(eps, step_size)`: the smallest n with n * step_size >= eps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..interview import Interview
from ..verdict import fail, instead_of, number

# The first three do not come out even; in the fifth eps / step_size is 7.000000000000001 in floating point.
CASES = ((0.1, 0.03), (0.2, 0.03), (0.3, 0.07), (0.2, 0.05), (0.28, 0.04), (0.25, 1.0), (8 / 255, 2 / 255), (0.3, 0.1))
SLACK = 1e-9

_RULE = "How far does a walk of n steps lead, and when does that reach the far end?"


@dataclass(frozen=True)
class WrongCount:
    diagnosis: str
    what: str
    formula: Callable[[float, float], float]
    look: str


WRONG_COUNTS = (
    WrongCount(
        "rounded-down",
        "rounded down",
        lambda e, a: math.floor(e / a + SLACK),
        "Is the edge of the ball reached after that many?",
    ),
    WrongCount(
        "rounded-to-nearest",
        "rounded to the nearest",
        lambda e, a: round(e / a),
        "Is the edge of the ball reached after that many?",
    ),
    WrongCount(
        "strictly-more",
        "one more than needed where the steps come out even",
        lambda e, a: math.floor(e / a + SLACK) + 1,
        "Is a walk that ends exactly at eps long enough?",
    ),
    WrongCount("not-whole", "not a whole number", lambda e, a: e / a, "Can one take a part of a step?"),
    WrongCount("upside-down", "step_size over eps", lambda e, a: math.ceil(a / e - SLACK), _RULE),
    WrongCount("upside-down", "step_size over eps", lambda e, a: a / e, _RULE),
    WrongCount(
        "whole-diameter",
        "enough for twice the radius",
        lambda e, a: math.ceil(2 * e / a - SLACK),
        "From one end to the other that is right, but how far is it from x?",
    ),
    WrongCount("product", "the product of the two, rounded up", lambda e, a: math.ceil(e * a - SLACK), _RULE),
)


def check_fewest_steps(ask: Interview) -> str:
    answers = [ask(*case) for case in CASES]
    right = [needed(*case) for case in CASES]
    if answers != right:
        about = f"eps = {CASES[0][0]:g} and step_size = {CASES[0][1]:g}"
        for wrong in WRONG_COUNTS:
            if all(math.isclose(a, wrong.formula(*case), abs_tol=1e-6) for a, case in zip(answers, CASES)):
                fail(wrong.diagnosis, f"It returned {number(answers[0])} for {about}: {wrong.what}.", wrong.look)
        off = [i for i, (a, b) in enumerate(zip(answers, right)) if a != b]
        eps, step = CASES[off[0]]
        if all(answers[i] == right[i] + 1 and math.isclose(right[i] * CASES[i][1], CASES[i][0]) for i in off):
            fail(
                "rounding-error",
                f"It returned {number(answers[off[0]])} for eps = {eps:g} and step_size = {step:g}, one too many.",
                f"In floating point the quotient is {eps / step!r}, so what would you still call equal?",
            )
        fail(
            "wrong-value",
            f"It returned {number(answers[off[0]])} for eps = {eps:g} and step_size = {step:g}.",
            _RULE,
        )
    with instead_of(
        "raises",
        "nan",
        diagnosis="no-zero",
        seen="At eps = 0 it returns no number.",
        look="How many steps does it take?",
    ):
        nothing = ask(0.0, 0.05)
    if nothing != 0:
        fail("no-zero", f"At eps = 0 it returned {number(nothing)}.", "How many steps does it take to stay?")
    return "Steps times step size reach eps, and one step fewer would not, also where floating point is a hair off."


def needed(eps: float, step_size: float) -> int:
    return math.ceil(eps / step_size - SLACK)
