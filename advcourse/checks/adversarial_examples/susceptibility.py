"""The check for `susceptibility(distance, eps)`: the share of points that an adversary of size eps can reach."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number


def check_susceptibility(ask: Interview) -> str:
    # As many eps as points first: there a mean over the wrong dimension still has the right shape.
    for n, m in ((8, 8), (12, 5)):
        distance, eps = distances(n, m)
        _compare(ask(distance, eps), distance, eps)
    for n, m, dtype, where in ((1, 3, torch.float32, "a single point"), (9, 1, torch.float64, "float64 and one eps")):
        distance, eps = (a.to(dtype) for a in distances(n, m))
        error = (ask(distance, eps) - share(distance, eps)).abs().max()
        if error > 1e-4:
            fail("wrong-elsewhere", f"Off by {number(error)} for {where}.", "What is special about that case?")
    return "Each eps gets the share of points below it; distance 0 counts in all, infinity in none."


def share(distance: Tensor, eps: Tensor) -> Tensor:
    return (distance[:, None] < eps).double().mean(0)


def distances(n: int, m: int) -> tuple[Tensor, Tensor]:
    """Distances with zeros and infinities among them, and eps > 0 in no order; none equals another."""
    draw = torch.Generator().manual_seed(n)
    distance = torch.rand(n, generator=draw)
    distance[n // 4 :: 5] = math.inf
    distance[1::4] = 0
    return distance, (0.1 + 0.8 * torch.rand(m, generator=draw))


def _histogram(distance: Tensor, eps: Tensor) -> Tensor:
    order = eps.argsort()
    up_to = share(distance, eps[order])
    return torch.zeros_like(up_to).scatter(0, order, up_to.diff(prepend=torch.zeros(1)))


def _in_order(distance: Tensor, eps: Tensor) -> Tensor:
    return share(distance, eps.sort().values)


def _of(chosen, distance: Tensor, eps: Tensor) -> Tensor:
    return share(distance[chosen], eps)


def _wrong_axis(distance: Tensor, eps: Tensor) -> Tensor:
    return (distance[:, None] < eps).double().mean(1) if len(eps) == len(distance) else torch.full_like(eps, math.nan)


def _elementwise(distance: Tensor, eps: Tensor) -> Tensor:
    return (distance < eps).double() if len(eps) == len(distance) else torch.full_like(eps, math.nan)


_SIDE = "Susceptible is a point that an adversary of this size reaches: which side of eps is that?"
_ALL = "Every point counts in the denominator, also one that is wrong already and one that nothing fools."

WRONG_SHARES = (
    WrongFormula(
        "share-above",
        "At eps = {eps} it says {got}, and less at larger eps.",
        _SIDE,
        lambda d, e: 1 - share(d, e),
    ),
    WrongFormula(
        "counts",
        "At eps = {eps} it says {got} of {n} points.",
        "A share is between 0 and 1: of how many points?",
        lambda d, e: share(d, e) * len(d),
    ),
    WrongFormula(
        "counts",
        "At eps = {eps} it says {got} of {n} points.",
        "A share is between 0 and 1: of how many points, and on which side of eps?",
        lambda d, e: (1 - share(d, e)) * len(d),
    ),
    WrongFormula(
        "percent",
        "At eps = {eps} it says {got}.",
        "A share is between 0 and 1.",
        lambda d, e: share(d, e) * 100,
    ),
    WrongFormula(
        "divides-by-eps",
        "With {n} points and {m} eps it says {got} at eps = {eps}.",
        "By the number of what is the count divided?",
        lambda d, e: share(d, e) * len(d) / len(e),
    ),
    WrongFormula(
        "wrong-axis",
        "It returns {m} numbers, but one for each point: with {n} points and {m} eps the shape tells nothing.",
        "Which dimension of your table is points, which is eps, and over which one is the mean?",
        _wrong_axis,
    ),
    WrongFormula(
        "one-by-one",
        "With {n} points and {m} eps every number is 0 or 1.",
        "Each eps is to be compared with every point: of what shape is your comparison?",
        _elementwise,
    ),
    WrongFormula(
        "drops-infinite",
        "At eps = {eps} it says {got}; right would be that share of the points with a finite distance.",
        _ALL,
        lambda d, e: _of(d < math.inf, d, e),
    ),
    WrongFormula(
        "drops-misclassified",
        "At eps = {eps} it says {got}: points with distance 0 are left out.",
        _ALL,
        lambda d, e: _of(d > 0, d, e),
    ),
    WrongFormula(
        "zero-not-counted",
        "At eps = {eps} it says {got}: points with distance 0 count as safe.",
        "A point that is misclassified where it is: how large an adversary does it take?",
        lambda d, e: share(d.where(d > 0, math.inf), e),
    ),
    WrongFormula(
        "histogram",
        "At eps = {eps} it says {got}: the share since the eps before.",
        "A larger adversary can do all that a smaller one can: is yours a curve that never falls?",
        _histogram,
    ),
    WrongFormula(
        "sorts-eps",
        "At eps = {eps} it says {got}, what belongs to another eps.",
        "The eps came in no order, and the shares are wanted in theirs: what was sorted on the way?",
        _in_order,
    ),
    WrongFormula(
        "not-averaged",
        "At eps = {eps} it says {got}, which is a length.",
        _SIDE,
        lambda d, e: torch.where(d[:, None] < e, d[:, None].double(), 0).mean(0),
    ),
)


def _compare(answer: Tensor, distance: Tensor, eps: Tensor) -> None:
    right = share(distance, eps)
    if same(answer, right):
        return
    worst = int((answer - right).abs().argmax())
    numbers = {"eps": number(eps[worst]), "got": number(answer[worst]), "n": len(distance), "m": len(eps)}
    refuse(answer, WRONG_SHARES, lambda formula: formula(distance, eps), **numbers)
    under = int((distance < eps[worst]).sum())
    fail(
        "wrong-value",
        f"At eps = {numbers['eps']} it says {numbers['got']}, where {under} of {len(distance)} points are closer.",
        "Take one eps and count by hand.",
    )
