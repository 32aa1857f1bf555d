"""The check for `subgradient(functions, w)`: any mixture of the active gradients is right, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number
from .bowls import Bowl, bowls, largest, twins

POINTS = ((2.0, 1.0), (-1.5, 0.7), (0.4, 2.5), (0.2, -0.9), (-0.6, -2.0))
KINK = (0.0, 2.0)  # of the twins


def check_subgradient(ask: Interview) -> str:
    for dtype in (torch.float32, torch.float64):
        points = [torch.tensor(at, dtype=dtype) for at in POINTS]
        _compare(torch.stack([ask(bowls(), w) for w in points]), points)
    _require_a_mixture(ask(twins(), torch.tensor(KINK)))
    alone, w = [Bowl((1.0, 2.0, 3.0), 2.0, 0.0)], torch.tensor([0.0, 0.5, -1.0])
    if not same(ask(alone, w), alone[0].gradient(w)):
        fail("wrong-elsewhere", "Wrong for one function of three variables.", "What is special about that case?")
    return "It is the gradient of the active function, and at a kink a mixture of the active gradients."


def _compare(answers: Tensor, points: list[Tensor]) -> None:
    right = torch.stack([largest(bowls(), w).gradient(w) for w in points])
    if same(answers, right):
        return
    refuse(answers, WRONG_SUBGRADIENTS, lambda formula: torch.stack([formula(bowls(), w) for w in points]))
    i = int((answers - right).abs().amax(1).argmax())
    fail(
        "wrong-value",
        f"At w = {POINTS[i]} it is off by {number((answers - right)[i].norm())}.",
        "Which of the functions is the largest there, and what is its gradient by hand?",
    )


def _require_a_mixture(answer: Tensor) -> None:
    w = torch.tensor(KINK)
    a, b = (g.gradient(w) for g in twins()[:2])
    if same(answer, a + b):
        fail(
            "sum-at-a-kink",
            "Where two functions are equal it returns the sum of their gradients.",
            "A mixture has weights that add up to one: what do yours add up to?",
        )
    share = ((answer - b) @ (a - b) / (a - b).square().sum()).clamp(0, 1)
    far = (answer - share * a - (1 - share) * b).norm()
    if far > 1e-4:
        fail(
            "no-mixture",
            f"Where two functions are equal the answer is {number(far)} away from all mixtures of their gradients.",
            "The gradient of either of the two would do: what else has come in?",
        )


def _mean(functions: list[Bowl], w: Tensor) -> Tensor:
    return torch.stack([g.gradient(w) for g in functions]).mean(0)


WRONG_SUBGRADIENTS = (
    WrongFormula(
        "of-the-smallest",
        "It is the gradient of the function that is smallest at w.",
        "The maximum is made of the largest one: which one do you pick?",
        lambda f, w: min(f, key=lambda g: float(g(w))).gradient(w),
    ),
    WrongFormula(
        "of-the-first",
        "It is the gradient of the first function, wherever w is.",
        "Which of them is active depends on w: where are the values compared?",
        lambda f, w: f[0].gradient(w),
    ),
    WrongFormula(
        "of-the-last",
        "It is the gradient of the last function, wherever w is.",
        "Which of them is active depends on w: where are the values compared?",
        lambda f, w: f[-1].gradient(w),
    ),
    WrongFormula(
        "mean-of-all",
        "It is the mean of all gradients, of inactive functions too.",
        "A function far below the maximum says nothing about it: which ones may come in?",
        _mean,
    ),
    WrongFormula(
        "sum-of-all",
        "It is the sum of all gradients, of inactive functions too.",
        "Is it the sum of the functions that you want to get smaller, or their maximum?",
        lambda f, w: len(f) * _mean(f, w),
    ),
    WrongFormula(
        "steepest-function",
        "It is the longest of all gradients, not that of the largest function.",
        "Active means a large value: whose length or value do you compare?",
        lambda f, w: max((g.gradient(w) for g in f), key=lambda v: float(v.norm())),
    ),
    WrongFormula(
        "minus-sign",
        "It is the negative of the active gradient.",
        "The direction of descent is minus a subgradient: which of the two was asked for?",
        lambda f, w: -largest(f, w).gradient(w),
    ),
    WrongFormula(
        "normalised",
        "Its direction is right, and its length is 1 wherever w is.",
        "A subgradient's length says how steep f is: why was it divided away?",
        lambda f, w: largest(f, w).gradient(w) / largest(f, w).gradient(w).norm(),
    ),
    WrongFormula(
        "zero",
        "It is zero everywhere.",
        "Zero is a subgradient at a minimiser only: is the gradient ever computed?",
        lambda f, w: torch.zeros_like(w),
    ),
    WrongFormula(
        "returns-w",
        "It is w itself.",
        "After a backward pass the slopes lie beside the tensor, not in it: what do you return?",
        lambda f, w: w,
    ),
)
