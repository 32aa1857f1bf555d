"""The check for `mean_distance(z)`: the mean Euclidean distance over all pairs of different images."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number


def check_mean_distance(ask: Interview) -> str:
    z = images((5, 2, 3, 4), torch.float32)
    answer = torch.tensor(ask(z))
    if not same(answer, distance(z)):
        seen = {"got": number(answer), "right": number(distance(z))}
        refuse(answer, WRONG_DISTANCES, lambda formula: formula(z.double()), **seen)
        fail(
            "wrong-value",
            f"For five images it says {seen['got']}, where {seen['right']} is right.",
            "How many pairs are there, and what is the distance of one of them?",
        )
    for shape, dtype, where in (
        ((2, 1, 3, 3), torch.float32, "two images"),
        ((9, 2), torch.float64, "points [R, 2]"),
        ((40, 1, 6, 6), torch.float32, "forty images"),
    ):
        other = images(shape, dtype)
        got = torch.tensor(ask(other))
        if not same(got, distance(other)):
            fail("wrong-elsewhere", f"It says {number(got)} for {where}.", "What is special about that case?")
    return "All pairs count once, none with itself, and each by the length of its difference."


def images(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(shape[0])).to(dtype)


def distance(z: Tensor, order: float = 2.0) -> Tensor:
    return _pairs(z, order).mean()


def _pairs(z: Tensor, order: float = 2.0) -> Tensor:
    rows = z.double().flatten(1)
    first, second = torch.combinations(torch.arange(len(z))).T
    return (rows[first] - rows[second]).norm(order, dim=1)


def _pixels(z: Tensor) -> int:
    return z[0].numel()


_NORM = "The length of a difference: how are the changes of its pixels put together?"
_PAIRS = "Which pairs are to count, and how often does each?"

WRONG_DISTANCES = (
    WrongFormula(
        "counts-itself",
        "It says {got}: the zero distance of every image to itself counts as well.",
        _PAIRS,
        lambda z: distance(z) * (len(z) - 1) / len(z),
    ),
    WrongFormula(
        "counts-half",
        "It says {got}: the sum over pairs is divided by the number of all places of the table.",
        _PAIRS,
        lambda z: distance(z) * (len(z) - 1) / (2 * len(z)),
    ),
    WrongFormula("counts-half", "It says {got}, half of what is right.", _PAIRS, lambda z: distance(z) / 2),
    WrongFormula("counts-twice", "It says {got}, twice of what is right.", _PAIRS, lambda z: 2 * distance(z)),
    WrongFormula(
        "a-sum",
        "It says {got}: the sum over all pairs.",
        "The more restarts, the larger it gets: of how many pairs is it the mean?",
        lambda z: _pairs(z).sum(),
    ),
    WrongFormula(
        "a-sum",
        "It says {got}: the sum over all pairs in both orders.",
        "The more restarts, the larger it gets: of how many pairs is it the mean?",
        lambda z: 2 * _pairs(z).sum(),
    ),
    WrongFormula(
        "largest-change",
        "It says {got}: the mean of the largest changes of a pixel.",
        "In l_inf any two corners of the ball are 2 eps apart: which norm was asked for?",
        lambda z: distance(z, float("inf")),
    ),
    WrongFormula("sum-of-changes", "It says {got}: the l_1 distance.", _NORM, lambda z: distance(z, 1)),
    WrongFormula(
        "squared", "It says {got}: the mean of the squared distances.", _NORM, lambda z: _pairs(z).square().mean()
    ),
    WrongFormula(
        "root-at-the-end",
        "It says {got}: the root of the mean squared distance.",
        "Root first, mean second, or the other way round?",
        lambda z: _pairs(z).square().mean().sqrt(),
    ),
    WrongFormula(
        "per-pixel",
        "It says {got}: distances are divided by the number of pixels, or its root.",
        _NORM,
        lambda z: distance(z) / _pixels(z),
    ),
    WrongFormula(
        "per-pixel",
        "It says {got}: distances are divided by the number of pixels, or its root.",
        _NORM,
        lambda z: distance(z) / _pixels(z) ** 0.5,
    ),
    WrongFormula(
        "per-pixel",
        "It says {got}: the mean change of a pixel.",
        _NORM,
        lambda z: distance(z, 1) / _pixels(z),
    ),
    WrongFormula(
        "neighbours-only",
        "It says {got}: only neighbours in the list are compared.",
        _PAIRS,
        lambda z: (z[1:] - z[:-1]).flatten(1).norm(dim=1).mean(),
    ),
    WrongFormula(
        "to-the-first",
        "It says {got}: all images are compared with the first alone.",
        _PAIRS,
        lambda z: (z[1:] - z[:1]).flatten(1).norm(dim=1).mean(),
    ),
    WrongFormula(
        "to-the-mean",
        "It says {got}: how far the images are from their mean.",
        "Two opposite corners are one radius from their middle, and how far from each other?",
        lambda z: (z - z.mean(0)).flatten(1).norm(dim=1).mean(),
    ),
    WrongFormula("largest-pair", "It says {got}: the farthest pair.", _PAIRS, lambda z: _pairs(z).max()),
    WrongFormula("nearest-pair", "It says {got}: the nearest pair.", _PAIRS, lambda z: _pairs(z).min()),
    WrongFormula(
        "lengths",
        "It says {got}: the mean length of the images themselves.",
        "A distance takes two: where is the difference?",
        lambda z: z.flatten(1).norm(dim=1).mean(),
    ),
)
