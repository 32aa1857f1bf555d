"""Where a classifier of crops is asked about a photograph: squares of it, differentiably cut out."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def looking_at(detector: Callable[[Tensor], Tensor], squares: Tensor) -> Callable[[Tensor], Tensor]:
    """The detector on squares [N, 4] of photographs: a function [B, 3, H, W] -> logits [B, N], differentiable.

    squares are left, top, right, bottom in pixels, and may stick out: beyond the photograph its edge goes on.
    """

    def look(x: Tensor) -> Tensor:
        seen = torch.stack([crop(x, square) for square in squares], 1)
        return detector(seen.flatten(0, 1)).view(len(x), len(squares))

    return look


def crop(x: Tensor, square: Tensor, side: int = 96) -> Tensor:
    """A square (left, top, right, bottom) of photographs [B, 3, H, W], seen at so many pixels: [B, 3, side, side]."""
    left, top, right, bottom = square.tolist()
    height, width = x.shape[2:]
    steps = (torch.arange(side).to(x) + 0.5) / side
    across, down = 2 * (left + (right - left) * steps) / width - 1, 2 * (top + (bottom - top) * steps) / height - 1
    at = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1).expand(len(x), -1, -1, -1)
    return F.grid_sample(x, at, mode="bilinear", padding_mode="border", align_corners=False)


def squares_around(square: Tensor, *, shift: float = 0.12, scale: float = 1.25) -> Tensor:
    """27 squares like this one [4]: in three sizes, moved by a share of its side in both directions: [27, 4]."""
    side = square[2] - square[0]
    middle = (square[:2] + square[2:]) / 2
    found = []
    for size in (side / scale, side, side * scale):
        for dx in (-shift, 0.0, shift):
            for dy in (-shift, 0.0, shift):
                at = middle + side * torch.tensor([dx, dy]).to(square)
                found.append(torch.cat([at - size / 2, at + size / 2]))
    return torch.stack(found)
