"""The check for `average_iterate(functions, w, step_size, steps)`: subgradient steps, and the mean of all iterates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce

import torch
from torch import Tensor

from ..spec import Case, Formula, Sign, Spec, like
from ..words import words
from .bowls import Bowl, bowls, largest, sunken
from .subgradient import STARTS_AT_ZERO, WRONG, WRONG_BELOW, active, at

WALKS = (((2.0, 1.0), 0.1, 7), ((-1.5, 0.7), 0.3, 5), ((0.2, -1.9), 0.15, 9))

Slope = Callable[[list[Bowl], Tensor, int, Tensor], Tensor]  # functions, where one stands, t, the start


def walk(
    functions: list[Bowl], w: Tensor, size: float, steps: int, slope: Slope = lambda f, z, *_: active(f, z)
) -> Tensor:
    """All iterates, [steps + 1, n]."""
    path = [w]
    for t in range(steps):
        path.append(path[-1] - size * slope(functions, path[-1], t, w))
    return torch.stack(path)


def mean_of_all(functions: list[Bowl], w: Tensor, size: float, steps: int) -> Tensor:
    return walk(functions, w, size, steps).mean(0)


def _of(make: Callable[[Tensor, int], Tensor]) -> Formula:
    """Something else that is made of all iterates and the number of steps."""
    return lambda f, w, a, steps: make(walk(f, w, a, steps), steps)


def _along(slope: Slope) -> Formula:
    """The mean of a walk along other slopes."""
    return lambda *args: walk(*args, slope).mean(0)


def _follows(wrong: tuple[Formula, ...]) -> Sign:
    """The mean of a walk along what exercise 2 calls wrong."""
    return like(*(_along(lambda f, z, t, start, g=g: g(f, z)) for g in wrong))


def _values(functions: list[Bowl], path: Tensor) -> Tensor:
    return torch.stack([largest(functions, z)(z) for z in path])


def _stops_when_it_rises(functions: list[Bowl], w: Tensor, size: float, steps: int) -> Tensor:
    path = walk(functions, w, size, steps)
    rises = _values(functions, path).diff() >= 0
    return path[: int(rises.double().argmax()) + 1 if rises.any() else None].mean(0)


def _fed_back(functions: list[Bowl], w: Tensor, size: float, steps: int) -> Tensor:
    total, mean = w, w
    for t in range(1, steps + 1):
        total = total + mean - size * active(functions, mean)
        mean = total / (t + 1)
    return mean


def _slope_at_the_mean(functions: list[Bowl], w: Tensor, size: float, steps: int) -> Tensor:
    path = [w]
    for _ in range(steps):
        path.append(path[-1] - size * active(functions, torch.stack(path).mean(0)))
    return torch.stack(path).mean(0)


def _from_the_start(functions: list[Bowl], w: Tensor, size: float, steps: int) -> Tensor:
    path = [w]
    for _ in range(steps):
        path.append(w - size * active(functions, path[-1]))
    return torch.stack(path).mean(0)


MISTAKES = {
    "last-iterate": like(_of(lambda path, steps: path[-1])),
    "best-iterate": like(lambda f, *args: walk(f, *args)[_values(f, walk(f, *args)).argmin()]),
    "leaves-out-the-start": like(_of(lambda path, steps: path[1:].mean(0))),
    "leaves-out-the-end": like(_of(lambda path, steps: path[:-1].mean(0))),
    "divides-by-steps": like(_of(lambda path, steps: path.sum(0) / steps)),
    "sum": like(_of(lambda path, steps: path.sum(0))),
    "ends-only": like(_of(lambda path, steps: (path[0] + path[-1]) / 2)),
    "halves-every-time": like(_of(lambda path, steps: reduce(lambda mean, z: (mean + z) / 2, path))),
    "first-two": like(_of(lambda path, steps: path[:2].mean(0))),
    "later-half": like(_of(lambda path, steps: path[len(path) // 2 :].mean(0))),
    "median": like(_of(lambda path, steps: path.median(0).values), _of(lambda path, steps: path.quantile(0.5, dim=0))),
    "uphill": _follows(WRONG["minus-sign"]),
    "gradient-of-the-start": like(_along(lambda f, z, t, start: active(f, start))),
    "function-of-the-start": like(_along(lambda f, z, t, start: largest(f, start).gradient(z))),
    "first-function": _follows(WRONG["of-the-first"]),
    "leaves-one-out": _follows(WRONG["leaves-one-out"]),
    "mean-of-all-functions": _follows(WRONG["mean-of-all"]),
    "sum-of-all-functions": _follows(WRONG["sum-of-all"]),
    "smallest-function": _follows(WRONG["of-the-smallest"]),
    "normalised": _follows(WRONG["normalised"]),
    "diminishing": like(
        *(_along(lambda f, z, t, start, power=power: active(f, z) / (t + 1) ** power) for power in (1, 0.5))
    ),
    "ignores-step-size": like(lambda f, w, a, steps: mean_of_all(f, w, 1, steps)),
    "signs": _follows(WRONG["signs"]),
    "goes-on-from-the-mean": like(_fed_back),
    "slope-at-the-mean": like(_slope_at_the_mean),
    "steps-from-the-start": like(_from_the_start),
    "stops-early": like(_stops_when_it_rises),
    "one-step-more": like(lambda f, w, a, steps: mean_of_all(f, w, a, steps + 1)),
    "stands-still": like(lambda f, w, a, steps: w),
}
BELOW = {name: _follows(wrong) for name, wrong in WRONG_BELOW.items()}


def cases() -> Iterator[Case]:
    first, *others = ((bowls(), torch.tensor(start), size, steps) for start, size, steps in WALKS)
    yield Case(first, "wrong-value", mistakes=MISTAKES, also=(*others,))
    where = "functions below zero"
    yield Case((sunken(), *others[0][1:]), "wrong-elsewhere", where, mistakes=BELOW, told=STARTS_AT_ZERO)
    w = first[1]
    yield Case((bowls(), w, 0.1, 0), "no-steps", told={"nan": "no-steps"})
    alone = [Bowl((1.0, 0.0, 2.0), 1.0, 0.0)]
    yield Case((alone, torch.tensor([3.0, 3.0, 3.0]), 1.5, 12), "wrong-elsewhere", "one function of three variables")
    yield Case((bowls(), w.double(), 0.2, 4), "wrong-elsewhere", "float64")


def _numbers(answer: Tensor, functions: list[Bowl], w: Tensor, size: float, steps: int) -> dict:
    return {"at": at(w), "size": size, "steps": steps, "points": steps + 1}


check_average_iterate = Spec(words(__file__, "maximum"), mean_of_all, cases, _numbers)
