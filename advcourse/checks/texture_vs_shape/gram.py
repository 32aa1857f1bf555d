"""The check for `gram(features)`: which channels fire together, as a mean over places."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like, scaled, seen
from ..words import words


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


def _side(dim: int) -> Formula:
    """Divided by one side of the picture alone."""
    return lambda f: _products(f) / f.shape[dim]


MISTAKES = {
    "sum": like(_products),
    "divides-by-channels-too": like(lambda f: right(f) / f.shape[1]),
    "divides-by-channels": like(lambda f: _products(f) / f.shape[1]),
    "divides-by-one-side": like(_side(2), _side(3)),
    "takes-for-a-square": like(*(lambda f, dim=dim: _products(f) / f.shape[dim] ** 2 for dim in (2, 3))),
    "divides-by-images": like(lambda f: right(f) / len(f), lambda f: _products(f) / len(f)),
    "divides-twice": like(lambda f: right(f) / (f.shape[2] * f.shape[3])),
    "signs-lost": like(lambda f: right(f.relu()), lambda f: right(f.abs())),
    "mean-along-a-side": like(
        *(lambda f, dim=dim: _products(f.mean(dim, keepdim=True)) / f.shape[5 - dim] for dim in (2, 3))
    ),
    "off-by-one": like(lambda f: _products(f) / (f.shape[2] * f.shape[3] - 1)),
    "divides-by-root": like(lambda f: _products(f) / (f.shape[2] * f.shape[3]) ** 0.5),
    "per-cent": like(lambda f: 100 * right(f)),
    "rounded": like(*(lambda f, n=n: right(f).round(decimals=n) for n in (0, 1, 2, 3))),
    "one-triangle": like(lambda f: right(f).triu(), lambda f: right(f).tril()),
    "first-only": like(lambda f: right(f) * (torch.arange(len(f)) == 0).view(-1, 1, 1)),
    "first-for-all": like(lambda f: right(f)[:1].expand(len(f), -1, -1)),
    "images-mixed": like(lambda f: right(f.transpose(0, 1).reshape(f.shape))),
    "places-mixed": like(lambda f: torch.einsum("bchw,bdhv->bcd", f.double(), f.double()) / (f.shape[2] * f.shape[3])),
    "covariance": like(lambda f: right(_centred(f)), lambda f: _products(_centred(f)) / (f.shape[2] * f.shape[3] - 1)),
    "correlation": like(_correlation),
    "cosine": like(_cosine),
    "scrambled-channels": like(_scrambled),
    "product-of-means": like(_means),
    "one-for-all": like(_over_the_batch),
    "diagonal-only": like(_diagonal),
    "largest-product": like(lambda f: (f[:, :, None] * f[:, None]).amax((3, 4))),
    "wrong-factor": scaled(lambda f: 3 * right(f)),
    "not-symmetric": seen(lambda a, f: (a - a.mT).abs().max() > 1e-3),
}


def cases() -> Iterator[Case]:
    f = features(2, 3, 4, 5)
    yield Case((f,), "wrong-value", mistakes=MISTAKES)
    yield Case((f[:1],), "wrong-elsewhere", "a single image")
    yield Case((features(3, 1, 2, 2),), "wrong-elsewhere", "one channel")
    yield Case((features(2, 6, 3, 3),), "wrong-elsewhere", "six channels")
    moved = f.flatten(2)[:, :, torch.randperm(20, generator=torch.Generator().manual_seed(1))].view_as(f)
    yield Case((moved,), "wrong-elsewhere", "features in other places")
    yield Case((f.double(),), "wrong-elsewhere", "float64")
    yield Case((features(2, 3, 5, 4).mT,), "wrong-elsewhere", "features of images that lie turned in memory")


def features(*shape: int) -> Tensor:
    """Positive on the whole, as features behind a ReLU are, so that a missing mean shows."""
    return 0.6 + torch.randn(shape, generator=torch.Generator().manual_seed(5))


def _numbers(found: Tensor, f: Tensor) -> dict:
    return {"first": found[0, 0, 0], "right": right(f)[0, 0, 0], "places": f.shape[2] * f.shape[3]}


check_gram = Spec(words(__file__), right, cases, _numbers)
