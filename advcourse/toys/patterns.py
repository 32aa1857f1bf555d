"""Drawn textures [1, 3, 224, 224] that a network trained on ImageNet names with confidence, though nothing is there.

Each is a function of a generator; `PATTERNS` holds them by the ImageNet class the network gives them. Some thirty
kinds were tried; these six are the ones it names in every one of five draws, five of them with more than .65.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

SIDE = 224

Colour = tuple[float, float, float]


def honeycomb(generator: Generator) -> Tensor:
    """Cells of wax, about ten across, each in a tone of its own."""
    centres = _staggered(10, generator)
    nearest, gap, owner = _cells(centres, 10)
    tone = torch.rand(len(centres), generator=generator)[owner]
    filled = _between((0.35, 0.17, 0.03), (0.75, 0.45, 0.08), 0.6 * tone + 0.4 * _rise(nearest, 0, 0.6))
    return _finished(_over(filled, (0.93, 0.72, 0.28), _rise(0.16 - gap, 0, 0.08)), 0.05, generator)


def tile_roof(generator: Generator) -> Tensor:
    """Nine rows of clay tiles, each row shifted by half a tile."""
    u, v = _places()
    row = (9 * v).floor()
    column = 11.7 * u + 0.5 * (row % 2)
    tone = torch.rand(1000, generator=generator)[(31 * column.floor() + 17 * row).long() % 1000]
    round_, under = 0.55 + 0.45 * torch.sin(math.pi * (column % 1)), 1 - 0.45 * _rise((9 * v) % 1, 0.75, 1)
    return _finished(_between((0.62, 0.28, 0.18), (0.80, 0.45, 0.30), tone) * round_ * under, 0.06, generator)


def spider_web(generator: Generator) -> Tensor:
    """Fourteen threads from one place, and the turns that sag between them."""
    u, v = _places()
    across, down = u - 0.47, v - 0.52
    far, sector = (across**2 + down**2).sqrt(), torch.atan2(down, across) / (2 * math.pi) * 14 % 1
    turn = 22 * far * (1 - 0.08 * torch.cos(2 * math.pi * (sector - 0.5))) % 1
    turns = 0.8 * _rise(0.03 - 0.2 * (turn - 0.5).abs(), 0, 0.02)
    threads = _rise(0.004 - far * torch.minimum(sector, 1 - sector) * 2 * math.pi / 14, 0, 0.003)
    leaves = _between((0.05, 0.12, 0.05), (0.20, 0.35, 0.15), _rise(_band(0, 5, generator), -1, 1))
    return _finished(_over(leaves, (0.9, 0.9, 0.9), torch.maximum(turns, threads)), 0.0, generator)


def window_screen(generator: Generator) -> Tensor:
    """A weave, sixteen strands across: over one, under one."""
    u, v = (16 * a for a in _places())
    lying = (u.floor() + v.floor()) % 2 == 0
    along, across = torch.where(lying, v, u) % 1, torch.where(lying, u, v) % 1
    height = torch.sin(math.pi * across) * (0.7 + 0.3 * torch.sin(math.pi * along))
    return _finished(_flat((0.75, 0.60, 0.40)) * (0.35 + 0.65 * height), 0.02, generator)


def crossword(generator: Generator) -> Tensor:
    """Thirteen by thirteen squares, some of them black, all of them numbered illegibly."""
    u, v = (13 * a for a in _places())
    black = torch.rand(13, 13, generator=generator) < 0.18
    black = (black | black.flip(0, 1))[v.long(), u.long()].float()
    x, y = u % 1, v % 1
    lines = 1 - _rise(torch.minimum(torch.minimum(x, 1 - x), torch.minimum(y, 1 - y)), 0.02, 0.06)
    corner = ((x - 0.235).abs() < 0.115) & ((y - 0.25).abs() < 0.13)
    number = 0.7 * (corner & (_band(20, 70, generator) > 0))
    ink = torch.maximum(torch.maximum(black, lines), number)
    return _finished(_flat((0.97, 0.97, 0.97)) * (1 - 0.97 * ink), 0.0, generator)


def zebra(generator: Generator) -> Tensor:
    """Nine stripes, on the slant, that split and join."""
    stripes = _rise(_band(7, 11, generator, angle=0.4), -0.25, 0.25)
    return _finished(_between((0.12, 0.11, 0.11), (0.93, 0.91, 0.87), stripes), 0.04, generator)


PATTERNS: dict[str, Callable[[Generator], Tensor]] = {
    "honeycomb": honeycomb,
    "tile roof": tile_roof,
    "spider web": spider_web,
    "window screen": window_screen,
    "crossword puzzle": crossword,
    "zebra": zebra,
}


def _places() -> tuple[Tensor, Tensor]:
    """Pixel centres, across and down from 0 to 1, [224, 224] each."""
    at = (torch.arange(SIDE) + 0.5) / SIDE
    v, u = torch.meshgrid(at, at, indexing="ij")
    return u, v


def _rise(value: Tensor, low: float, high: float) -> Tensor:
    """0 below low, 1 above high, a straight line between."""
    return ((value - low) / (high - low)).clamp(0, 1)


def _flat(colour: Colour) -> Tensor:
    return torch.tensor(colour)[:, None, None]


def _between(low: Colour, high: Colour, share: Tensor) -> Tensor:
    """A share [224, 224] of the way from one colour to another: [3, 224, 224]."""
    return torch.lerp(_flat(low), _flat(high), share)


def _over(image: Tensor, colour: Colour, mask: Tensor) -> Tensor:
    return torch.lerp(image, _flat(colour), mask)


def _finished(image: Tensor, grain: float, generator: Generator) -> Tensor:
    """As a photograph of it would be: with grain, in bytes, [1, 3, 224, 224]."""
    image = (image * (1 + grain * _band(20, 60, generator))).clamp(0, 1)
    return ((image * 255).round() / 255)[None]


def _band(low: float, high: float, generator: Generator, *, angle: float | None = None) -> Tensor:
    """Noise of unit variance with low to high waves across the picture, all along one angle where there is one."""
    y, x = torch.fft.fftfreq(SIDE)[:, None] * SIDE, torch.fft.fftfreq(SIDE)[None, :] * SIDE
    keep = torch.exp(-((((x**2 + y**2).sqrt() - (low + high) / 2) / ((high - low) / 2)) ** 2))
    if angle is not None:
        off = torch.remainder(torch.atan2(y, x) - angle + math.pi / 2, math.pi) - math.pi / 2
        keep = keep * torch.exp(-((off / 0.5) ** 2))
    noise = torch.fft.ifft2(torch.fft.fft2(torch.randn(SIDE, SIDE, generator=generator)) * keep).real
    return noise / noise.std()


def _staggered(count: int, generator: Generator) -> Tensor:
    """Centres [P, 2] in rows that are shifted against each other, about `count` across, not quite regular."""
    rows, columns = torch.arange(-2, int(count / 0.866) + 3), torch.arange(-2, count + 3)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    centres = torch.stack([x + 0.5 * (y % 2), 0.866 * y], -1).flatten(0, 1) / count
    return centres + 0.04 / count * torch.randn(centres.shape, generator=generator)


def _cells(centres: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Distance to the nearest centre, how much farther the second is (in cells), and whose cell it is: [224, 224]."""
    u, v = _places()
    distance, which = torch.cdist(torch.stack([u, v], -1).flatten(0, 1), centres).topk(2, largest=False)
    near, second = (count * distance.T).view(2, SIDE, SIDE)
    return near, second - near, which[:, 0].view(SIDE, SIDE)
