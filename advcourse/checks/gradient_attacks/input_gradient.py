"""The check for `input_gradient(model, x, y)`: the gradient of the summed cross-entropy w.r.t. the image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..closed_forms import ELSEWHERE, gradient, image_planes, loss, saturated_planes
from ..interview import Interview
from ..spec import Case, Formula, Questions, Spec, like, right_alone, same, scaled, seen
from ..words import words
from .lived_in import leaves_alone
from .wrong_slopes import WRONG_SLOPES, Slope, loss_slope, of

SAY = words(__file__)


def _over(order: float, *dims: int) -> Formula:
    """Divided by its own size, per sample or over the whole batch."""

    def slope(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        g = loss_slope(model, x, y)
        return g / torch.linalg.vector_norm(g, order, dims or tuple(range(1, g.ndim)), keepdim=True)

    return slope


def _weighted(weight) -> Slope:
    """The gradient of every sample times a weight."""
    return lambda m, x, y: loss_slope(m, x, y) * weight(m, x, y).to(x.dtype).view(-1, *[1] * (x.ndim - 1))


def _factors(answer: Tensor, model: nn.Module, x: Tensor, y: Tensor) -> Tensor | None:
    """What the gradient of every sample is multiplied by, if it is."""
    a, g = answer.flatten(1), gradient(model, x, y).flatten(1)
    factor = (a * g).sum(1) / (g * g).sum(1)
    return factor if (a - factor[:, None] * g).abs().max() <= 1e-4 * a.abs().max() else None


def _downhill(answer: Tensor, *args) -> bool:
    factor = _factors(answer, *args)
    return factor is not None and bool((factor < 0).all())


def _one_sample_only(answer: Tensor, *args) -> bool:
    factor = _factors(answer, *args)
    return factor is not None and int((factor != 0).sum()) == 1 < len(answer)


def _some_samples_only(answer: Tensor, *args) -> bool:
    factor = _factors(answer, *args)
    return factor is not None and bool((factor == 0).any() and (factor[factor != 0] - 1).abs().max() <= 1e-4)


def _imprecise(answer: Tensor, *args) -> bool:
    right = gradient(*args)
    return bool((answer - right).abs().max() <= 0.02 * right.abs().max())


def _cut_off(answer: Tensor, *args) -> bool:
    """Large entries are all of one size, the others right."""
    most = float(answer.abs().max())
    return same(answer, gradient(*args).clamp(-most, most))


_PROBABILITY = of(lambda logits, y: logits.softmax(1).gather(1, y[:, None]))

MISTAKES = {
    "zero-gradient": like(lambda m, x, y: torch.zeros_like(x)),
    "sign-taken": seen(lambda a, m, x, y: ((a == 0) | (a.abs() == 1)).all()),
    "probability-gradient": like(_PROBABILITY, lambda m, x, y: -_PROBABILITY(m, x, y)),
    "mean-loss": like(lambda m, x, y: loss_slope(m, x, y) / len(x)),
    "minus-sign": seen(_downhill),
    "one-sample-only": seen(_one_sample_only),
    "some-samples-only": seen(_some_samples_only),
    "absolute-value": like(lambda m, x, y: loss_slope(m, x, y).abs()),
    "times-input": like(lambda m, x, y: loss_slope(m, x, y) * x),
    "loss-weighted": like(_weighted(loss)),
    "normalised": like(*(_over(p) for p in (2, 1, torch.inf)), *(_over(p, 0, 1, 2, 3) for p in (2, 1, torch.inf))),
    "wrong-scale": seen(lambda *asked: _factors(*asked) is not None),
    **{diagnosis: scaled(*slopes) for diagnosis, slopes in WRONG_SLOPES.items()},
    "smoothed-labels": scaled(
        *(of(partial(F.cross_entropy, reduction="sum", label_smoothing=by)) for by in (0.1, 0.2))
    ),
    "steps-from-x": like(lambda m, x, y: x + loss_slope(m, x, y), lambda m, x, y: x - loss_slope(m, x, y)),
    "imprecise": seen(_imprecise),
    "cut-off": seen(_cut_off),
    "couples-samples": right_alone,
}


def cases() -> Iterator[Case]:
    yield Case((*image_planes(),), "wrong-value", mistakes=MISTAKES)
    for where, batch in ELSEWHERE.items():
        yield Case((*batch(),), "wrong-elsewhere", where)
    yield Case((*saturated_planes(),), "unstable-loss", told={"nan": "unstable-loss"})


def _numbers(answer: Tensor, model: nn.Module, x: Tensor, y: Tensor) -> dict:
    right, factor = gradient(model, x, y), _factors(answer, model, x, y)
    return {
        "sizes": right.abs(),
        "largest": right.abs().max(),
        "batch": len(x),
        "without": int((answer == 0).flatten(1).all(1).sum()),
        "factor": answer.new_zeros(1) if factor is None else factor,
        "percent": 100 * (answer - right).abs().max() / right.abs().max(),
    }


def does_not_accumulate(ask: Interview) -> None:
    """The very same objects, asked twice."""
    first, second = ask.twice(*image_planes())
    if same(second, 2 * first):
        SAY.fail("accumulates")


check_input_gradient = Questions(SAY, (Spec(SAY, gradient, cases, _numbers), does_not_accumulate, leaves_alone(tuple)))
