"""The check for `alarms(scores, known, rate)`: which scores exceed all but a share of those known to be normal."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Case, Spec, like, seen
from ..words import words

RATE = 0.05


def right(scores: Tensor, known: Tensor, rate: float) -> Tensor:
    return _by(known.quantile(1 - rate), scores)


def _by(threshold: Tensor | float, scores: Tensor) -> Tensor:
    return scores > threshold


MISTAKES = {
    "threshold-at-the-rate": like(
        lambda s, k, r: _by(k.quantile(r), s),
        *(lambda s, k, r, shift=shift: _by(k.sort().values[int(r * len(k)) + shift], s) for shift in (-1, 0)),
    ),
    "unsorted": like(
        lambda s, k, r: _by(k[int((1 - r) * len(k))], s),
        lambda s, k, r: _by(k[int((1 - r) * len(k)) - 1], s),
        lambda s, k, r: _by(k[int(r * len(k))], s),
    ),
    "alarms-on-the-usual": like(lambda s, k, r: ~right(s, k, r)),
    "alarms-on-the-rarely-low": like(lambda s, k, r: s < k.quantile(r)),
    "threshold-from-the-new": like(lambda s, k, r: _by(s.quantile(1 - r), s)),
    "threshold-from-both": like(lambda s, k, r: _by(torch.cat([s, k]).quantile(1 - r), s)),
    "threshold-at-the-largest": like(lambda s, k, r: _by(k.max(), s)),
    "threshold-at-the-mean": like(lambda s, k, r: _by(k.mean(), s)),
    "threshold-at-two-sigma": like(*(lambda s, k, r, n=n: _by(k.mean() + n * k.std(), s) for n in (2, 3))),
    "threshold-of-a-normal": like(
        lambda s, k, r: _by(k.mean() + k.std() * torch.special.ndtri(torch.tensor(1 - r)), s)
    ),
    "share-of-the-largest": like(
        lambda s, k, r: _by((1 - r) * k.max(), s), lambda s, k, r: _by(k.min() + (1 - r) * (k.max() - k.min()), s)
    ),
    "rate-in-per-cent": like(lambda s, k, r: _by(k.quantile(1 - r / 100), s)),
    "two-sided": like(lambda s, k, r: (s > k.quantile(1 - r / 2)) | (s < k.quantile(r / 2))),
    "half-the-rate": like(lambda s, k, r: _by(k.quantile(1 - r / 2), s)),
    "fixed-rate": like(lambda s, k, r: _by(k.median(), s)),
    "always": like(lambda s, k, r: torch.ones_like(s).bool()),
    "never": like(lambda s, k, r: torch.zeros_like(s).bool()),
    "other-threshold": seen(lambda a, s, k, r: s[a == 1].min() > s[a == 0].max()),
}


WHEN_LEVEL = {
    "alarms-when-level": like(
        lambda s, k, r: s >= k.quantile(1 - r), lambda s, k, r: s >= k.sort().values[int((1 - r) * len(k))]
    )
}
FROM_THE_END = {  # where that place is 0, it is the smallest
    "place-of-none": like(
        lambda s, k, r: _by(k.sort().values[-int(r * len(k))], s),
        lambda s, k, r: _by(k.sort(descending=True).values[int(r * len(k)) - 1], s),
    )
}
RATE_OF_BEFORE = {"ignores-rate": like(lambda s, k, r: right(s, k, RATE))}


def cases() -> Iterator[Case]:
    new, known = inputs()
    numbers = {"returns-scores": seen(lambda a, *args: ((a != 0) & (a != 1)).any())}
    yield Case((new, known, RATE), "wrong-value", mistakes=numbers | MISTAKES)
    yield Case((new, known, 0.2), "wrong-elsewhere", "a rate of 0.2", mistakes=RATE_OF_BEFORE)
    yield Case((new, known, 0.4), "wrong-elsewhere", "a rate of 0.4")
    yield Case((new[:1], known, RATE), "wrong-elsewhere", "a single score")
    yield Case((new - 1e3, known - 1e3, RATE), "wrong-elsewhere", "negative scores")
    yield Case((new.double(), known.double(), RATE), "wrong-elsewhere", "float64")
    yield Case((new[:7], known, RATE), "wrong-elsewhere", "fewer scores than known ones")
    yield Case((*levels(), RATE), "wrong-elsewhere", "scores that occur many times", mistakes=WHEN_LEVEL)
    yield Case((*few(), 0.01), "wrong-elsewhere", "20 known scores and a rate of 0.01", mistakes=FROM_THE_END)


def inputs() -> tuple[Tensor, Tensor]:
    """New scores, some of them far above all known ones, and 200 known ones, skewed as scores are."""
    draw = torch.Generator().manual_seed(4)
    known = (1.2 * torch.randn(200, generator=draw)).exp()
    order = known.sort().values
    scores = torch.logspace(-2, 2.3, 400)[torch.randperm(400, generator=draw)]
    scores[0] = order[-1] - 0.01 * (order[-1] - order[-2])
    for rate in (RATE, 0.2, 0.4):
        # Definitions of a quantile differ between neighbours in the order: no score lies there.
        place = int((1 - rate) * (len(known) - 1))
        low, high = order[place - 1], order[place + 2]
        scores = torch.where((scores >= low) & (scores <= high), high + 1e-3, scores)
    return scores, known


def levels() -> tuple[Tensor, Tensor]:
    """Scores of whole numbers: a quarter of the known ones share the highest."""
    return torch.arange(5.0), torch.tensor([0.0, 2.0, 1.0, 1.0]).repeat(50)


def few() -> tuple[Tensor, Tensor]:
    """20 known scores, in which a rate of one per cent is less than one. No new one lies between the highest two."""
    scores, known = inputs()
    low, high = known[:20].sort().values[-2:]
    return torch.where((scores >= low) & (scores <= high), high + 1e-3, scores)[:50], known[:20]


def _numbers(answer: Tensor, *args) -> dict:
    wanted = right(*args)
    counts = {"alarms": int(answer.sum()), "right": int(wanted.sum()), "wrong": int((answer != wanted).sum())}
    scores, known, _ = args
    counts["exceed"] = f"{100 * float((known > scores.where(answer == 0, -torch.inf).max()).double().mean()):.0f}"
    return counts | {"answers": answer}


check_alarms = Spec(words(__file__), right, cases, _numbers)
