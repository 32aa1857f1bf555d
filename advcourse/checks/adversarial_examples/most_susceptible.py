"""The check for `most_susceptible(distances)`: names ordered by their median distance, the smallest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Spec, like
from ..words import words

Distances = dict[str, Tensor]


def by(key: Callable[[Tensor], Tensor]) -> Callable[[Distances], list[str]]:
    """The names in the order of a number for each tensor of distances."""
    return lambda distances: sorted(distances, key=lambda name: float(key(distances[name])))


order = by(torch.median)

MISTAKES = {
    "least-susceptible-first": like(by(lambda d: -d.median())),
    "by-mean": like(by(torch.mean)),
    "by-minimum": like(by(torch.min)),
    "by-maximum": like(by(torch.max)),
    "unsorted-middle": like(by(lambda d: d[len(d) // 2])),
    "first-point": like(by(lambda d: d[0]), by(lambda d: d[-1])),
    "beside-the-middle": like(
        *(by(lambda d, k=k: d.sort().values[len(d) // 2 + k]) for k in (-1, 1)),
        *(by(lambda d, q=q: d.quantile(q)) for q in (0.25, 0.75)),
    ),
    "by-logarithm": like(by(lambda d: d.log().mean())),
    "rounded": like(by(lambda d: d.median().round(decimals=1)), by(lambda d: d.median().round())),
    "by-spread": like(by(torch.std)),
    "as-given": like(list),
    "by-name": like(sorted, lambda distances: sorted(distances, reverse=True)),
}


CLOSE = {"rounded": like(*(by(lambda d, n=n: d.median().round(decimals=n)) for n in (2, 3, 4)))}
WIDE = {"as-text": like(lambda distances: sorted(distances, key=lambda name: str(distances[name].median().item())))}
UNREACHED = {
    "drops-infinite": like(by(lambda d: d[d < math.inf].median())),
    "infinite-as-zero": like(by(lambda d: d.where(d < math.inf, 0.0).median())),
}


def cases() -> Iterator[Case]:
    yield Case((nets(),), "wrong-order", "ordinary distances", mistakes=MISTAKES)
    absent = {"other-names": "infinite-left-out"}
    yield Case(
        (unreachable(),), "wrong-order", "some points that nothing fools", mistakes=MISTAKES | UNREACHED, told=absent
    )
    yield Case((close(),), "wrong-order", "medians that differ in the fifth digit", mistakes=CLOSE)
    yield Case((wide(),), "wrong-order", "medians from 0.02 to 1,000", mistakes=WIDE)
    # Two networks may be equally susceptible; in which order they come is nobody's business.
    yield Case((equals(),), None, told={"other-names": "equals-lost"})
    yield Case((dict(list(nets().items())[:1]),), "wrong-elsewhere", "a single network")
    yield Case(({name: d.double() for name, d in nets().items()},), "wrong-elsewhere", "float64")


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


def close() -> Distances:
    """Three networks whose medians are 0.12342, 0.12338 and 0.12339."""
    return _table(wide=[0.1, 0.12342, 0.5], linear=[0.0, 0.12338, 0.9], smooth=[0.11, 0.12339, 0.3])


def wide() -> Distances:
    """Four networks of very different medians."""
    return _table(
        wide=[9.0, 8.0, 30.0], linear=[0.5, 10.0, 20.0], smooth=[1000.0, 900.0, 2000.0], deep=[0.02, 0.01, 0.03]
    )


def equals() -> Distances:
    """Five networks, of which two have the same median."""
    wide, linear, smooth, deep, _ = nets().values()
    return {"wide": wide, "linear": linear, "smooth": smooth, "deep": deep, "twin": linear}


def _table(**rows: list[float]) -> Distances:
    return {name: torch.tensor(row) for name, row in rows.items()}


def _numbers(answer: list[str], distances: Distances) -> dict:
    return {"misplaced": next((name for name, other in zip(answer, order(distances)) if name != other), "")}


check_most_susceptible = Spec(words(__file__), order, cases, _numbers)
