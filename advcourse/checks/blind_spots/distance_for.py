"""The check for `distance_for(confidence, w, temperature)`: where a tempered classifier reaches a confidence."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, instead_of, number


def check_distance_for(ask: Interview) -> str:
    p, w, temperature = wishes(8, 3, 2.5)
    with instead_of(
        "nan",
        diagnosis="nan",
        seen="Confidences of 0.6 to 0.99 get distances that are NaN or infinite.",
        look="Which of your divisions or logarithms is of zero or of a negative number?",
    ):
        answer = ask(p, w, temperature)
    _compare(answer, p, w, temperature)
    free = torch.tensor([0.5, 0.9])
    for case, where in (
        (wishes(5, 3, 1.0), "temperature 1"),
        (wishes(1, 2, 10.0), "a single confidence"),
        ((free, w, 4.0), "a confidence of one half, which is had for nothing,"),
        ((*(a.double() for a in wishes(4, 20, 3.0)[:2]), 3.0), "float64"),
    ):
        error = (ask(*case) - distance(*case)).abs().max()
        if error > 1e-3:
            fail("wrong-elsewhere", f"Off by up to {number(error)} for {where}.", "What is special about that case?")
    return "Each confidence is reached where the formula says, T times as far at temperature T: far, but never nowhere."


def distance(p: Tensor, w: Tensor, temperature: float) -> Tensor:
    return (temperature * torch.logit(p.double()) / w.double().norm()).to(p.dtype)


def wishes(n: int, d: int, temperature: float) -> tuple[Tensor, Tensor, float]:
    """Confidences between 0.6 and 0.99, the first 0.9, and weights of length 1.7."""
    draw = torch.Generator().manual_seed(n)
    p = 0.6 + 0.39 * torch.rand(n, generator=draw)
    p[0] = 0.9
    w = torch.randn(d, generator=draw)
    return p, 1.7 * w / w.norm(), temperature


_SOLVE = "Write the confidence as a function of the distance, and solve it for the distance step by step."

WRONG_DISTANCES = (
    WrongFormula(
        "forgets-temperature",
        "A confidence of 0.9 is reached at {got}, whatever the temperature.",
        "The score is divided by T before the sigmoid: does the classifier get there sooner or later?",
        lambda p, w, t: torch.logit(p) / w.norm(),
    ),
    WrongFormula(
        "divides-by-temperature",
        "A confidence of 0.9 is reached at {got}, sooner the higher the temperature.",
        "The score is divided by T before the sigmoid: does the classifier get there sooner or later?",
        lambda p, w, t: torch.logit(p) / (t * w.norm()),
    ),
    WrongFormula(
        "forgets-weights",
        "A confidence of 0.9 is reached at {got}, whatever w is.",
        "The steeper the score, the shorter the way: what is its slope?",
        lambda p, w, t: t * torch.logit(p),
    ),
    WrongFormula(
        "multiplies-by-norm",
        "A confidence of 0.9 is reached at {got}, later the longer w is.",
        "The steeper the score, the shorter the way.",
        lambda p, w, t: t * torch.logit(p) * w.norm(),
    ),
    WrongFormula(
        "squared-norm",
        "A confidence of 0.9 is reached at {got}: w comes in by the square of its length.",
        _SOLVE,
        lambda p, w, t: t * torch.logit(p) / w.norm() ** 2,
    ),
    WrongFormula(
        "minus-sign",
        "A confidence of 0.9 is reached at {got}, which is no distance.",
        "Which of p and 1 - p belongs on top?",
        lambda p, w, t: -t * torch.logit(p) / w.norm(),
    ),
    WrongFormula(
        "logarithm-of-p",
        "A confidence of 0.9 is reached at {got}: only the logarithm of p comes in.",
        "The inverse of the sigmoid knows p and 1 - p.",
        lambda p, w, t: t * p.log() / w.norm(),
    ),
    WrongFormula(
        "logarithm-of-p",
        "A confidence of 0.9 is reached at {got}: only the logarithm of p comes in.",
        "The inverse of the sigmoid knows p and 1 - p.",
        lambda p, w, t: -t * p.log() / w.norm(),
    ),
    WrongFormula(
        "logarithm-of-the-rest",
        "A confidence of 0.9 is reached at {got}: only the logarithm of 1 - p comes in.",
        "The inverse of the sigmoid knows p and 1 - p.",
        lambda p, w, t: -t * (1 - p).log() / w.norm(),
    ),
    WrongFormula(
        "odds",
        "A confidence of 0.9 is reached at {got}: in proportion to the odds.",
        "Nine to one is a probability of 0.9: which function turns the odds into the score?",
        lambda p, w, t: t * p / (1 - p) / w.norm(),
    ),
    WrongFormula(
        "sigmoid-again",
        "A confidence of 0.9 is reached at {got}: the sigmoid was applied to it once more.",
        "From a confidence back to a score leads the inverse of the sigmoid.",
        lambda p, w, t: t * torch.sigmoid(p) / w.norm(),
    ),
    WrongFormula(
        "base-two",
        "A confidence of 0.9 is reached at {got}: logarithms of another base are at work.",
        "The sigmoid is made of e to the power of the score: which logarithm undoes that?",
        lambda p, w, t: t * torch.logit(p) / w.norm() / torch.tensor(2.0).log(),
    ),
    WrongFormula(
        "base-ten",
        "A confidence of 0.9 is reached at {got}: logarithms of another base are at work.",
        "The sigmoid is made of e to the power of the score: which logarithm undoes that?",
        lambda p, w, t: t * torch.logit(p) / w.norm() / torch.tensor(10.0).log(),
    ),
    WrongFormula(
        "tempers-twice",
        "A confidence of 0.9 is reached at {got}: the temperature comes in squared.",
        _SOLVE,
        lambda p, w, t: t * t * torch.logit(p) / w.norm(),
    ),
    WrongFormula(
        "zero",
        "Every confidence is reached at distance 0.",
        "Does the confidence still come in?",
        lambda p, w, t: torch.zeros_like(p),
    ),
)


def _compare(answer: Tensor, p: Tensor, w: Tensor, temperature: float) -> None:
    right = distance(p, w, temperature)
    if same(answer, right):
        return
    refuse(answer, WRONG_DISTANCES, lambda formula: formula(p, w, temperature), got=number(answer[0]))
    fail(
        "wrong-value",
        f"A confidence of 0.9 is reached at {number(answer[0])} where {number(right[0])} is right.",
        _SOLVE,
    )
