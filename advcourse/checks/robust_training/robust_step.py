"""The check for `robust_step(model, x, y, attack, optimizer)`: inner maximum, then one step of the weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..interview import Interview
from ..models import Planes
from ..verdict import fail, number
from .scouts import Scout

RATE = 0.5


class Trainee(Planes):
    """A linear classifier [B, 1, 2, 3] -> [B, 3] that is trained in place: no call gets a copy of it."""

    def __deepcopy__(self, memo) -> Trainee:
        return self


class Descent:
    """Plain gradient descent on a model's weights. Notes how often it was asked to forget and to step."""

    def __init__(self, model: nn.Module, rate: float):
        self.weights, self.rate, self.steps = list(model.parameters()), rate, 0

    def zero_grad(self, set_to_none: bool = True) -> None:
        for w in self.weights:
            w.grad = None if set_to_none else torch.zeros_like(w)

    @torch.no_grad()
    def step(self) -> None:
        self.steps += 1
        for w in self.weights:
            if w.grad is not None:
                w -= self.rate * w.grad

    def __deepcopy__(self, memo) -> Descent:
        return self


@dataclass(frozen=True, eq=False)
class WrongStep:
    """A direction the weights may have gone against."""

    diagnosis: str
    direction: Tensor
    seen: str
    look: str


@dataclass(eq=False)
class Trial:
    """One call on weights that were never stepped, with the gradient of an earlier step still in them."""

    seed: int = 0
    size: int = 7
    rate: float = RATE
    scout: Scout = field(init=False)

    def __post_init__(self):
        draw = torch.Generator().manual_seed(self.seed)
        self.x = torch.rand(self.size, 1, 2, 3, generator=draw)
        # So large that a step moves every prediction, so small that none is certain.
        self.model = Trainee(2 * torch.randn(3, 6, generator=draw), torch.randn(3, generator=draw)).train()
        predicted = self.model(self.x).argmax(1)
        self.y = (predicted + torch.arange(self.size) % 3) % 3
        self.predicted = predicted
        self.code = 0.3 * (torch.randint(2, (3, 1, 2, 3), generator=draw) * 2.0 - 1)
        self.before = flat(self.model)
        self.old = 0.2 + torch.rand(self.before.shape, generator=draw)
        for w, g in zip(self.model.parameters(), self.old.split([18, 3])):
            w.grad = g.view_as(w).clone()
        self.optimizer = Descent(self.model, self.rate)
        self.scout = Scout(self.x, self.y, predicted, self._attack)
        self.asked_at: list[Tensor] = []

    def _attack(self, model: nn.Module, x: Tensor, labels: Tensor) -> Tensor:
        """Still hangs on the weights, as what a careless attack returns does."""
        self.asked_at.append(flat(self.model))
        drift = sum(w.sum() for w in self.model.parameters())
        return self.attacked(x, labels) + self.code[0] * (drift - drift.detach())

    def attacked(self, x: Tensor, labels: Tensor) -> Tensor:
        return x + self.code[labels]

    @property
    def z(self) -> Tensor:
        return self.attacked(self.x, self.y)

    def gradient(self, images: Tensor, labels: Tensor | None = None, at: Tensor | None = None) -> Tensor:
        """Of the mean cross entropy of W x + b, in closed form: (p - onehot) x^T and p - onehot, averaged; [21]."""
        images, wrong = images.flatten(1), self._wrong(images, labels, at)
        return torch.cat([(wrong.T @ images).flatten(), wrong.sum(0)]) / len(images)

    def of_attack(self) -> Tensor:
        """What a gradient through the attack adds: the weights' sum moves every sample along code[0]."""
        toward = self._wrong(self.z) @ self.before[:18].view(3, 6) / self.size
        return (toward @ self.code[0].flatten()).sum().expand(21)

    def loss(self, images: Tensor, labels: Tensor | None = None, at: Tensor | None = None) -> float:
        return float(F.cross_entropy(self._logits(images, at), self.y if labels is None else labels))

    def _logits(self, images: Tensor, at: Tensor | None) -> Tensor:
        w = self.before if at is None else at
        return F.linear(images.flatten(1), w[:18].view(3, 6), w[18:])

    def _wrong(self, images: Tensor, labels: Tensor | None = None, at: Tensor | None = None) -> Tensor:
        onehot = F.one_hot(self.y if labels is None else labels, 3)
        return self._logits(images, at).softmax(1) - onehot


def flat(model: nn.Module) -> Tensor:
    return torch.cat([w.detach().flatten() for w in model.parameters()])


def check_robust_step(ask: Interview) -> str:
    _examine(ask, Trial())
    for trial, where in (
        (Trial(1), "another batch"),
        (Trial(2, size=1), "a batch of one"),
        (Trial(3, rate=0.01), "another optimizer"),
    ):
        reported = ask(trial.model, trial.x, trial.y, trial.scout, trial.optimizer)
        wanted = trial.before - trial.rate * trial.gradient(trial.z)
        if not (_same(flat(trial.model), wanted) and _near(reported, trial.loss(trial.z))):
            fail("wrong-elsewhere", f"Right at first, but not for {where}.", "What is special about that case?")
    # To change the weights, and to leave a gradient in them, is what a training step is for.
    ask.breaches = [breach for breach in ask.breaches if breach[0] not in ("changes-weights", "fills-model-grads")]
    return "The attack comes first, on the present weights; then one step down at its result, and nothing else."


def _examine(ask: Interview, trial: Trial) -> None:
    reported = ask(trial.model, trial.x, trial.y, trial.scout, trial.optimizer)
    if not trial.scout.asked:
        fail(
            "never-attacks",
            "The attack was never called.",
            "The outer step is taken on the modified batch: who modifies it?",
        )
    if not _same(trial.asked_at[0], trial.before):
        fail(
            "steps-before-the-attack",
            "When the attack was called, the weights had already moved.",
            "The inner maximum belongs to the present weights: what has to come first?",
        )
    moved = flat(trial.model) - trial.before
    if not _same(moved, -RATE * trial.gradient(trial.z)):
        _explain_the_step(trial, moved)
    _require_report(trial, reported)


def _explain_the_step(t: Trial, moved: Tensor) -> None:
    left = torch.cat([torch.zeros(w.numel()) if w.grad is None else w.grad.flatten() for w in t.model.parameters()])
    if _same(moved, torch.zeros_like(moved)):
        if left.any():
            fail("no-step", "The weights did not move.", "There is a gradient in them: who uses it?")
        fail(
            "no-gradient-at-the-step",
            "The weights did not move, and no gradient was in them when the step was made.",
            "In which order are gradients forgotten, computed and used?",
        )
    down, clean, old = t.gradient(t.z), t.gradient(t.x), t.old
    again = down + t.gradient(t.z, at=t.before - RATE * down)
    for wrong in (
        WrongStep("ascends", -down, "The weights went up the loss.", "The attack maximises; and the optimizer?"),
        WrongStep(
            "clean-batch",
            clean,
            "The attack was called, but the step is that of the clean batch.",
            "On which images is the loss of your step taken?",
        ),
        WrongStep(
            "adds-a-clean-term",
            clean + down,
            "The step is that of the clean loss plus the attacked one.",
            "That is a mixed batch: which images does the maximum stand for?",
        ),
        WrongStep(
            "adds-a-clean-term",
            (clean + down) / 2,
            "The step is that of the mean of the clean loss and the attacked one.",
            "That is a mixed batch: which images does the maximum stand for?",
        ),
        WrongStep(
            "sums-over-the-batch",
            t.size * down,
            f"The step is {t.size} times as long as that of the mean loss, as many as there are samples.",
            "Should a larger batch make a longer step?",
        ),
        WrongStep(
            "old-gradients",
            down + old,
            "The gradient of an earlier step was still in the weights and went into this one.",
            "Gradients add up until somebody clears them: who, and when?",
        ),
        WrongStep(
            "no-backward",
            old,
            "The step was made with the gradient of an earlier one.",
            "Where is the gradient of your loss computed?",
        ),
        WrongStep(
            "through-the-attack",
            down + t.of_attack(),
            "The gradient also went through the attack, which here hangs on the weights.",
            "The maximiser counts as a constant: what cuts it off from its past?",
        ),
        WrongStep(
            "two-steps",
            again,
            "The weights made two steps.",
            "One batch, one step: how often is the optimizer asked?",
        ),
        WrongStep(
            "trains-on-predictions",
            t.gradient(t.z, t.predicted),
            "The step lowers the loss of the model's own predictions at the attacked images.",
            "Which labels are the right ones?",
        ),
        WrongStep(
            "adds-to-the-image",
            t.gradient(t.x + t.z),
            "The loss was taken at the clean images plus the attacked ones.",
            "What does the attack return: images, or what is to be added to them?",
        ),
    ):
        if _same(moved, -RATE * wrong.direction):
            fail(wrong.diagnosis, wrong.seen, wrong.look)
    apart = number((moved + RATE * down).norm() / (RATE * down).norm())
    fail(
        "wrong-step",
        f"The weights moved elsewhere: off by {apart} times the length of the right step.",
        "Loss at the attacked images, its gradient in the weights, one step: print each in between.",
    )


def _require_report(t: Trial, reported: float) -> None:
    if _near(reported, t.loss(t.z)):
        return
    saw = f"It reports {number(reported)} where the loss of the attacked batch was {number(t.loss(t.z))}."
    if _near(reported, t.loss(t.z, at=flat(t.model))):
        fail("loss-after-the-step", saw, "That is the loss after the step: when is it read?")
    if _near(reported, t.loss(t.x)):
        fail("reports-the-clean-loss", saw, "That is the loss of the clean batch: which one was lowered?")
    fail("reports-another-loss", saw, "Which number did the step lower?")


def _same(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-5)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-4 * (1 + abs(b))
