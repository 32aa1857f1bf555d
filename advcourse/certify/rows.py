"""Linear lower bounds of many numbers at once, pulled back through a network layer by layer.

Row r belongs to sample at[r] and says: the number it bounds is at least <a[r], v> + constant[r], for every value v that
the layer below may take. One number of a convolution depends on a small window of the layer below, so a row of images
holds a window and says where its corner lies: 9 x 9 coefficients through two layers instead of a whole image.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

Pair = tuple[int, int]
Size = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Rows:
    """Coefficients a [R, n] or windows [R, C, h, w], samples at [R], constants [R]; corners [R, 2] or the whole image.

    A corner is the row and the column of the window's first coefficient in the image. It may lie outside of the image,
    where all coefficients are zero.
    """

    a: Tensor
    at: Tensor
    constant: Tensor
    corner: Tensor | None = None

    def to_layer(self, a: Tensor, more: Tensor | float = 0.0) -> "Rows":
        """The same windows with other coefficients, and something more for the constants."""
        return replace(self, a=a, constant=self.constant + more)

    def negative(self) -> "Rows":
        """Of the same numbers with the opposite sign."""
        return replace(self, a=-self.a, constant=-self.constant)

    def of(self, v: Tensor) -> Tensor:
        """Each row's part of v [B, ...], like a: the row's sample, and of an image the window."""
        if self.corner is None:
            return v[self.at]
        row, column = self._places(v.shape[2:])
        flat = row.clamp(0, v.shape[2] - 1)[:, :, None] * v.shape[3] + column.clamp(0, v.shape[3] - 1)[:, None]
        # One index for sample and place, channels last: several indices at once are ten times slower.
        index = flat + (self.at * (v.shape[2] * v.shape[3]))[:, None, None]
        return v.movedim(1, -1).reshape(-1, v.shape[1])[index].movedim(-1, 1)

    def through_slopes(self, alpha: Tensor, chord: Tensor, above: Tensor) -> "Rows":
        """Back through alpha v <= f(v) <= chord v + above: what is counted positively is bounded from below."""
        negative = self.a.clamp(max=0)
        more = (negative * self.of(above)).flatten(1).sum(1)
        return self.to_layer(torch.addcmul(self.a * self.of(alpha), negative, self.of(chord - alpha)), more)

    def through_convolution(
        self,
        weight: Tensor,
        bias: Tensor,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
        size: Size,
    ) -> "Rows":
        """Back through a convolution of an image of the given size."""
        constant = self.constant + (self.a.sum((2, 3)) * bias).sum(1)
        if self.corner is None:
            kernel, out = weight.shape[2:], self.a.shape[2:]
            reached = [(out[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - 2 * padding[i] for i in (0, 1)]
            more = (size[0] - reached[0], size[1] - reached[1])
            a = F.conv_transpose2d(self.a, weight, None, stride, padding, more, groups, dilation)
            return Rows(a, self.at, constant)
        # Windows are many and small: one product with the matrix of the convolution, whose rows are small images.
        windows = self.a.flatten(1)
        each = torch.eye(windows.shape[1], dtype=windows.dtype, device=windows.device).view(-1, *self.a.shape[1:])
        matrix = F.conv_transpose2d(each, weight, None, stride, 0, 0, groups, dilation)
        a = (windows @ matrix.flatten(1)).view(-1, *matrix.shape[1:])
        corner = self.corner * self.corner.new_tensor(stride) - self.corner.new_tensor(padding)
        return Rows(a, self.at, constant, corner).within(size)

    def within(self, size: Size) -> "Rows":
        """Coefficients outside of the image, which meet the zeros around it, set to zero; whole where that is less."""
        row, column = self._places(size)
        inside = ((row >= 0) & (row < size[0]))[:, :, None] & ((column >= 0) & (column < size[1]))[:, None]
        cut = replace(self, a=self.a * inside[:, None])
        return cut.whole(size) if cut.a.shape[2] * cut.a.shape[3] >= size[0] * size[1] else cut

    def whole(self, size: Size) -> "Rows":
        """The same rows over the whole image."""
        if self.corner is None:
            return self
        row, column = self._places(size)
        flat = row.clamp(0, size[0] - 1)[:, :, None] * size[1] + column.clamp(0, size[1] - 1)[:, None]
        shape = self.a.shape[:2]
        a = self.a.new_zeros(*shape, size[0] * size[1])
        a = a.scatter_add(2, flat.flatten(1)[:, None].expand(*shape, -1), self.a.flatten(2))
        return Rows(a.view(*shape, *size), self.at, self.constant)

    def _places(self, size: Size) -> tuple[Tensor, Tensor]:
        """The rows [R, h] and the columns [R, w] of the image that the windows cover."""
        if self.corner is None:
            raise ValueError("rows over the whole image have no corner")
        down, right = (torch.arange(n, device=self.a.device) for n in self.a.shape[2:])
        return self.corner[:, :1] + down, self.corner[:, 1:] + right


def single(at: Tensor, number: Tensor, shape: Size, like: Tensor) -> Rows:
    """Rows that are one number of a layer [C, H, W] or [n] each: of samples at [R], with flat indices number [R]."""
    zero = torch.zeros(len(at), dtype=like.dtype, device=like.device)
    if len(shape) != 3:
        a = zero.new_zeros(len(at), math.prod(shape)).scatter(1, number[:, None], 1.0)
        return Rows(a.view(-1, *shape), at, zero)
    channels, height, width = shape
    a = zero.new_zeros(len(at), channels).scatter(1, (number // (height * width))[:, None], 1.0)
    return Rows(a[:, :, None, None], at, zero, torch.stack([number // width % height, number % width], 1))
