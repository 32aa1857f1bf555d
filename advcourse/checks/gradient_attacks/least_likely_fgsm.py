"""The check for `least_likely_fgsm(model, x, eps)`: one step toward the class the model finds least likely."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..closed_forms import gradient, logits
from ..spec import Formula, Questions, Sign, Spec, right_alone, seen
from ..words import words
from .lived_in import leaves_alone
from .steps import Leads, SignedStep, signed
from .wrong_slopes import loss_slope

EPS = 0.1
SAY = words(__file__, "steps")


def _ranked(model: nn.Module, x: Tensor, rank: int) -> Tensor:
    """The class of every image that is so likely: 0 the likeliest, -1 the least likely."""
    return logits(model, x).argsort(1, descending=True)[:, rank]


def _toward(rank: int, way: int = 1) -> Formula:
    """A step toward the class of this rank, or away from it."""
    return lambda model, x, eps: signed(x, -way * loss_slope(model, x, _ranked(model, x, rank)), eps)


def _toward_class(k: int) -> Formula:
    return lambda model, x, eps: signed(x, -loss_slope(model, x, torch.full((len(x),), k)), eps)


def _toward_least_in_size(model: nn.Module, x: Tensor, eps: float) -> Tensor:
    return signed(x, -loss_slope(model, x, logits(model, x).abs().argmin(1)), eps)


def _steered(z: Tensor, model: nn.Module, x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Which classes each image moves toward, and which it moves away from: [B, K] bool, by the signs of its move."""
    signs = (z - x).sign()
    classes = range(logits(model, x).shape[1])
    falls = [-gradient(model, x, torch.full((len(x),), k)).sign() for k in classes]
    rows = [[(signs == way * fall).flatten(1).all(1) for fall in falls] for way in (1, -1)]
    return torch.stack(rows[0], 1), torch.stack(rows[1], 1)


def _steered_by_classes(z: Tensor, *args) -> bool:
    return any(bool(ways.any(1).all()) for ways in _steered(z, *args))


STEP = SignedStep(
    args=lambda batch, size: (batch.model, batch.x, size),
    labels=lambda model, x, eps: _ranked(model, x, -1),
    uphill=-1,
    size=lambda model, x, eps: eps,
    name="eps",
    take=lambda step, slope: lambda model, x, eps: step(x, -slope(model, x, _ranked(model, x, -1)), eps),
)


# Besides those of every signed step, in steps.py, the first ones and the last are about whose step it is.
MISTAKES: dict[str, Sign] = {
    "ascends": Leads(_toward(-1, way=-1)),
    "untargeted": Leads(_toward(0, way=-1)),
    "most-likely-target": Leads(_toward(0)),
    "second-target": Leads(_toward(1), _toward(-2)),
    "one-target": Leads(*map(_toward_class, range(5))),
    "nearest-to-zero": Leads(_toward_least_in_size),
    **STEP.mistakes("minus-sign", "predicted-label", "couples-samples", "skips-images", "skips-pixels"),
    "wrong-target": seen(_steered_by_classes),
    "couples-samples": right_alone,
}


def _numbers(z: Tensor, *args) -> dict:
    model, x, _ = args
    least = _ranked(model, x, -1)[:, None]
    before, after = (logits(model, v).softmax(1).gather(1, least).mean() for v in (x, z))
    toward, away = _steered(z, *args)
    names = [str(ways.int().argmax(1).tolist()) for ways in (toward, away) if ways.any(1).all()]
    return STEP.numbers(z, *args) | {
        "batch": len(x),
        "p_before": before,
        "p_after": after,
        "classes": "".join(names[:1]),
    }


check_least_likely_fgsm = Questions(
    SAY,
    (
        Spec(SAY, STEP.right, lambda: STEP.cases(EPS, MISTAKES), _numbers, tolerance=1e-5),
        leaves_alone(lambda batch: STEP.args(batch, EPS)),
    ),
)
