"""Five readings that tell robustness from what only looks like it."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from advcourse.asking import Model, predicted
from advcourse.attacks.gradient import fgsm, input_gradient, pgd
from advcourse.device import precise
from advcourse.goals import Untargeted
from advcourse.measure.robustness import attacked
from advcourse.measure.shares import accuracy
from advcourse.threats import Threat


@dataclass(frozen=True)
class Readings:
    """Five shares of samples that together tell robustness from what only looks like it.

    Accuracy clean, under FGSM told the true labels, under FGSM told the predicted ones, under PGD told the true ones,
    and the share of samples whose input gradient is exactly zero, so that no gradient attack can move them.
    """

    clean: float
    one_step: float
    one_step_predicted: float
    iterative: float
    zero_gradients: float


def readings(model: Model, x: Tensor, y: Tensor, threat: Threat, *, steps: int) -> Readings:
    """The five, on x [N, ...] and y [N] inside the threat; PGD makes `steps` steps of a quarter of the radius."""
    true, guessed = Untargeted(y), Untargeted(predicted(model, x))
    start = torch.Generator().manual_seed(0)
    many = partial(pgd, threat=threat, steps=steps, step_size=threat.eps / 4, generator=start)
    once = partial(fgsm, threat=threat)
    tries = ((once, true), (once, guessed), (many, true))
    inputs = (x, *(attacked(attack, model, x, goal) for attack, goal in tries))
    flat = (attacked(input_gradient, model, x, true) == 0).flatten(1).all(1)
    return Readings(*(accuracy(model, z, y) for z in inputs), precise(flat).mean().item())
