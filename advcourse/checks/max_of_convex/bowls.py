"""Convex functions whose gradients are known in closed form, as plain callables that autograd can follow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Bowl:
    """g(w) = steepness |w - centre|^2 / 2 + height."""

    centre: tuple[float, ...]
    steepness: float
    height: float

    def __call__(self, w: Tensor) -> Tensor:
        return self.steepness * (w - self._centre(w)).square().sum() / 2 + self.height

    def gradient(self, w: Tensor) -> Tensor:
        return self.steepness * (w - self._centre(w))

    def _centre(self, w: Tensor) -> Tensor:
        return torch.tensor(self.centre, dtype=w.dtype)


def bowls() -> list[Bowl]:
    """Three of different steepness, each of which is the largest somewhere."""
    return [Bowl((1.0, 0.5), 1.0, 0.3), Bowl((-1.0, 0.2), 2.0, -0.5), Bowl((0.3, -1.2), 0.6, 0.9)]


def twins() -> list[Bowl]:
    """Two that are equal along the vertical axis, to the last digit, and a third below them."""
    return [Bowl((1.0, 0.5), 1.0, 0.0), Bowl((-1.0, 0.5), 1.0, 0.0), Bowl((0.0, 0.0), 0.5, -3.0)]


def largest(functions: list[Bowl], w: Tensor) -> Bowl:
    return max(functions, key=lambda g: float(g(w)))
