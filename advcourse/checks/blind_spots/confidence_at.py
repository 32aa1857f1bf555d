"""The check for `confidence_at(distance, w)`: how sure a linear classifier is at a distance from its boundary."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..interview import Interview
from ..spec import Case, Questions, Spec, like, seen
from ..verdict import apart
from ..words import words

SAY = words(__file__)


def confidence(distance: Tensor, w: Tensor) -> Tensor:
    return torch.sigmoid(distance.double() * w.double().norm()).to(distance.dtype)


def _length(answer: Tensor, distance: Tensor) -> Tensor:
    """The length of weights with which the first answer is right."""
    return (answer.clamp(1e-6, 1 - 1e-6).logit() / distance)[0]


MISTAKES = {
    "forgets-weights": like(lambda d, w: torch.sigmoid(d)),
    "squared-norm": like(lambda d, w: torch.sigmoid(d * w.norm() ** 2)),
    "divides-by-norm": like(lambda d, w: torch.sigmoid(d / w.norm())),
    "l1-norm": like(lambda d, w: torch.sigmoid(d * w.abs().sum())),
    "max-norm": like(lambda d, w: torch.sigmoid(d * w.abs().max())),
    "sum-of-weights": like(lambda d, w: torch.sigmoid(d * w.sum())),
    "the-other-class": like(lambda d, w: torch.sigmoid(-d * w.norm())),
    "score": like(lambda d, w: d * w.norm()),
    "from-zero": like(
        lambda d, w: torch.tanh(d * w.norm() / 2),
        lambda d, w: torch.tanh(d * w.norm()),
        lambda d, w: 1 - torch.exp(-d * w.norm()),
    ),
    "log-probability": like(lambda d, w: torch.nn.functional.logsigmoid(d * w.norm())),
    "softmax-of-the-batch": like(lambda d, w: (d * w.norm()).softmax(0)),
    "doubled": like(lambda d, w: torch.sigmoid(2 * d * w.norm())),
    "zero": like(lambda d, w: torch.full_like(d, 0.5)),
    "below-one-half": seen(lambda a, d, w: a.min() < 0.5),
    "other-length": seen(lambda a, d, w: a.max() < 1 and torch.allclose(a.logit() / d, _length(a, d), rtol=1e-3)),
}


def _written_out(distance: Tensor, w: Tensor) -> Tensor:
    big = (distance * w.norm()).exp()
    return big / (1 + big)


FAR = torch.tensor([0.0, 3.0, 5.0, 40.0, 1e3, 1e6])
FAR_AWAY = {
    "capped": seen(lambda a, d, w: (a[d > 30] == a.max()).all() and a.max() < 1),
    "overflow-replaced": like(*(lambda d, w, by=by: _written_out(d, w).nan_to_num(by) for by in (0.0, 0.5))),
}


def cases() -> Iterator[Case]:
    distance, w = points(9, 3)
    yield Case((distance, w), "wrong-value", mistakes=MISTAKES)
    yield Case(
        (FAR, w), "wrong-elsewhere", "distances from 3 to a million", mistakes=FAR_AWAY, told={"nan": "overflows"}
    )
    yield Case(points(1, 2), "wrong-elsewhere", "a single distance")
    yield Case(points(6, 40), "wrong-elsewhere", "weights of 40 numbers")
    yield Case(tuple(a.double() for a in points(5, 3)), "wrong-elsewhere", "float64")


def points(n: int, d: int) -> tuple[Tensor, Tensor]:
    """Distances, the first 0.4, and weights of which no norm is another's or 1."""
    draw = torch.Generator().manual_seed(n)
    distance = 1.5 * torch.rand(n, generator=draw)
    distance[0] = 0.4
    w = torch.randn(d, generator=draw)
    return distance, 2.2 * w / w.norm()


def _numbers(answer: Tensor, distance: Tensor, w: Tensor) -> dict:
    return {"got": answer[0], "right": confidence(distance, w)[0], "length": _length(answer, distance)}


def is_one_far_away(ask: Interview) -> None:
    """To all digits of float32: a score that is kept from growing shows in the last of them."""
    most = ask(FAR, points(9, 3)[1])[-3:].min()
    if most != 1:
        SAY.fail("capped", where="distances from 40 to a million", found=apart(most, 1)[0])


check_confidence_at = Questions(SAY, (Spec(SAY, confidence, cases, _numbers), is_one_far_away))
