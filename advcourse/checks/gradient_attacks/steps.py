"""What one signed step must do, and what it did instead: shared by the exercises that take such steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..interview import Interview
from ..models import Case, double_planes, edge_planes, flat_planes, image_planes, network, point_planes, training_planes
from ..verdict import fail, number, span
from .mistaken_gradients import MISTAKEN_GRADIENTS

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Step:
    """One step of an attack under examination.

    `take(case, size)` asks the candidate for a step of `size` per pixel. It should go `uphill`: +1 or -1 times the
    sign of the gradient of the cross-entropy of `labels(case)`. `name` is what the exercise calls the size.
    """

    ask: Interview
    take: Callable[[Case, float], Tensor]
    labels: Callable[[Case], Tensor]
    uphill: int
    name: str

    def direction(self, case: Case) -> Tensor:
        """-1, 0 or 1 for every pixel."""
        return self.uphill * case.gradient(case.x, self.labels(case)).sign()

    def expected(self, case: Case, size: float) -> Tensor:
        return (case.x + size * self.direction(case)).clamp(0, 1)


def require_step(step: Step, case: Case, size: float) -> None:
    """Well inside the box: every pixel moves by exactly `size`, the right way."""
    z = step.take(case, size)
    move, direction = z - case.x, step.direction(case)
    if _same(move, size * direction):
        return
    if z.abs().max() <= size + TOLERANCE and z.any():
        fail(
            "returns-perturbation",
            f"No number of the answer exceeds {number(z.abs().max())}, while the images lie between 0.3 and 0.7.",
            "That looks like the change alone: the exercise wants the changed image.",
        )
    if not move.any():
        fail(
            "unchanged", "The answer is the clean image, not one pixel moved.", "What happens to the step you computed?"
        )
    _refuse_wrong_side(move, size, direction, case, step)
    _refuse_wrong_size(z, move, size, direction, step)
    _refuse_mistaken_gradient(move, case, step)
    _refuse_clipped(z, move, size, direction, case)
    alone = torch.cat([step.take(one, size) for one in map(case.alone, range(len(case.x)))])
    if _same(alone - case.x, size * direction):
        fail(
            "couples-samples",
            f"Image by image it is right, in a batch {_share(~_near(move, size * direction))} of the pixels are off.",
            "A sample's step must not depend on its neighbours: where do samples meet in your code?",
        )
    fail(
        "wrong-value",
        f"{_share(_near(move, size * direction))} of the pixels moved as they should; the largest error is "
        f"{number((move - size * direction).abs().max())} at {step.name} = {size}.",
        "Take one pixel of one image and compute its step by hand.",
    )


def require_box(step: Step, size: float) -> None:
    """At the ends of [0, 1] the step is cut off there, and nowhere else."""
    case = edge_planes()
    z = step.take(case, size)
    if z.min() < -TOLERANCE or z.max() > 1 + TOLERANCE:
        _explain_outside(z, step, case)
    wrong = ~_near(z, step.expected(case, size))
    if not wrong.any():
        return
    if _near(z, case.x)[wrong].all():
        fail(
            "stops-short",
            f"{int(wrong.sum())} pixels close to 0 or 1 did not move at all, though there was some room left.",
            "A step that would leave the box ends at its wall; it is not cancelled.",
        )
    fail(
        "wrong-at-the-edge",
        f"Inside the box the step is right, but near its walls {_share(wrong)} of the pixels are off, by up to "
        f"{number((z - step.expected(case, size)).abs().max())}.",
        "Which interval do you keep the pixels in, and at which moment?",
    )


def _explain_outside(z: Tensor, step: Step, case: Case) -> None:
    low, high = float(z.min()), float(z.max())
    seen = f"The pixels of the answer run from {number(low)} to {number(high)}, a pixel has to stay in [0, 1]."
    if low >= -TOLERANCE or high <= 1 + TOLERANCE:
        # A step longer than the box is wide shows where the wall stands.
        far = step.take(case, 1.5)
        if abs(float(far.min()) + 1) < TOLERANCE:
            fail("wrong-box", seen, "There is a wall at -1: which range of pixels does this course use?")
        fail("half-box", seen, "One wall stands and the other is missing.")
    fail(
        "no-box",
        seen,
        "Is the result a picture that can be shown, and what is kept in the box: the result or something before it?",
    )


def require_flat_pixels_to_stay(step: Step, size: float) -> None:
    case = flat_planes()
    z = step.take(case, size)
    flat = step.direction(case) == 0
    if moved := int((~_near(z, case.x) & flat).sum()):
        fail(
            "moves-flat-pixels",
            f"{moved} of {int(flat.sum())} pixels moved although their gradient is exactly 0.",
            "The loss does not depend on them: a number has three possible signs, which of them does your code know?",
        )


def require_step_elsewhere(step: Step, size: float) -> None:
    """The same step on other models, ranks and precisions."""
    for case, where in (
        (image_planes().alone(4), "on a single image"),
        (point_planes(), "on points [B, 2]"),
        (double_planes(), "in float64"),
        (training_planes(), "with a model in training mode"),
        (network(), "on a convolutional network with batch norm and dropout"),
    ):
        gradient = case.gradient(case.x, step.labels(case)).abs()
        # Where the gradient nearly vanishes its sign is a matter of rounding.
        clear = gradient > 1e-3 * gradient.max()
        wrong = clear & ~_near(step.take(case, size), step.expected(case, size))
        if wrong.any():
            step.ask.require_manners()  # a model that was changed on the way explains wrong values
            fail(
                "wrong-elsewhere",
                f"Right on a linear classifier, but {where} {_share(wrong)} of the pixels are off.",
                "What in your code holds for one kind of model or input only?",
            )


def _refuse_wrong_side(move: Tensor, size: float, direction: Tensor, case: Case, step: Step) -> None:
    if not (move.sign() == -direction).all():
        return
    labels = step.labels(case)
    before, after = case.loss(case.x, labels).mean(), case.loss(case.x + move, labels).mean()
    verb = "fell" if step.uphill > 0 else "rose"
    fail(
        "minus-sign",
        f"The loss {verb} along your step, from {number(before)} to {number(after)} on average.",
        "Should this attack make that loss larger or smaller, and which way does your step go?",
    )


def _refuse_wrong_size(z: Tensor, move: Tensor, size: float, direction: Tensor, step: Step) -> None:
    """The right way, but not by `size`."""
    inside = (z > TOLERANCE) & (z < 1 - TOLERANCE)
    doubled = _near(move, 2 * size * direction)
    # Where the first step made a sign change, the second one undoes it.
    if doubled.any() and (doubled | (move.abs() <= TOLERANCE)).all():
        fail(
            "double-step",
            f"Pixels moved by {number(move.abs().max())} at {step.name} = {size}, or not at all.",
            "Is the step taken twice, or are two steps added?",
        )
    if not (move.sign() == direction).all():
        return
    if not inside.any():
        fail(
            "eps-in-255",
            f"With {step.name} = {size} every pixel ended at 0 or 1: the step was far too large.",
            "In which unit is the size given, and in which are the pixels?",
        )
    sizes = move.abs()
    factor = float(sizes.mean() / size)
    if (sizes - factor * size).abs().max() < 1e-3 * factor * size:
        seen = f"Every pixel moved by {number(sizes.mean())} at {step.name} = {size}: {number(factor)} times that."
        if abs(factor * 255 - 1) < 1e-2:
            fail("eps-in-255", seen, "In which unit is the size given, and in which are the pixels?")
        fail("wrong-size", seen, "What else multiplies or divides the step?")
    channel = sizes.mean((0, 2, 3), keepdim=True)
    if (sizes - channel).abs().max() < 1e-3 * size:
        fail(
            "normalised-space",
            f"Pixels moved by {span(sizes)} at {step.name} = {size}, depending on the colour channel alone.",
            "The size is meant in pixels of [0, 1], before any normalisation.",
        )


def _refuse_mistaken_gradient(move: Tensor, case: Case, step: Step) -> None:
    labels = step.labels(case)
    g = case.gradient(case.x, labels).flatten(1)
    m = move.flatten(1)
    cosine = step.uphill * torch.cosine_similarity(m, g, dim=1)
    lengths = m.norm(dim=1)
    if (cosine > 0.999).all():
        if (lengths / lengths.mean() - 1).abs().max() < 1e-3:
            fail(
                "l2-normalised",
                f"Images moved by L2 length {number(lengths.mean())}, pixels by {span(m.abs())}.",
                "That is the steepest step for the L2 norm: which norm bounds the perturbation here?",
            )
        fail(
            "no-sign",
            f"Pixels moved by {span(m.abs())}, in proportion to the gradient.",
            "The budget allows every pixel the same move: what makes the most of it, whatever the gradient's size?",
        )
    for mistaken in MISTAKEN_GRADIENTS:
        other = mistaken.of(case, labels)
        if (move.sign() == other.sign()).all() or (move.sign() == -other.sign()).all():
            fail(mistaken.diagnosis, f"The step follows the gradient of {mistaken.of_what}.", mistaken.look)


def _refuse_clipped(z: Tensor, move: Tensor, size: float, direction: Tensor, case: Case) -> None:
    if _same(move, size * direction.clamp_min(0)) or _same(move, direction.clamp_min(0)):
        fail(
            "clamps-perturbation",
            f"{_share(direction < 0)} of the pixels should have become darker, none did.",
            "The limits 0 and 1 hold for pixels: to what do you apply them?",
        )
    low, high = case.x.min(), case.x.max()
    if _same(z, (case.x + size * direction).clamp(low, high)):
        fail(
            "clips-to-data-range",
            f"No pixel left [{number(low)}, {number(high)}], the range of the images that were given.",
            "The walls of the box are fixed, whatever this batch happens to contain.",
        )


def _near(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs() <= TOLERANCE


def _same(a: Tensor, b: Tensor) -> bool:
    return bool(_near(a, b).all())


def _share(mask: Tensor) -> str:
    return f"{100 * float(mask.double().mean()):.0f} %"
