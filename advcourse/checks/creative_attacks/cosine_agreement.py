"""The check for `cosine_agreement(a, b)`: the cosine of the angle between two descriptors, sample by sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..forms import tensor
from ..spec import Case, Formula, Spec, like
from ..words import words

one_each = tensor(lambda args: [len(args[0])], "a number for each sample")


def over(length: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The scalar products [B] over length(a, b)."""

    def answer(a: Tensor, b: Tensor) -> Tensor:
        b = b.expand_as(a)
        return (a * b).sum(1) / length(a, b)

    return answer


def _each(a: Tensor) -> Tensor:
    return a.norm(dim=1)


right = over(lambda a, b: _each(a) * _each(b))


def _of_cosine(change: Callable[[Tensor], Tensor]) -> Formula:
    return lambda a, b: change(right(a, b)).expand(len(a))


def _column_by_column(a: Tensor, b: Tensor) -> Tensor:
    """Descriptors whose entries have length one over the batch."""
    return (a / a.norm(dim=0) * b / b.norm(dim=0)).sum(1)


def _centred(a: Tensor, b: Tensor) -> Tensor:
    a, b = (v - v.mean(1, keepdim=True) for v in (a, b))
    return right(a, b)


MISTAKES = {
    "unnormalised": like(over(lambda a, b: a.new_ones(len(a)))),
    "one-length-only": like(over(lambda a, b: _each(a)), over(lambda a, b: _each(b))),
    "squared-norms": like(
        over(lambda a, b: _each(a) ** 2 * _each(b) ** 2),
        over(lambda a, b: _each(a) ** 2),
        over(lambda a, b: _each(b) ** 2),
        over(lambda a, b: _each(a) ** 2 + _each(b) ** 2),
    ),
    "root-of-a-root": like(over(lambda a, b: (_each(a) * _each(b)).sqrt())),
    "adds-the-lengths": like(over(lambda a, b: _each(a) + _each(b)), over(lambda a, b: (_each(a) + _each(b)) / 2)),
    "sum-of-sizes": like(over(lambda a, b: a.abs().sum(1) * b.abs().sum(1))),
    "largest-entry": like(over(lambda a, b: a.abs().amax(1) * b.abs().amax(1))),
    "batch-wide-norm": like(
        over(lambda a, b: a.norm() * b.norm()),
        over(lambda a, b: a.norm() * _each(b)),
        over(lambda a, b: _each(a) * b.norm()),
    ),
    "column-by-column": like(
        _column_by_column,
        lambda a, b: right(a / a.norm(dim=0), b) * _each(a / a.norm(dim=0)),
        lambda a, b: (a / a.norm(dim=0) * b).sum(1) / _each(b),
        lambda a, b: (a * b / b.norm(dim=0)).sum(1) / _each(a),
    ),
    "length-of-the-product": like(over(lambda a, b: _each(a * b))),
    "first-target-only": like(lambda a, b: right(a, b[:1]), lambda a, b: right(a, b[-1:])),
    "distance": like(_of_cosine(lambda c: 1 - c), lambda a, b: _each(a - b)),
    "minus-sign": like(_of_cosine(torch.neg)),
    "angle": like(_of_cosine(torch.arccos), _of_cosine(lambda c: c.arccos() * 180 / torch.pi)),
    "cosine-squared": like(_of_cosine(torch.square)),
    "sign-lost": like(_of_cosine(torch.abs), _of_cosine(lambda c: c.clamp_min(0))),
    "moved-to-0-and-1": like(_of_cosine(lambda c: (1 + c) / 2)),
    "mean-over-the-entries": like(
        lambda a, b: right(a, b) / a.shape[1], over(lambda a, b: a.new_full((len(a),), a.shape[1]))
    ),
    "one-number-for-all": like(
        _of_cosine(torch.mean),
        _of_cosine(torch.sum),
        lambda a, b: right(a.reshape(1, -1), b.reshape(1, -1)).expand(len(a)),
    ),
    "centred": like(_centred),
}


def _added(small: float) -> tuple[Formula, ...]:
    """A small number against division by zero, added to the lengths or below them no length can be."""
    return (
        over(lambda a, b: (_each(a) + small) * (_each(b) + small)),
        over(lambda a, b: _each(a) * _each(b) + small),
        over(lambda a, b: _each(a).clamp_min(small) * _each(b).clamp_min(small)),
        over(lambda a, b: (_each(a) * _each(b)).clamp_min(small)),
    )


def _too_short() -> Iterator[Formula]:
    """Of these mistakes those that short descriptors show."""
    for k in (2, 3, 4):
        yield from _added(10.0**-k)
    for k in (6, 8):
        yield from _added(10.0**-k)[:2]


MISTAKES |= {"added-to-the-lengths": like(*_added(1e-2)[:2], *_added(1e-3)[:2], *_added(1e-4)[:2])}
TOO_SHORT = {"added-to-the-lengths": like(*_too_short())}


def asked(n: int, size: int, seed: int, *, scale: float = 1.0, one: bool = False) -> tuple[Tensor, Tensor]:
    """Descriptors of many lengths, [n, size] twice, or one target [size] for all; at any angle to each other."""
    draw = torch.Generator().manual_seed(seed)
    a, b = (torch.randn(n, size, generator=draw) * (0.5 + torch.rand(n, 1, generator=draw)) for _ in "ab")
    return scale * (a + 0.3), scale * (b[0] if one else b + 0.5)


def cases() -> Iterator[Case]:
    yield Case(asked(5, 4, 0), "wrong-value", mistakes=MISTAKES)
    for where, args in {
        "one target [D] for all": asked(5, 4, 1, one=True),
        "one target and as many samples as entries": asked(4, 4, 2, one=True),
        "a single sample": asked(1, 6, 3),
        "descriptors with a single entry": asked(3, 1, 4),
        "short descriptors": asked(5, 4, 5, scale=1e-5),
        "long descriptors": asked(5, 4, 6, scale=1e3),
        "float64": tuple(v.double() for v in asked(5, 4, 7)),
    }.items():
        yield Case(args, "wrong-elsewhere", where, mistakes=TOO_SHORT)


def _numbers(answer: Tensor, a: Tensor, b: Tensor) -> dict:
    return {"least": answer.min(), "most": answer.max(), "samples": len(a)}


check_cosine_agreement = Spec(words(__file__), right, cases, _numbers, tolerance=1e-5)
