"""The check for `concentration(clean, ends)`: the share of the best climb that 19 of 20 restarts reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words


def share(clean: Tensor, ends: Tensor) -> Tensor:
    clean, ends = clean.double(), ends.double()
    return (_low(ends) - clean) / (ends.amax(1) - clean)


def _low(ends: Tensor, q: float = 0.05) -> Tensor:
    return ends.quantile(q, dim=1)


def _over_the_samples(clean: Tensor, ends: Tensor) -> Tensor:
    return (ends.quantile(0.05, dim=0) - clean) / (ends.amax(0) - clean)


def _clipped(clean: Tensor, ends: Tensor) -> Tensor:
    return share(clean, ends).clamp(min=0)


def _sized(clean: Tensor, ends: Tensor) -> Tensor:
    return share(clean, ends).abs()


MISTAKES = {
    "forgets-clean": like(lambda c, e: _low(e) / e.amax(1)),
    "raw-spread": like(lambda c, e: e.std(1), lambda c, e: e.std(1, correction=0)),
    "relative-deviation": like(lambda c, e: e.std(1) / e.mean(1), lambda c, e: e.std(1) / e.mean(1).abs()),
    "upper-quantile": like(lambda c, e: (_low(e, 0.95) - c) / (e.amax(1) - c)),
    "worst-restart": like(lambda c, e: (e.amin(1) - c) / (e.amax(1) - c)),
    "another-share": like(
        *(lambda c, e, q=q: (_low(e, q) - c) / (e.amax(1) - c) for q in (0.005, 0.01, 0.1, 0.2)),
        lambda c, e: (e.topk(19).values[:, -1] - c) / (e.amax(1) - c),
    ),
    "typical-restart": like(
        lambda c, e: (e.quantile(0.5, dim=1) - c) / (e.amax(1) - c),
        lambda c, e: (e.mean(1) - c) / (e.amax(1) - c),
    ),
    "best-of-the-batch": like(lambda c, e: (_low(e) - c) / (e.max() - c)),
    "low-end-of-the-batch": like(lambda c, e: (e.quantile(0.05) - c) / (e.amax(1) - c)),
    "ends-of-the-batch": like(lambda c, e: (e.quantile(0.05) - c) / (e.max() - c)),
    "climb-over-the-rest": like(lambda c, e: (_low(e) - c) / (e.amax(1) - _low(e))),
    "not-the-best": like(
        lambda c, e: (_low(e) - c) / (e.mean(1) - c),
        lambda c, e: (_low(e) - c) / (e.quantile(0.5, dim=1) - c),
        lambda c, e: (_low(e) - c) / (e[:, 0] - c),
        lambda c, e: (_low(e) - c) / (e[:, -1] - c),
    ),
    "one-climb-only": like(lambda c, e: (_low(e) - c) / e.amax(1), lambda c, e: _low(e) / (e.amax(1) - c)),
    "clean-of-the-batch": like(lambda c, e: (_low(e) - c.mean()) / (e.amax(1) - c.mean())),
    "minus-sign": like(lambda c, e: -share(c, e)),
    "from-the-worst": like(lambda c, e: (_low(e) - e.amin(1)) / (e.amax(1) - e.amin(1))),
    "adds-clean": like(lambda c, e: (_low(e) + c) / (e.amax(1) + c)),
    "without-brackets": like(
        lambda c, e: _low(e) - c / e.amax(1) - c,
        lambda c, e: (_low(e) - c) / e.amax(1) - c,
        lambda c, e: _low(e) - c / (e.amax(1) - c),
    ),
    "counts-restarts": like(
        lambda c, e: (e >= _low(e)[:, None]).double().mean(1),
        lambda c, e: (e - c[:, None] >= 0.95 * (e.amax(1) - c)[:, None]).double().mean(1),
        lambda c, e: (e >= 0.95 * e.amax(1, keepdim=True)).double().mean(1),
    ),
    "what-is-missing": like(lambda c, e: (e.amax(1) - _low(e)) / (e.amax(1) - c)),
    "upside-down": like(lambda c, e: (e.amax(1) - c) / (_low(e) - c)),
    "not-divided": like(lambda c, e: _low(e) - c),
}


def _of_low(low: Callable[[Tensor], Tensor]) -> Formula:
    return lambda c, e: (low(e) - c) / (e.amax(1) - c)


BETWEEN_TWO = {
    "no-interpolation": like(
        *(_of_low(lambda e, how=how: e.quantile(0.05, dim=1, interpolation=how)) for how in ("lower", "nearest"))
    )
}


def cases() -> Iterator[Case]:
    # As many samples as restarts first: there a quantile over the wrong dimension still has the right shape.
    yield Case(climbs(41, 41), None, mistakes={"wrong-axis": like(_over_the_samples)})
    yield Case(climbs(6, 21), "wrong-value", mistakes=MISTAKES)
    yield Case(climbs(41, 41), "wrong-elsewhere", "as many samples as restarts")
    yield Case(climbs(5, 30), "wrong-elsewhere", "30 restarts", mistakes=BETWEEN_TWO)
    yield Case(climbs(1, 61), "wrong-elsewhere", "a single sample")
    yield Case(tuple(a.double() for a in climbs(4, 21)), "wrong-elsewhere", "float64")
    clean, ends = climbs(5, 21)
    deep = clean.where(torch.arange(5) % 2 == 0, _low(ends, 0.5))  # where few restarts get above clean
    yield Case((deep, ends), "wrong-elsewhere", "a low end below clean", mistakes={"clipped": like(_clipped, _sized)})
    yield Case(tuple(1e-3 * a for a in climbs(4, 21)), "wrong-elsewhere", "margins a thousandth as large")
    yield Case(tuple(a - 40 for a in climbs(5, 41)), "wrong-elsewhere", "margins far below zero")


def climbs(batch: int, restarts: int) -> tuple[Tensor, Tensor]:
    """Margins at x, about -8, and at the ends of the restarts, mostly above. Every definition of a quantile agrees on
    21, 41 or 61 of them, and on 30 of them no two do."""
    draw = Generator().manual_seed(batch)
    clean = -8 + torch.randn(batch, generator=draw)
    low = 2 * torch.rand(batch, 1, generator=draw) - 3
    return clean, low + 5 * torch.rand(batch, restarts, generator=draw)


check_concentration = Spec(words(__file__), share, cases, lambda answer, *args: {"got": answer[0]}, tolerance=1e-3)
