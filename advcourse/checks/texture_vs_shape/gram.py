"""The check for `gram(features)`: which channels fire together, as a mean over places."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number


def check_gram(ask: Interview) -> str:
    f = features(2, 3, 4, 5)
    found = ask(f)
    if not same(found, right(f)):
        _explain(found, f)
    moved = f.flatten(2)[:, :, torch.randperm(20, generator=torch.Generator().manual_seed(1))].view_as(f)
    for other, where in (
        (f[:1], "a single image"),
        (features(3, 1, 2, 2), "one channel"),
        (features(2, 6, 3, 3), "six channels"),
        (moved, "features in other places"),
        (f.double(), "float64"),
    ):
        if not same(ask(other), right(other)):
            fail(
                "wrong-elsewhere", f"Right for three channels of 4 x 5 places, not for {where}.", "What do you assume?"
            )
    return "Each entry is the mean, over all places, of the product of two channels; where they fired is forgotten."


def features(*shape: int) -> Tensor:
    """Positive on the whole, as features behind a ReLU are, so that a missing mean shows."""
    return 0.6 + torch.randn(shape, generator=torch.Generator().manual_seed(5))


def right(f: Tensor) -> Tensor:
    return _products(f) / (f.shape[2] * f.shape[3])


def _products(f: Tensor) -> Tensor:
    return torch.einsum("bchw,bdhw->bcd", f.double(), f.double())


def _centred(f: Tensor) -> Tensor:
    return f.double() - f.double().mean((2, 3), keepdim=True)


def _correlation(f: Tensor) -> Tensor:
    c = _products(_centred(f))
    size = c.diagonal(dim1=1, dim2=2).sqrt()
    return c / (size[:, :, None] * size[:, None, :])


def _cosine(f: Tensor) -> Tensor:
    return _products(f / f.flatten(2).norm(dim=2)[..., None, None])


def _scrambled(f: Tensor) -> Tensor:
    b, c, h, w = f.shape
    flat = f.double().reshape(b, h * w, c)
    return flat.transpose(1, 2) @ flat / (h * w)


def _means(f: Tensor) -> Tensor:
    m = f.double().mean((2, 3))
    return m[:, :, None] * m[:, None, :]


def _over_the_batch(f: Tensor) -> Tensor:
    return right(f).mean(0, keepdim=True).expand(len(f), -1, -1)


def _diagonal(f: Tensor) -> Tensor:
    return torch.diag_embed(right(f).diagonal(dim1=1, dim2=2))


WRONG_GRAMS = (
    WrongFormula(
        "sum",
        "The first entry is {first} where {right} is right: {times} times as much.",
        "A larger picture of the same texture should have the same matrix: what do you divide by?",
        _products,
    ),
    WrongFormula(
        "divides-by-channels-too",
        "The first entry is {first} where {right} is right.",
        "The mean runs over places: how many places are there, and do channels count among them?",
        lambda f: right(f) / f.shape[1],
    ),
    WrongFormula(
        "divides-by-channels",
        "The first entry is {first} where {right} is right.",
        "The mean runs over places: is what you divide by the number of places?",
        lambda f: _products(f) / f.shape[1],
    ),
    WrongFormula(
        "covariance",
        "The first entry is {first} where {right} is right; the mean of each channel was taken away.",
        "How strongly a channel fires on the whole is part of the texture: why remove it?",
        lambda f: right(_centred(f)),
    ),
    WrongFormula(
        "covariance",
        "The first entry is {first} where {right} is right; the mean of each channel was taken away.",
        "How strongly a channel fires on the whole is part of the texture: why remove it?",
        lambda f: _products(_centred(f)) / (f.shape[2] * f.shape[3] - 1),
    ),
    WrongFormula(
        "correlation",
        "The diagonal is 1 throughout: the strength of each channel is gone.",
        "How strongly a channel fires is part of the texture: what was it divided by?",
        _correlation,
    ),
    WrongFormula(
        "cosine",
        "The diagonal is 1 throughout: the strength of each channel is gone.",
        "How strongly a channel fires is part of the texture: what was it divided by?",
        _cosine,
    ),
    WrongFormula(
        "scrambled-channels",
        "The first entry is {first} where {right} is right; numbers of different channels were read as one.",
        "A reshape moves nothing in memory: which numbers come to lie in one row of yours?",
        _scrambled,
    ),
    WrongFormula(
        "product-of-means",
        "The first entry is {first}, the square of the channel's mean; {right} is right.",
        "Two channels that never fire at one place should give 0: do you multiply before or after the mean?",
        _means,
    ),
    WrongFormula(
        "one-for-all",
        "Every image got the same matrix.",
        "Each image has its own texture: over which dimensions do you sum?",
        _over_the_batch,
    ),
    WrongFormula(
        "diagonal-only",
        "Everything off the diagonal is 0.",
        "Which channels fire *together* stands off the diagonal: which pairs do you multiply?",
        _diagonal,
    ),
)


def _explain(found: Tensor, f: Tensor) -> None:
    wanted = right(f)
    places = f.shape[2] * f.shape[3]
    numbers = {"first": number(found[0, 0, 0]), "right": number(wanted[0, 0, 0]), "times": places}
    refuse(found, WRONG_GRAMS, lambda formula: formula(f), **numbers)
    fail(
        "wrong-value",
        f"The first entry is {numbers['first']} where {numbers['right']} is right.",
        "Take two channels of the small case, multiply them place by place, and average by hand.",
    )
