"""The check for `fewest_steps(eps, step_size)`: the smallest n with n * step_size >= eps."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from ..spec import Asked, Case, Spec, like
from ..words import words

# The first three do not come out even; in the fifth eps / step_size is 7.000000000000001 in floating point. Of the last
# two steps that are multiplied, in one of them also those that are added up, fall short of eps by a hair.
EVEN = ((0.2, 0.05), (0.28, 0.04), (0.25, 1.0), (8 / 255, 2 / 255), (0.3, 0.1), (0.33, 0.03), (33 / 255, 3 / 255))
WALKS = ((0.1, 0.03), (0.2, 0.03), (0.3, 0.07), *EVEN)
SLACK = 1e-9


def needed(eps: float, step_size: float) -> int:
    return math.ceil(eps / step_size - SLACK)


def _in_float32(eps: float, step_size: float) -> float:
    return float(torch.tensor(eps) / torch.tensor(step_size))


def _rounding_error(asked: Asked) -> bool:
    """One too many, and only where the steps come out even."""
    walks = zip(asked.answers, asked.right, asked.args)
    off = [(found, right, walk) for found, right, walk in walks if found != right]
    return all(found == right + 1 and math.isclose(right * step, eps) for found, right, (eps, step) in off)


MISTAKES = {
    "rounded-down": like(
        lambda eps, step: math.floor(eps / step + SLACK),
        lambda eps, step: int(eps / step),
        lambda eps, step: eps // step,
    ),
    "rounded-to-nearest": like(lambda eps, step: round(eps / step)),
    "strictly-more": like(lambda eps, step: math.floor(eps / step + SLACK) + 1, lambda eps, step: int(eps / step) + 1),
    "one-step-more": like(lambda eps, step: needed(eps, step) + 1),
    "not-whole": like(lambda eps, step: eps / step),
    "upside-down": like(lambda eps, step: math.ceil(step / eps - SLACK), lambda eps, step: step / eps),
    "whole-diameter": like(lambda eps, step: math.ceil(2 * eps / step - SLACK)),
    "product": like(lambda eps, step: math.ceil(eps * step - SLACK)),
    "in-float32": like(lambda eps, step: math.ceil(_in_float32(eps, step))),
    "rounding-error": _rounding_error,
}


def cases() -> Iterator[Case]:
    yield Case(WALKS[0], "wrong-value", also=WALKS[1:], mistakes=MISTAKES)
    yield Case((0.2001, 0.05), "wide-slack")
    yield Case((2.5e-9, 1e-9), "hair-in-eps")
    yield Case((0.05 * (4 + 1.5e-8), 0.05), "wide-slack")
    yield Case((0.05 * (4 + 3e-10), 0.05), "rounding-error")
    yield Case((0.0, 0.05), "no-zero", told={"raises": "no-zero", "nan": "no-zero"})


def _numbers(answer: float, eps: float, step_size: float) -> dict:
    quotients = {"quotient": repr(eps / step_size), "single": f"{_in_float32(eps, step_size or 1):.9g}"}
    return {"got": answer, "eps": f"{eps:g}", "step": f"{step_size:g}", **quotients}


check_fewest_steps = Spec(words(__file__), needed, cases, _numbers)
