"""The distance to the nearest boundary of a linear classifier, and what students return instead."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..mistakes import WrongFormula


def distance(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
    """min over k of (a_y - a_k) / |w_k - w_y|_q, where 1/p + 1/q = 1; at least 0. In float64."""
    ratios = _ratios(W.double(), b.double(), x.double(), y, _dual(p))
    return ratios.amin(1).clamp(min=0)


def _dual(p: float) -> float:
    return 1 if p == math.inf else p / (p - 1)


def _gaps(W: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
    a = x @ W.T + b
    return a.gather(1, y[:, None]) - a


def _others(values: Tensor, y: Tensor, instead: float = math.inf) -> Tensor:
    """[B, K] with the column of each sample's own class out of the way."""
    return values.scatter(1, y[:, None], instead)


def _norms(W: Tensor, y: Tensor, q: float) -> Tensor:
    """|w_k - w_y|_q [B, K]; 1 for the class itself."""
    return _others((W[None] - W[y][:, None]).norm(q, dim=2), y, 1.0)


def _ratios(W: Tensor, b: Tensor, x: Tensor, y: Tensor, q: float) -> Tensor:
    return _others(_gaps(W, b, x, y) / _norms(W, y, q), y)


def _nearest(ratios: Tensor) -> Tensor:
    return ratios.amin(1).clamp(min=0)


def _runner_up(W, b, x, y, p):
    runner = _others(x @ W.T + b, y, -math.inf).argmax(1, keepdim=True)
    return _ratios(W, b, x, y, _dual(p)).gather(1, runner)[:, 0].clamp(min=0)


def _divided_by(norms):
    return lambda W, b, x, y, p: _nearest(_others(_gaps(W, b, x, y) / norms(W, y, _dual(p)), y))


def _to_one_plane(W, b, x, y, p):
    a, norm = x @ W.T + b, W.norm(_dual(p), dim=1)
    return (a / norm).gather(1, y[:, None])[:, 0].abs()


def _of_probabilities(W, b, x, y, p):
    prob = (x @ W.T + b).softmax(1)
    return _nearest(_others((prob.gather(1, y[:, None]) - prob) / _norms(W, y, _dual(p)), y))


_DUAL = "The input moves in l_p: by how much can w·d change when |d|_p is 1, and in which norm of w is that said?"
_EVERY = "Every other class has a boundary with y, each with a gap and a norm of its own: which one comes first?"
_WRONG_ALREADY = "How far does an input have to move that is misclassified where it is?"
_UNIT = "What has to be divided by what, so that twice the weights W and b give the same distance?"
_BOUNDARY = "The boundary is where two logits are equal: what is the gradient of their difference?"

WRONG_DISTANCES = (
    WrongFormula(
        "same-norm",
        "At p = 2 all is right; at p = inf sample {i} gets {got}.",
        _DUAL,
        lambda W, b, x, y, p: _nearest(_ratios(W, b, x, y, p)),
    ),
    WrongFormula(
        "ignores-p",
        "At p = inf sample {i} gets {got}, as at p = 2.",
        _DUAL,
        lambda W, b, x, y, p: _nearest(_ratios(W, b, x, y, 2)),
    ),
    WrongFormula(
        "always-l1",
        "At p = inf all is right; at p = 2 sample {i} gets {got}, the same number.",
        _DUAL,
        lambda W, b, x, y, p: _nearest(_ratios(W, b, x, y, 1)),
    ),
    WrongFormula(
        "runner-up",
        "Sample {i} gets {got} at p = {p}, the distance to the class with the second logit, and another is closer.",
        _EVERY,
        _runner_up,
    ),
    WrongFormula(
        "own-class",
        "All distances are 0, as the distance of every class to itself.",
        "Which class has no boundary with y, and does it take part in your minimum?",
        lambda W, b, x, y, p: torch.zeros_like(x[:, 0]),
    ),
    WrongFormula(
        "negative-distance",
        "Sample {i} is misclassified and gets {got}, the others are right.",
        _WRONG_ALREADY,
        lambda W, b, x, y, p: _ratios(W, b, x, y, _dual(p)).amin(1),
    ),
    WrongFormula(
        "absolute-gap",
        "Sample {i} is misclassified and gets {got}, the others are right: the sign of its gap was lost.",
        _WRONG_ALREADY,
        lambda W, b, x, y, p: _ratios(W, b, x, y, _dual(p)).abs().amin(1),
    ),
    WrongFormula(
        "uses-prediction",
        "Sample {i} is misclassified and gets {got}: the distance at which the present answer changes.",
        "Every distance is measured from the true class y: " + _WRONG_ALREADY[0].lower() + _WRONG_ALREADY[1:],
        lambda W, b, x, y, p: _nearest(_ratios(W, b, x, (x @ W.T + b).argmax(1), _dual(p))),
    ),
    WrongFormula(
        "squared-norm",
        "The largest distance comes out {ratio} times as long as it is.",
        _UNIT,
        _divided_by(lambda W, y, q: _norms(W, y, q).square()),
    ),
    WrongFormula(
        "gap-not-distance",
        "Sample {i} gets {got} at p = {p}, and the same at the other p: that is a gap between logits.",
        _UNIT,
        _divided_by(lambda W, y, q: torch.ones(1)),
    ),
    WrongFormula(
        "mean-norm",
        "The largest distance comes out {ratio} times as long as it is, more the more inputs there are.",
        "A norm is a sum over the inputs, not an average.",
        lambda W, b, x, y, p: distance(W, b, x, y, p) * W.shape[1] ** (1 / _dual(p)),
    ),
    WrongFormula(
        "norm-of-one-row",
        "Sample {i} gets {got} at p = {p}: its gap was divided by the norm of one row of W.",
        _BOUNDARY,
        _divided_by(lambda W, y, q: W.norm(q, dim=1)[None]),
    ),
    WrongFormula(
        "norm-of-one-row",
        "Sample {i} gets {got} at p = {p}: its gap was divided by the norm of one row of W.",
        _BOUNDARY,
        _divided_by(lambda W, y, q: W[y].norm(q, dim=1)[:, None]),
    ),
    WrongFormula(
        "difference-of-norms",
        "Sample {i} gets {got} at p = {p}: its gap was divided by the difference of two norms.",
        "Two rows of equal norm still differ: which comes first, the difference or the norm?",
        _divided_by(lambda W, y, q: _others((W.norm(q, dim=1)[None] - W[y].norm(q, dim=1)[:, None]).abs(), y, 1.0)),
    ),
    WrongFormula(
        "no-bias",
        "Sample {i} gets {got} at p = {p}, as if b were zero.",
        "Which of the arguments does your code not read?",
        lambda W, b, x, y, p: distance(W, 0 * b, x, y, p),
    ),
    WrongFormula(
        "farthest-class",
        "Sample {i} gets {got} at p = {p}: a boundary, but not the first one on the way.",
        _EVERY,
        lambda W, b, x, y, p: _others(_ratios(W, b, x, y, _dual(p)), y, -math.inf).amax(1).clamp(min=0),
    ),
    WrongFormula(
        "one-plane",
        "Sample {i} gets {got} at p = {p}: the distance to where one logit alone is zero.",
        _BOUNDARY,
        _to_one_plane,
    ),
    WrongFormula(
        "one-plane",
        "Sample {i} gets {got} at p = {p}: the distance to where one logit alone is zero.",
        _BOUNDARY,
        lambda W, b, x, y, p: _to_one_plane(W, b, x, y, p).where((x @ W.T + b).argmax(1) == y, 0.0),
    ),
    WrongFormula(
        "probabilities",
        "No distance is above {far}: the gaps are those of probabilities, whose gradient is not a row of W.",
        "Which function of the input is linear here, so that one step along its gradient is exact?",
        _of_probabilities,
    ),
    WrongFormula(
        "minus-sign",
        "Correctly classified samples get at most {far}, misclassified ones the only other numbers.",
        "The gap has to be positive while the answer is right: which logit is subtracted from which?",
        lambda W, b, x, y, p: (-_others(_ratios(W, b, x, y, _dual(p)), y, -math.inf)).amin(1),
    ),
    WrongFormula(
        "minus-sign",
        "Correctly classified samples get 0, misclassified ones {far}.",
        "The gap has to be positive while the answer is right: which logit is subtracted from which?",
        lambda W, b, x, y, p: -_ratios(W, b, x, y, _dual(p)).amin(1).clamp(max=0),
    ),
)
