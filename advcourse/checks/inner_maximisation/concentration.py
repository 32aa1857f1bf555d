"""The check for `concentration(clean, ends)`: the share of the best climb that 19 of 20 restarts reach."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number


def check_concentration(ask: Interview) -> str:
    # As many samples as restarts first: there a quantile over the wrong dimension still has the right shape.
    for batch, restarts in ((41, 41), (6, 21)):
        clean, ends = climbs(batch, restarts)
        _compare(ask(clean, ends), clean, ends)
    for (batch, restarts), dtype, shift, where in (
        ((1, 61), torch.float32, 0.0, "a single sample"),
        ((4, 21), torch.float64, 0.0, "float64"),
        ((5, 41), torch.float32, -40.0, "margins far below zero"),
    ):
        clean, ends = (a.to(dtype) + shift for a in climbs(batch, restarts))
        error = (ask(clean, ends) - share(clean, ends)).abs().max()
        if error > 1e-3:
            fail("wrong-elsewhere", f"Off by up to {number(error)} for {where}.", "What is special about that case?")
    return "1 means that all restarts climb as high as the best; 19 of 20 reach what you return."


def climbs(batch: int, restarts: int) -> tuple[Tensor, Tensor]:
    """Margins at x, about -8, and at the ends of the restarts, mostly above. Every definition of a quantile agrees on
    21, 41 or 61 of them."""
    draw = Generator().manual_seed(batch)
    clean = -8 + torch.randn(batch, generator=draw)
    low = 2 * torch.rand(batch, 1, generator=draw) - 3
    return clean, low + 5 * torch.rand(batch, restarts, generator=draw)


def share(clean: Tensor, ends: Tensor) -> Tensor:
    clean, ends = clean.double(), ends.double()
    return (_low(ends) - clean) / (ends.amax(1) - clean)


def _low(ends: Tensor, q: float = 0.05) -> Tensor:
    return ends.quantile(q, dim=1)


def _wrong_axis(clean: Tensor, ends: Tensor) -> Tensor:
    if ends.shape[0] != ends.shape[1]:
        return torch.full_like(clean, torch.nan)
    return (ends.quantile(0.05, dim=0) - clean) / (ends.amax(0) - clean)


_SCALE = "Add 100 to all margins, clean and attacked: nothing has changed for the attacker, does your number?"
_WHICH = "Of 20 restarts 19 should reach it: at which end of the sorted list is that?"

WRONG_SHARES = (
    WrongFormula(
        "forgets-clean",
        "For the first sample it says {got}: the low end over the best, not of the climb.",
        _SCALE,
        lambda c, e: _low(e) / e.amax(1),
    ),
    WrongFormula(
        "raw-spread",
        "For the first sample it says {got}, a deviation in units of the margin.",
        "Is that much or little, if the climb was 1 high, and if it was 10 high?",
        lambda c, e: e.std(1),
    ),
    WrongFormula(
        "raw-spread",
        "For the first sample it says {got}, a deviation in units of the margin.",
        "Is that much or little, if the climb was 1 high, and if it was 10 high?",
        lambda c, e: e.std(1, correction=0),
    ),
    WrongFormula(
        "relative-deviation",
        "For the first sample it says {got}: the deviation over the mean of the ends.",
        _SCALE,
        lambda c, e: e.std(1) / e.mean(1),
    ),
    WrongFormula(
        "relative-deviation",
        "For the first sample it says {got}: the deviation over the size of the mean.",
        _SCALE,
        lambda c, e: e.std(1) / e.mean(1).abs(),
    ),
    WrongFormula(
        "upper-quantile",
        "For the first sample it says {got}: what only one restart in 20 reaches.",
        _WHICH,
        lambda c, e: (_low(e, 0.95) - c) / (e.amax(1) - c),
    ),
    WrongFormula(
        "worst-restart",
        "For the first sample it says {got}: what all the restarts reach.",
        _WHICH,
        lambda c, e: (e.amin(1) - c) / (e.amax(1) - c),
    ),
    WrongFormula(
        "typical-restart",
        "For the first sample it says {got}: what the middle restart reaches.",
        _WHICH,
        lambda c, e: (e.quantile(0.5, dim=1) - c) / (e.amax(1) - c),
    ),
    WrongFormula(
        "typical-restart",
        "For the first sample it says {got}: what the restarts reach on average.",
        _WHICH,
        lambda c, e: (e.mean(1) - c) / (e.amax(1) - c),
    ),
    WrongFormula(
        "wrong-axis",
        "For the first sample it says {got}: restarts and samples were swapped.",
        "Which dimension of the ends is the restarts'?",
        _wrong_axis,
    ),
    WrongFormula(
        "best-of-the-batch",
        "For the first sample it says {got}: it is compared with the highest end of all samples.",
        "Each sample has a hill of its own: over which dimension is the best taken?",
        lambda c, e: (_low(e) - c) / (e.max() - c),
    ),
    WrongFormula(
        "what-is-missing",
        "For the first sample it says {got}: the share of the climb that is missing.",
        "When all restarts end equally high, which number should come out?",
        lambda c, e: (e.amax(1) - _low(e)) / (e.amax(1) - c),
    ),
    WrongFormula(
        "upside-down",
        "For the first sample it says {got}, which is more than the whole.",
        "Which of the two climbs is the higher one?",
        lambda c, e: (e.amax(1) - c) / (_low(e) - c),
    ),
    WrongFormula(
        "not-divided",
        "For the first sample it says {got}, a climb in units of the margin.",
        "A share of what is wanted?",
        lambda c, e: _low(e) - c,
    ),
)


def _compare(answer: Tensor, clean: Tensor, ends: Tensor) -> None:
    right = share(clean, ends)
    if same(answer, right):
        return
    got = number(answer[0])
    refuse(answer, WRONG_SHARES, lambda formula: formula(clean.double(), ends.double()), got=got)
    fail(
        "wrong-value",
        f"For the first sample it says {got}, where {number(right[0])} is right.",
        "Sort its ends, take the one that 19 of 20 reach, and compare two heights above the start.",
    )
