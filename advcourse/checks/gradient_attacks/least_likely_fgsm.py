"""The check for `least_likely_fgsm(model, x, eps)`: one step toward the class the model finds least likely."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..models import Case, image_planes
from ..verdict import fail, number
from .steps import Step, require_box, require_flat_pixels_to_stay, require_step, require_step_elsewhere

EPS = 0.1


def check_least_likely_fgsm(ask: Interview) -> str:
    step = Step(
        ask,
        take=lambda case, size: ask(case.model, case.x, size),
        labels=least_likely,
        uphill=-1,
        name="eps",
    )
    case = image_planes()
    _require_target(step.take(case, EPS), case)
    require_step(step, case, EPS)
    require_box(step, EPS)
    require_flat_pixels_to_stay(step, EPS)
    require_step_elsewhere(step, EPS)
    return "Every image steps by eps toward its own least likely class, stays in [0, 1], and rests at zero gradients."


def least_likely(case: Case) -> Tensor:
    return case.logits(case.x).argmin(1)


def _require_target(z: Tensor, case: Case) -> None:
    """Which class an image moved toward, or away from, can be read off the signs of its move."""
    signs = (z - case.x).sign().flatten(1)
    classes = range(case.logits(case.x).shape[1])
    rises = torch.stack([case.gradient(case.x, torch.full_like(case.y, k)).sign().flatten(1) for k in classes], 1)
    toward, away = (signs[:, None] == -rises).all(2), (signs[:, None] == rises).all(2)
    if away.any(1).all():
        _refuse_moving_away(z, away.int().argmax(1), case)
    if toward.any(1).all():
        _refuse_other_target(toward.int().argmax(1), case)


def _refuse_moving_away(z: Tensor, left: Tensor, case: Case) -> None:
    least = least_likely(case)
    if (left == least).all():
        before, after = (case.logits(v).softmax(1).gather(1, least[:, None]).mean() for v in (case.x, z))
        fail(
            "ascends",
            f"The probability of the least likely class fell from {number(before)} to {number(after)} on average.",
            "A targeted attack wants that class to win: should the loss of the target grow or shrink?",
        )
    if (left == case.logits(case.x).argmax(1)).all():
        fail(
            "untargeted",
            "Every image moves away from the class the model predicts, and toward none in particular.",
            "Here the attack has a goal of its own: which class does it want to see?",
        )
    fail(
        "wrong-target",
        f"The images move away from the classes {left.tolist()}.",
        "Print which label goes into your loss.",
    )


def _refuse_other_target(target: Tensor, case: Case) -> None:
    order = case.logits(case.x).argsort(1, descending=True)
    rank = (order == target[:, None]).int().argmax(1)
    last = order.shape[1] - 1
    if (rank == last).all():
        return
    if (rank == 0).all():
        fail(
            "most-likely-target",
            f"All {len(rank)} images move toward the class the model already predicts.",
            "Which end of the list of probabilities is meant?",
        )
    if (rank == 1).all() or (rank == last - 1).all():
        fail(
            "second-target",
            f"All {len(rank)} images move toward the class of rank {int(rank[0]) + 1} of {last + 1}.",
            "Look at the order of the probabilities and at where counting starts.",
        )
    if (target == target[0]).all():
        fail(
            "one-target",
            f"All {len(rank)} images move toward class {int(target[0])}, though their least likely classes differ.",
            "Every image has a target of its own: along which dimension do you look for the smallest?",
        )
    fail(
        "wrong-target",
        f"The images move toward classes of rank {[int(r) + 1 for r in rank]} of {last + 1}.",
        "Print the probabilities of one image and the class you chose for it.",
    )
