"""The check for `confidence_at(distance, w)`: how sure a linear classifier is at a distance from its boundary."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, instead_of, number


def check_confidence_at(ask: Interview) -> str:
    distance, w = points(9, 3)
    _compare(ask(distance, w), distance, w)
    far = torch.tensor([0.0, 40.0, 1e3, 1e6])
    with instead_of(
        "nan",
        diagnosis="overflows",
        seen="At distances of 40 to a million some confidences are NaN or infinite.",
        look="The exponential of a large number is infinite, and infinity over infinity is nothing: what is stable?",
    ):
        _require(ask(far, w), far, w, "far away")
    for (distance, w), where in (
        (points(1, 2), "a single distance"),
        (points(6, 40), "weights of 40 numbers"),
        (tuple(a.double() for a in points(5, 3)), "float64"),
    ):
        _require(ask(distance, w), distance, w, where)
    return "The confidence is 0.5 on the boundary, rises with the distance and with |w|, and is 1 far away, not NaN."


def confidence(distance: Tensor, w: Tensor) -> Tensor:
    return torch.sigmoid(distance.double() * w.double().norm()).to(distance.dtype)


def points(n: int, d: int) -> tuple[Tensor, Tensor]:
    """Distances from 0 on, and weights of which no norm is another's or 1."""
    draw = torch.Generator().manual_seed(n)
    distance = 1.5 * torch.rand(n, generator=draw)
    distance[0] = 0.4
    w = torch.randn(d, generator=draw)
    return distance, 2.2 * w / w.norm()


def _require(answer: Tensor, distance: Tensor, w: Tensor, where: str) -> None:
    error = (answer - confidence(distance, w)).abs().max()
    if error > 1e-4:
        fail("wrong-elsewhere", f"Off by up to {number(error)} for {where}.", "What is special about that case?")


_NORM = "How far a step of length 1 moves the score depends on w: by how much?"

WRONG_CONFIDENCES = (
    WrongFormula(
        "forgets-weights",
        "At distance 0.4 it says {got}, whatever w is.",
        _NORM,
        lambda d, w: torch.sigmoid(d),
    ),
    WrongFormula(
        "squared-norm",
        "At distance 0.4 it says {got}: w comes in by the square of its length.",
        _NORM,
        lambda d, w: torch.sigmoid(d * w.norm() ** 2),
    ),
    WrongFormula(
        "divides-by-norm",
        "At distance 0.4 it says {got}, less the longer w is.",
        "Are longer weights a steeper or a flatter slope?",
        lambda d, w: torch.sigmoid(d / w.norm()),
    ),
    WrongFormula(
        "l1-norm",
        "At distance 0.4 it says {got}: the length of w is the sum of the sizes of its entries here.",
        "Distances to a plane are Euclidean: which length of w belongs to them?",
        lambda d, w: torch.sigmoid(d * w.abs().sum()),
    ),
    WrongFormula(
        "max-norm",
        "At distance 0.4 it says {got}: only the largest entry of w comes in.",
        "Distances to a plane are Euclidean: which length of w belongs to them?",
        lambda d, w: torch.sigmoid(d * w.abs().max()),
    ),
    WrongFormula(
        "sum-of-weights",
        "At distance 0.4 it says {got}: the entries of w are added up, signs and all.",
        "How long is the vector w?",
        lambda d, w: torch.sigmoid(d * w.sum()),
    ),
    WrongFormula(
        "the-other-class",
        "At distance 0.4 it says {got}, and less farther away.",
        "That is the probability of the class it does not say: which sign belongs in front of the score?",
        lambda d, w: torch.sigmoid(-d * w.norm()),
    ),
    WrongFormula(
        "score",
        "At distance 0.4 it says {got}, and more than 1 farther away.",
        "That is the score: what makes a probability of it?",
        lambda d, w: d * w.norm(),
    ),
    WrongFormula(
        "from-zero",
        "On the boundary it says 0, and {got} at distance 0.4.",
        "On the boundary both classes are equally likely: what is the confidence then?",
        lambda d, w: torch.tanh(d * w.norm() / 2),
    ),
    WrongFormula(
        "log-probability",
        "At distance 0.4 it says {got}, and never more than 0.",
        "That is the logarithm of the probability.",
        lambda d, w: torch.nn.functional.logsigmoid(d * w.norm()),
    ),
    WrongFormula(
        "softmax-of-the-batch",
        "All its answers add up to 1; at distance 0.4 it says {got}.",
        "The two classes of one point share the probability 1, not the points of a batch.",
        lambda d, w: (d * w.norm()).softmax(0),
    ),
    WrongFormula(
        "doubled",
        "At distance 0.4 it says {got}: two logits of opposite sign are twice the score apart.",
        "Which two logits does a classifier with the score s have, so that its probability is sigmoid of s?",
        lambda d, w: torch.sigmoid(2 * d * w.norm()),
    ),
    WrongFormula(
        "zero",
        "Every confidence is 0.5.",
        "Does the distance still come in?",
        lambda d, w: torch.full_like(d, 0.5),
    ),
)


def _compare(answer: Tensor, distance: Tensor, w: Tensor) -> None:
    if same(answer, confidence(distance, w)):
        return
    refuse(answer, WRONG_CONFIDENCES, lambda formula: formula(distance, w), got=number(answer[0]))
    right = number(confidence(distance, w)[0])
    fail(
        "wrong-value",
        f"At distance 0.4, with weights of length 2.2, it says {number(answer[0])} where {right} is right.",
        "Compute the score of that one point by hand, then its probability.",
    )
