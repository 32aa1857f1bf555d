"""The check for `linear_distance(W, b, x, y, p)`: how far the input has to move, in l_p, to change the answer."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import refuse, same
from ..verdict import fail, instead_of, number
from .linear_distances import WRONG_DISTANCES, distance

NORMS = (2, math.inf)


def check_linear_distance(ask: Interview) -> str:
    case = planes()
    with instead_of(
        "nan",
        diagnosis="own-class",
        seen="Some distances are NaN or infinite: somewhere a number is divided by 0.",
        look="Which class has no boundary with y, and is it among those you divide for?",
    ):
        answer = _both(ask, case)
    _compare(answer, case, ask)
    for case, where in (
        (planes(classes=2, n=5, batch=7, seed=2), "two classes"),
        (planes(classes=6, n=30, batch=1, seed=3), "a batch of one"),
        (planes(classes=5, n=8, batch=4, seed=4, dtype=torch.float64), "float64"),
        (planes(classes=3, n=2, batch=3, seed=6), "three samples, three classes"),
    ):
        error = (_both(ask, case) - _right(case)).abs().max()
        if error > 1e-3:
            fail(
                "wrong-elsewhere",
                f"Right for 4 classes and 9 samples, off by up to {number(error)} for {where}.",
                "What is special about that case?",
            )
    return "The distance to the nearest class is right in l_2 and l_inf, and 0 where the answer is wrong already."


def planes(
    classes: int = 4, n: int = 6, batch: int = 9, seed: int = 16, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, ...]:
    """W, b, x and labels that are the predictions but for every third sample, which is misclassified."""
    draw = torch.Generator().manual_seed(seed)
    scale = torch.linspace(0.4, 1.6, classes)[:, None]
    W = scale * torch.randn(classes, n, generator=draw)
    b = torch.randn(classes, generator=draw)
    x = torch.rand(batch, n, generator=draw)
    first, second = (x @ W.T + b).topk(2, dim=1).indices.unbind(1)
    y = torch.where(torch.arange(batch) % 3 == 2, second, first)
    return W.to(dtype), b.to(dtype), x.to(dtype), y


def _both(ask: Interview, case: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([ask(*case, p) for p in NORMS])


def _right(case: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([distance(*case, p) for p in NORMS])


def _compare(answer: Tensor, case: tuple[Tensor, ...], ask: Interview) -> None:
    right = _right(case)
    if same(answer, right):
        return
    W, b, x, y = case
    batch = len(x)
    error = (answer - right).abs()
    alone = torch.cat([ask(W, b, x[i : i + 1], y[i : i + 1], p) for p in NORMS for i in range(batch)])
    if same(alone, right):
        fail(
            "couples-samples",
            f"One sample at a time it is right, in a batch of {batch} it is off by up to {number(error.max())}.",
            "A sample's distance must not depend on its neighbours: over which dimension is your minimum?",
        )
    worst = int(error.argmax())
    p, i, got = NORMS[worst // batch], worst % batch, number(answer[worst])
    refuse(
        answer,
        WRONG_DISTANCES,
        lambda formula: torch.cat([formula(W.double(), b.double(), x.double(), y, p) for p in NORMS]),
        i=i,
        p=p,
        got=got,
        # Of the sample with the largest distance, which is never 0.
        ratio=number(answer[right.argmax()] / right.max()),
        far=number(answer.max()),
    )
    fail(
        "wrong-value",
        f"At p = {p} sample {i} gets {got}, which is not how far its nearest boundary is.",
        "Take the small case above and compute gap, norm and their ratio for each other class by hand.",
    )
