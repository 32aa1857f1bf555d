"""The check for `mahalanobis(x, mean, covariance)`: distances in units of the data's own spread."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number


def check_mahalanobis(ask: Interview) -> str:
    case = cloud(7, 3)
    _compare(ask(*case), case, ask)
    for case, where in (
        (cloud(1, 3), "a single row"),
        (cloud(4, 4), "as many rows as features"),
        (cloud(5, 1), "one feature"),
        (tuple(a.double() for a in cloud(6, 5)), "float64"),
    ):
        error = (ask(*case) - distance(*case)).abs().max()
        if error > 1e-3:
            fail("wrong-elsewhere", f"Off by up to {number(error)} for {where}.", "What is special about that case?")
    return "Every row gets its own distance from the mean, measured by the spread and the slant of the data."


def distance(x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    away = (x - mean).double()
    return torch.einsum("nd,de,ne->n", away, covariance.double().inverse(), away).sqrt()


def cloud(n: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, a mean far from theirs and from zero, and a covariance that is slanted and of very different variances."""
    draw = torch.Generator().manual_seed(10 * n + d)
    root = torch.randn(d, d, generator=draw) * torch.linspace(0.6, 2.0, d)
    covariance = root @ root.T + 0.3 * torch.eye(d)
    mean = 1 + torch.rand(d, generator=draw)
    return mean + 2 * torch.randn(n, d, generator=draw) + 0.5, mean, covariance


def _form(away: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("nd,de,ne->n", away, matrix, away)


_UNIT = "Along a direction in which the data spread widely a step counts for less: what is a step divided by?"

WRONG_DISTANCES = (
    WrongFormula(
        "squared",
        "The first row is at {got}, the square of {right}.",
        "A distance doubles when the way doubles: does yours?",
        lambda x, m, s: _form(x - m, s.inverse()),
    ),
    WrongFormula(
        "log-density",
        "The first row is at {got}, and rows farther away are at less.",
        "That is the exponent of the normal density: how does the distance come in there?",
        lambda x, m, s: -_form(x - m, s.inverse()) / 2,
    ),
    WrongFormula(
        "log-density",
        "The first row is at {got}, half the square of {right}.",
        "That is the exponent of the normal density: how does the distance come in there?",
        lambda x, m, s: _form(x - m, s.inverse()) / 2,
    ),
    WrongFormula(
        "euclidean",
        "The first row is at {got}, whatever the covariance.",
        _UNIT,
        lambda x, m, s: (x - m).norm(dim=1),
    ),
    WrongFormula(
        "not-inverted",
        "The first row is at {got}: the wider the data spread in a direction, the more a step in it counts.",
        _UNIT,
        lambda x, m, s: _form(x - m, s).sqrt(),
    ),
    WrongFormula(
        "variances-only",
        "The first row is at {got}: only the variances come in, the covariances do not.",
        "Two features that rise together are one piece of news, not two: which entries say that they do?",
        lambda x, m, s: ((x - m) ** 2 / s.diagonal()).sum(1).sqrt(),
    ),
    WrongFormula(
        "divides-by-variance",
        "The first row is at {got}: each feature is divided by its variance, whose unit is a square.",
        _UNIT,
        lambda x, m, s: ((x - m) / s.diagonal()).norm(dim=1),
    ),
    WrongFormula(
        "one-over-entries",
        "The first row is at {got}: every entry of the covariance was inverted by itself.",
        "The inverse of a matrix is the matrix that undoes it, not one over its entries.",
        lambda x, m, s: _form(x - m, 1 / s).abs().sqrt(),
    ),
    WrongFormula(
        "keeps-the-mean",
        "The first row is at {got}, and the mean itself is not at 0.",
        "From where is the distance measured?",
        lambda x, m, s: _form(x, s.inverse()).sqrt(),
    ),
    WrongFormula(
        "mean-of-the-batch",
        "The first row is at {got}: it is measured from the mean of the rows that came along.",
        "The mean is given: the rows are new, and may all be unusual.",
        lambda x, m, s: _form(x - x.mean(0), s.inverse()).sqrt(),
    ),
    WrongFormula(
        "inverse-not-its-root",
        "The first row is at {got}: the length of the inverse covariance times the way.",
        "The inverse comes in once in the square of the distance: how often is it in yours?",
        lambda x, m, s: ((x - m) @ s.inverse()).norm(dim=1),
    ),
    WrongFormula(
        "inverse-not-its-root",
        "The first row is at {got}: the length of the covariance times the way.",
        "The inverse comes in once in the square of the distance: how often is it in yours?",
        lambda x, m, s: ((x - m) @ s).norm(dim=1),
    ),
    WrongFormula(
        "upper-factor",
        "The first row is at {got}: a triangular factor was used the wrong way round.",
        "With S = L L^T the square is the length of L^-1 (x - m): is it rows or columns that you solve for?",
        lambda x, m, s: torch.linalg.solve_triangular(torch.linalg.cholesky(s).T, (x - m).T, upper=True).norm(dim=0),
    ),
    WrongFormula(
        "mean-over-features",
        "The first row is at {got}, less the more features there are.",
        "A length is a sum over the features, not an average.",
        lambda x, m, s: (_form(x - m, s.inverse()) / x.shape[1]).sqrt(),
    ),
    WrongFormula(
        "sum-not-form",
        "The first row is at {got}: the ways were added up before anything was squared.",
        "What is the square of a length, written as a sum over the features?",
        lambda x, m, s: ((x - m) @ s.inverse()).sum(1),
    ),
)


def _compare(answer: Tensor, case: tuple[Tensor, ...], ask: Interview) -> None:
    right = distance(*case)
    if same(answer, right):
        return
    x, mean, covariance = (a.double() for a in case)
    values = {"got": number(answer[0]), "right": number(right[0])}
    refuse(answer, WRONG_DISTANCES, lambda formula: formula(x, mean, covariance), **values)
    alone = torch.cat([ask(case[0][i : i + 1], *case[1:]) for i in range(len(x))])
    if same(alone, right):
        fail(
            "couples-rows",
            f"One row at a time it is right, in a batch it is off by up to {number((answer - right).abs().max())}.",
            "A row's distance must not depend on its neighbours: where do rows meet in your code?",
        )
    fail(
        "wrong-value",
        f"The first row is at {number(answer[0])} where {number(right[0])} is right.",
        "Take one row and a covariance with zeros off the diagonal, and compute it by hand.",
    )
