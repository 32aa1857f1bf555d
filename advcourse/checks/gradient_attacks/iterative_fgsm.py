"""The check for `iterative_fgsm(model, x, y, eps, steps, step_size)`: signed steps from x, each projected."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..models import Case, bowls, image_planes
from ..verdict import fail, number
from .steps import Step, require_box, require_flat_pixels_to_stay, require_step, require_step_elsewhere
from .walks import WRONG_WALKS, right_walk

STEP = 0.002


def check_iterative_fgsm(ask: Interview) -> str:
    step = Step(
        ask,
        # A ball that never binds: what is left is one step and the box.
        take=lambda case, size: ask(case.model, case.x, case.y, 4 * size, 1, size),
        labels=lambda case: case.y,
        uphill=1,
        name="step_size",
    )
    _require_repeatable(ask)
    _require_steps(ask)
    require_step(step, image_planes(), 0.05)
    _require_ball(ask)
    require_box(step, 0.1)
    require_flat_pixels_to_stay(step, 0.05)
    _require_path(ask)
    require_step_elsewhere(step, 0.05)
    return (
        "Steps, size, start and direction are right, and every iterate is put back into ball and box before the next."
    )


def _require_repeatable(ask: Interview) -> None:
    case = image_planes()
    first, second = ask.twice(case.model, case.x, case.y, 0.05, 2, 0.01)
    if not torch.equal(first, second):
        fail(
            "random-start",
            f"Two calls with the same arguments differ by up to {number((first - second).abs().max())}.",
            "Nothing in this attack is left to chance: where does it start?",
        )


def _require_steps(ask: Interview) -> None:
    """On a linear model hardly any sign changes: a pixel has moved by as many steps as were taken."""
    case, steps, eps = image_planes(), 4, 0.02
    length = (ask(case.model, case.x, case.y, eps, steps, STEP) - case.x).abs().flatten(1)
    typical = float(length.median())
    resting = (length == 0).all(1)
    if resting.any() and not resting.all():
        fail(
            "stops-early",
            f"{int(resting.sum())} of {len(length)} images did not move: they were misclassified from the start.",
            "The exercise asks for the same number of steps for every image, fooled or not.",
        )
    if ((length - typical).abs() < 0.1 * STEP).double().mean() < 0.8:
        return  # not a whole number of equal steps: the single step will tell more
    taken = typical / STEP
    seen = f"On a linear model every pixel moved by {number(taken)} steps of {STEP} where {steps} were asked for."
    if abs(taken - 1) < 0.01:
        _refuse_swapped_sizes(ask, case)
        fail(
            "single-step",
            seen,
            "Does each step start where the last one ended, and is the result returned after the loop?",
        )
    if abs(taken - (steps - 1)) < 0.01:
        fail("one-step-too-few", seen, "Count the passes of your loop, and see which iterate you return.")
    if abs(taken - (steps + 1)) < 0.01:
        fail("one-step-too-many", seen, "Count the passes of your loop, and the steps before and after it.")
    if any(abs(typical - other) < 0.1 * STEP for other in (eps, steps * eps)):
        fail(
            "ignores-step-size",
            f"With eps = {eps}, {steps} steps and step_size = {STEP} every pixel moved by {number(typical)}.",
            "Which of the two sizes is the length of one step, and which is the radius of the ball?",
        )


def _refuse_swapped_sizes(ask: Interview, case: Case) -> None:
    """A ball as small as one step stops the iterates after one step, too."""
    eps, step_size = 0.005, 0.008
    length = float((ask(case.model, case.x, case.y, eps, 3, step_size) - case.x).abs().median())
    if abs(length - step_size) < 1e-4:
        fail(
            "swapped-sizes",
            f"At eps = {eps} and step_size = {step_size} pixels are up to {number(length)} away from x.",
            "Which of the two sizes is the length of one step, and which is the radius of the ball?",
        )


def _require_ball(ask: Interview) -> None:
    case, eps, steps, step_size = image_planes(), 0.05, 3, 0.08
    length = float((ask(case.model, case.x, case.y, eps, steps, step_size) - case.x).abs().median())
    seen = f"After {steps} steps of {step_size} pixels are {number(length)} away from x at eps = {eps}."
    if abs(length - steps * step_size) < 1e-3:
        fail("no-ball", seen, "The box is not the only limit: what keeps the iterates close to x?")
    if abs(length - steps * eps) < 1e-3:
        fail("drifting-ball", seen, "Each step was limited, their sum was not: around which point is the ball?")
    if length > eps + 1e-5:
        fail("outside-the-ball", seen, "No iterate may be farther than eps from the clean image.")


def _require_path(ask: Interview) -> None:
    """On a curved model the signs change along the way, so that the end tells how it was reached."""
    case = bowls()
    answers = []
    for settings in PATHS:
        z = ask(case.model, case.x, case.y, *settings)
        answers.append(z)
    if all(_same(z, right_walk(case, *settings)) for z, settings in zip(answers, PATHS)):
        return
    for wrong in WRONG_WALKS:
        if all(_same(z, wrong.walk(case, *settings)) for z, settings in zip(answers, PATHS)):
            off = _pixels_off(answers, case)
            fail(wrong.diagnosis, f"On a curved model {off}, as if {wrong.as_if}.", wrong.look)
    eps, steps, step_size = PATHS[0]
    alone = torch.cat([ask(c.model, c.x, c.y, eps, steps, step_size) for c in map(case.alone, range(len(case.x)))])
    if _same(alone, right_walk(case, eps, steps, step_size)):
        fail(
            "couples-samples",
            f"One image at a time it is right, but in a batch {_pixels_off(answers, case)}.",
            "A sample's path must not depend on its neighbours: where do samples meet in your code?",
        )
    fail(
        "wrong-path",
        f"One step is right, but after {steps} steps on a curved model {_pixels_off(answers, case)}.",
        "Follow one pixel through three steps: what is carried over from one step to the next?",
    )


# eps, steps, step_size: within a tight ball, and across the whole box.
PATHS = ((0.15, 6, 0.06), (0.6, 6, 0.2))


def _pixels_off(answers: list[Tensor], case: Case) -> str:
    wrong = [~torch.isclose(z, right_walk(case, *settings), atol=1e-5) for z, settings in zip(answers, PATHS)]
    share = torch.stack(wrong).double().mean()
    return f"{100 * float(share):.0f} % of the pixels end elsewhere"


def _same(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-5)
