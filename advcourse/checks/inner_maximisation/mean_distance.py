"""The check for `mean_distance(z)`: the mean Euclidean distance over all pairs of different images."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from ..spec import Case, Spec, like
from ..words import words


def distance(z: Tensor, order: float = 2.0) -> Tensor:
    return _pairs(z, order).mean()


def _pairs(z: Tensor, order: float = 2.0) -> Tensor:
    return _differences(z).flatten(1).norm(order, dim=1)


def _differences(z: Tensor) -> Tensor:
    """Of each pair of images."""
    first, second = torch.combinations(torch.arange(len(z))).T
    return z.double()[first] - z.double()[second]


def _pixels(z: Tensor) -> int:
    return z[0].numel()


def _but_neighbours(z: Tensor) -> Tensor:
    first, second = torch.combinations(torch.arange(len(z))).T
    return _pairs(z)[second - first > 1].mean()


MISTAKES = {
    "counts-itself": like(
        lambda z: distance(z) * (len(z) - 1) / len(z), lambda z: distance(z) * (len(z) - 1) / (len(z) + 1)
    ),
    "counts-half": like(lambda z: distance(z) * (len(z) - 1) / (2 * len(z)), lambda z: distance(z) / 2),
    "counts-twice": like(lambda z: 2 * distance(z)),
    "over-the-images": like(lambda z: _pairs(z).sum() / len(z), lambda z: 2 * _pairs(z).sum() / len(z)),
    "a-sum": like(lambda z: _pairs(z).sum(), lambda z: 2 * _pairs(z).sum()),
    "largest-change": like(lambda z: distance(z, float("inf"))),
    "sum-of-changes": like(lambda z: distance(z, 1)),
    "squared": like(lambda z: _pairs(z).square().mean()),
    "root-at-the-end": like(lambda z: _pairs(z).square().mean().sqrt()),
    "per-pixel": like(
        lambda z: distance(z) / _pixels(z),
        lambda z: distance(z) / _pixels(z) ** 0.5,
        lambda z: distance(z, 1) / _pixels(z),
    ),
    "neighbours-only": like(lambda z: (z[1:] - z[:-1]).flatten(1).norm(dim=1).mean()),
    "leaves-out-neighbours": like(_but_neighbours),
    "to-the-first": like(lambda z: (z[1:] - z[:1]).flatten(1).norm(dim=1).mean()),
    "to-the-mean": like(lambda z: (z - z.mean(0)).flatten(1).norm(dim=1).mean()),
    "largest-pair": like(lambda z: _pairs(z).max()),
    "nearest-pair": like(lambda z: _pairs(z).min()),
    "middle-pair": like(lambda z: _pairs(z).median(), lambda z: _pairs(z).quantile(0.5)),
    "lengths-of-rows": like(lambda z: _differences(z).norm(dim=-1).mean()),
    "row-by-row": like(lambda z: torch.cdist(z, z).mean()),
    "lengths": like(lambda z: z.flatten(1).norm(dim=1).mean()),
}


def cases() -> Iterator[Case]:
    yield Case((images(6, 2, 3, 4),), "wrong-value", mistakes=MISTAKES)
    z = images(4, 1, 3, 3)
    alike = {"drops-zeros": like(lambda z: (d := _pairs(z))[d > 0].mean())}
    yield Case((torch.cat([z, z[:2]]),), "wrong-elsewhere", "ends that are the same image", mistakes=alike)
    yield Case((images(2, 1, 3, 3),), "wrong-elsewhere", "two images")
    yield Case((images(9, 2).double(),), "wrong-elsewhere", "points [R, 2]")
    yield Case((images(40, 1, 6, 6),), "wrong-elsewhere", "forty images")


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(shape[0]))


check_mean_distance = Spec(words(__file__), distance, cases, lambda answer, z: {"got": answer})
