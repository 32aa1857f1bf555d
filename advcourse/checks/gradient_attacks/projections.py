"""The nearest point of ball and box, and the points that students return instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class WrongProjection:
    """A formula of (z, x, eps), and what to say about an answer that follows it."""

    diagnosis: str
    seen: str
    look: str
    formula: Callable[[Tensor, Tensor, float], Tensor]


def nearest(z: Tensor, x: Tensor, eps: float) -> Tensor:
    """Both sets are boxes, so the nearest point is found pixel by pixel."""
    return torch.minimum(torch.maximum(z, (x - eps).clamp_min(0)), (x + eps).clamp_max(1))


def _box(v: Tensor) -> Tensor:
    return v.clamp(0, 1)


def _scaled(z: Tensor, x: Tensor, eps: float, order: float) -> Tensor:
    delta = z - x
    length = delta.flatten(1).norm(order, dim=1).view(-1, *[1] * (x.dim() - 1))
    return x + delta * (eps / length).clamp_max(1)


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
        "The answer is up to {farthest} away from x at eps = {eps}, but close to z.",
        "Which of the two points is the centre of the ball, and which one is moved?",
        lambda z, x, e: nearest(x, z, e),
    ),
    WrongProjection(
        "swapped-arguments",
        "The answer is up to {farthest} away from x at eps = {eps}, but close to z.",
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
)
