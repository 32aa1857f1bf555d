"""Pooling, as bounds need it: a mean is a convolution, a maximum bends."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from .regions import Box
from .rounding import Arithmetic
from .rows import Rows
from .steps import Affine, Pull


@dataclass(frozen=True, eq=False)
class Average(Affine):
    """Means over windows, zeros around the image counted like pixels."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    mixes: ClassVar[bool] = True

    def box(self, given: Box) -> Box:
        return Box(self._of(given.lower), self._of(given.upper))

    def pull(self, given: Box) -> Pull:
        channels = given.lower.shape[1]
        weight = given.lower.new_full((channels, 1, *self.kernel), 1 / self._terms)
        zero = given.lower.new_zeros(channels)
        where = (self.stride, self.padding, (1, 1), channels, given.lower.shape[2:])
        return lambda rows: rows.through_convolution(weight, zero, *where)

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        return self._of(error + how.share(self._terms + 2) * (given.size + error))

    def _of(self, v: Tensor) -> Tensor:
        return F.avg_pool2d(v, self.kernel, self.stride, self.padding)

    @property
    def _terms(self) -> int:
        return self.kernel[0] * self.kernel[1]


@dataclass(frozen=True, eq=False)
class Mean(Affine):
    """The mean over each whole channel: [B, C, H, W] -> [B, C, 1, 1]."""

    mixes: ClassVar[bool] = True

    def box(self, given: Box) -> Box:
        return Box(given.lower.mean((2, 3), keepdim=True), given.upper.mean((2, 3), keepdim=True))

    def pull(self, given: Box) -> Pull:
        size = given.lower.shape[2:]
        return lambda rows: Rows(rows.whole((1, 1)).a.expand(-1, -1, *size) / math.prod(size), rows.at, rows.constant)

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        factor = how.share(math.prod(given.lower.shape[2:]) + 2)
        return (error + factor * (given.size + error)).mean((2, 3), keepdim=True)


@dataclass(frozen=True, eq=False)
class Maximum:
    """The largest number of each window; what is around the image never wins."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    mixes: ClassVar[bool] = False
    bends: ClassVar[bool] = True

    def box(self, given: Box) -> Box:
        return Box(self._of(given.lower), self._of(given.upper))

    def open(self, given: Box) -> Tensor:
        """Whose bounds are worth tightening: [B, C, H, W] bool."""
        return given.lower < given.upper

    def pull(self, given: Box) -> Pull:
        """v_j <= max v <= max upper, where j has the largest lower bound; = v_j where no other can exceed that."""
        lower, upper = self._windows(given.lower), self._windows(given.upper)
        winner = lower.argmax(2, keepdim=True)
        rivals = upper.scatter(2, winner, -torch.inf).amax(2).flatten(1)
        settled = lower.amax(2).flatten(1) >= rivals
        most = upper.amax(2).flatten(1)
        size = given.lower.shape[2:]
        numbers = torch.arange(math.prod(size), device=winner.device, dtype=given.lower.dtype).view(1, 1, *size)
        place = self._windows(numbers).expand_as(lower).gather(2, winner).squeeze(2).long()

        def pull(rows: Rows) -> Rows:
            rows = rows.whole(self._of(given.lower).shape[2:])
            a = rows.a.flatten(1)
            bent = (a < 0) & ~settled[rows.at]
            constant = rows.constant + torch.where(bent, a * most[rows.at], 0.0).sum(1)
            kept = a.masked_fill(bent, 0.0).view_as(rows.a).flatten(2)
            onto = kept.new_zeros(*kept.shape[:2], math.prod(size)).scatter_add(2, place[rows.at], kept)
            return Rows(onto.view(*kept.shape[:2], *size), rows.at, constant)

        return pull

    def rounded(self, error: Tensor, given: Box, how: Arithmetic) -> Tensor:
        return self._of(error)

    def _of(self, v: Tensor) -> Tensor:
        return F.max_pool2d(v, self.kernel, self.stride, self.padding, self.dilation)

    def _windows(self, v: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, numbers of a window, windows], minus infinity around the image."""
        around = (self.padding[1], self.padding[1], self.padding[0], self.padding[0])
        v = F.pad(v, around, value=-torch.inf)
        parts = F.unfold(v, self.kernel, dilation=self.dilation, stride=self.stride)
        return parts.view(*v.shape[:2], self.kernel[0] * self.kernel[1], parts.shape[2])
