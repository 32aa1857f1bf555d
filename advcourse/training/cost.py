"""What training costs, counted and not timed: a machine that is busy counts the same."""

import copy

import torch
from torch import Tensor, nn

from .loop import train_step
from .losses import TrainingLoss

FORWARD = 1 / 3  # of a pass; the way back gives two gradients, of inputs and of weights


def passes(model: nn.Module, x: Tensor, y: Tensor, loss: TrainingLoss) -> float:
    """How often one training step on x [B, ...], y [B] sends a sample through the network, forward *and* backward.

    Standard training takes 1, what only looks at an answer a third. Counted at the network's output, on a copy: model
    and gradients stay as they are. A loss that remembers, as `Free` does, remembers this step too.
    """
    parts: list[float] = []
    counted = copy.deepcopy(model)

    def see(module: nn.Module, inputs: tuple, out: Tensor) -> None:
        parts.append(FORWARD * len(out))
        if out.requires_grad:
            out.register_hook(lambda g: parts.append((1 - FORWARD) * len(g)))

    counted.register_forward_hook(see)
    counted.train()
    train_step(counted, x, y, torch.optim.SGD(counted.parameters(), 0.0), loss)
    return sum(parts) / len(x)
