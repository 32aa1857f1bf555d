"""The check for `alarms(scores, known, rate)`: which scores exceed all but a share of those known to be normal."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse
from ..verdict import fail

RATE = 0.05


def check_alarms(ask: Interview) -> str:
    new, known = inputs()
    _compare(ask(new, known, RATE), new, known)
    for scores, usual, rate, where in (
        (new, known, 0.2, "a rate of 0.2"),
        (new, known, 0.4, "a rate of 0.4"),
        (new[:1], known, RATE, "a single score"),
        (new - 1e3, known - 1e3, RATE, "negative scores"),
        (new.double(), known.double(), RATE, "float64"),
        (new[:7], known, RATE, "fewer scores than known ones"),
    ):
        wrong = int((ask(scores, usual, rate) != right(scores, usual, rate)).sum())
        if wrong:
            fail("wrong-elsewhere", f"{wrong} of {len(scores)} wrong for {where}.", "What is special about that case?")
    return "It alarms where a score exceeds all but that share of the known ones, whatever else is scored along."


def right(scores: Tensor, known: Tensor, rate: float) -> Tensor:
    return (scores > known.quantile(1 - rate)).double()


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


def _by(threshold: Tensor | float, scores: Tensor) -> Tensor:
    return (scores > threshold).double()


_SHARE = "Which share of the known scores should lie above the threshold?"
_QUIET = "It alarms for {n} of {total} new scores, {right} is right."

WRONG_ALARMS = (
    WrongFormula(
        "threshold-at-the-rate",
        "It alarms for {n} of {total} new scores, and for 95 % of the known ones.",
        _SHARE,
        lambda s, k, r: _by(k.quantile(r), s),
    ),
    WrongFormula(
        "alarms-on-the-usual",
        "It alarms for {n} of {total} new scores, the lowest of them.",
        "Unusual inputs score high: which side of the threshold are they on?",
        lambda s, k, r: 1 - right(s, k, r),
    ),
    WrongFormula(
        "alarms-on-the-rarely-low",
        "It alarms for {n} of {total} new scores, the lowest of them.",
        "Unusual inputs score high: which side of the threshold are they on?",
        lambda s, k, r: (s < k.quantile(r)).double(),
    ),
    WrongFormula(
        "threshold-from-the-new",
        "It alarms for {n} of {total} new scores, the rate's share of them whatever they are.",
        "If half of the new inputs are unusual, half of them deserve an alarm: which scores set the threshold?",
        lambda s, k, r: _by(s.quantile(1 - r), s),
    ),
    WrongFormula(
        "threshold-from-both",
        _QUIET,
        "What may be unusual must not help to say what is usual: which scores set the threshold?",
        lambda s, k, r: _by(torch.cat([s, k]).quantile(1 - r), s),
    ),
    WrongFormula(
        "threshold-at-the-largest",
        "It alarms for {n} of {total} new scores, and would for none of the known ones.",
        _SHARE,
        lambda s, k, r: _by(k.max(), s),
    ),
    WrongFormula(
        "threshold-at-the-mean",
        _QUIET,
        "The mean says nothing about a share.",
        lambda s, k, r: _by(k.mean(), s),
    ),
    WrongFormula(
        "threshold-at-two-sigma",
        _QUIET,
        "Mean plus two standard deviations is a quantile for a normal distribution only, and for one rate only.",
        lambda s, k, r: _by(k.mean() + 2 * k.std(), s),
    ),
    WrongFormula(
        "threshold-at-two-sigma",
        _QUIET,
        "Mean plus three standard deviations is a quantile for a normal distribution only, and for one rate only.",
        lambda s, k, r: _by(k.mean() + 3 * k.std(), s),
    ),
    WrongFormula(
        "share-of-the-largest",
        _QUIET,
        "The rate is a share of the known inputs, not of their largest score.",
        lambda s, k, r: _by((1 - r) * k.max(), s),
    ),
    WrongFormula(
        "rate-in-per-cent",
        _QUIET,
        "The rate is a share, 0.05, and not in per cent: where does your code divide by 100?",
        lambda s, k, r: _by(k.quantile(1 - r / 100), s),
    ),
    WrongFormula(
        "two-sided",
        _QUIET,
        "A score cannot be too usual: how many thresholds are there?",
        lambda s, k, r: ((s > k.quantile(1 - r / 2)) | (s < k.quantile(r / 2))).double(),
    ),
    WrongFormula(
        "half-the-rate",
        _QUIET,
        "The whole rate belongs to one side: what halves it?",
        lambda s, k, r: _by(k.quantile(1 - r / 2), s),
    ),
    WrongFormula(
        "fixed-rate",
        _QUIET,
        "The median ignores the rate.",
        lambda s, k, r: _by(k.median(), s),
    ),
    WrongFormula(
        "always",
        "It alarms for all {total} new scores.",
        _SHARE,
        lambda s, k, r: torch.ones_like(s).double(),
    ),
    WrongFormula(
        "never",
        "It alarms for none of {total} new scores.",
        "Some of them lie far above all known ones: what is compared with what?",
        lambda s, k, r: torch.zeros_like(s).double(),
    ),
)


def _compare(answer: Tensor, scores: Tensor, known: Tensor) -> None:
    wanted = right(scores, known, RATE)
    if torch.equal(answer, wanted):
        return
    if not ((answer == 0) | (answer == 1)).all():
        fail(
            "returns-scores",
            f"The answers run from {float(answer.min()):.2g} to {float(answer.max()):.2g}.",
            "True or false is wanted for each score: what is compared with the threshold?",
        )
    counts = {"n": int(answer.sum()), "total": len(scores), "right": int(wanted.sum())}
    refuse(answer, WRONG_ALARMS, lambda formula: formula(scores, known, RATE), **counts)
    fail(
        "wrong-value",
        f"It alarms for {counts['n']} of {counts['total']} new scores where {counts['right']} is right.",
        "Sort the known scores of the small case, mark the threshold, and compare by hand.",
    )
