"""The check for `nes_gradient(score, x, directions, sigma)`: a gradient estimated from pairs of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ..spec import Case, Formula, Sign, Spec, along, changes_from_call_to_call, like, scaled
from ..words import words
from .oracle import Oracle, afresh, spread

SIGMA = 0.3


def ask_along(score: Callable[[Tensor], Tensor], x: Tensor, steps: Tensor) -> Tensor:
    """The scores of every sample after each step: [n, B, ...] -> [n, B]."""
    return torch.stack([score(x + step) for step in steps])


def mean_along(numbers: Tensor, directions: Tensor) -> Tensor:
    """Every direction as often as its number says, on average: [n, B], [n, B, ...] -> [B, ...]."""
    return (spread(numbers, directions) * directions).mean(0)


def pairs(combine: Callable[[Tensor, Tensor, float], Tensor]) -> Formula:
    """The mean of the directions, each as often as combine(up, down, sigma) says, of the scores [n, B] of the pairs."""

    def answer(score: Oracle, x: Tensor, directions: Tensor, sigma: float) -> Tensor:
        up, down = (ask_along(score, x, sign * sigma * directions) for sign in (1, -1))
        return mean_along(combine(up, down, sigma), directions)

    return answer


right = pairs(lambda up, down, sigma: (up - down) / (2 * sigma))


def _times(factor: Callable[[Tensor, float], float]) -> Sign:
    """The right estimate, times factor(directions, sigma)."""
    return like(lambda score, x, u, sigma: factor(u, sigma) * right(score, x, u, sigma))


def _with(change: Callable[[Tensor], Tensor]) -> Formula:
    """Of other directions, throughout."""
    return lambda score, x, u, sigma: right(score, x, change(u).expand_as(u), sigma)


def _with_part(part: slice) -> Formula:
    """Of some of the directions alone."""
    return lambda score, x, u, sigma: right(score, x, u[part], sigma)


def _one_sided(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    return mean_along((ask_along(score, x, sigma * u) - score(x)) / sigma, u)


def _backward(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    return mean_along((score(x) - ask_along(score, x, -sigma * u)) / sigma, u)


def _one_sided_without_base(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    return mean_along(ask_along(score, x, sigma * u) / sigma, u)


def _clamped(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    up, down = (torch.stack([score((x + sign * sigma * d).clamp(0, 1)) for d in u]) for sign in (1, -1))
    return mean_along((up - down) / (2 * sigma), u)


def _unscaled_probes(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    return mean_along((ask_along(score, x, u) - ask_along(score, x, -u)) / (2 * sigma), u)


def _product_of_means(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    slopes = (ask_along(score, x, sigma * u) - ask_along(score, x, -sigma * u)) / (2 * sigma)
    return spread(slopes.mean(0), x) * u.mean(0)


def _no_direction(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    slopes = (ask_along(score, x, sigma * u) - ask_along(score, x, -sigma * u)) / (2 * sigma)
    return spread(slopes.mean(0), x).expand_as(x)


def _divided_by_the_direction(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    slopes = (ask_along(score, x, sigma * u) - ask_along(score, x, -sigma * u)) / (2 * sigma)
    return (spread(slopes, u) / u).mean(0)


def _along_unit_directions(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    slopes = (ask_along(score, x, sigma * u) - ask_along(score, x, -sigma * u)) / (2 * sigma)
    return mean_along(slopes, _units(u))


def _in_units_of_the_direction(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    slopes = (ask_along(score, x, sigma * u) - ask_along(score, x, -sigma * u)) / (2 * sigma)
    return mean_along(slopes / u.flatten(2).square().sum(2), u)


def _wandering(score: Oracle, x: Tensor, u: Tensor, sigma: float) -> Tensor:
    """Every pair lies around the point that the pair before ended in."""
    here = x - sigma * (u.cumsum(0) - u)
    up, down = (torch.stack([score(at + sign * sigma * d) for at, d in zip(here, u)]) for sign in (1, -1))
    return mean_along((up - down) / (2 * sigma), u)


def _units(u: Tensor) -> Tensor:
    return u / spread(u.flatten(2).norm(dim=2), u)


def _shared_difference(over: Callable[[Tensor], Tensor]) -> Formula:
    return pairs(lambda up, down, sigma: over((up - down) / (2 * sigma)).expand_as(up))


MISTAKES = {
    "minus-sign": _times(lambda u, sigma: -1),
    "divides-by-sigma": _times(lambda u, sigma: 2),
    "forgets-the-width": _times(lambda u, sigma: 2 * sigma),
    "forgets-sigma": _times(lambda u, sigma: sigma),
    "sigma-squared": _times(lambda u, sigma: 1 / sigma),
    "multiplies-by-sigma": _times(lambda u, sigma: sigma**2),
    "divides-by-the-queries": _times(lambda u, sigma: 0.5),
    "sum-over-the-directions": _times(lambda u, sigma: len(u)),
    "divides-by-the-batch": like(
        *(
            lambda score, x, u, sigma, by=by: right(score, x, u, sigma) * by(len(u), u.shape[1])
            for by in (lambda n, batch: n / batch, lambda n, batch: 1 / batch)
        )
    ),
    "times-the-pixels": like(
        lambda score, x, u, sigma: right(score, x, u, sigma) * x[0].numel(),
        lambda score, x, u, sigma: right(score, x, _units(u), sigma) * x[0].numel(),
    ),
    "one-sided": like(_one_sided, _backward),
    "one-sided-without-base": like(_one_sided_without_base, lambda *args: _one_sided_without_base(*args) / 2),
    "adds-the-pair": like(
        pairs(lambda up, down, sigma: (up + down) / (2 * sigma)), pairs(lambda up, down, sigma: (up + down) / 2)
    ),
    "probes-at-full-length": like(_unscaled_probes),
    "sign-of-the-difference": like(pairs(lambda up, down, sigma: (up - down).sign())),
    "size-of-the-difference": like(pairs(lambda up, down, sigma: (up - down).abs() / (2 * sigma))),
    "one-difference-for-all": like(
        _shared_difference(lambda d: d.mean(1, keepdim=True)),
        _shared_difference(lambda d: d.sum(1, keepdim=True)),
        _shared_difference(lambda d: d[:, :1]),
    ),
    "one-direction-for-all": like(_with(lambda u: u[:, :1]), _with(lambda u: u[:, -1:])),
    "first-direction-only": like(_with(lambda u: u[:1]), lambda *args: _with(lambda u: u[:1])(*args) / len(args[2])),
    "last-direction-only": like(_with(lambda u: u[-1:]), lambda *args: _with(lambda u: u[-1:])(*args) / len(args[2])),
    "one-direction-left-out": like(
        *(lambda *args, part=part: _with_part(part)(*args) for part in (slice(1, None), slice(None, -1))),
        *(
            lambda *args, part=part: _with_part(part)(*args) * (len(args[2]) - 1) / len(args[2])
            for part in (slice(1, None), slice(None, -1))
        ),
    ),
    "product-of-means": like(_product_of_means, lambda *args: _product_of_means(*args) * len(args[2])),
    "no-direction": like(_no_direction),
    "divides-by-the-direction": like(_divided_by_the_direction),
    "unit-directions": like(_with(_units), _along_unit_directions, _in_units_of_the_direction),
    "best-direction-only": like(
        pairs(lambda up, down, sigma: (up - down) * ((up - down).abs() == (up - down).abs().amax(0)) / (2 * sigma))
    ),
    "draws-its-own": changes_from_call_to_call,
    "keeps-in-the-box": like(_clamped),
    "steps-from-x": like(
        lambda score, x, u, sigma: x + right(score, x, u, sigma),
        lambda score, x, u, sigma: x + sigma * right(score, x, u, sigma),
    ),
    "wanders": like(_wandering),
    "cuts-the-estimate": like(*(lambda *args, low=low: right(*args).clamp(low, 1) for low in (0, -1))),
    "takes-the-sign": like(lambda *args: right(*args).sign()),
    "zero": like(lambda score, x, u, sigma: torch.zeros_like(x)),
    "wrong-scale": scaled(lambda *args: 3 * right(*args)),
    "normalised": along(lambda *args: _units(right(*args)[None])[0]),
}


def asked(
    n: int, *shape: int, sigma: float = SIGMA, seed: int = 0, dtype: torch.dtype = torch.float32, spare: int = 1
) -> tuple:
    """A curved score of its own for every sample, some pixels at the ends of [0, 1], and n directions for each.

    So many questions may be asked more than two for each direction.
    """
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(shape, generator=draw).mul(1.6).sub(0.3).clamp(0, 1).to(dtype)
    weights = torch.randn(shape, generator=draw).flatten(1).to(dtype)
    directions = torch.randn(n, *shape, generator=draw).to(dtype)
    return Oracle(x, 2 * n + spare, partial(_score, weights)), x, directions, sigma


def _score(weights: Tensor, z: Tensor) -> Tensor:
    along = (weights * z.flatten(1)).sum(1)
    return 1 + along + torch.sin(1.5 * along + torch.arange(len(z)).to(z.dtype))


def cases() -> Iterator[Case]:
    yield Case(asked(5, 3, 2, 4), "wrong-value", mistakes=MISTAKES)
    for where, args in {
        "a single direction": asked(1, 3, 2, 3, seed=1),
        "a single sample": asked(4, 1, 2, 3, seed=2),
        "as many directions as samples": asked(4, 4, 5, seed=3),
        "images [B, 3, 2, 2]": asked(3, 2, 3, 2, 2, seed=4),
        "sigma = 2": asked(5, 3, 2, 4, sigma=2.0, seed=5),
        "float64": asked(5, 3, 4, seed=6, dtype=torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where)
    yield Case(asked(5, 3, 2, 4, spare=0), "wrong-elsewhere", "the same once more")  # asks-too-often


def _numbers(answer: Tensor, score: Oracle, x: Tensor, directions: Tensor, sigma: float) -> dict:
    wanted = right(score.says, x, directions, sigma)
    return {
        "sigma": sigma,
        "directions": len(directions),
        "samples": len(x),
        "factor": (answer * wanted).flatten(1).sum(1) / (wanted * wanted).flatten(1).sum(1),
        "largest": wanted.abs().max(),
    }


check_nes_gradient = Spec(words(__file__, "oracle"), afresh(right), cases, _numbers)
