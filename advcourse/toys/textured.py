"""Shapes filled with textures: two cues for one label, and a dial for how often they agree.

Four shapes, four textures, any position, size and turn. A disc belongs with stripes that run across, a triangle with
upright ones, a cross with checks, a ring with speckles. After Geirhos et al., ICLR 2019, in a size one can train live.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from advcourse.device import precise
from advcourse.toys.brush import Dice

SHAPES = ("disc", "triangle", "cross", "ring")
TEXTURES = ("across", "upright", "checks", "speckles")
KINDS = len(SHAPES)
SIDE = 32
BODY, GROUND = 0.54, 0.42  # grey of an untextured shape, and of what is behind it


@dataclass(frozen=True, eq=False)
class Textured:
    """Images x [N, 1, 32, 32] in [0, 1], and the shape [N] and the texture [N] that each shows, 0..3."""

    x: Tensor
    shape: Tensor
    texture: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device | str) -> "Textured":
        """The same images on another device."""
        return Textured(self.x.to(device), self.shape.to(device), self.texture.to(device))

    def __repr__(self) -> str:
        agree = precise(self.shape == self.texture).mean().item()
        return f"Textured(x={list(self.x.shape)}, {agree:.0%} with the texture of their shape, {self.x.device})"


def textured_shapes(n: int, generator: Generator, *, agreement: float, contrast: float = 0.3) -> Textured:
    """n images whose texture is that of their shape with probability `agreement`, else one of the three others.

    1: both cues always say the same; 1/4: the texture says nothing about the shape; 0: they always conflict.
    After Geirhos et al., ICLR 2019.
    """
    if not 0 <= agreement <= 1:
        raise ValueError(f"agreement is a probability, from 0 (always in conflict) to 1; got {agreement}")
    shape = torch.randint(KINDS, (n,), generator=generator)
    other = (shape + torch.randint(1, KINDS, (n,), generator=generator)) % KINDS
    agrees = torch.rand(n, generator=generator) < agreement
    texture = torch.where(agrees, shape, other)
    return Textured(drawn(shape, texture, generator, contrast=contrast), shape, texture)


def drawn(shape: Tensor, texture: Tensor, generator: Generator, *, contrast: float = 0.3) -> Tensor:
    """Images [N, 1, 32, 32] of these shapes [N] in these textures [N], 0..3; where, how large, how turned is random.

    contrast is how far a texture goes up and down from the grey of the body, in pixels of [0, 1]; 0 leaves silhouettes.
    """
    if shape.shape != texture.shape or shape.ndim != 1:
        raise ValueError(
            f"one shape and one texture for each image, [N]; got {list(shape.shape)}, {list(texture.shape)}"
        )
    for name, kinds in (("shape", shape), ("texture", texture)):
        if len(kinds) and not 0 <= int(kinds.min()) <= int(kinds.max()) < KINDS:
            raise ValueError(f"a {name} is a number 0..{KINDS - 1}; got {kinds.unique().tolist()}")
    dice = Dice(len(shape), generator)
    masks, patterns = _masks(dice), _patterns(dice)
    pick = torch.arange(len(shape))
    mask, pattern = masks[shape, pick], patterns[texture, pick]
    x = GROUND + mask * (BODY - GROUND + contrast * pattern)
    x = x + dice.normal(0.03)[:, None, None] + 0.04 * torch.randn(x.shape, generator=generator)
    return x.clamp(0, 1)[:, None]


def _masks(dice: Dice) -> Tensor:
    """Where each of the four shapes covers each image, [4, N, 32, 32], soft at its rim."""
    u, v = _places()
    size, turn = dice.between(0.48, 0.72), dice.normal(0.15)
    left, top = dice.between(-0.2, 0.2), dice.between(-0.2, 0.2)
    left, top, size, turn = (a[:, None, None] for a in (left, top, size, turn))
    du, dv = (u - left) / size, (v - top) / size
    x, y = turn.cos() * du + turn.sin() * dv, turn.cos() * dv - turn.sin() * du
    return torch.stack([(0.5 - rim(x, y) * size * SIDE / 2).clamp(0, 1) for rim in RIMS])


def _patterns(dice: Dice) -> Tensor:
    """Each of the four textures on each image, [4, N, 32, 32], from -1 to 1 with mean 0, shifted at random."""
    u, v = _places()
    across, up = (dice.between(0, 2 * math.pi)[:, None, None] for _ in range(2))
    waves = dice.between(6.5, 9.5)[:, None, None] * math.pi / 2  # from crest to crest 3.4 to 4.9 pixels
    lines, posts = torch.sin(waves * v + across), torch.sin(waves * u + up)
    grain = torch.randn(dice.n, SIDE, SIDE, generator=dice.generator).clamp(-1.5, 1.5) / 1.5
    return torch.stack([lines + 0 * u, posts + 0 * v, 1.4 * lines * posts, grain])


def _places() -> tuple[Tensor, Tensor]:
    """Pixel centres, across and down from -1 to 1."""
    at = (torch.arange(SIDE) + 0.5) * 2 / SIDE - 1
    return at[None, None, :], at[None, :, None]


def _triangle(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(y - 0.6, 0.87 * x.abs() - 0.5 * y - 0.5)


def _cross(x: Tensor, y: Tensor) -> Tensor:
    long, thick = 0.95, 0.32
    lying = torch.maximum(x.abs() - long, y.abs() - thick)
    standing = torch.maximum(x.abs() - thick, y.abs() - long)
    return torch.minimum(lying, standing)


def _ring(x: Tensor, y: Tensor) -> Tensor:
    return ((x**2 + y**2).sqrt() - 0.68).abs() - 0.26


# Below zero inside, above zero outside, about the distance to the rim in units of the shape's size.
RIMS: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    lambda x, y: (x**2 + y**2).sqrt() - 0.86,
    _triangle,
    _cross,
    _ring,
)
