"""The check for `fgsm(model, x, y, eps)`: one step of size eps along the sign of the gradient, kept in [0, 1]."""

from __future__ import annotations

from ..interview import Interview
from ..models import image_planes
from .steps import Step, require_box, require_flat_pixels_to_stay, require_step, require_step_elsewhere

EPS = 0.1


def check_fgsm(ask: Interview) -> str:
    step = Step(
        ask,
        take=lambda case, size: ask(case.model, case.x, case.y, size),
        labels=lambda case: case.y,
        uphill=1,
        name="eps",
    )
    require_step(step, image_planes(), EPS)
    require_box(step, EPS)
    require_flat_pixels_to_stay(step, EPS)
    require_step_elsewhere(step, EPS)
    return (
        "Every pixel moves by eps up the loss of the true label, stays in [0, 1], and rests where the gradient is zero."
    )
