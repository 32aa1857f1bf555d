"""The check for `best_of(climb, loss, starts)`: climb from every start, keep the best end of each sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from ..spec import Asked, Case, Spec, like, same
from ..words import words

Rowwise = Callable[[Tensor], Tensor]  # every sample by itself


def _ends(climb: Rowwise, starts: Tensor) -> Tensor:
    return torch.stack([climb(start) for start in starts])


def _losses(loss: Rowwise, z: Tensor) -> Tensor:
    return torch.stack([loss(end) for end in z])


def _take(z: Tensor, which: Tensor) -> Tensor:
    return z[which, torch.arange(z.shape[1])].double()


def best_end(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts)
    return _take(ends, _losses(loss, ends).argmax(0))


def _lowest(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts)
    return _take(ends, _losses(loss, ends).argmin(0))


def _by_start(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    return _take(_ends(climb, starts), _losses(loss, starts).argmax(0))


def _best_start(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    return _take(starts, _losses(loss, starts).argmax(0))


def _start_of_the_best(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    return _take(starts, _losses(loss, _ends(climb, starts)).argmax(0))


def _best_restart(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts)
    return ends[_losses(loss, ends).mean(1).argmax()].double()


def _restart_of_the_highest(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts)
    return ends[_losses(loss, ends).amax(1).argmax()].double()


def _one_image(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts).flatten(0, 1)
    return ends[loss(ends).argmax()].expand(starts.shape[1:]).double()


def _climbs_on(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    """Every climb but the first begins where the one before ended."""
    ends = [climb(starts[0])]
    for _ in starts[1:]:
        ends.append(climb(ends[-1]))
    return torch.stack(ends)


def _against_the_first(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    """The last end that beats the first one."""
    ends = _ends(climb, starts)
    higher = _losses(loss, ends) > loss(ends[0])
    return _take(ends, (higher * torch.arange(len(starts))[:, None]).argmax(0))


def _largest_in_size(climb: Rowwise, loss: Rowwise, starts: Tensor) -> Tensor:
    return best_end(climb, lambda z: loss(z).abs(), starts)


def _right_alone(asked: Asked) -> bool:
    """One sample at a time, where "per batch" and "per sample" are one thing."""
    climb, loss, starts = asked.args[0]
    alone = torch.stack([asked.ask(climb, loss, starts[:, i : i + 1])[0] for i in range(starts.shape[1])])
    return same(alone, asked.right[0])


MISTAKES = {
    "last-restart": like(lambda climb, loss, starts: climb(starts[-1]).double()),
    "first-restart": like(lambda climb, loss, starts: climb(starts[0]).double()),
    "one-restart-for-all": like(_best_restart, _restart_of_the_highest),
    "one-image": like(_one_image),
    "lowest-loss": like(_lowest),
    "chosen-before-the-climb": like(_by_start),
    "not-climbed": like(_best_start),
    "start-of-the-best": like(_start_of_the_best),
    "mean-of-the-ends": like(lambda climb, loss, starts: _ends(climb, starts).double().mean(0)),
    "pixelwise": like(lambda climb, loss, starts: _ends(climb, starts).double().amax(0)),
    "stops-early": like(*(lambda climb, loss, starts, n=n: best_end(climb, loss, starts[:n]) for n in (2, 3))),
    "last-left-out": like(lambda climb, loss, starts: best_end(climb, loss, starts[:-1])),
    "first-left-out": like(lambda climb, loss, starts: best_end(climb, loss, starts[1:])),
    "against-the-first": like(_against_the_first),
    "climbs-on": like(
        lambda climb, loss, starts: _climbs_on(climb, loss, starts)[-1].double(),
        lambda climb, loss, starts: _take(z := _climbs_on(climb, loss, starts), _losses(loss, z).argmax(0)),
    ),
    "couples-samples": _right_alone,
}


BELOW_ZERO = {"largest-size": like(_largest_in_size)}


def cases() -> Iterator[Case]:
    # Of the second starts the last ends lower than the one before, for both samples.
    yield Case(
        (climb, loss, points(5, 7, 2, 3)), "wrong-value", also=((climb, loss, points(6, 2, 2, 2)),), mistakes=MISTAKES
    )
    yield Case((climb, lambda z: 1000 * (loss(z) - 9), points(5, 7, 2, 3)), "starts-from-zero", mistakes=BELOW_ZERO)
    yield Case((climb, lambda z: 1e-6 * loss(z), points(5, 7, 2, 3)), "wrong-elsewhere", "losses of size 1e-6")
    yield Case((climb, loss, points(1, 4, 2)), "wrong-elsewhere", "a single start")
    yield Case((climb, loss, points(6, 1, 3, 3)), "wrong-elsewhere", "a single sample")
    yield Case((climb, loss, points(3, 5, 2)), "wrong-elsewhere", "points [B, 2]")


def points(*shape: int) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(sum(shape)))


def climb(z: Tensor) -> Tensor:
    """Some way uphill; which start ends highest cannot be told from the starts."""
    return 0.5 + 0.4 * torch.sin(9 * z)


def loss(z: Tensor) -> Tensor:
    """[N, ...] -> [N], positive like a cross entropy."""
    weight = torch.linspace(1, 2, z[0].numel(), dtype=z.dtype)
    return (z.flatten(1) @ weight - 0.3).abs() + 0.1


def _numbers(answer: Tensor, *args: Any) -> dict:
    off = (answer - best_end(*args)).abs().flatten(1).amax(1) > 1e-3
    return {"off": int(off.sum()), "samples": len(answer)}


check_best_of = Spec(words(__file__), best_end, cases, _numbers)
