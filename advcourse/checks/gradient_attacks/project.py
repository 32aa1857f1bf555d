"""The check for `project(z, x, eps)`: the point of the l_inf ball around x, within [0, 1], that is nearest to z."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..verdict import fail, number
from .projections import WRONG_PROJECTIONS, nearest

EPS = 0.1
TOLERANCE = 1e-6


def check_project(ask: Interview) -> str:
    z, x = _points((6, 3, 3, 4), torch.float32)
    _compare(ask(z, x, EPS), z, x, ask)
    for shape, dtype, eps, where in (
        ((5, 2), torch.float32, EPS, "points [B, 2]"),
        ((4, 1, 5, 3), torch.float64, EPS, "float64"),
        ((4, 1, 5, 3), torch.float32, 0.0, "eps = 0"),
        ((4, 1, 5, 3), torch.float32, 3.0, "a ball larger than the box"),
    ):
        z, x = _points(shape, dtype)
        error = (ask(z, x, eps) - nearest(z, x, eps)).abs().max()
        if error > TOLERANCE:
            fail(
                "wrong-elsewhere",
                f"Right at eps = {EPS}, but off by up to {number(error)} for {where}.",
                "What is special about that case?",
            )
    return (
        "The nearest point of ball and box is returned, for points inside, outside and at the edges, and for eps = 0."
    )


def _points(shape: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Centres all over [0, 1], ends included, and points that are inside, outside the ball, the box, or both."""
    draw = torch.Generator().manual_seed(3)
    x = (1.4 * torch.rand(shape, generator=draw) - 0.2).clamp(0, 1).to(dtype)
    far = x + 0.8 * (2 * torch.rand(shape, generator=draw) - 1).to(dtype)
    close = x + 0.15 * (2 * torch.rand(shape, generator=draw) - 1).to(dtype)
    return torch.where(torch.rand(shape, generator=draw) < 0.5, far, close), x


def _compare(answer: Tensor, z: Tensor, x: Tensor, ask: Interview) -> None:
    right = nearest(z, x, EPS)
    if _same(answer, right):
        return
    for wrong in WRONG_PROJECTIONS:
        if _same(answer, wrong.formula(z, x, EPS)):
            farthest, outside = number((answer - x).abs().max()), int(((answer < 0) | (answer > 1)).sum())
            fail(
                wrong.diagnosis,
                wrong.seen.format(eps=EPS, farthest=farthest, outside=outside, n=answer.numel()),
                wrong.look,
            )
    _refuse_other_radius(answer, z, x)
    inside = (z == right).flatten(1)
    moved = ((answer - z).abs() > TOLERANCE).flatten(1)
    alone = torch.cat([ask(z[i : i + 1], x[i : i + 1], EPS) for i in range(len(z))])
    if _same(alone, right):
        fail(
            "couples-samples",
            f"One image at a time it is right, in a batch it is off by up to {number((answer - right).abs().max())}.",
            "Every pixel has limits of its own: where does your code use one limit for many?",
        )
    if count := int((inside & moved).sum()):
        fail(
            "moves-inside-points",
            f"{count} of {int(inside.sum())} pixels that were allowed as they are were moved.",
            "The nearest point to a member of the set is that member itself.",
        )
    fail(
        "wrong-value",
        f"The largest error is {number((answer - right).abs().max())} at eps = {EPS}.",
        "Take one pixel: draw its two intervals on paper and see which number your code returns.",
    )


def _refuse_other_radius(answer: Tensor, z: Tensor, x: Tensor) -> None:
    radius = float((answer - x).abs().max())
    if _same(answer, nearest(z, x, radius)):
        fail(
            "wrong-radius",
            f"The answer keeps within {number(radius)} of x at eps = {EPS}: {number(radius / EPS)} times that.",
            "What else multiplies or divides the radius?",
        )


def _same(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= TOLERANCE)
