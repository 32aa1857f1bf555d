"""The check for `project(z, x, eps)`: the point of the l_inf ball around x, within [0, 1], that is nearest to z."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..interview import Interview
from ..verdict import fail, number

EPS = 0.1
TOLERANCE = 1e-6


@dataclass(frozen=True)
class WrongProjection:
    diagnosis: str
    seen: str
    look: str
    formula: Callable[[Tensor, Tensor, float], Tensor]


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


def nearest(z: Tensor, x: Tensor, eps: float) -> Tensor:
    """Both sets are boxes, so the nearest point is found pixel by pixel."""
    return torch.minimum(torch.maximum(z, (x - eps).clamp_min(0)), (x + eps).clamp_max(1))


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


def _box(v: Tensor) -> Tensor:
    return v.clamp(0, 1)


def _scaled(z: Tensor, x: Tensor, eps: float, order: float) -> Tensor:
    delta = z - x
    length = delta.flatten(1).norm(order, dim=1).view(-1, *[1] * (x.dim() - 1))
    return x + delta * (eps / length).clamp_max(1)


def _one_interval(z: Tensor, x: Tensor, eps: float) -> Tensor:
    return z.clamp(float(x.min()) - eps, float(x.max()) + eps)


_BALL_SEEN = "The answer is up to {farthest} away from x at eps = {eps}."
_BOX_SEEN = "{outside} of {n} pixels of the answer are below 0 or above 1."
_NEAREST = "The answer lies in the set, but closer points to z exist: decide for every pixel by itself."
_DELTA_SEEN = "The answer hardly exceeds {eps} in size, wherever x is."

WRONG_PROJECTIONS = (
    WrongProjection(
        "returns-x", "The answer is x, wherever z is.", "Which point of the set is nearest to z?", lambda z, x, e: x
    ),
    WrongProjection(
        "returns-z",
        "The answer is z, unchanged.",
        "Which of its pixels are allowed, and which are not?",
        lambda z, x, e: z,
    ),
    WrongProjection(
        "no-box",
        _BOX_SEEN,
        "A picture has to come out: there is a second set.",
        lambda z, x, e: x + (z - x).clamp(-e, e),
    ),
    WrongProjection(
        "no-ball",
        _BALL_SEEN,
        "The picture is valid, but the budget is spent: there is a second set.",
        lambda z, x, e: _box(z),
    ),
    WrongProjection(
        "swapped-arguments",
        "The answer stays close to z and is drawn toward x.",
        "Which of the two points is the centre of the ball, and which one is moved?",
        lambda z, x, e: nearest(x, z, e),
    ),
    WrongProjection(
        "swapped-arguments",
        "The answer stays close to z and is drawn toward x.",
        "Which of the two points is the centre of the ball, and which one is moved?",
        lambda z, x, e: _box(torch.minimum(torch.maximum(x, z - e), z + e)),
    ),
    WrongProjection(
        "ball-around-zero",
        "Every pixel of the answer lies between 0 and {eps}, wherever x is.",
        "Where is the centre of the ball?",
        lambda z, x, e: _box(z.clamp(-e, e)),
    ),
    WrongProjection(
        "ball-around-zero",
        "Every pixel of the answer lies between -{eps} and {eps}, wherever x is.",
        "Where is the centre of the ball?",
        lambda z, x, e: z.clamp(-e, e),
    ),
    WrongProjection(
        "returns-perturbation",
        _DELTA_SEEN,
        "That is the change alone: a point is wanted.",
        lambda z, x, e: (z - x).clamp(-e, e),
    ),
    WrongProjection(
        "returns-perturbation",
        _DELTA_SEEN,
        "That is the change alone: a point is wanted.",
        lambda z, x, e: nearest(z, x, e) - x,
    ),
    WrongProjection(
        "clamps-perturbation",
        "No pixel of the answer is darker than x, {farthest} brighter at most.",
        "The limits 0 and 1 hold for pixels: to what do you apply them?",
        lambda z, x, e: x + (z - x).clamp(-e, e).clamp(0, 1),
    ),
    WrongProjection(
        "l2-ball",
        "Every image was shrunk to an L2 distance of at most {eps} from x; its pixels moved by {farthest} at most.",
        "Which norm measures the distance here: the sum of all pixels' changes or the largest one?",
        lambda z, x, e: _box(_scaled(z, x, e, 2)),
    ),
    WrongProjection(
        "l2-ball",
        "Every image was shrunk to an L2 distance of at most {eps} from x, and {outside} pixels are outside [0, 1].",
        "Which norm measures the distance here: the sum of all pixels' changes or the largest one?",
        lambda z, x, e: _scaled(z, x, e, 2),
    ),
    WrongProjection(
        "scales-the-image",
        "Pixels that were allowed moved too: all of an image was shrunk by one factor.",
        _NEAREST,
        lambda z, x, e: _box(_scaled(z, x, e, float("inf"))),
    ),
    WrongProjection(
        "always-at-the-edge",
        "Every pixel sits on the surface of the ball, {eps} from x, even where z was inside.",
        _NEAREST,
        lambda z, x, e: _box(x + e * (z - x).sign()),
    ),
    WrongProjection(
        "half-ball",
        _BALL_SEEN,
        "One side of the ball holds, the other one is missing.",
        lambda z, x, e: _box(torch.minimum(z, x + e)),
    ),
    WrongProjection(
        "half-ball",
        _BALL_SEEN,
        "One side of the ball holds, the other one is missing.",
        lambda z, x, e: _box(torch.maximum(z, x - e)),
    ),
    WrongProjection(
        "half-box",
        _BOX_SEEN,
        "One wall of the box is missing.",
        lambda z, x, e: (x + (z - x).clamp(-e, e)).clamp_min(0),
    ),
    WrongProjection(
        "half-box",
        _BOX_SEEN,
        "One wall of the box is missing.",
        lambda z, x, e: (x + (z - x).clamp(-e, e)).clamp_max(1),
    ),
    WrongProjection(
        "one-interval",
        "Every pixel was kept in one and the same interval; the answer is up to {farthest} away from x at eps = {eps}.",
        "Every pixel of x has an interval of its own.",
        lambda z, x, e: _box(_one_interval(z, x, e)),
    ),
)
