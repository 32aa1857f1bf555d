"""Convex functions whose gradients are known in closed form, as plain callables that autograd can follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

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


SEA = Bowl((0.0, 0.0), 0.0, 0.0)  # zero everywhere: the largest of all where the others are sunken


def bowls() -> list[Bowl]:
    """Three of different steepness, each of which is the largest somewhere."""
    return [Bowl((1.0, 0.5), 1.0, 0.3), Bowl((-1.0, 0.2), 2.0, -0.5), Bowl((0.3, -1.2), 0.6, 0.9)]


def sunken() -> list[Bowl]:
    """The same with the same gradients, all below zero where answers are asked for."""
    return [replace(g, height=g.height - 30) for g in bowls()]


def twins() -> list[Bowl]:
    """Two that are equal along the vertical axis, to the last digit, and a third below them."""
    return [Bowl((1.0, 0.5), 1.0, 0.0), Bowl((-1.0, 0.5), 1.0, 0.0), Bowl((0.0, 0.0), 0.5, -3.0)]


def largest(functions: list[Bowl], w: Tensor) -> Bowl:
    return max(functions, key=lambda g: float(g(w)))


def largest_size(functions: list[Bowl], w: Tensor) -> Bowl:
    """The one whose value is farthest from zero."""
    return max(functions, key=lambda g: abs(float(g(w))))


def largest_from_zero(functions: list[Bowl], w: Tensor) -> Bowl:
    """What a search finds that begins with the first function and the value 0."""
    return max(functions, key=lambda g: max(0.0, float(g(w))))
