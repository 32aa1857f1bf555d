"""The check for `l2_step(g, step_size)`: every sample of a batch steps by one L2 length along its own gradient."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, along, like, right_alone, scaled, seen
from ..words import words

STEP = 0.5


def steepest(g: Tensor, step_size: float) -> Tensor:
    """In float64, where the square of 1e-20 keeps its digits."""
    length = _length(g.double())
    return (step_size * g.double() / length.where(length > 0, 1)).to(g.dtype)


def _length(g: Tensor, *dims: int, order: float = 2) -> Tensor:
    return torch.linalg.vector_norm(g, order, dims or tuple(range(1, g.ndim)), keepdim=True)


def _over(*dims: int, order: float = 2) -> Formula:
    """The mistake of dividing by another length."""
    return lambda g, step_size: step_size * g / _length(g, *dims, order=order)


MISTAKES = {
    "zero-step": like(lambda g, step_size: torch.zeros_like(g)),
    "sign-step": scaled(lambda g, step_size: g.sign()),
    "minus-sign": along(lambda g, step_size: -g),
    "not-normalised": like(lambda g, step_size: step_size * g, lambda g, step_size: g),
    "whole-batch-norm": like(_over(0, 1, 2, 3)),
    "l1-norm": like(_over(order=1)),
    "max-norm": like(_over(order=torch.inf)),
    "squared-norm": like(lambda g, step_size: step_size * g / _length(g) ** 2),
    "mean-norm": like(
        lambda g, step_size: step_size * g / _length(g) * g[0].numel() ** 0.5,
        lambda g, step_size: step_size * g / _length(g, order=1) * g[0].numel(),
    ),
    "first-norm": like(lambda g, step_size: step_size * g / _length(g[:1])),
    "first-only": like(lambda g, step_size: torch.cat([steepest(g[:1], step_size), g[1:]])),
    "clips-length": like(lambda g, step_size: g * (step_size / _length(g)).clamp_max(1)),
    "rounded": like(*(lambda g, step_size, n=n: steepest(g, step_size).round(decimals=n) for n in (1, 2, 3, 4))),
    "ignores-step-size": like(lambda g, step_size: steepest(g, 1)),
    "wrong-length": along(lambda g, step_size: 0.3 * step_size * steepest(g, 1)),
    # Where rows are equal, so are channels.
    "across-channels-norm": scaled(_over(1)),
    "last-dim-norm": scaled(_over(3)),
    "per-column-norm": scaled(_over(2)),
    "per-channel-norm": scaled(_over(2, 3)),
    "across-batch-norm": scaled(_over(0)),
    "absolute-value": along(lambda g, step_size: g.abs()),
    "clamps-entries": like(lambda g, step_size: g.clamp(-step_size, step_size)),
    "couples-samples": right_alone,
    "other-direction": seen(lambda a, g, step_size: (_length(a) - step_size).abs().max() < 1e-4),
}
ONE_SIGN = {
    "signs-turned": like(
        lambda g, step_size: steepest(g, step_size) * g.flatten(1).amax(1).sign().view(-1, *[1] * (g.ndim - 1))
    )
}
ANY_RANK = {"raises": "fixed-shape", "wrong-shape": "fixed-shape"}
AT_ZERO = {"moves-at-zero": seen(lambda a, g, step_size: a[1].any())}


def cases() -> Iterator[Case]:
    images = _gradients(4, 3, 2, 5)
    yield Case((images, STEP), "wrong-value", mistakes=MISTAKES)
    beside_zero = images.clone()
    beside_zero[1] = 0
    yield Case((beside_zero, STEP), "zero-spoils-others", mistakes=AT_ZERO, told={"nan": "nan-at-zero"})
    for shape in ((1, 3, 2, 5), (5, 2), (4, 2, 3, 2, 2)):
        yield Case(
            (_gradients(*shape), STEP), "fixed-shape", f"a batch of shape {[*shape]}", mistakes=ONE_SIGN, told=ANY_RANK
        )
    # Beside an ordinary sample: what is scaled by the largest of the batch is lost as well.
    sizes = torch.tensor([1.0, 1e-10, 1e-20, 1e-30]).view(4, 1, 1, 1)
    tiny = sizes * images / _length(images, order=torch.inf)
    yield Case((tiny, STEP), "short-at-tiny", told={"nan": "nan-at-tiny"}, blemish=True)
    yield Case((images.double(), STEP), "wrong-elsewhere", "float64")


def _gradients(*shape: int) -> Tensor:
    """Samples of very different length, none of it 1, with every entry away from zero."""
    draw = torch.Generator().manual_seed(7)
    g = (0.2 + torch.rand(shape, generator=draw)) * (torch.rand(shape, generator=draw) - 0.5).sign()
    return g * torch.tensor([0.3, 1.7, 5.0, 0.08, 2.2])[: shape[0]].view(-1, *[1] * (len(shape) - 1))


def _numbers(answer: Tensor, g: Tensor, step_size: float) -> dict:
    lengths = answer.flatten(1).norm(dim=1)
    return {
        "lengths": lengths,
        "longest": lengths.max(),
        "worst": lengths[(lengths - step_size).abs().argmax()],
        "first": lengths[0],
        "total": lengths.norm(),
        "entry": answer.abs().mean(),
        "others": lengths[2:],
        "at_zero": lengths[1:2],
    }


check_l2_step = Spec(words(__file__), steepest, cases, _numbers, tolerance=1e-5)
