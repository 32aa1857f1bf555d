"""What a model answers to a set of samples, and how many of the answers are right, with their interval."""

import math

import torch
from torch import Tensor

from advcourse.answers import check_classes, check_labels, check_logits, check_no_nan, check_numbers
from advcourse.asking import Model, answer, evaluating
from advcourse.device import precise


def logits(model: Model, x: Tensor, *, batch: int = 500) -> Tensor:
    """The model's answers in evaluation mode, without a graph, batch by batch: [N, ...] -> [N, K]."""
    with evaluating(model), torch.no_grad():
        return torch.cat([answer(model, part) for part in x.split(batch)])


def correct(model: Model, x: Tensor, y: Tensor) -> Tensor:
    """Which samples the model gives their class y [N] as its first answer: [N] bool.

    Raises ValueError for answers that are no logits or not numbers, and for labels that are none of its classes.
    """
    check_labels(y, len(x))
    out = logits(model, x)
    check_classes(out, y)
    check_no_nan(out)
    return out.argmax(1) == y


def probabilities(model: Model, x: Tensor) -> Tensor:
    """p(y | x) of every class: [N, ...] -> [N, K], each row a distribution."""
    out = logits(model, x)
    check_logits(out)
    return out.softmax(1)


def accuracy(model: Model, x: Tensor, y: Tensor) -> float:
    """Share of samples whose class y [N] is the model's first answer."""
    return precise(correct(model, x, y)).mean().item()


def absolute_error(model: Model, x: Tensor, y: Tensor) -> float:
    """Mean distance of the answers, one number a sample, from the right ones y [N], in the unit of y."""
    out = logits(model, x)
    check_numbers(out, y)
    check_no_nan(out)
    return precise((out - y).abs()).mean().item()


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Interval for a share, hits of n, that stays inside [0, 1] and is honest at 0 and n. Wilson, 1927."""
    if n == 0:
        return 0.0, 1.0
    share, shrink = hits / n, 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)
