"""What the exercises with an attack in them share: a batch, and an attack that writes down the label it is told."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..closed_forms import Batch, logits, planes
from ..words import words

SAY = words(__file__)

STEP = 0.2
SHARE, WEIGHT = 0.35, 0.3  # of eight 2.8: neither rounding down nor cutting off gives the right number


class Labels(NamedTuple):
    """All that the attack below looks for in a goal."""

    y: Tensor


def batch(m: int = 8, dtype: torch.dtype = torch.float32) -> Batch:
    """m images [m, 1, 3, 4] and four classes, one label in two not the prediction; the model is in training mode
    and its weights hold the gradients of a step."""
    draw = torch.Generator().manual_seed(22)
    x = 0.3 + 0.4 * torch.rand(m, 1, 3, 4, generator=draw)
    model, x, _ = planes(x.to(dtype), torch.randn(4, 12, generator=draw).to(dtype))
    first = logits(model, x).argmax(1)
    y = torch.where(torch.arange(m) % 2 == 0, (first + 1 + torch.arange(m) % 3) % 4, first)
    for w in model.parameters():
        w.grad = torch.ones_like(w)
    return Batch(model.train(), x, y)


def resting(m: int) -> Batch:
    """The same with the model in evaluation mode."""
    model, x, y = batch(m)
    return Batch(model.eval(), x, y)


def marks_of_classes() -> Tensor:
    """What the attack adds to an image of each class, [4, 1, 3, 4]: steps up and down, different for every label."""
    signs = torch.randint(2, (4, 1, 3, 4), generator=torch.Generator().manual_seed(2)) * 2 - 1
    return STEP * signs.float()


def attacked_with(x: Tensor, labels: Tensor) -> Tensor:
    """Images attacked by somebody who was told these labels."""
    return x + marks_of_classes().to(x.dtype)[labels]


def attack(model: nn.Module, x: Tensor, goal: object) -> Tensor:
    """The attack handed to an answer. What it returns still hangs on the weights, as that of a careless attack does."""
    labels = getattr(goal, "y", None)
    if not isinstance(labels, Tensor):
        SAY.fail("goal-is-no-goal", kind=type(goal).__name__)
    if len(labels) != len(x):
        SAY.fail("goal-for-others", images=len(x), labels=len(labels))
    weights = model.parameters() if isinstance(model, nn.Module) else ()  # a network made for the attack may have none
    drift = sum((w.sum() for w in weights), torch.zeros(()))
    return attacked_with(x, labels) + marks_of_classes().to(x.dtype)[0] * (drift - drift.detach())
