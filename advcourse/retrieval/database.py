"""A database of real photographs: views of many regions, some hundred of them, and one query for each region.

A view is its region moved, nearer or farther, darker or brighter, mirrored or not: what another photographer might have
taken. No view is a query. All come from the photographs inside the scikit-image and the scikit-learn wheel.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Generator, Tensor

from advcourse import data

PHOTOGRAPHS = (
    *("astronaut", "brick", "camera", "cell", "chelsea", "china", "coffee", "coins", "flower", "grass", "gravel"),
    *("hubble_deep_field", "ihc", "moon", "motorcycle_left", "page", "retina", "rocket"),
)
REGIONS = {"upper left": (0.3, 0.3), "upper right": (0.3, 0.7), "lower left": (0.7, 0.3), "lower right": (0.7, 0.7)}
WIDE = 0.5  # a region's side, in parts of the photograph's shorter one


@dataclass(frozen=True, eq=False)
class Views:
    """x [N, 3, S, S] in bytes of [0, 1], the photograph y [N] and the region [N] that each shows, and names of both.

    photographs names y; regions names the regions, four to a photograph: `coffee, upper left`.
    """

    x: Tensor
    y: Tensor
    region: Tensor
    photographs: tuple[str, ...] = PHOTOGRAPHS
    regions: tuple[str, ...] = tuple(f"{photograph}, {region}" for photograph in PHOTOGRAPHS for region in REGIONS)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Tensor | slice | list[int]) -> "Views":
        """Some of them."""
        return Views(self.x[index], self.y[index], self.region[index])

    def of(self, name: str) -> "Views":
        """Those of one photograph, such as coffee, or of one region, such as `coffee, upper left`."""
        for names, labels in ((self.photographs, self.y), (self.regions, self.region)):
            if name in names:
                return self[labels == names.index(name)]
        raise ValueError(f"no photograph called {name!r}; there are {', '.join(self.photographs)}")

    def to(self, device: torch.device | str) -> "Views":
        """The same views on another device."""
        return Views(self.x.to(device), self.y.to(device), self.region.to(device))

    def __repr__(self) -> str:
        return f"Views(x={list(self.x.shape)}, {len(self.photographs)} photographs, {self.x.device})"


@cache
def queries(size: int = 224) -> Views:
    """Each region as it is, 72 pictures of size x size pixels, photograph by photograph."""
    return _collected([[_cut(name, place, WIDE, size)] for name in PHOTOGRAPHS for place in REGIONS.values()])


@cache
def database(size: int = 128, each: int = 6) -> Views:
    """So many views of each region, 432 of size x size pixels by default, always the same ones; takes some seconds."""
    generator = Generator().manual_seed(0)
    return _collected(
        [
            [_view(name, place, size, generator) for _ in range(each)]
            for name in PHOTOGRAPHS
            for place in REGIONS.values()
        ]
    )


def _collected(regions: list[list[Tensor]]) -> Views:
    each = len(regions[0])
    region = torch.arange(len(regions)).repeat_interleave(each)
    return Views(torch.cat([view for views in regions for view in views]), region // len(REGIONS), region)


def _view(name: str, place: tuple[float, float], size: int, generator: Generator) -> Tensor:
    """Moved by up to a tenth, 0.7 to 1.3 times as wide and as bright, mirrored half of the time."""
    down, right, wide, bright, side = torch.rand(5, generator=generator).tolist()
    moved = place[0] + 0.2 * (down - 0.5), place[1] + 0.2 * (right - 0.5)
    x = _cut(name, moved, WIDE * (0.7 + 0.6 * wide), size)
    x = x.flip(3) if side < 0.5 else x
    return ((x * (0.7 + 0.6 * bright)).clamp(0, 1) * 255).round() / 255


def _cut(name: str, place: tuple[float, float], wide: float, size: int) -> Tensor:
    """The square around a place, both in parts of the shorter side from the centre, as far as the photograph goes."""
    whole = _whole(name)
    height, width = whole.shape[2:]
    side = round(wide * min(height, width))
    top = min(max(round(place[0] * height - side / 2), 0), height - side)
    left = min(max(round(place[1] * width - side / 2), 0), width - side)
    return data.shrunk(whole[..., top : top + side, left : left + side], size)


@cache
def _whole(name: str) -> Tensor:
    return data.photograph(name)
