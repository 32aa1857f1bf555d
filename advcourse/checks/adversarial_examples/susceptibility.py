"""The check for `susceptibility(distance, eps)`: the share of points that an adversary of size eps can reach."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Case, Spec, like, seen
from ..words import words


def share(distance: Tensor, eps: Tensor) -> Tensor:
    return (distance[:, None] < eps).double().mean(0)


def _histogram(distance: Tensor, eps: Tensor) -> Tensor:
    order = eps.argsort()
    up_to = share(distance, eps[order])
    return torch.zeros_like(up_to).scatter(0, order, up_to.diff(prepend=torch.zeros(1)))


def _differences(distance: Tensor, eps: Tensor) -> Tensor:
    """Since the eps before in the list, in whatever order they come."""
    return share(distance, eps).diff(prepend=torch.zeros(1))


def _from_the_last_on(distance: Tensor, eps: Tensor) -> Tensor:
    """From the eps before in the list on, which may be the larger one."""
    d, last = distance[:, None], torch.cat([torch.zeros(1), eps[:-1]])
    return ((d >= last) & (d < eps)).double().mean(0)


def _in_order(distance: Tensor, eps: Tensor) -> Tensor:
    return share(distance, eps.sort().values)


def _of(chosen, distance: Tensor, eps: Tensor) -> Tensor:
    return share(distance[chosen], eps)


# What is left when no formula explains an answer.
NO_CURVE = {
    "no-share": seen(lambda a, d, e: a.min() < 0 or a.max() > 1),
    "no-count": seen(lambda a, d, e: (a * len(d) - (a * len(d)).round()).abs().max() > 1e-3),
}
MISTAKES = {
    "share-above": like(lambda d, e: 1 - share(d, e)),
    "counts": like(lambda d, e: share(d, e) * len(d), lambda d, e: (1 - share(d, e)) * len(d)),
    "percent": like(lambda d, e: share(d, e) * 100, lambda d, e: (share(d, e) * 100).round()),
    "first-point": like(lambda d, e: share(d[:1], e), lambda d, e: (d[:, None] < e).any(0).double()),
    "rounded": like(*(lambda d, e, n=n: share(d, e).round(decimals=n) for n in (1, 2, 3))),
    "off-by-one": like(
        lambda d, e: share(d, e) * len(d) / (len(d) - 1),
        lambda d, e: share(d, e) * len(d) / (len(d) + 1),
        lambda d, e: share(d[1:], e),
        lambda d, e: share(d[:-1], e),
    ),
    "one-eps-for-all": like(lambda d, e: share(d, e[:1]).expand(len(e)), lambda d, e: share(d, e[-1:]).expand(len(e))),
    "first-eps-alone": like(lambda d, e: share(d, e) * (torch.arange(len(e)) == 0)),
    "divides-by-eps": like(lambda d, e: share(d, e) * len(d) / len(e)),
    "drops-infinite": like(lambda d, e: _of(d < math.inf, d, e)),
    "drops-misclassified": like(lambda d, e: _of(d > 0, d, e)),
    "zero-not-counted": like(lambda d, e: share(d.where(d > 0, math.inf), e)),
    "histogram": like(_histogram, _differences, _from_the_last_on),
    "adds-up": like(lambda d, e: share(d, e).cumsum(0)),
    "forgets-to-sort": like(lambda d, e: torch.searchsorted(d, e) / len(d)),
    "infinite-counts": like(
        lambda d, e: share(d.where(d < math.inf, 0), e),
        lambda d, e: share(d.where(d < math.inf, d[d < math.inf].max()), e),
    ),
    "whole-numbers": like(lambda d, e: share(d, e).floor()),
    "mean-distance": like(lambda d, e: torch.stack([d[d < limit].mean() for limit in e])),
    "other-radius": like(*(lambda d, e, by=by: share(d, by * e) for by in (0.5, 2))),
    "sorts-eps": like(_in_order),
    "not-averaged": like(lambda d, e: torch.where(d[:, None] < e, d[:, None].double(), 0).mean(0)),
}


# As many eps as points: there a mean over the wrong dimension still has the right shape. And all distances finite:
# there a quantile is a number.
SQUARE = {
    "distance-at-a-share": like(lambda d, e: d.quantile(e)),
    "wrong-axis": like(lambda d, e: (d[:, None] < e).double().mean(1)),
    "one-by-one": like(lambda d, e: (d < e).double()),
}


INFINITE_AS = {
    "infinite-counts": like(*(lambda d, e, by=by: share(d.where(d < math.inf, by), e) for by in (1, 10, 100, 1e3, 1e6)))
}


def cases() -> Iterator[Case]:
    distance, eps = distances(8, 8)
    yield Case((distance.clamp(max=1.5), eps), None, mistakes=SQUARE)
    yield Case(distances(12, 5), "wrong-value", mistakes=MISTAKES | NO_CURVE)
    extreme = torch.tensor([1e9, 1e-9, 0.5])
    where = "an eps of a billion and one of a billionth"
    yield Case((distances(12, 5)[0], extreme), "wrong-elsewhere", where, mistakes=INFINITE_AS)
    yield Case(distances(8, 8), "wrong-elsewhere", "as many eps as points")
    yield Case(distances(1, 3), "wrong-elsewhere", "a single point")
    yield Case(tuple(a.double() for a in distances(9, 1)), "wrong-elsewhere", "float64 and one eps")


def distances(n: int, m: int) -> tuple[Tensor, Tensor]:
    """Distances with zeros and infinities among them, and eps > 0 in no order; none equals another."""
    draw = torch.Generator().manual_seed(n)
    distance = torch.rand(n, generator=draw)
    distance[n // 4 :: 5] = math.inf
    distance[1::4] = 0
    return distance, (0.1 + 0.8 * torch.rand(m, generator=draw))


def _numbers(answer: Tensor, distance: Tensor, eps: Tensor) -> dict:
    worst = int((answer - share(distance, eps)).abs().argmax())
    under = int((distance < eps[worst]).sum())
    return {"eps": eps[worst], "got": answer[worst], "points": len(distance), "m": len(eps), "under": under}


check_susceptibility = Spec(words(__file__), share, cases, _numbers)
