"""Gradients that students take for the loss's gradient, by diagnosis: functions (model, x, y) -> like x."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Slope = Callable[[nn.Module, Tensor, Tensor], Tensor]
Value = Callable[[Tensor, Tensor], Tensor]  # logits [B, K], labels [B] -> what is summed and differentiated


def of(value: Value) -> Slope:
    """The gradient with respect to the image of this value instead of the loss."""

    def slope(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(value(model(x), y).sum(), x)[0]

    return slope


def _one_hot(logits: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, logits.shape[1]).to(logits)


def _entropy(logits: Tensor, y: Tensor) -> Tensor:
    return -logits.softmax(1) * logits.log_softmax(1)


def _yes_or_no(logits: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, _one_hot(logits, y), reduction="none")


def _margin(logits: Tensor, y: Tensor) -> Tensor:
    others = logits.masked_fill(_one_hot(logits, y) > 0, -torch.inf)
    return others.amax(1) - logits.gather(1, y[:, None])[:, 0]


loss_slope = of(lambda logits, y: F.cross_entropy(logits, y, reduction="none"))

WRONG_SLOPES: dict[str, tuple[Slope, ...]] = {
    "predicted-label": (of(lambda logits, y: F.cross_entropy(logits, logits.argmax(1), reduction="none")),),
    "max-logit": (of(lambda logits, y: logits.amax(1)),),
    "label-logit": (of(lambda logits, y: logits.gather(1, y[:, None])),),
    "sum-of-logits": (of(lambda logits, y: logits),),
    "max-probability": (of(lambda logits, y: logits.softmax(1).amax(1)),),
    "double-softmax": (of(lambda logits, y: F.cross_entropy(logits.softmax(1), y, reduction="none")),),
    "squared-error": (
        of(lambda logits, y: (logits - _one_hot(logits, y)) ** 2),
        of(lambda logits, y: (logits.softmax(1) - _one_hot(logits, y)) ** 2),
    ),
    "entropy": (of(_entropy),),
    "softmax-over-the-batch": (of(lambda logits, y: F.nll_loss(logits.log_softmax(0), y, reduction="none")),),
    "sigmoid-loss": (of(_yes_or_no),),
    "margin": (of(_margin),),
}
