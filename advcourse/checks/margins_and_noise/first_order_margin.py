"""The check for `first_order_margin(gap, gradient, p)`: how far away the linearised boundary is, in l_p, signed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words

NORMS = (2, math.inf, 1)


def margin(gap: Tensor, gradient: Tensor, p: float) -> Tensor:
    """gap / |gradient|_q, where 1/p + 1/q = 1. In float64."""
    return gap.double() / _norms(gradient.double(), _dual(p))


def _dual(p: float) -> float:
    return {1: math.inf, math.inf: 1}.get(p, p / (p - 1) if p > 1 else math.inf)


def _norms(g: Tensor, q: float) -> Tensor:
    return g.flatten(1).norm(q, dim=1)


def _over(norm: Callable[[Tensor, float], Tensor]) -> Formula:
    """The gap over norm(gradient, q), q the dual exponent."""
    return lambda gap, gradient, p: (gap / norm(gradient, _dual(p))).expand(len(gap))


def _of_margin(change: Callable[[Tensor], Tensor]) -> Formula:
    return lambda gap, gradient, p: change(margin(gap, gradient, p))


def _mean_norm(g: Tensor, q: float) -> Tensor:
    """Means where the norm has sums; a largest entry is no sum."""
    return _norms(g, q) / (g[0].numel() ** (1 / q) if q < math.inf else 1)


MISTAKES = {
    "same-norm": like(lambda gap, gradient, p: gap / _norms(gradient, p)),
    "always-l2": like(_over(lambda g, q: _norms(g, 2))),
    "always-l1": like(_over(lambda g, q: _norms(g, 1))),
    "always-the-largest": like(_over(lambda g, q: _norms(g, math.inf))),
    "not-divided": like(_over(lambda g, q: torch.ones(len(g)))),
    "squared-norm": like(
        _over(lambda g, q: _norms(g, q) ** 2), _over(lambda g, q: _norms(g, q) ** 2 if q == 2 else _norms(g, q))
    ),
    "one-for-both": like(
        _over(lambda g, q: _norms(g, 2 if q == 2 else 1)), _over(lambda g, q: _norms(g, 2 if q == 2 else math.inf))
    ),
    "multiplied": like(lambda gap, gradient, p: gap * _norms(gradient, _dual(p))),
    "upside-down": like(lambda gap, gradient, p: _norms(gradient, _dual(p)) / gap),
    "norm-alone": like(
        lambda gap, gradient, p: 1 / _norms(gradient, _dual(p)), lambda gap, gradient, p: _norms(gradient, _dual(p))
    ),
    "whole-batch-norm": like(_over(lambda g, q: g.flatten().norm(q))),
    "first-norm": like(_over(lambda g, q: _norms(g[:1], q))),
    "mean-norm": like(
        _over(_mean_norm),
        _over(lambda g, q: _mean_norm(g, q) if q == 1 else _norms(g, q)),
        _over(lambda g, q: _mean_norm(g, q) if q == 2 else _norms(g, q)),
    ),
    "constant-in-the-divisor": like(*(_over(lambda g, q, c=c: _norms(g, q) + c) for c in (1, 0.1, 0.01, 0.001, 1e-4))),
    "sum-without-sizes": like(
        _over(lambda g, q: g.flatten(1).sum(1)),
        _over(lambda g, q: g.flatten(1).sum(1).abs()),
        _over(lambda g, q: g.flatten(1).sum(1) if q == 1 else g.flatten(1).amax(1) if q == math.inf else _norms(g, q)),
        _over(lambda g, q: g.flatten(1).amax(1) if q == math.inf else _norms(g, q)),
        _over(lambda g, q: g.flatten(1).sum(1) if q == 1 else _norms(g, q)),
    ),
    "half-as-far": like(_of_margin(lambda m: m / 2)),
    "no-sign": like(_of_margin(torch.abs)),
    "cut-at-zero": like(_of_margin(torch.relu)),
    "minus-sign": like(_of_margin(torch.neg)),
    "per-cent": like(_of_margin(lambda m: 100 * m)),
    "rounded": like(*(_of_margin(lambda m, n=n: m.round(decimals=n)) for n in (1, 2))),
}
ANY_RANK = {"raises": "fixed-shape", "wrong-shape": "fixed-shape"}


SHORT = {
    "constant-in-the-divisor": like(
        *(_over(lambda g, q, c=c: _norms(g, q) + c) for c in (1e-5, 1e-6)),
        *(_over(lambda g, q, c=c: _norms(g, q).clamp_min(c)) for c in (0.1, 0.01)),
    ),
    "cut-at-one": like(_of_margin(lambda m: m.clamp(-1, 1)), _of_margin(lambda m: m.clamp(max=1))),
}


def cases() -> Iterator[Case]:
    at_infinity = (*asked(6, 1, 3, 4), math.inf)
    yield Case(at_infinity, None, told={"nan": "nan-at-infinity"})
    first, *others = ((*asked(6, 1, 3, 4), p) for p in NORMS)
    yield Case(first, "wrong-value", also=(*others,), mistakes=MISTAKES)
    gap, gradient = asked(6, 1, 3, 4, seed=4)
    yield Case((gap, 3e-3 * gradient, 2), "wrong-elsewhere", "short gradients", mistakes=SHORT)
    for shape in ((5, 2), (4, 3, 4, 5), (3, 2, 2, 2, 2)):
        for p in NORMS:
            where = f"gradients of shape {[*shape]} and p = {p:g}"
            yield Case((*asked(*shape, seed=1), p), "fixed-shape", where, told=ANY_RANK)
    for where, args in {
        "a single sample": asked(1, 1, 3, 4, seed=2),
        "float64": tuple(v.double() for v in asked(6, 1, 3, 4, seed=3)),
    }.items():
        yield Case((*args, math.inf), "wrong-elsewhere", where)


def asked(*shape: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Gaps [B], a third of them below zero, and gradients of very different lengths."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.linspace(0.4, 1.9, shape[0]).view(-1, *[1] * (len(shape) - 1))
    gap = (0.3 + torch.rand(shape[0], generator=draw)) * torch.where(torch.arange(shape[0]) % 3 == 1, -1, 1)
    return gap, lengths * torch.randn(shape, generator=draw)


def _numbers(answer: Tensor, gap: Tensor, gradient: Tensor, p: float) -> dict:
    i = int((answer - margin(gap, gradient, p)).abs().argmax())
    return {"p": f"{p:g}", "i": i, "least": answer.min(), "most": answer.max(), "batch": len(gap)}


check_first_order_margin = Spec(words(__file__), margin, cases, _numbers)
