"""The check for `margin_hinge(margins, gamma)`: by how much each sample's nearest rival is nearer than gamma."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words


def right(margins: Tensor, gamma: float) -> Tensor:
    return (gamma - margins.double().amin(1)).clamp(min=0)


def _of_nearest(loss: Callable[[Tensor, float], Tensor]) -> Formula:
    return lambda margins, gamma: loss(margins.double().amin(1), gamma)


def _of_each(over_rivals: Callable[[Tensor], Tensor]) -> Formula:
    """The hinges of all rivals, made one number a sample."""
    return lambda margins, gamma: over_rivals((gamma - margins.double()).clamp(min=0))


MISTAKES = {
    "farthest-rival": like(
        lambda margins, gamma: (gamma - margins.amax(1)).clamp(min=0), _of_each(lambda h: h.amin(1))
    ),
    "first-rival": like(_of_each(lambda h: h[:, 0]), _of_each(lambda h: h[:, -1])),
    "mean-over-rivals": like(
        _of_each(lambda h: h.mean(1)), lambda margins, gamma: (gamma - margins.mean(1)).clamp(min=0)
    ),
    "sum-over-rivals": like(_of_each(lambda h: h.sum(1)), lambda margins, gamma: (gamma - margins.sum(1)).clamp(min=0)),
    "not-cut": like(_of_nearest(lambda m, gamma: gamma - m)),
    "minus-sign": like(
        _of_nearest(lambda m, gamma: m - gamma),
        _of_nearest(lambda m, gamma: (m - gamma).clamp(min=0)),
        _of_nearest(lambda m, gamma: (m - gamma).clamp(max=0)),
    ),
    "adds-the-margin": like(_of_nearest(lambda m, gamma: (gamma + m).clamp(min=0))),
    "ignores-gamma": like(
        _of_nearest(lambda m, gamma: (-m).clamp(min=0)),
        *(_of_nearest(lambda m, gamma, fixed=fixed: (fixed - m).clamp(min=0)) for fixed in (1, 0.25)),
        _of_nearest(lambda m, gamma: -m),
    ),
    "spares-the-wrong": like(
        _of_nearest(lambda m, gamma: (gamma - m).clamp(0, gamma)),
        _of_nearest(lambda m, gamma: (gamma - m) * ((m >= 0) & (m < gamma))),
    ),
    "wrong-ones-only": like(_of_nearest(lambda m, gamma: (gamma - m) * (m < 0))),
    "in-units-of-gamma": like(
        _of_nearest(lambda m, gamma: (1 - m / gamma).clamp(min=0)), _of_nearest(lambda m, gamma: 1 - m / gamma)
    ),
    "middle-rival": like(lambda margins, gamma: (gamma - margins.median(1).values).clamp(min=0)),
    "all-or-nothing": like(_of_nearest(lambda m, gamma: gamma * (m < gamma))),
    "sizes-of-margins": like(lambda margins, gamma: (gamma - margins.abs().amin(1)).clamp(min=0)),
    "ahead-only": like(lambda margins, gamma: right(margins.where(margins > 0, torch.inf), gamma)),
    "nearest-by-size": like(
        lambda margins, gamma: right(margins.gather(1, margins.abs().argmin(1, keepdim=True)), gamma),
    ),
    "place-of-the-nearest": like(lambda margins, gamma: (gamma - margins.argmin(1)).clamp(min=0)),
    "counts": like(_of_nearest(lambda m, gamma: (m < gamma).double())),
    "squared": like(_of_nearest(lambda m, gamma: (gamma - m).clamp(min=0) ** 2)),
    "smooth": like(_of_nearest(lambda m, gamma: F.softplus(gamma - m))),
    "size": like(_of_nearest(lambda m, gamma: (gamma - m).abs())),
    "batch-mean": like(lambda margins, gamma: right(margins, gamma).mean().expand(len(margins))),
    "nearest-of-all": like(lambda margins, gamma: (gamma - margins.amin()).clamp(min=0).expand(len(margins))),
    "rounded": like(*(lambda margins, gamma, n=n: right(margins, gamma).round(decimals=n) for n in (1, 2))),
}


def asked(n: int, rivals: int, gamma: float, seed: int, *, dtype: torch.dtype = torch.float32) -> tuple[Tensor, float]:
    """Nearest rivals from behind the boundary to beyond gamma, each in another place, the others farther away."""
    draw = torch.Generator().manual_seed(seed)
    nearest = torch.linspace(-0.7, 1.6, n)[torch.randperm(n, generator=draw)]
    farther = 0.2 + torch.rand(n, rivals, generator=draw)
    farther[torch.arange(n), torch.arange(n) % rivals] = 0
    return gamma * (nearest[:, None] + farther).to(dtype), gamma


def cases() -> Iterator[Case]:
    yield Case(asked(9, 3, 0.3, 1), "wrong-value", also=(asked(9, 3, 2.0, 2),), mistakes=MISTAKES)
    for where, args in {
        "a single rival": asked(5, 1, 0.3, 3),
        "a single sample": asked(1, 4, 0.3, 4),
        "as many samples as rivals": asked(4, 4, 0.5, 5),
        "gamma = 200": asked(5, 3, 200.0, 7),
        "margins that all are wide enough": (torch.full((3, 2), 0.7), 0.3),
        "samples that all are wrong": (torch.full((3, 2), -0.7), 0.3),
        "float64": asked(6, 3, 0.3, 6, dtype=torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def _numbers(answer: Tensor, margins: Tensor, gamma: float) -> dict:
    i = int((answer - right(margins, gamma)).abs().argmax())
    shown = ", ".join(f"{m:.3f}" for m in margins[i].tolist())
    return {"i": i, "margins": shown, "gamma": gamma, "least": answer.min(), "most": answer.max()}


check_margin_hinge = Spec(words(__file__), right, cases, _numbers)
