"""What a network is made of, as bounds need it: steps that map boxes to boxes and pull linear bounds back.

A step knows its formula alone; its weights are those it was given, in double precision for bounds that have to hold, in
the model's own where a training loss wants their gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from .regions import Box
from .rounding import Arithmetic
from .rows import Rows

Pull = Callable[[Rows], Rows]  # linear bounds on a step's output -> on its input


class Step(Protocol):
    """One layer: `box` and `pull` bound its output, `rounded` what the model's own arithmetic adds to it."""

    mixes: ClassVar[bool]  # an output is a sum of several inputs, whose boxes forget what they have in common
    bends: ClassVar[bool]  # it is not affine

    def box(self, given: Box) -> Box:
        """A box of all outputs, for inputs in the given one."""

    def open(self, given: Box) -> Tensor:
        """Which inputs are worth better bounds before they go on: [B, ...] bool."""

    def pull(self, given: Box) -> Pull:
        """What turns linear bounds on the output into linear bounds on the input, for inputs in the given box."""

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        """How far the output may be off, [B, ...], for inputs in the box that are off by at most `error`."""


class Affine:
    """What bends nothing: linear bounds go through it as they are."""

    bends: ClassVar[bool] = False

    def open(self, given: Box) -> Tensor:
        """None."""
        return torch.zeros_like(given.lower, dtype=torch.bool)


@dataclass(frozen=True, eq=False)
class Dense(Affine):
    """W v + b: weight [m, n], bias [m]."""

    weight: Tensor
    bias: Tensor
    mixes: ClassVar[bool] = True

    def box(self, given: Box) -> Box:
        centre, radius = (given.upper + given.lower) / 2, (given.upper - given.lower) / 2
        middle, spread = F.linear(centre, self.weight, self.bias), F.linear(radius, self.weight.abs())
        return Box(middle - spread, middle + spread)

    def pull(self, given: Box) -> Pull:
        return lambda rows: rows.to_layer(rows.a @ self.weight, (rows.a * self.bias).sum(1))

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        factor = how.share(self.weight.shape[1] + 2)
        return F.linear(error + factor * (given.size + error), self.weight.abs(), factor * self.bias.abs())


@dataclass(frozen=True, eq=False)
class Convolution(Affine):
    """A two-dimensional convolution with zeros around the image: weight [D, C / groups, h, w], bias [D]."""

    weight: Tensor
    bias: Tensor
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    mixes: ClassVar[bool] = True

    def box(self, given: Box) -> Box:
        centre, radius = (given.upper + given.lower) / 2, (given.upper - given.lower) / 2
        middle, spread = self._of(centre, self.weight, self.bias), self._of(radius, self.weight.abs(), None)
        return Box(middle - spread, middle + spread)

    def pull(self, given: Box) -> Pull:
        place = (self.stride, self.padding, self.dilation)
        return lambda rows: rows.through_convolution(self.weight, self.bias, *place, self.groups, given.lower.shape[2:])

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        factor = how.share(self.weight[0].numel() + 2)
        return self._of(error + factor * (given.size + error), self.weight.abs(), factor * self.bias.abs())

    def _of(self, v: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return F.conv2d(v, weight, bias, self.stride, self.padding, self.dilation, self.groups)


@dataclass(frozen=True, eq=False)
class Scale(Affine):
    """(v - mean) * scale + shift with one number of each a channel: [C, 1, 1], or [n] for inputs [B, n]."""

    mean: Tensor
    scale: Tensor
    shift: Tensor
    mixes: ClassVar[bool] = False

    def box(self, given: Box) -> Box:
        ends = [(v - self.mean) * self.scale + self.shift for v in (given.lower, given.upper)]
        return Box(torch.minimum(*ends), torch.maximum(*ends))

    def pull(self, given: Box) -> Pull:
        constant = self.shift - self.mean * self.scale
        return lambda rows: rows.to_layer(rows.a * self.scale, (rows.a * constant).flatten(1).sum(1))

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        # Normalize subtracts and divides; batch normalisation is folded by torch into one product and one sum, whose
        # factors were rounded before. Eight operations are more than either.
        factor = how.share(8)
        size = (given.size + self.mean.abs()) * self.scale.abs() + self.shift.abs()
        return error * self.scale.abs() * (1 + factor) + factor * size


@dataclass(frozen=True, eq=False)
class Flatten(Affine):
    """[B, ...] -> [B, n]."""

    mixes: ClassVar[bool] = False

    def box(self, given: Box) -> Box:
        return Box(given.lower.flatten(1), given.upper.flatten(1))

    def pull(self, given: Box) -> Pull:
        return lambda rows: rows.to_layer(rows.a.view(-1, *given.lower.shape[1:]))

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        return error.flatten(1)


@dataclass(frozen=True, eq=False)
class Relu:
    """max(v, 0), number by number."""

    mixes: ClassVar[bool] = False
    bends: ClassVar[bool] = True

    def box(self, given: Box) -> Box:
        return Box(given.lower.clamp(min=0), given.upper.clamp(min=0))

    def open(self, given: Box) -> Tensor:
        """Those that may keep their sign or lose it."""
        return (given.lower < 0) & (given.upper > 0)

    def pull(self, given: Box) -> Pull:
        """alpha v <= max(v, 0) <= s (v - lower) on [lower, upper]: exact where v keeps its sign.

        s is the chord's slope. Every alpha in [0, 1] is a bound; 1 where upper > -lower and else 0 leaves the smaller
        area: Zhang et al., "Efficient Neural Network Robustness Certification with General Activation Functions",
        NeurIPS 2018.
        """
        lower, upper = given.lower.clamp(max=0), given.upper.clamp(min=0)
        crosses = (lower < 0) & (upper > 0)
        chord = torch.where(crosses, upper / (upper - lower).clamp(min=1e-300), (upper > 0).to(upper))
        alpha = (upper > -lower).to(upper)
        return lambda rows: rows.through_slopes(alpha, chord, torch.where(crosses, -chord * lower, 0.0))

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        return error
