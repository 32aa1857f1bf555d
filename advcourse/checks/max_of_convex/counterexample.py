"""The check for `counterexample(n)`: whatever refutes the slide is right, and its mean along with it."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..verdict import fail, instead_of, number

SMALL = 1e-6  # of the gradients' own length


def check_counterexample(ask: Interview) -> str:
    _examine(ask(2), "")
    for n in (3, 7):
        with instead_of(
            "wrong-shape",
            "raises",
            diagnosis="only-in-the-plane",
            seen=f"It is right in the plane, and has no answer for n = {n}.",
            look="What may stand in the other coordinates?",
        ):
            rows = ask(n)
        _examine(rows, f" for n = {n}")
    return (
        "The hull does not hold 0, and neither negative gradient nor that of the mean leads down: the slide is refuted."
    )


def _examine(rows: Tensor, where: str) -> None:
    a, b = rows
    if not min(a.norm(), b.norm()) > 0:
        fail(
            "zero-gradient",
            f"One of the gradients is zero{where}, so that 0 is in the hull.",
            "The slide excludes that case: which of your rows is it?",
        )
    cosine = float(a @ b / (a.norm() * b.norm()))
    if cosine > SMALL:
        fail(
            "acute",
            f"The gradients are {_degrees(cosine)} degrees apart{where}, and both negative gradients lead down.",
            "Along minus the first the second function falls if their inner product has which sign?",
        )
    if cosine < -1 + SMALL:
        fail(
            "opposite",
            f"The gradients point in opposite directions{where}, so that 0 is in the hull: the slide excludes that.",
            "How could you bend one of them away from the line through 0?",
        )
    slopes = rows @ rows.mean(0) / rows.norm(dim=1)
    if slopes.min() > SMALL * rows.norm(dim=1).max():
        longer = max(a.norm(), b.norm()) / min(a.norm(), b.norm())
        fail(
            "mean-descends",
            f"Neither negative gradient leads down{where}, but that of their mean does: one is {number(longer)} times "
            "as long as the other.",
            "What happens to the mean if one of them gets much longer?",
        )


def _degrees(cosine: float) -> str:
    return f"{torch.tensor(cosine).clamp(-1, 1).arccos().rad2deg():.0f}"
