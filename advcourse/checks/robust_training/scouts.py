"""Attacks that are handed to an answer: they do something simple, and look at their orders first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..words import words

SAY = words(__file__)


class Labels(NamedTuple):
    """All that a scout looks for in a goal."""

    y: Tensor


@dataclass(frozen=True, eq=False)
class Scout:
    """attack(model, x, goal) -> act(model, x, labels), if the goal is away from the true labels of clean samples.

    `x` and `y` are all samples there are: who is handed over is found by its values.
    """

    x: Tensor
    y: Tensor
    act: Callable[..., Tensor]

    def __call__(self, model: nn.Module, x: Tensor, goal, *threat, **named: object) -> Tensor:
        labels, y = _labels(goal, x), self.y[self._rows(x)]
        if not torch.equal(labels, y):
            with torch.no_grad():
                predicted = model(x).argmax(1)
            wrong = "attacks-predictions" if torch.equal(labels, predicted) else "labels-of-others"
            SAY.fail(wrong, off=int((labels != y).sum()), n=len(y))
        return self.act(model, x, labels, *threat, **named)

    def _rows(self, x: Tensor) -> Tensor:
        same = (x.detach().flatten(1)[:, None] == self.x.flatten(1)[None]).all(2)
        if not same.any(1).all():
            SAY.fail("attacks-the-attacked", off=int((~same.any(1)).sum()), n=len(x))
        return same.double().argmax(1)


def _labels(goal, x: Tensor) -> Tensor:
    labels = getattr(goal, "y", None)
    if labels is None and isinstance(getattr(goal, "t", None), Tensor):
        SAY.fail("targeted-goal")
    if not isinstance(labels, Tensor):
        SAY.fail("goal-is-no-goal", kind=type(goal).__name__)
    if len(labels) != len(x):
        SAY.fail("goal-for-others", n=len(x), labels=len(labels))
    return labels
