"""Attacks that are handed to an answer: they do something simple, and watch how they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..verdict import fail


@dataclass(eq=False)
class Scout:
    """Looks at its orders, then acts: attack(model, x, goal) -> act(model, x, labels).

    x and y are all samples there are, `predicted` their clean predictions: who is handed over is found by its values.
    """

    x: Tensor
    y: Tensor
    predicted: Tensor
    act: Callable[..., Tensor]
    asked: list = field(default_factory=list)

    def __call__(self, model, x, goal, *more) -> Tensor:
        labels = self._labels(x, goal)
        rows = self._rows(x)
        if not torch.equal(labels, self.y[rows]):
            _refuse_labels(labels, self.y[rows], self.predicted[rows])
        self.asked.append(rows)
        return self.act(model, x, labels, *more)

    def __deepcopy__(self, memo) -> Scout:
        return self  # so that what it saw is seen

    def _labels(self, x: Tensor, goal) -> Tensor:
        labels = getattr(goal, "y", None)
        if labels is None and isinstance(getattr(goal, "t", None), Tensor):
            fail(
                "targeted-goal",
                "The attack was handed a Targeted goal.",
                "The inner maximisation climbs a loss: which goal wants anything but the true class?",
            )
        if not isinstance(labels, Tensor):
            fail(
                "goal-is-no-goal",
                f"The attack was handed a {type(goal).__name__} as its goal.",
                "It wants to be told what it is after: which object of the library says 'anything but these labels'?",
            )
        if len(labels) != len(x):
            fail(
                "goal-for-others",
                f"The attack was handed {len(x)} samples and {len(labels)} labels.",
                "Whoever is attacked needs a label each, no more and no fewer.",
            )
        return labels

    def _rows(self, x: Tensor) -> Tensor:
        same = (x.detach().flatten(1)[:, None] == self.x.flatten(1)[None]).all(2)
        if not same.any(1).all():
            fail(
                "attacks-the-attacked",
                f"{int((~same.any(1)).sum())} of the {len(x)} samples an attack was handed were not clean ones.",
                "Every attack has its budget around the clean sample: from where does each of yours start?",
            )
        return same.double().argmax(1)


def _refuse_labels(labels: Tensor, y: Tensor, predicted: Tensor) -> None:
    wrong = int((labels != y).sum())
    if torch.equal(labels, predicted):
        fail(
            "attacks-predictions",
            f"The attack was told the model's predictions, which differ from the true labels for {wrong} samples.",
            "Away from which class should a sample go that is misclassified already?",
        )
    fail(
        "labels-of-others",
        f"{wrong} of {len(y)} labels the attack was told belong to other samples.",
        "When you pick samples, pick their labels along.",
    )
