"""The check for `shortest_of_two(a, b)`: the point nearest to zero of the segment between two gradients."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Asked, Case, Formula, Questions, Spec, like
from ..words import words

SAY = words(__file__)
Pair = tuple[Tensor, Tensor]


def share(a: Tensor, b: Tensor) -> Tensor:
    """Of a, in the nearest point of the line through both."""
    return (b @ (b - a)) / (a - b).square().sum()


def nearest(a: Tensor, b: Tensor) -> Tensor:
    return a if torch.equal(a, b) else _mix(share(a, b).clamp(0, 1), a, b)


def _mix(part: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return part * a + (1 - part) * b


def _limited(part: Formula) -> Formula:
    """The mixture with another share of a, kept between 0 and 1."""
    return lambda a, b: _mix(part(a, b).clamp(0, 1), a, b)


def _by(weight: Formula) -> Formula:
    """The mixture in which each one's share is in proportion to a weight of the other one."""
    return lambda a, b: (weight(b) * a + weight(a) * b) / (weight(a) + weight(b))


def _without(a: Tensor, b: Tensor) -> Tensor:
    """What of a is at right angles to b."""
    return a - (a @ b) / (b @ b) * b


def _near(asked: Asked) -> bool:
    return all((answer - right).abs().max() < 0.05 for answer, right in zip(asked.answers, asked.right))


MISTAKES = {
    "mean": like(lambda a, b: (a + b) / 2),
    "leaves-the-segment": like(lambda a, b: _mix(share(a, b), a, b)),
    "clips-one-end": like(
        lambda a, b: _mix(share(a, b).clamp(max=1), a, b), lambda a, b: _mix(share(a, b).clamp(min=0), a, b)
    ),
    "shorter-end": like(lambda a, b: min(a, b, key=torch.Tensor.norm)),
    "shorter-when-acute": like(lambda a, b: nearest(a, b) if a @ b < 0 else min(a, b, key=torch.Tensor.norm)),
    "longer-end": like(lambda a, b: max(a, b, key=torch.Tensor.norm)),
    "swapped-weights": like(lambda a, b: _mix(share(a, b).clamp(0, 1), b, a)),
    "minus-sign": like(lambda a, b: -nearest(a, b)),
    "normalised": like(lambda a, b: nearest(a, b) / nearest(a, b).norm()),
    "per-entry": like(_limited(lambda a, b: b * (b - a) / (a - b).square())),
    "not-squared": like(_limited(lambda a, b: (b @ (b - a)) / (a - b).norm())),
    "sum": like(lambda a, b: a + b),
    "unit-vectors": like(lambda a, b: nearest(a / a.norm(), b / b.norm())),
    "difference": like(lambda a, b: a - b, lambda a, b: b - a),
    "by-length": like(_by(torch.Tensor.norm)),
    "right-angles-only": like(_by(lambda v: v @ v)),
    "weight-with-another-sign": like(
        _limited(lambda a, b: -share(a, b)),
        _limited(lambda a, b: share(a, b).abs()),
        _limited(lambda a, b: share(a, -b)),
    ),
    "weight-of-the-other": like(_limited(lambda a, b: a @ (b - a) / (a - b).square().sum())),
    "factor-of-two": like(_limited(lambda a, b: share(a, b) / 2), _limited(lambda a, b: 2 * share(a, b))),
    "divides-by-the-gradients": like(
        _limited(lambda a, b: b @ (b - a) / (a @ a + b @ b)),
        _limited(lambda a, b: b @ (b - a) / (a @ a)),
        _limited(lambda a, b: b @ (b - a) / (b @ b)),
    ),
    "other-end": like(lambda a, b: _mix(p, a, b) if 0 <= (p := share(a, b)) <= 1 else a if p < 0 else b),
    "nearer-entries": like(lambda a, b: torch.where(a.abs() < b.abs(), a, b)),
    "constant-in-the-divisor": like(
        *(_limited(lambda a, b, c=c: b @ (b - a) / ((a - b).square().sum() + c)) for c in (1.0, 0.1, 0.01, 0.001))
    ),
    "one-onto-the-other": like(*(lambda a, b, i=i: _without((a, b)[i], (a, b)[1 - i]) for i in (0, 1))),
    "rough": _near,
}
DIVIDES_BY_ZERO = {"nan": "nan-for-equal"}


def pairs() -> list[Pair]:
    """The nearest point inside the segment, at an obtuse angle and an acute one; at a, and at b, twice each."""
    rows = [
        ([2.0, 1.0, 0.5], [-1.0, 1.5, 0.0]),
        ([2.0, 1.0, 0.0], [1.0, 2.0, 0.5]),
        ([0.5, 1.0, 0.2], [2.0, 3.0, 1.5]),
        ([1.0, 0.1, 0.0], [4.0, 1.2, -0.6]),
        ([3.0, 1.0, -2.0], [1.0, 0.5, -0.3]),
        ([0.0, 5.0, 1.0], [0.4, 1.5, 0.8]),
    ]
    return [(torch.tensor(a), torch.tensor(b)) for a, b in rows]


def cases() -> Iterator[Case]:
    first, *others = pairs()
    yield Case(first, "wrong-value", mistakes=MISTAKES, also=(*others,))
    for v, where in (([3.0, 4.0], "two equal gradients"), ([0.0, 0.0], "two gradients that are zero")):
        yield Case((torch.tensor(v), torch.tensor(v)), "wrong-elsewhere", where, told=DIVIDES_BY_ZERO)
    for a, b, where in (
        ([1.0, -2.0], [-2.0, 4.0], "opposite gradients"),
        ([0.0, 0.0], [1.0, 2.0], "a gradient that is zero"),
        ([2.0], [5.0], "one variable"),
    ):
        yield Case((torch.tensor(a), torch.tensor(b)), "wrong-elsewhere", where)
    yield Case((*(v.double() for v in first),), "wrong-elsewhere", "float64")
    yield Case((*(1e4 * v for v in first),), "wrong-elsewhere", "gradients 10,000 times as long")


def short_cases() -> Iterator[Case]:
    yield Case((*(1e-5 * v for v in pairs()[0]),), "constant-at-short", told={"nan": "constant-at-short"})


check_shortest_of_two = Questions(
    SAY,
    (Spec(SAY, nearest, cases), Spec(SAY, nearest, short_cases, tolerance=1e-7)),  # 1e-7: one per cent of 1e-5
)
