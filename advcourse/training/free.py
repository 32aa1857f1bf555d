"""'Free' adversarial training: the backward pass that trains the weights also climbs with the input."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from advcourse.threats import Threat

from .losses import losses


class Free:
    """A training loss that keeps a perturbation and climbs with it each time its gradient is taken.

    The mean cross entropy at z = P(x + delta). When the optimizer's step asks for the gradient with respect to the
    weights, the one with respect to z comes with it, and delta takes one step of length step_size within the threat's
    set. So an attack costs nothing, but needs every batch several times in a row: go through `Replayed(batches, 4)`.
    The delta of one batch starts the next. Shafahi et al., "Adversarial Training for Free!", NeurIPS 2019.
    """

    def __init__(self, threat: Threat, *, step_size: float):
        if not 0 < step_size < float("inf"):
            raise ValueError(f"step_size must be positive and finite, in pixels of [0, 1]; got {step_size}")
        self.threat, self.step_size = threat, step_size
        self.delta: Tensor | None = None

    def __call__(self, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        allowed = self.threat.around(x)
        z = allowed.project(x + self._fitting(x)).requires_grad_()

        @torch.no_grad()
        def climb(gradient: Tensor) -> None:
            self.delta = allowed.project(z + self.step_size * allowed.steepest(gradient, z)) - x

        z.register_hook(climb)
        return losses(model, z, y).mean()

    def _fitting(self, x: Tensor) -> Tensor:
        """The kept perturbation, for as many samples as there are: the last batch of an epoch may be smaller."""
        delta = self.delta
        if delta is None or delta.shape[1:] != x.shape[1:] or len(delta) < len(x) or delta.device != x.device:
            return torch.zeros_like(x)
        return delta[: len(x)]

    def __repr__(self) -> str:
        return f"Free({self.threat!r}, step_size={self.step_size})"


@dataclass(frozen=True, eq=False)
class Replayed:
    """Batches, each of them `times` times in a row, so that `Free` can climb on it. Shafahi et al., NeurIPS 2019."""

    batches: Iterable[tuple[Tensor, Tensor]]
    times: int

    def __post_init__(self):
        if self.times < 1:
            raise ValueError(f"times={self.times}: every batch has to be seen at least once")

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.batches:
            for _ in range(self.times):
                yield batch
