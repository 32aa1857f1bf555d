"""The check for `smallest_eps(fooled, high, tolerance)`: binary search that returns what it has seen to fool."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

from ..interview import Interview
from ..verdict import fail, instead_of, number

# (threshold, high, tolerance): fooled(eps) is eps >= threshold.
SEARCHES = (
    (0.3712, 1.0, 1e-3),
    (0.6287, 1.0, 1e-3),
    (0.0837, 0.3, 1e-5),
    (5.3921, 8.0, 0.01),
    (0.00002, 1.0, 1e-3),
    (0.99991, 1.0, 1e-3),
    (0.2, 0.5, 0.04),
)
PATIENCE = 20_000


def check_smallest_eps(ask: Interview) -> str:
    most = max(_search(ask, *search) for search in SEARCHES)
    _require_infinity(ask)
    return f"What it returns fools and is within the tolerance of the smallest, after {most} questions at most."


@dataclass
class Questions:
    """`fooled`: answers and remembers what it was asked."""

    threshold: float
    high: float
    eps: list[float] = field(default_factory=list)

    def __call__(self, eps) -> bool:
        eps = float(eps)
        self.eps.append(eps)
        if eps > self.high * (1 + 1e-6):
            fail(
                "asks-beyond-high",
                f"It asked about eps = {number(eps)}, where high = {number(self.high)}.",
                "The search is between 0 and high: does your code read that argument?",
            )
        if len(self.eps) > PATIENCE:
            fail(
                "endless-search",
                f"After {PATIENCE} questions between 0 and {number(self.high)} it still asks.",
                "When is the interval small enough, if two floating-point numbers need never become equal?",
            )
        return eps >= self.threshold


def _needed(high: float, tolerance: float) -> int:
    """Halvings, one question about high, and some leeway for other ways to count."""
    return math.ceil(math.log2(high / tolerance)) + 3


def _search(ask: Interview, threshold: float, high: float, tolerance: float) -> int:
    """One search; the number of its questions."""
    fooled = Questions(threshold, high)
    answer = ask(fooled, high, tolerance)
    about = f"fooled from {threshold:g} on, high = {high:g}, tolerance = {tolerance:g}"
    if not fooled.eps:
        fail(
            "never-asks",
            f"It returned {number(answer)} without asking once ({about}).",
            "What is fooled at which eps is known to the function you were given: when do you call it?",
        )
    _refuse_the_way(fooled, about)
    _refuse_the_end(answer, fooled, about, tolerance, ask)
    if len(fooled.eps) > _needed(high, tolerance):
        fail(
            "too-many-questions",
            f"It asked {len(fooled.eps)} questions ({about}).",
            "Every halving takes one, and the tolerance says how many halvings: which questions are superfluous?",
        )
    return len(fooled.eps)


def _refuse_the_way(fooled: Questions, about: str) -> None:
    eps = fooled.eps
    steps = [b - a for a, b in pairwise(eps[1:])]
    if len(steps) >= 8 and max(steps) - min(steps) < 1e-6 and steps[0] != 0:
        fail(
            "linear-scan",
            f"It asked {len(eps)} questions at equal distances of {number(abs(steps[0]))} ({about}).",
            "Each answer rules out a whole part of the interval: which question rules out most?",
        )
    for a, b in pairwise(eps):
        said = a >= fooled.threshold
        if (said and b > a) or (not said and b < a):
            fail(
                "wrong-half",
                f"After {said} at eps = {number(a)} it asked at {number(b)} ({about}).",
                "Larger eps fool too: in which half is the smallest one after such an answer?",
            )


def _refuse_the_end(answer: float, fooled: Questions, about: str, tolerance: float, ask: Interview) -> None:
    threshold, high = fooled.threshold, fooled.high
    if math.isinf(answer):
        fail(
            "gives-up",
            f"It returned infinity ({about}).",
            "That is the answer only where even the largest eps does not fool: is that the one you ask about?",
        )
    was_asked = any(math.isclose(answer, eps, rel_tol=1e-6) for eps in fooled.eps)
    off = answer - threshold
    good = 0 <= off <= tolerance * (1 + 1e-6) + 1e-6 * high
    if not (good or was_asked) and answer and any(math.isclose(answer, round(answer, n)) for n in (1, 2, 3, 4)):
        fail(
            "rounded",
            f"It returned {answer:.5g}, which was never asked about ({about}).",
            "To what is your result rounded, and is it still an eps that fools and is small enough?",
        )
    if off < 0:
        if answer == 0 or was_asked:
            fail(
                "lower-end",
                f"It returned {answer:.5g}, which does not fool ({about}).",
                "The interval has two ends: of which one do you know that it fools?",
            )
        fail(
            "untested-eps",
            f"It returned {answer:.5g}, which was never asked about and does not fool ({about}).",
            "Return an eps of which you have seen that it fools.",
        )
    if not good:
        if answer >= high:
            fail(
                "returns-high",
                f"It returned {answer:.5g} ({about}).",
                "That fools, but what came of the questions about smaller ones?",
            )
        again = Questions(0.2, 0.5)
        ask(again, 0.5, 0.04)
        if len(again.eps) == len(fooled.eps):
            fail(
                "fixed-steps",
                f"It took {len(again.eps)} questions at tolerance = 0.04, and as many here ({about}).",
                "What does the number of your steps depend on?",
            )
        fail(
            "too-coarse",
            f"It returned {answer:.5g}, off by {number(off / tolerance)} tolerances ({about}).",
            "How wide is the interval between False and True when your search ends?",
        )


def _require_infinity(ask: Interview) -> None:
    never = Questions(math.inf, 1.0)
    seen = "Where no eps up to high = 1 fools"
    look = "The task has a number for that: what do you return when high itself does not fool?"
    with instead_of(
        "returns-none",
        "returns-no-number",
        "raises",
        "endless-search",
        diagnosis="no-infinity",
        seen=f"{seen}, it does not return a number.",
        look=look,
    ):
        answer = ask(never, 1.0, 1e-3)
    if answer != math.inf:
        fail("no-infinity", f"{seen}, it returned {number(answer)}.", look)
