"""Where signed steps lead, done right and done wrong in the ways that only several steps show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..models import Case

# What a walk climbs: the gradient at the current point. What it does after every step, and once at the end.
Slope = Callable[[Tensor], Tensor]
Settle = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class WrongWalk:
    diagnosis: str
    as_if: str
    look: str
    walk: Callable[[Case, float, int, float], Tensor]


def _iterates(case: Case, steps: int, step_size: float, slope: Slope, settle: Settle) -> list[Tensor]:
    points = [case.x]
    for _ in range(steps):
        points.append(settle(points[-1] + step_size * slope(points[-1]).sign()))
    return points


def _loss_slope(case: Case) -> Slope:
    return lambda z: case.gradient(z, case.y)


def _ball(case: Case, eps: float) -> Settle:
    return lambda z: torch.minimum(torch.maximum(z, case.x - eps), case.x + eps)


def _ball_and_box(case: Case, eps: float) -> Settle:
    ball = _ball(case, eps)
    return lambda z: ball(z).clamp(0, 1)


def right_walk(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    return _iterates(case, steps, step_size, _loss_slope(case), _ball_and_box(case, eps))[-1]


def clean_gradient(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    at_x = case.gradient(case.x, case.y)
    return _iterates(case, steps, step_size, lambda z: at_x, _ball_and_box(case, eps))[-1]


def accumulated_gradient(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    total = torch.zeros_like(case.x)

    def slope(z: Tensor) -> Tensor:
        total.add_(case.gradient(z, case.y))
        return total

    return _iterates(case, steps, step_size, slope, _ball_and_box(case, eps))[-1]


def current_prediction(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    def slope(z: Tensor) -> Tensor:
        return case.gradient(z, case.logits(z).argmax(1))

    return _iterates(case, steps, step_size, slope, _ball_and_box(case, eps))[-1]


def prediction_from_the_second_step(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    def slope(z: Tensor) -> Tensor:
        return case.gradient(z, case.y if z is case.x else case.logits(z).argmax(1))

    return _iterates(case, steps, step_size, slope, _ball_and_box(case, eps))[-1]


def late_projection(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    return _ball_and_box(case, eps)(_iterates(case, steps, step_size, _loss_slope(case), lambda z: z)[-1])


def late_box(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    return _iterates(case, steps, step_size, _loss_slope(case), _ball(case, eps))[-1].clamp(0, 1)


def late_ball(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    return _ball(case, eps)(_iterates(case, steps, step_size, _loss_slope(case), lambda z: z.clamp(0, 1))[-1])


def best_iterate(case: Case, eps: float, steps: int, step_size: float) -> Tensor:
    points = torch.stack(_iterates(case, steps, step_size, _loss_slope(case), _ball_and_box(case, eps)))
    best = torch.stack([case.loss(z, case.y) for z in points]).argmax(0)
    return points[best, torch.arange(len(case.x))]


_LATE = "The point where the next gradient is taken has to be an allowed one already."

WRONG_WALKS = (
    WrongWalk(
        "clean-gradient",
        "every step used the gradient at the clean image",
        "At which point is the gradient taken in the second step?",
        clean_gradient,
    ),
    WrongWalk(
        "accumulates",
        "each step used the sum of all gradients so far",
        "What is left of the first gradient when the second one is computed?",
        accumulated_gradient,
    ),
    WrongWalk(
        "predicted-label",
        "each step left the class predicted at that moment",
        "The true label does not change along the way: which label is the loss given?",
        current_prediction,
    ),
    WrongWalk(
        "predicted-label",
        "from the second step on each step left the class predicted at that moment",
        "The true label does not change along the way: which label is the loss given?",
        prediction_from_the_second_step,
    ),
    WrongWalk("projects-at-the-end", "the projection came once, after the last step", _LATE, late_projection),
    WrongWalk("projects-at-the-end", "the box came once, after the last step", _LATE, late_box),
    WrongWalk("projects-at-the-end", "the ball came once, after the last step", _LATE, late_ball),
    WrongWalk(
        "returns-best",
        "the iterate with the highest loss was returned",
        "A good idea that comes later in the course: here the last iterate is asked for.",
        best_iterate,
    ),
)
