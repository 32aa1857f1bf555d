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
    rows = z.double().flatten(1)
    first, second = torch.combinations(torch.arange(len(z))).T
    return (rows[first] - rows[second]).norm(order, dim=1)


def _pixels(z: Tensor) -> int:
    return z[0].numel()


MISTAKES = {
    "counts-itself": like(lambda z: distance(z) * (len(z) - 1) / len(z)),
    "counts-half": like(lambda z: distance(z) * (len(z) - 1) / (2 * len(z)), lambda z: distance(z) / 2),
    "counts-twice": like(lambda z: 2 * distance(z)),
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
    "to-the-first": like(lambda z: (z[1:] - z[:1]).flatten(1).norm(dim=1).mean()),
    "to-the-mean": like(lambda z: (z - z.mean(0)).flatten(1).norm(dim=1).mean()),
    "largest-pair": like(lambda z: _pairs(z).max()),
    "nearest-pair": like(lambda z: _pairs(z).min()),
    "lengths": like(lambda z: z.flatten(1).norm(dim=1).mean()),
}


def cases() -> Iterator[Case]:
    yield Case((images(5, 2, 3, 4),), "wrong-value", mistakes=MISTAKES)
    yield Case((images(2, 1, 3, 3),), "wrong-elsewhere", "two images")
    yield Case((images(9, 2).double(),), "wrong-elsewhere", "points [R, 2]")
    yield Case((images(40, 1, 6, 6),), "wrong-elsewhere", "forty images")


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(shape[0]))


check_mean_distance = Spec(words(__file__), distance, cases, lambda answer, z: {"got": answer})
