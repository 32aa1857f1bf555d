"""The check for `inflation(m, k, weight)`: how much too large the loss is with the slide's batch and normaliser."""

from __future__ import annotations

import torch

from ..interview import Interview
from ..mistakes import WrongFormula, refuse
from ..verdict import fail, number

SLIDE = (32, 16, 0.3)
CASES = ((64, 16, 0.3), (10, 9, 2.0), (5, 5, 0.5), (7, 0, 0.3))


def check_inflation(ask: Interview) -> str:
    answer = ask(*SLIDE)
    if abs(answer - right(*SLIDE)) > 5e-3:
        refuse(
            torch.tensor(answer),
            WRONG_FACTORS,
            lambda formula: torch.tensor(float(formula(*SLIDE))),
            got=number(answer),
        )
        fail(
            "wrong-value",
            f"For m = 32, k = 16 and weight 0.3 it says {number(answer)}, right is {right(*SLIDE):.2f}.",
            "Give every example the same loss, 1: what does the slide's formula add up to, and what should it be?",
        )
    others = [ask(*case) for case in CASES]
    if all(abs(other - answer) < 1e-6 for other in others):
        fail(
            "constant",
            f"It says {number(answer)} whatever m, k and the weight are.",
            "The slide's numbers are one case of a formula: which one?",
        )
    for other, (m, k, weight) in zip(others, CASES, strict=True):
        if abs(other - right(m, k, weight)) > 5e-3:
            fail(
                "wrong-elsewhere",
                f"For m = {m}, k = {k} and weight {weight} it says {number(other)}, "
                f"right is {right(m, k, weight):.2f}.",
                "What is special about that case?",
            )
    return "The factor is right for the slide's batch and four others, also where nothing or everything is attacked."


def right(m: int, k: int, weight: float) -> float:
    """The weights of m clean and k attacked examples, over the normaliser that fits m - k clean ones."""
    return (m + weight * k) / (m - k + weight * k)


_COUNT = "How many examples are in the slide's sum, and how many does its normaliser think there are?"

WRONG_FACTORS = (
    WrongFormula(
        "upside-down",
        "The answer, {got}, is below 1.",
        "Is the loss too large or too small when the divisor was made for a smaller batch?",
        lambda m, k, w: 1 / right(m, k, w),
    ),
    WrongFormula(
        "forgets-the-attacked",
        "The answer, {got}, counts m examples in the sum.",
        _COUNT,
        lambda m, k, w: m / (m - k + w * k),
    ),
    WrongFormula(
        "forgets-the-weight",
        "The answer, {got}, is the same whatever an attacked example counts.",
        "The weight stands in the sum and in its normaliser.",
        lambda m, k, w: (m + k) / m,
    ),
    WrongFormula(
        "weight-in-one-place",
        "The answer, {got}, counts an attacked example fully in the sum and less in the normaliser.",
        "The weight stands in the sum and in its normaliser.",
        lambda m, k, w: (m + k) / (m - k + w * k),
    ),
    WrongFormula(
        "weight-in-one-place",
        "The answer, {got}, counts an attacked example fully in the normaliser and less in the sum.",
        "The weight stands in the sum and in its normaliser.",
        lambda m, k, w: (m + w * k) / m,
    ),
    WrongFormula(
        "weight-on-the-clean",
        "The answer, {got}, gives the weight to the clean examples.",
        "Which of the two sums does the weight multiply?",
        lambda m, k, w: (w * m + k) / (w * (m - k) + k),
    ),
    WrongFormula(
        "excess",
        "The answer, {got}, is what the factor exceeds 1 by.",
        "A loss that is right has factor 1, not 0.",
        lambda m, k, w: right(m, k, w) - 1,
    ),
    WrongFormula(
        "in-per-cent",
        "The answer is {got}: that looks like per cent.",
        "A factor is wanted: by what would you multiply the right loss?",
        lambda m, k, w: 100 * right(m, k, w),
    ),
    WrongFormula(
        "in-per-cent",
        "The answer is {got}: that looks like per cent of excess.",
        "A factor is wanted: by what would you multiply the right loss?",
        lambda m, k, w: 100 * (right(m, k, w) - 1),
    ),
    WrongFormula(
        "one-of-the-sums",
        "The answer, {got}, is a sum of weights, not yet a factor.",
        _COUNT,
        lambda m, k, w: m + w * k,
    ),
    WrongFormula(
        "one-of-the-sums",
        "The answer, {got}, is a sum of weights, not yet a factor.",
        _COUNT,
        lambda m, k, w: m - k + w * k,
    ),
    WrongFormula(
        "one",
        "The answer is {got}: nothing would be wrong.",
        _COUNT,
        lambda m, k, w: 1,
    ),
)
