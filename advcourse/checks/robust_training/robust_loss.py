"""The check for `robust_loss(w, b, x, y, eps)`: the largest logistic loss in an l_inf ball, of a linear classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ..spec import Case, Formula, Sign, Spec, like
from ..words import words

EPS = 0.3


def right(w: Tensor, b: Tensor, x: Tensor, y: Tensor, eps: float) -> Tensor:
    return F.softplus(-_margin(w, b, x, y) + eps * w.double().abs().sum())


def _margin(w: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return y.double() * (x.double() @ w.double() + b.double())


def _falls_by(*drops: Callable[[Tensor, Tensor, Tensor], object]) -> Sign:
    """The attacker lowers the margin by eps times drop(w, b, y)."""

    def of(drop: Callable) -> Formula:
        return lambda w, b, x, y, eps: F.softplus(-_margin(w, b, x, y) + eps * drop(w, b, y))

    return like(*map(of, drops))


def _of_margin(*losses: Callable[[Tensor], Tensor]) -> Sign:
    """Another loss of what the attacker leaves of the margin."""

    def of(loss: Callable) -> Formula:
        return lambda w, b, x, y, eps: loss(_margin(w, b, x, y) - eps * w.abs().sum())

    return like(*map(of, losses))


def _in_the_box(w: Tensor, b: Tensor, x: Tensor, y: Tensor, eps: float) -> Tensor:
    return F.softplus(-_margin(w, b, (x - eps * y[:, None] * w.sign()).clamp(0, 1), y))


def _per_length(order: float) -> Formula:
    """The margin in units of a length of w, less eps."""
    return lambda w, b, x, y, eps: F.softplus(eps - _margin(w, b, x, y) / w.norm(order))


MISTAKES = {
    "same-norm": _falls_by(lambda w, b, y: w.abs().max()),
    "l2-norm": _falls_by(lambda w, b, y: w.norm()),
    "sum-without-sizes": _falls_by(lambda w, b, y: w.sum(), lambda w, b, y: w.sum().abs()),
    "mean-of-sizes": _falls_by(lambda w, b, y: w.abs().mean()),
    "squares": _falls_by(lambda w, b, y: (w**2).sum()),
    "counts-coordinates": _falls_by(lambda w, b, y: len(w)),
    "margin-less-eps": _falls_by(lambda w, b, y: 1),
    "ignores-eps": _falls_by(lambda w, b, y: 0),
    "helps-the-sample": _falls_by(lambda w, b, y: -w.abs().sum()),
    "same-way-for-all": _falls_by(lambda w, b, y: y * w.abs().sum(), lambda w, b, y: -y * w.abs().sum()),
    "forgets-the-bias": like(lambda w, b, x, y, eps: right(w, 0 * b, x, y, eps)),
    "bias-without-the-label": like(
        lambda w, b, x, y, eps: F.softplus(-_margin(w, 0 * b, x, y) - b + eps * w.abs().sum())
    ),
    "attacks-the-bias": _falls_by(lambda w, b, y: w.abs().sum() + b.abs()),
    "forgets-the-label": like(lambda w, b, x, y, eps: right(w, b, x, y.abs(), eps)),
    "labels-zero-and-one": like(
        lambda w, b, x, y, eps: right(w, b, x, 2 * y - 1, eps), lambda w, b, x, y, eps: right(w, b, x, (y + 1) / 2, eps)
    ),
    "predicted-labels": like(lambda w, b, x, y, eps: right(w, b, x, (x @ w + b).sign(), eps)),
    "norm-of-x": like(lambda w, b, x, y, eps: F.softplus(-_margin(w, b, x, y) + eps * x.abs().sum(1))),
    "eps-in-255": like(lambda w, b, x, y, eps: right(w, b, x, y, eps / 255)),
    "stays-in-the-box": like(_in_the_box),
    "no-minus": _of_margin(lambda m: F.softplus(m)),
    "minus-sign": _of_margin(lambda m: F.logsigmoid(m), lambda m: -F.softplus(m)),
    "stops-at-zero": _of_margin(lambda m: F.softplus(-m.relu()), lambda m: F.softplus((-m).relu())),
    "distances": like(_per_length(1), _per_length(2)),
    "no-logarithm": _of_margin(lambda m: 1 + (-m).exp(), lambda m: (-m).exp()),
    "hinge": _of_margin(lambda m: F.relu(1 - m)),
    "probability": _of_margin(lambda m: torch.sigmoid(-m), lambda m: torch.sigmoid(m)),
    "returns-the-margin": _of_margin(lambda m: m, lambda m: -m),
    "penalty-outside": like(lambda w, b, x, y, eps: right(w, b, x, y, 0) + eps * w.abs().sum()),
    "diameter": like(lambda w, b, x, y, eps: right(w, b, x, y, 2 * eps)),
    "one-for-all": like(
        lambda *args: right(*args).mean().expand(len(args[2])), lambda *args: right(*args).sum().expand(len(args[2]))
    ),
    "divides-by-the-batch": like(lambda *args: right(*args) / len(args[2])),
}


def cases() -> Iterator[Case]:
    w, b, x, y = inputs()
    yield Case((w, b, x, y, EPS), "wrong-value", mistakes=MISTAKES)
    yield Case(
        (100 * w, b, x, y, EPS), "wrong-elsewhere", "a w that is a hundred times as large", told={"nan": "overflows"}
    )
    yield Case((w, b, x, y, 0.0), "wrong-elsewhere", "eps = 0")
    yield Case((w, b, x, y, 1.7), "wrong-elsewhere", "eps = 1.7")
    yield Case((w, b, x[:1], y[:1], EPS), "wrong-elsewhere", "a single sample")
    yield Case((w, b, x[:4], y[:4], EPS), "wrong-elsewhere", "as many samples as coordinates")
    yield Case((0 * w, b, x, y, EPS), "wrong-elsewhere", "w = 0")
    yield Case((w.double(), b.double(), x.double(), y.double(), EPS), "wrong-elsewhere", "float64")


def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """w [4], b, x [6, 4] and labels of both signs; the norms of w all differ, and so do its sum and its length."""
    draw = torch.Generator().manual_seed(3)
    w = torch.tensor([1.3, -0.7, 0.4, -1.9])
    return w, torch.tensor(0.35), torch.randn(6, 4, generator=draw), torch.tensor([1.0, -1, 1, -1, -1, 1])


def _numbers(answer: Tensor, *args) -> dict:
    return {"smallest": answer.min(), "largest": answer.max()}


check_robust_loss = Spec(words(__file__), right, cases, _numbers)
