"""What may be asked in this unit: an answer for each of the samples, so many times, and no gradient."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from ..spec import Formula
from ..verdict import kind_of
from ..words import words

SAY = words(__file__)


class Oracle:
    """says(z) [B] for the samples z [B, ...] it knows, all of them at once and in their order, `budget` times.

    Every answer under examination is given a copy of its own, which begins to count at zero.
    """

    def __init__(self, like: Tensor, budget: int, says: Callable[[Tensor], Tensor]):
        self.shape, self.budget, self.says, self.asked = like.shape, budget, says, 0

    def __deepcopy__(self, memo: dict) -> Oracle:
        fresh = copy.copy(self)
        fresh.asked = 0
        return fresh

    def __call__(self, z: Tensor) -> Tensor:
        if not isinstance(z, Tensor):
            SAY.fail("asks-about-no-tensor", kind=kind_of(z))
        if z.shape != self.shape:
            SAY.fail("asks-about-others", shape=[*z.shape], wanted=[*self.shape])
        if z.requires_grad:
            SAY.fail("wants-a-gradient")
        self.asked += 1
        if self.asked > self.budget:
            SAY.fail("asks-too-often", budget=self.budget)
        return self.says(z)


def afresh(formula: Formula) -> Formula:
    """The formula with copies of its arguments: what it asks the oracle counts for nobody else."""
    return lambda *args: formula(*copy.deepcopy(args))


def spread(numbers: Tensor, like: Tensor) -> Tensor:
    """One number for each sample, shaped to multiply `like`; rows of them in front for rows of samples."""
    return numbers.reshape(*numbers.shape, *[1] * (like.ndim - numbers.ndim))


def eighths(*shape: int, seed: int) -> Tensor:
    """Random multiples of 1/8 between 0 and 1, which add up without rounding."""
    return torch.randint(9, shape, generator=torch.Generator().manual_seed(seed)) / 8
