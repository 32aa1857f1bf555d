"""The check for `active_set(values, tolerance)`: which functions are the largest, ties up to rounding included."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words
from .truths import other_than_truths


def active(values: Tensor, tolerance: float) -> Tensor:
    return _within(lambda v, f, t: t * f.abs())(values, tolerance)


def _within(limit: Callable[[Tensor, Tensor, float], Tensor | float]) -> Formula:
    """True for the values that are no farther from the largest one, f, than the limit."""

    def answer(values: Tensor, tolerance: float) -> Tensor:
        v = values.double()
        return v.max() - v <= limit(v, v.max(), tolerance)

    return answer


MISTAKES = {
    "returns-values": other_than_truths,
    "exact-equality": like(lambda v, t: v == v.max()),
    "one-function-only": like(lambda v, t: torch.arange(len(v)) == v.argmax()),
    "absolute-tolerance": like(_within(lambda v, f, t: t)),
    # A search for the largest that begins at zero ends there, with nothing as near to it.
    "negative-maximum": like(
        _within(lambda v, f, t: t * f),
        lambda v, t: v >= (1 - t) * v.max(),
        lambda v, t: v >= (1 - t) * v.relu().max(),
        lambda v, t: v / v.max() >= 1 - t,
    ),
    "smallest": like(lambda v, t: v - v.min() <= t * v.min().abs()),
    "largest-size": like(lambda v, t: active(v.abs(), t), lambda v, t: v.abs().max() - v <= t * v.abs().max()),
    "inactive": like(lambda v, t: ~active(v, t), lambda v, t: v.max() - v >= t * v.max().abs()),
    "takes-all": like(lambda v, t: torch.ones_like(v).bool()),
    "takes-none": like(lambda v, t: torch.zeros_like(v).bool()),
    "strict": like(lambda v, t: v.max() - v < t * v.max().abs(), lambda v, t: (v / v.max() - 1).abs() <= t),
    "ignores-tolerance": like(
        *(_within(lambda v, f, t, own=own: own * f.abs()) for own in (1e-3, 1e-4, 1e-5, 1e-6)),
        lambda v, t: torch.isclose(v, v.max()),
    ),
    "per-cent": like(_within(lambda v, f, t: t / 100 * f.abs()), _within(lambda v, f, t: 100 * t * f.abs())),
    "adds-a-constant": like(
        lambda v, t: torch.isclose(v, v.max(), rtol=t),
        _within(lambda v, f, t: t * (1 + f.abs())),
        _within(lambda v, f, t: t * f.abs().clamp_min(1)),
    ),
    "share-of-another-number": like(
        _within(lambda v, f, t: t * v.abs()),
        _within(lambda v, f, t: t * torch.maximum(v.abs(), f.abs())),
        _within(lambda v, f, t: t * v.abs().max()),
        _within(lambda v, f, t: t * (f - v.min())),
    ),
}


def cases() -> Iterator[Case]:
    """Ties that rounding breaks, a maximum below zero and at it, values of any size, one function alone."""
    first, *others = (
        (torch.tensor([1.5, 3.0, 3.0000002, -1.0]), 1e-5),
        (torch.tensor([-4.0, -2.0000002, -2.0, -2.0000005, -5.0]), 1e-5),
        (torch.tensor([1e-9, 4e-9, 3e-9, 4.0000003e-9]), 1e-5),
        (torch.tensor([1e6, 1.5e6, 1500000.125]), 1e-5),
        (torch.tensor([2.0, 1.85, 1.81, 1.7, -30.0]), 0.1),
        (torch.tensor([-2.0, -2.21, -3.0]), 0.1),
        (torch.tensor([0.0, -1.0, 0.0], dtype=torch.float64), 1e-12),
        (torch.tensor([0.7]), 1e-5),
    )
    yield Case(first, "wrong-set", mistakes=MISTAKES, also=(*others,))


def _numbers(answer: Tensor, values: Tensor, tolerance: float) -> dict:
    return {
        "values": ", ".join(map(str, values.numpy())),
        "tolerance": tolerance,
        "found": _places(answer),
        "wanted": _places(active(values, tolerance)),
        "answers": answer,
    }


def _places(mask: Tensor) -> str:
    return str(mask.nonzero().flatten().tolist())


check_active_set = Spec(words(__file__), active, cases, _numbers)
