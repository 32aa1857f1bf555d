"""The check for `most_susceptible(distances)`: names ordered by their median distance, the smallest first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..interview import Interview
from ..verdict import fail

Distances = dict[str, Tensor]


@dataclass(frozen=True)
class WrongOrder:
    """A number for each tensor of distances by which the names were sorted, and what to say about it."""

    diagnosis: str
    seen: str
    look: str
    key: Callable[[Tensor], Tensor]


def check_most_susceptible(ask: Interview) -> str:
    for distances, about in ((nets(), "ordinary distances"), (unreachable(), "some points that nothing fools")):
        _compare(ask(distances), distances, about)
    for distances, about in (
        (dict(list(nets().items())[:1]), "a single network"),
        ({name: d.double() for name, d in nets().items()}, "float64"),
    ):
        if ask(distances) != order(distances):
            fail("wrong-elsewhere", f"Right for five networks, wrong for {about}.", "What is special about that case?")
    return "The names come by their median distance, the smallest first, also where some points are out of reach."


def order(distances: Distances, key: Callable[[Tensor], Tensor] = torch.median) -> list[str]:
    return sorted(distances, key=lambda name: float(key(distances[name])))


def nets() -> Distances:
    """Five networks that every wrong key orders differently; an odd number of points, so that medians are unique."""
    return _table(
        wide=[0.02, 0.39, 1.16, 1.28, 0.46],
        linear=[0.57, 0.13, 1.16, 0.14, 0.04],
        smooth=[0.51, 0.97, 0.01, 1.37, 0.7],
        deep=[0.04, 0.24, 1.32, 0.03, 0.2],
        broad=[0.67, 0.02, 0.91, 0.88, 0.99],
    )


def unreachable() -> Distances:
    """The same kind, with infinities: a point that is never fooled is the least susceptible of all."""
    return _table(
        wide=[0.2, 0.3, 0.4, 0.5, 0.6],
        linear=[0.1, 0.15, 0.9, math.inf, math.inf],
        smooth=[0.3, 0.35, 0.36, 0.7, math.inf],
        deep=[0.5, math.inf, math.inf, math.inf, 0.55],
        broad=[0.61, 0.62, 0.63, 0.64, 0.65],
    )


def _table(**rows: list[float]) -> Distances:
    return {name: torch.tensor(row) for name, row in rows.items()}


_EXTREME = "Should one point of many decide?"

WRONG_ORDERS = (
    WrongOrder(
        "least-susceptible-first",
        "The first name is that with the largest median, the last one that with the smallest.",
        "Who is more susceptible, a network with short distances or one with long ones?",
        lambda d: -d.median(),
    ),
    WrongOrder(
        "by-mean",
        "The names are ordered by the mean distance ({about}).",
        "A few points far away move a mean: the median is asked for.",
        torch.mean,
    ),
    WrongOrder(
        "by-minimum",
        "The names are ordered by the smallest distance ({about}).",
        _EXTREME,
        torch.min,
    ),
    WrongOrder(
        "by-maximum",
        "The names are ordered by the largest distance ({about}).",
        _EXTREME,
        torch.max,
    ),
    WrongOrder(
        "unsorted-middle",
        "The names are ordered by the distance that stands in the middle of each tensor ({about}).",
        "The points come in no order: what has to happen before the middle one is a median?",
        lambda d: d[len(d) // 2],
    ),
    WrongOrder(
        "first-point",
        "The names are ordered by the first distance of each tensor ({about}).",
        _EXTREME,
        lambda d: d[0],
    ),
    WrongOrder(
        "by-spread",
        "The names are ordered by how much their distances scatter ({about}).",
        "Which number says how far a typical point is from the boundary?",
        torch.std,
    ),
    WrongOrder(
        "drops-infinite",
        "Right for ordinary distances, wrong with {about}.",
        "A point that nothing fools is very far away, not absent.",
        lambda d: d[d < math.inf].median(),
    ),
)


def _compare(answer: list[str], distances: Distances, about: str) -> None:
    right = order(distances)
    if answer == right:
        return
    for wrong in WRONG_ORDERS:
        if answer == order(distances, wrong.key):
            fail(wrong.diagnosis, wrong.seen.format(about=about), wrong.look)
    if answer == list(distances):
        fail(
            "as-given",
            f"The names come in the order of the dict ({about}).",
            "Which line changes the order?",
        )
    if answer in (sorted(distances), sorted(distances, reverse=True)):
        fail(
            "by-name",
            f"The names come in alphabetical order ({about}).",
            "What you iterate over decides what is compared: names or distances?",
        )
    misplaced = next(name for name, other in zip(answer, right) if name != other)
    fail(
        "wrong-order",
        f"{misplaced!r} stands where a network with another median belongs ({about}).",
        "Print name and median side by side, in the order you return.",
    )
