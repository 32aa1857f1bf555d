"""The check for `active_set(values, tolerance)`: which functions are the largest, ties up to rounding included."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse
from ..verdict import fail

# (values, tolerance): ties that rounding breaks, a maximum below zero, values of any size, one function alone.
CASES = (
    (torch.tensor([1.5, 3.0, 3.0000002, -1.0]), 1e-5),
    (torch.tensor([-4.0, -2.0000002, -2.0, -3.0, -5.0]), 1e-5),
    (torch.tensor([1e-6, 4e-6, 3e-6, 4.0000003e-6]), 1e-5),
    (torch.tensor([1e6, 1.5e6, 1500000.125]), 1e-5),
    (torch.tensor([2.0, 1.85, 1.7, -2.0]), 0.1),
    (torch.tensor([0.0, -1.0, 0.0], dtype=torch.float64), 1e-12),
    (torch.tensor([0.7]), 1e-5),
)


def check_active_set(ask: Interview) -> str:
    answers = torch.cat([ask(values, tolerance) for values, tolerance in CASES])
    if torch.equal(answers, of_all(active)):
        return "Ties that rounding has broken are found, for values of any size and sign, and nothing else is."
    if not ((answers == 0) | (answers == 1)).all():
        fail(
            "returns-values",
            f"The answers run from {float(answers.min()):.2g} to {float(answers.max()):.2g}.",
            "True or false is wanted for each function: what is compared with what?",
        )
    refuse(answers, WRONG_SETS, of_all)
    for values, tolerance in CASES:
        found, right = ask(values, tolerance).bool(), active(values, tolerance).bool()
        if not torch.equal(found, right):
            fail(
                "wrong-set",
                f"Of the values {values.tolist()} it takes {places(found)} where {places(right)} is right.",
                "Write the largest value and its distance to each of the others beside them.",
            )
    raise AssertionError("one of the cases differs")


def active(values: Tensor, tolerance: float) -> Tensor:
    top = values.double().max()
    return (top - values.double() <= tolerance * top.abs()).double()


def of_all(formula) -> Tensor:
    return torch.cat([formula(values, tolerance).double() for values, tolerance in CASES])


def places(mask: Tensor) -> str:
    return str(mask.nonzero().flatten().tolist())


def _one_hot(place: Tensor, values: Tensor) -> Tensor:
    return (torch.arange(len(values)) == place).double()


WRONG_SETS = (
    WrongFormula(
        "exact-equality",
        "Of 3.0 and 3.0000002 it takes one, and the tolerance never comes in.",
        "Two formulas for one number differ in the last digit: how near is near enough?",
        lambda v, t: v == v.max(),
    ),
    WrongFormula(
        "one-function-only",
        "It takes exactly one function, also of two that are equal.",
        "At a kink several are largest at once: what does an index of the maximum leave out?",
        lambda v, t: _one_hot(v.argmax(), v),
    ),
    WrongFormula(
        "absolute-tolerance",
        "Of 1e-06, 4e-06 and 3e-06 it takes all, and of 1500000 and 1500000.125 one.",
        "Rounding grows with the numbers: the tolerance is a share, and of what?",
        lambda v, t: v >= v.max() - t,
    ),
    WrongFormula(
        "negative-maximum",
        "It is right for a maximum above zero, and where the maximum is -2 it takes nothing at all.",
        "A bit less than a negative number: is it nearer to zero or farther from it?",
        lambda v, t: v >= (1 - t) * v.max(),
    ),
    WrongFormula(
        "negative-maximum",
        "It is right for a maximum above zero, and where the maximum is -2 it takes nothing at all.",
        "A share of a negative number is negative: which side of the maximum does that put the limit on?",
        lambda v, t: v.max() - v <= t * v.max(),
    ),
    WrongFormula(
        "smallest",
        "Of 1.5, 3.0, 3.0000002 and -1.0 it takes the last.",
        "f is the largest of the values: which end do you compare with?",
        lambda v, t: v - v.min() <= t * v.min().abs(),
    ),
    WrongFormula(
        "largest-size",
        "It takes values by their size, whatever their sign: of 2.0 and -2.0 both.",
        "Is -5 larger or smaller than -2?",
        lambda v, t: v.abs().max() - v.abs() <= t * v.abs().max(),
    ),
    WrongFormula(
        "inactive",
        "It takes exactly those functions that are not active.",
        "Which way round is your comparison?",
        lambda v, t: 1 - active(v, t),
    ),
    WrongFormula(
        "takes-all",
        "It takes every function of every case.",
        "Inactive functions are below the maximum: what are they compared with?",
        lambda v, t: torch.ones_like(v),
    ),
    WrongFormula(
        "takes-none",
        "It takes no function of any case.",
        "The largest one is always active: is a difference of exactly zero let through?",
        lambda v, t: torch.zeros_like(v),
    ),
    WrongFormula(
        "strict",
        "Where the maximum is 0 it takes nothing: the tolerance is then 0 as well.",
        "The largest one is always active: is a difference of exactly zero let through?",
        lambda v, t: v.max() - v < t * v.max().abs(),
    ),
)
