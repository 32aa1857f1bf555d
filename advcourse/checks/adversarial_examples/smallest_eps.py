"""The check for `smallest_eps(fooled, high, tolerance)`: binary search that returns what it has seen to fool."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

from ..interview import Interview
from ..spec import Questions
from ..verdict import Finding
from ..words import words

SAY = words(__file__)

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


@dataclass
class Fooled:
    """`fooled`: answers and remembers what it was asked."""

    threshold: float
    high: float
    asked: list[float] = field(default_factory=list)

    def __call__(self, eps) -> bool:
        eps = float(eps)
        self.asked.append(eps)
        if eps > self.high * (1 + 1e-6):
            SAY.fail("asks-beyond-high", eps=eps, high=self.high)
        if len(self.asked) > PATIENCE:
            SAY.fail("endless-search", patience=PATIENCE, high=self.high)
        return eps >= self.threshold


@dataclass(frozen=True)
class Search:
    """One search that was made, and what came of it."""

    fooled: Fooled
    answer: float
    tolerance: float

    @property
    def seen(self) -> dict:
        """What every sentence about a search may name."""
        threshold, high = self.fooled.threshold, self.fooled.high
        about = f"fooled from {threshold:g} on, high = {high:g}, tolerance = {self.tolerance:g}"
        numbers = {"answer": f"{self.answer:.5g}", "about": about, "questions": len(self.fooled.asked)}
        return numbers | {"width": self.width}

    @property
    def width(self) -> float:
        """Of the interval in which the smallest must be after all questions."""
        asked, threshold = self.fooled.asked, self.fooled.threshold
        up = min([eps for eps in asked if eps >= threshold], default=self.fooled.high)
        return up - max([eps for eps in asked if eps < threshold], default=0)

    @property
    def off(self) -> float:
        return self.answer - self.fooled.threshold

    @property
    def good(self) -> bool:
        return 0 <= self.off <= self.tolerance * (1 + 1e-6) + 1e-6 * self.fooled.high

    @property
    def was_asked(self) -> bool:
        return any(math.isclose(self.answer, eps, rel_tol=1e-6) for eps in self.fooled.asked)


def finds_the_smallest(ask: Interview) -> dict:
    most = 0
    for threshold, high, tolerance in SEARCHES:
        fooled = Fooled(threshold, high)
        search = Search(fooled, ask(fooled, high, tolerance), tolerance)
        _require_halving(search)
        _require_good_end(search, ask)
        _require_few_questions(search, ask)
        most = max(most, len(fooled.asked))
    return {"most": most}


def _require_halving(search: Search) -> None:
    asked, threshold = search.fooled.asked, search.fooled.threshold
    if not asked:
        SAY.fail("never-asks", **search.seen)
    steps = [b - a for a, b in pairwise(asked[1:])]
    if len(steps) >= 8 and max(steps) - min(steps) < 1e-6 and steps[0] != 0:
        SAY.fail("linear-scan", distance=abs(steps[0]), **search.seen)
    for a, b in pairwise(asked):
        said = a >= threshold
        if (said and b > a) or (not said and b < a):
            SAY.fail("wrong-half", said=said, a=a, b=b, **search.seen)


def _require_few_questions(search: Search, ask: Interview) -> None:
    """Halvings, one question about high, and one more for other ways to count."""
    asked = search.fooled.asked
    most = math.ceil(math.log2(search.fooled.high / search.tolerance)) + 2
    if len(asked) <= most:
        return
    if len(set(asked)) <= most:
        SAY.fail("asks-again", again=len(asked) - len(set(asked)), **search.seen)
    if all(math.isclose(b, 2 * a) for a, b in pairwise(asked[:4])):
        SAY.fail("doubles-first", first=f"{asked[0]:g}, {asked[1]:g} and {asked[2]:g}", **search.seen)
    if _questions(ask, 0.03) > _questions(ask, 0.45) + 1:  # near 0 it goes on halving
        SAY.fail("relative-tolerance", **search.seen)
    SAY.fail("too-many-questions", most=most, **search.seen)


def _require_good_end(search: Search, ask: Interview) -> None:
    answer = search.answer
    if math.isinf(answer):
        SAY.fail("gives-up", **search.seen)
    if not search.good and answer > search.fooled.high:
        SAY.fail("beyond-high", high=search.fooled.high, **search.seen)
    known = search.good or search.was_asked
    if not known and answer and any(math.isclose(answer, round(answer, n)) for n in (1, 2, 3, 4)):
        SAY.fail("rounded", **search.seen)
    if search.off < 0:
        SAY.fail("lower-end" if answer == 0 or search.was_asked else "untested-eps", **search.seen)
    if search.good:
        return
    if answer >= search.fooled.high:
        SAY.fail("returns-high", **search.seen)
    few, *_, many = sorted(_questions(ask, threshold) for threshold in (0.03, 0.3, 0.45))
    if many - few > 1:
        SAY.fail("stops-too-early", few=few, many=many, times=search.off / search.tolerance, **search.seen)
    if search.fooled.threshold < search.tolerance:  # the searches before ended well
        SAY.fail("starts-above-zero", times=search.off / search.tolerance, **search.seen)
    again = Fooled(0.2, 0.5)
    ask(again, 0.5, 0.04)
    if len(again.asked) == len(search.fooled.asked):
        SAY.fail("fixed-steps", **search.seen)
    SAY.fail("too-coarse", times=search.off / search.tolerance, **search.seen)


def _questions(ask: Interview, threshold: float) -> int:
    """How many it asks where half is the largest eps: for a search that halves the same whatever the threshold."""
    fooled = Fooled(threshold, 0.5)
    ask(fooled, 0.5, 0.04)
    return len(fooled.asked)


def knows_when_nothing_fools(ask: Interview) -> None:
    try:
        answer = ask(Fooled(math.inf, 1.0), 1.0, 1e-3)
    except Finding as found:
        if found.verdict.diagnosis in ("returns-none", "returns-no-number", "raises", "endless-search"):
            SAY.fail("no-infinity", answer="no number")
        raise
    if answer != math.inf:
        SAY.fail("no-infinity", answer=answer)


check_smallest_eps = Questions(SAY, (finds_the_smallest, knows_when_nothing_fools))
