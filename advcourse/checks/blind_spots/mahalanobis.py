"""The check for `mahalanobis(x, mean, covariance)`: distances in units of the data's own spread."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Case, Spec, like, right_alone, scaled, seen
from ..words import words


def distance(x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    return _form((x - mean).double(), covariance.double().inverse()).sqrt()


def _form(away: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("nd,de,ne->n", away, matrix, away)


def _backwards(x: Tensor, m: Tensor, s: Tensor) -> Tensor:
    """Solved with the transposed factor."""
    return torch.linalg.solve_triangular(torch.linalg.cholesky(s).T, (x - m).T, upper=True).norm(dim=0)


MISTAKES = {
    "squared": like(lambda x, m, s: _form(x - m, s.inverse())),
    "log-density": like(lambda x, m, s: -_form(x - m, s.inverse()) / 2, lambda x, m, s: _form(x - m, s.inverse()) / 2),
    "euclidean": like(lambda x, m, s: (x - m).norm(dim=1)),
    "not-inverted": like(lambda x, m, s: _form(x - m, s).sqrt()),
    "variances-only": like(
        lambda x, m, s: ((x - m) ** 2 / s.diagonal()).sum(1).sqrt(),
        lambda x, m, s: ((x - m) ** 2 * s.inverse().diagonal()).sum(1).sqrt(),
    ),
    "rooted-twice": like(lambda x, m, s: _form(x - m, s.inverse()) ** 0.25),
    "adds-the-mean": like(lambda x, m, s: _form(x + m, s.inverse()).sqrt()),
    "largest-feature": like(lambda x, m, s: ((x - m) @ s.inverse() * (x - m)).amax(1).sqrt()),
    "divides-by-variance": like(lambda x, m, s: ((x - m) / s.diagonal()).norm(dim=1)),
    "one-over-entries": like(lambda x, m, s: _form(x - m, 1 / s).abs().sqrt()),
    "keeps-the-mean": like(lambda x, m, s: _form(x, s.inverse()).sqrt()),
    "mean-of-the-batch": like(lambda x, m, s: _form(x - x.mean(0), s.inverse()).sqrt()),
    "inverse-not-its-root": like(
        lambda x, m, s: ((x - m) @ s.inverse()).norm(dim=1), lambda x, m, s: ((x - m) @ s).norm(dim=1)
    ),
    "upper-factor": like(_backwards),
    "mean-over-features": like(lambda x, m, s: (_form(x - m, s.inverse()) / x.shape[1]).sqrt()),
    "sum-not-form": like(lambda x, m, s: ((x - m) @ s.inverse()).sum(1)),
    "root-before-sum": like(lambda x, m, s: ((x - m) @ s.inverse() * (x - m)).abs().sqrt().sum(1)),
    "adds-a-ridge": like(*(lambda x, m, s, by=by: distance(x, m, s + by * torch.eye(len(s))) for by in (0.01, 0.1, 1))),
    "covariance-of-the-batch": like(
        lambda x, m, s: _form(x - m, x.T.cov().inverse()).sqrt(),
        lambda x, m, s: _form(x - x.mean(0), x.T.cov().inverse()).sqrt(),
    ),
    "couples-rows": right_alone,
    "wrong-factor": scaled(lambda *args: 3 * distance(*args)),
}


TINY_RIDGES = {
    "drops-small-variances": seen(lambda answer, *args: not answer.any()),
    "adds-a-ridge": like(
        *(lambda x, m, s, by=by: distance(x, m, s + by * torch.eye(len(s))) for by in (1e-3, 1e-5, 1e-6, 1e-8, 1e-12)),
        lambda x, m, s: distance(x, m, s.diagonal_scatter(s.diagonal().clamp_min(1e-6))),
    ),
}


def cases() -> Iterator[Case]:
    yield Case(cloud(7, 3), "wrong-value", mistakes=MISTAKES, told={"nan": "root-of-a-negative"})
    x, mean, covariance = (a.double() for a in cloud(7, 3))
    small = (1e-6 * x, 1e-6 * mean, 1e-12 * covariance)
    yield Case(small, "wrong-elsewhere", "features measured in millionths", mistakes=TINY_RIDGES)
    yield Case(cloud(1, 3), "wrong-elsewhere", "a single row")
    yield Case(cloud(4, 4), "wrong-elsewhere", "as many rows as features")
    yield Case(cloud(5, 1), "wrong-elsewhere", "one feature")
    yield Case(tuple(a.double() for a in cloud(6, 5)), "wrong-elsewhere", "float64")


def cloud(n: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, a mean far from theirs and from zero, and a covariance that is slanted and of very different variances."""
    draw = torch.Generator().manual_seed(10 * n + d)
    root = torch.randn(d, d, generator=draw) * torch.linspace(0.6, 2.0, d)
    covariance = root @ root.T + 0.3 * torch.eye(d)
    mean = 1 + torch.rand(d, generator=draw)
    return mean + 2 * torch.randn(n, d, generator=draw) + 0.5, mean, covariance


def _numbers(answer: Tensor, *args) -> dict:
    return {"got": answer[0], "right": distance(*args)[0]}


check_mahalanobis = Spec(words(__file__), distance, cases, _numbers, tolerance=1e-3)
