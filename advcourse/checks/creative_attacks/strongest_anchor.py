"""The check for `strongest_anchor(objectness)`: the largest logit of each image, on average over the images."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words

SHARPNESS = (1.0, 10.0)


def of(number: Callable[[Tensor], Tensor]) -> Formula:
    """A number of the logits with one row an image, [B, N]."""
    return lambda objectness: float(number(objectness.double().flatten(1)))


def _best(rows: Tensor) -> Tensor:
    return rows.amax(1)


right = of(lambda rows: _best(rows).mean())


def _along(*dims: int) -> Formula:
    """The largest along these dimensions alone, then the mean of all that is left."""
    return lambda objectness: float(objectness.amax(dims).double().mean())


MISTAKES = {
    "mean-of-all": like(of(lambda rows: rows.mean())),
    "strongest-of-the-batch": like(of(lambda rows: rows.max())),
    "one-cell-for-all": like(of(lambda rows: rows.mean(0).max())),
    "strongest-image": like(of(lambda rows: rows.mean(1).max())),
    "best-image-of-each-cell": like(of(lambda rows: rows.amax(0).mean())),
    "weakest": like(of(lambda rows: rows.amin(1).mean()), of(lambda rows: rows.min())),
    "weakest-image": like(of(lambda rows: _best(rows).min())),
    "row-by-row": like(_along(-1), _along(-2), _along(1)),
    "summed-over-images": like(of(lambda rows: _best(rows).sum())),
    "summed-over-cells": like(of(lambda rows: rows.sum()), of(lambda rows: rows.sum(1).mean())),
    "place-instead-of-value": like(of(lambda rows: rows.argmax(1).double().mean())),
    "largest-size": like(of(lambda rows: rows.abs().amax(1).mean()), of(lambda rows: rows.square().amax(1).mean())),
    "first-image-only": like(of(lambda rows: _best(rows)[0])),
    "last-image-only": like(of(lambda rows: _best(rows)[-1])),
    "median-image": like(of(lambda rows: _best(rows).median())),
    "minus-sign": like(of(lambda rows: -_best(rows).mean())),
    "probabilities": like(of(lambda rows: rows.sigmoid().amax(1).mean())),
    "shares-of-the-map": like(of(lambda rows: rows.softmax(1).amax(1).mean())),
    "soft-maximum": like(*(of(lambda rows, s=s: (s * rows).logsumexp(1).mean() / s) for s in SHARPNESS)),
    "only-who-fires": like(
        of(lambda rows: _best(rows).relu().mean()), of(lambda rows: _best(rows)[_best(rows) > 0].mean())
    ),
    "whoever-fires": like(of(lambda rows: rows.relu().sum(1).mean()), of(lambda rows: rows.relu().mean())),
    "runner-up": like(
        *(of(lambda rows, k=k: rows.topk(min(k, rows.shape[1])).values.mean(1).mean()) for k in (2, 3, 5)),
        of(lambda rows: rows.topk(2).values[:, 1].mean()),
    ),
}


def _map_by_map(objectness: Tensor) -> float:
    """Of several maps an image the largest of each, and their mean."""
    return _along(-2, -1)(objectness) if objectness.ndim > 3 else right(objectness)


SEVERAL_MAPS = {"map-by-map": like(_map_by_map)}


def asked(*shape: int, shift: float = 0.0, dtype: torch.dtype = torch.float32) -> tuple[Tensor]:
    """Logits [B, ...] of both signs, each image's at another level: one of them fires nowhere."""
    # In the batch that is asked about first, no such image is the first or the last: the best, the worst, the median.
    draw = torch.Generator().manual_seed(23 + sum(shape))
    level = torch.linspace(-4, 2, shape[0]).roll(2).view(-1, *[1] * (len(shape) - 1)) if shape[0] > 1 else 0.0
    return ((2 * torch.randn(shape, generator=draw) + level + shift).to(dtype),)


def cases() -> Iterator[Case]:
    yield Case(asked(5, 3, 4), "wrong-value", mistakes=MISTAKES)
    for where, args in {
        "a single image": asked(1, 3, 4),
        "a list of cells [B, N]": asked(4, 6),
        "several anchors a cell, [B, A, h, w]": asked(3, 2, 3, 2),
        "a single cell": asked(4, 1, 1),
        "images in which nothing fires": asked(4, 3, 3, shift=-2000.0),
        "images in which everything fires": asked(4, 3, 3, shift=2000.0),
        "images as alike as can be": (torch.full((3, 2, 2), 0.5),),
        "float64": asked(4, 3, 4, dtype=torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where, mistakes=SEVERAL_MAPS)


def _numbers(answer: float, objectness: Tensor) -> dict:
    return {"images": len(objectness), "cells": objectness[0].numel(), "highest": objectness.max()}


check_strongest_anchor = Spec(words(__file__), right, cases, _numbers, tolerance=1e-5)
