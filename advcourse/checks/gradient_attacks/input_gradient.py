"""The check for `input_gradient(model, x, y)`: the gradient of the summed cross-entropy w.r.t. the image."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..models import Case, double_planes, image_planes, network, point_planes, saturated_planes, training_planes
from ..verdict import fail, instead_of, number, span
from .mistaken_gradients import MISTAKEN_GRADIENTS


def check_input_gradient(ask: Interview) -> str:
    case = image_planes()
    answer, again = ask.twice(case.model, case.x, case.y)
    _compare(answer, case, ask)
    if close(again, 2 * answer):
        fail(
            "accumulates",
            "A second call with the same image gave exactly twice the gradient of the first.",
            "Somewhere the first gradient was kept and the second was added to it.",
        )
    for other, where in (
        (case.alone(4), "on a single image"),
        (point_planes(), "on points [B, 2]"),
        (double_planes(), "in float64"),
        (training_planes(), "with a model in training mode"),
        (network(), "on a convolutional network with batch norm and dropout"),
    ):
        error = (ask(other.model, other.x, other.y) - other.gradient(other.x, other.y)).abs().max()
        if error > 1e-3:
            ask.require_manners()  # a model that was changed on the way explains wrong values
            fail(
                "wrong-elsewhere",
                f"Right on a linear classifier, but off by up to {number(error)} {where}.",
                "What in your code holds for one kind of model or input only?",
            )
    _saturated(ask)
    return "The gradient of the summed loss is right for every sample, alone or in a batch, on linear and deep models."


def close(a: Tensor, b: Tensor) -> bool:
    """Equal up to rounding, measured against the larger numbers of `b`."""
    return bool((a - b).abs().max() <= 1e-4 * b.abs().max())


def _compare(answer: Tensor, case: Case, ask: Interview) -> None:
    """Return if `answer` is right, else say what it is instead."""
    right = case.gradient(case.x, case.y)
    if close(answer, right):
        return
    if not answer.any():
        fail(
            "zero-gradient",
            f"All {answer.numel()} numbers are zero.",
            "Does the loss still depend on the tensor you differentiate by?",
        )
    if ((answer == 0) | (answer.abs() == 1)).all():
        fail(
            "sign-taken",
            f"Every number is -1, 0 or 1, where sizes of {span(right.abs())} are right.",
            "This exercise wants the gradient itself; what the attack makes of it comes later.",
        )
    _compare_scale(answer, right, case)
    for mistaken in MISTAKEN_GRADIENTS:
        other = mistaken.of(case, case.y)
        if parallel(answer, other):
            fail(mistaken.diagnosis, f"This is the gradient of {mistaken.of_what}.", mistaken.look)
    alone = torch.cat([ask(one.model, one.x, one.y) for one in map(case.alone, range(len(case.x)))])
    if close(alone, right):
        fail(
            "couples-samples",
            f"One image at a time it is right, in a batch it is off by up to {number((answer - right).abs().max())}.",
            "A sample's gradient must not depend on its neighbours: where do samples meet in your code?",
        )
    fail(
        "wrong-value",
        f"The largest error is {number((answer - right).abs().max())}, the largest entry {number(right.abs().max())}.",
        "Compare with a finite difference: move one pixel by 0.001 and see how the summed loss changes.",
    )


def parallel(a: Tensor, b: Tensor) -> bool:
    """One number times `b`, for the batch as a whole."""
    factor = (a * b).sum() / (b * b).sum()
    return bool(factor != 0) and close(a, factor * b)


def _compare_scale(answer: Tensor, right: Tensor, case: Case) -> None:
    """Recognise answers that are, sample by sample, a multiple of the gradient."""
    a, g = answer.flatten(1), right.flatten(1)
    factor = (a * g).sum(1) / (g * g).sum(1)
    if (a - factor[:, None] * g).abs().max() > 1e-4 * a.abs().max():
        return
    p = case.logits(case.x).softmax(1).gather(1, case.y[:, None])[:, 0].to(factor)
    if close(factor.abs(), p):
        fail(
            "probability-gradient",
            f"Each sample's gradient is p(y|x), {span(p)}, times the right one, up to sign.",
            "That is how p(y|x) changes, not how the loss does: there is a logarithm between the two.",
        )
    if close(factor, torch.full_like(factor, 1 / len(a))):
        fail(
            "mean-loss",
            f"All numbers are {len(a)} times too small, and {len(a)} is the size of the batch.",
            "A sample's gradient must not depend on how many others came along: how are their losses combined?",
        )
    if (factor < 0).all():
        fail(
            "minus-sign",
            f"Along your gradient the loss falls: it is {number(factor.mean())} times the right one.",
            "Which way does the loss grow, and where did a minus come in?",
        )
    if ((factor != 0).sum() == 1) and len(a) > 1:
        fail(
            "one-sample-only",
            f"Only one of {len(a)} samples has a gradient.",
            "The loss of every sample counts: which of them reach the number you differentiate?",
        )
    if close(factor, case.loss(case.x, case.y).to(factor)):
        fail(
            "loss-weighted",
            "Each sample's gradient is multiplied by its own loss.",
            "Backpropagation starts from a weight for every sample: which weights make it a plain sum?",
        )
    _refuse_normalised(a)
    fail(
        "wrong-scale",
        f"The directions are right, the sizes {span(factor)} times what they should be.",
        "What multiplies the loss, or the gradient afterwards?",
    )


def _refuse_normalised(a: Tensor) -> None:
    for order, name in ((2, "L2 norm"), (1, "L1 norm"), (float("inf"), "largest entry")):
        for lengths, whose in ((a.norm(order, dim=1), "Every sample's"), (a.norm(order)[None], "The whole batch's")):
            if close(lengths, torch.ones_like(lengths)):
                fail(
                    "normalised",
                    f"{whose} gradient has {name} 1: it was divided by its own size.",
                    "This exercise wants the gradient as it is; how large it is matters here.",
                )


def _saturated(ask: Interview) -> None:
    case = saturated_planes()
    with instead_of(
        "nan",
        diagnosis="unstable-loss",
        seen="Where the model is very sure and wrong (p(y|x) rounds to 0) the gradient is NaN or infinite.",
        look="Logarithm and softmax have to be taken together, before the probability is rounded to 0.",
    ):
        answer = ask(case.model, case.x, case.y)
    right = case.gradient(case.x, case.y)
    if not close(answer, right):
        off = (answer - right).abs().max() / right.abs().max()
        fail(
            "unstable-loss",
            f"Where the model is sure and wrong the gradient is off by {number(100 * off)} % of its largest entry.",
            "Is the logarithm taken of a probability that was rounded to 0 already, or is a small constant added?",
        )
