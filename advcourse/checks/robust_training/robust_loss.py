"""The check for `robust_loss(w, b, x, y, eps)`: the largest logistic loss in an l_inf ball, of a linear classifier."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, instead_of, number

EPS = 0.3


def check_robust_loss(ask: Interview) -> str:
    case = inputs()
    _compare(ask(*case, EPS), case)
    _require_no_overflow(ask, case)
    w, b, x, y = case
    for args, where in (
        ((w, b, x, y, 0.0), "eps = 0"),
        ((w, b, x, y, 1.7), "eps = 1.7"),
        ((w, b, x[:1], y[:1], EPS), "a single sample"),
        ((0 * w, b, x, y, EPS), "w = 0"),
        ((w.double(), b.double(), x.double(), y.double(), EPS), "float64"),
    ):
        wrong = (ask(*args) - right(*args)).abs().max()
        if wrong > 1e-4:
            fail("wrong-elsewhere", f"Off by up to {number(wrong)} for {where}.", "What is special about that case?")
    return "The worst case of every sample, in closed form, also where the exponential overflows."


def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """w [4], b, x [6, 4] and labels of both signs; the norms of w all differ, and so do its sum and its length."""
    draw = torch.Generator().manual_seed(3)
    w = torch.tensor([1.2, -0.7, 0.4, -1.9])
    return w, torch.tensor(0.35), torch.randn(6, 4, generator=draw), torch.tensor([1.0, -1, 1, -1, -1, 1])


def right(w: Tensor, b: Tensor, x: Tensor, y: Tensor, eps: float) -> Tensor:
    return _logistic(_margin(w, b, x, y) - eps * w.double().abs().sum())


def _margin(w: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return y.double() * (x.double() @ w.double() + b.double())


def _logistic(margin: Tensor) -> Tensor:
    return F.softplus(-margin)


_SLOPE = "By how much can a step of at most eps in every coordinate lower w·x at most: try it with two coordinates."
_LABEL = "Which way does the attacker go for a sample of class -1?"
_FORMULA = "Write down log(1 + exp(-m)) first, and then what the attacker does to m."

WRONG_LOSSES = (
    WrongFormula(
        "same-norm",
        "The margin falls by eps times the largest entry of w: the ball's own norm.",
        _SLOPE,
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) - eps * w.abs().max()),
    ),
    WrongFormula(
        "l2-norm",
        "The margin falls by eps times the Euclidean length of w.",
        "That is the worst case of a ball in another norm: which pixels may move, and by how much each?",
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) - eps * w.norm()),
    ),
    WrongFormula(
        "sum-without-sizes",
        "The margin falls by eps times the sum of w, in which entries of both signs cancel.",
        _SLOPE,
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) - eps * w.sum()),
    ),
    WrongFormula(
        "counts-coordinates",
        "The margin falls by eps times the number of coordinates, whatever w is.",
        _SLOPE,
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) - eps * len(w)),
    ),
    WrongFormula(
        "margin-less-eps",
        "The margin falls by eps, whatever w is.",
        _SLOPE,
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) - eps),
    ),
    WrongFormula(
        "ignores-eps",
        "These are the losses at x itself.",
        "What does the attacker do to the margin?",
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y)),
    ),
    WrongFormula(
        "helps-the-sample",
        "Every loss is smaller than at x itself: this attacker is a friend.",
        "Does the worst case raise or lower the margin?",
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) + eps * w.abs().sum()),
    ),
    WrongFormula(
        "same-way-for-all",
        "Samples of class 1 are attacked, those of class -1 are helped.",
        _LABEL,
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) - eps * y * w.abs().sum()),
    ),
    WrongFormula(
        "same-way-for-all",
        "Samples of class -1 are attacked, those of class 1 are helped.",
        _LABEL,
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) + eps * y * w.abs().sum()),
    ),
    WrongFormula(
        "forgets-the-bias",
        "The losses are those of a classifier without b.",
        "Of what is the sign the answer?",
        lambda w, b, x, y, eps: right(w, 0 * b, x, y, eps),
    ),
    WrongFormula(
        "attacks-the-bias",
        "The margin falls by eps times the sizes of w and of b as well.",
        "Which of the numbers in the score does an attacker of x get hold of?",
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y) - eps * (w.abs().sum() + b.abs())),
    ),
    WrongFormula(
        "forgets-the-label",
        "The losses are those of samples that are all of class 1.",
        "Where does y come into the margin?",
        lambda w, b, x, y, eps: right(w, b, x, y.abs(), eps),
    ),
    WrongFormula(
        "no-minus",
        "Samples far on the right side have the largest losses.",
        _FORMULA,
        lambda w, b, x, y, eps: F.softplus(_margin(w, b, x, y) - eps * w.abs().sum()),
    ),
    WrongFormula(
        "hinge",
        "These are hinge losses, exactly zero for safe samples.",
        _FORMULA,
        lambda w, b, x, y, eps: F.relu(1 - _margin(w, b, x, y) + eps * w.abs().sum()),
    ),
    WrongFormula(
        "probability",
        "The answers lie between 0 and 1 and fall as the margin grows: probabilities of the wrong class.",
        "Which function of the probability is the loss?",
        lambda w, b, x, y, eps: torch.sigmoid(-_margin(w, b, x, y) + eps * w.abs().sum()),
    ),
    WrongFormula(
        "probability",
        "The answers lie between 0 and 1 and grow with the margin: probabilities of the right class.",
        "Which function of the probability is the loss?",
        lambda w, b, x, y, eps: torch.sigmoid(_margin(w, b, x, y) - eps * w.abs().sum()),
    ),
    WrongFormula(
        "returns-the-margin",
        "The answers are the margins after the attack.",
        "Which function of the margin is the loss?",
        lambda w, b, x, y, eps: _margin(w, b, x, y) - eps * w.abs().sum(),
    ),
    WrongFormula(
        "penalty-outside",
        "These are the losses at x, with eps times the norm of w added to each.",
        "That is l_1 regularisation, which also punishes w where a sample is safe: what does the attacker lower?",
        lambda w, b, x, y, eps: _logistic(_margin(w, b, x, y)) + eps * w.abs().sum(),
    ),
    WrongFormula(
        "diameter",
        "The margin falls by twice what the ball allows.",
        "How far is it from the centre of the ball to its edge?",
        lambda w, b, x, y, eps: right(w, b, x, y, 2 * eps),
    ),
)


def _compare(answer: Tensor, case: tuple) -> None:
    wanted = right(*case, EPS)
    if same(answer, wanted):
        return
    refuse(answer, WRONG_LOSSES, lambda formula: formula(*case, EPS))
    if same(answer, wanted.mean().expand_as(wanted)) or same(answer, wanted.sum().expand_as(wanted)):
        fail("one-for-all", "Every sample has the same loss.", "Where are the samples mixed: one loss each is wanted.")
    if same(answer, wanted / len(wanted)):
        fail("divides-by-the-batch", "Every loss is divided by the number of samples.", "One loss each is wanted.")
    fail(
        "wrong-value",
        f"Off by up to {number((answer - wanted).abs().max())} on six samples at eps = {EPS}.",
        "Compute the small case above by hand, first at x, then at the worst corner of the ball.",
    )


def _require_no_overflow(ask: Interview, case: tuple) -> None:
    w, b, x, y = case
    with instead_of(
        "nan",
        diagnosis="overflows",
        seen="With w a hundred times as large the losses are NaN or infinite; the largest is in the hundreds.",
        look="What is the exponential of 300 in float32, and which function of torch does the sum for you?",
    ):
        answer = ask(100 * w, b, x, y, EPS)
    if not same(answer, right(100 * w, b, x, y, EPS)):
        fail("wrong-elsewhere", "Wrong with w a hundred times as large.", "What is special about that case?")
