"""The check for `mismatch_loss(d, target, z, carrier, weight)`: how far the descriptor is off, and what looks cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from ..flow import it_flows
from ..spec import Case, Formula, Questions, Spec, like
from ..words import words

Part = Callable[[Tensor, Tensor], Tensor]  # two tensors [B, ...] -> [B]


def agreement(d: Tensor, target: Tensor) -> Tensor:
    return (d * target).sum(1)


def changed(z: Tensor, carrier: Tensor) -> Tensor:
    """The mean squared change of a picture's numbers, [B]."""
    return (z - carrier).flatten(1).square().mean(1)


def of(combine: Callable[[Tensor, Tensor, float], Tensor], near: Part = agreement, price: Part = changed) -> Formula:
    """combine(near, price, weight), the two parts being [B]."""
    return lambda d, target, z, carrier, weight: combine(near(d, target), price(z, carrier), weight).expand(len(d))


def loss(near: Part = agreement, price: Part = changed) -> Formula:
    """The right sum, of other parts."""
    return of(lambda a, p, weight: 1 - a + weight * p, near, price)


right = loss()


def _per(change: Callable[[Tensor], Tensor]) -> Part:
    """change(z - carrier), one row a picture."""
    return lambda z, carrier: change((z - carrier).flatten(1))


MISTAKES = {
    "forgets-the-weight": like(of(lambda a, p, weight: 1 - a + p)),
    "weight-at-the-descriptor": like(
        of(lambda a, p, weight: weight * (1 - a) + p),
        of(lambda a, p, weight: weight * (1 - a + p)),
        of(lambda a, p, weight: weight * (1 - a) + (1 - weight) * p),
        of(lambda a, p, weight: (1 - weight) * (1 - a) + weight * p),
    ),
    "descriptor-alone": like(of(lambda a, p, weight: 1 - a)),
    "looks-alone": like(of(lambda a, p, weight: weight * p), of(lambda a, p, weight: p)),
    "climbs-away": like(of(lambda a, p, weight: a + weight * p), of(lambda a, p, weight: 1 + a + weight * p)),
    "without-the-one": like(of(lambda a, p, weight: -a + weight * p)),
    "upside-down": like(of(lambda a, p, weight: a - weight * p), of(lambda a, p, weight: a - 1 - weight * p)),
    "rewards-the-change": like(of(lambda a, p, weight: 1 - a - weight * p)),
    "summed-change": like(loss(price=_per(lambda d: d.square().sum(1)))),
    "divided-by-the-sides": like(
        loss(price=lambda z, carrier: changed(z, carrier) * z.shape[1]),
        loss(price=lambda z, carrier: changed(z, carrier) * z.shape[1] * z.shape[2]),
    ),
    "length-not-squared": like(
        loss(price=_per(lambda d: d.norm(dim=1))),
        loss(price=_per(lambda d: d.square().mean(1).sqrt())),
        loss(price=_per(lambda d: d.norm(dim=1) / d.shape[1])),
    ),
    "sizes-instead-of-squares": like(
        loss(price=_per(lambda d: d.abs().mean(1))), loss(price=_per(lambda d: d.abs().sum(1)))
    ),
    "largest-change": like(loss(price=_per(lambda d: d.abs().amax(1))), loss(price=_per(lambda d: d.square().amax(1)))),
    "square-of-the-mean": like(loss(price=_per(lambda d: d.mean(1).square())), loss(price=_per(lambda d: d.mean(1)))),
    "divided-by-the-batch": like(loss(price=lambda z, carrier: changed(z, carrier) / len(z))),
    "divided-twice": like(loss(price=lambda z, carrier: changed(z, carrier) / z[0].numel())),
    "halved": like(loss(price=lambda z, carrier: changed(z, carrier) / 2)),
    "euclidean-descriptors": like(
        loss(lambda d, target: 1 - (d - target).norm(dim=1)), loss(lambda d, target: 1 - (d - target).square().sum(1))
    ),
    "mean-over-the-entries": like(loss(lambda d, target: (d * target).mean(1))),
    "agreement-cut": like(
        loss(lambda d, target: agreement(d, target).clamp_min(0)),
        loss(lambda d, target: agreement(d, target).abs()),
        of(lambda a, p, weight: (1 - a).clamp(0, 1) + weight * p),
    ),
    "batch-wide-price": like(
        loss(price=lambda z, carrier: changed(z, carrier).mean()),
        loss(price=lambda z, carrier: changed(z, carrier).sum()),
    ),
    "batch-wide-agreement": like(
        loss(lambda d, target: agreement(d, target).mean()), loss(lambda d, target: agreement(d, target).sum())
    ),
    "one-number-for-all": like(
        of(lambda a, p, weight: (1 - a + weight * p).mean()), of(lambda a, p, weight: (1 - a + weight * p).sum())
    ),
    "multiplies": like(
        of(lambda a, p, weight: (1 - a) * weight * p), of(lambda a, p, weight: (1 - a) * (1 + weight * p))
    ),
}


def asked(n: int, size: int, *shape: int, weight: float = 3.0, dtype: torch.dtype = torch.float32) -> tuple:
    """Descriptors of length one, pictures that moved each by another amount, and a weight."""
    draw = torch.Generator().manual_seed(n + size)
    d, target = (F.normalize(torch.randn(n, size, generator=draw) + 0.4).to(dtype) for _ in "dt")
    carrier = torch.rand(n, *shape, generator=draw)
    amount = torch.linspace(0.3, 0.9, n).view(-1, *[1] * len(shape))
    z = carrier + amount * (torch.rand(n, *shape, generator=draw) - carrier)
    return d, target, z.to(dtype), carrier.to(dtype), weight


def cases() -> Iterator[Case]:
    yield Case(asked(4, 5, 3, 2, 4), "wrong-value", mistakes=MISTAKES)
    for where, args in {
        "another weight": asked(4, 5, 3, 2, 4, weight=0.25),
        "looks that cost nothing": asked(4, 5, 3, 2, 4, weight=0.0),
        "a single picture": asked(1, 5, 3, 2, 4),
        "points [B, 2]": asked(4, 5, 2),
        "as many pictures as entries": asked(5, 5, 1, 3, 3),
        "float64": asked(3, 6, 3, 2, 2, dtype=torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def _numbers(answer: Tensor, d: Tensor, target: Tensor, z: Tensor, carrier: Tensor, weight: float) -> dict:
    return {"weight": weight, "samples": len(d), "numbers": z[0].numel(), "price": weight * changed(z, carrier)}


SAY = words(__file__)
check_mismatch_loss = Questions(
    SAY,
    (
        Spec(SAY, right, cases, _numbers, tolerance=1e-5),
        it_flows(right, lambda: asked(4, 5, 3, 2, 4), 2, to="z"),
    ),
)
