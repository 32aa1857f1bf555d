"""The check for `best_of(climb, loss, starts)`: climb from every start, keep the best end of each sample."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail


def check_best_of(ask: Interview) -> str:
    starts = points((5, 7, 2, 3))
    climbed: list[int] = []

    def watched(z: Tensor) -> Tensor:
        climbed.append(len(z))
        return climb(z)

    answer = ask(watched, loss, starts)
    if not same(answer, right(climb, loss, starts)):
        # Alone, because there "per batch" and "per sample" are one thing.
        alone = torch.stack([ask(climb, loss, starts[:, i : i + 1])[0] for i in range(starts.shape[1])])
        refuse(answer, WRONG_CHOICES, lambda formula: formula(climb, loss, starts), climbs=len(climbed))
        if same(alone, right(climb, loss, starts)):
            fail(
                "couples-samples",
                "One sample at a time the best end is returned, for seven at once some get another.",
                "Where does your code make one decision for the whole batch?",
            )
        off = int(((answer - right(climb, loss, starts)).abs().flatten(1).amax(1) > 1e-3).sum())
        fail(
            "wrong-value",
            f"{off} of {len(answer)} samples do not get the end with their highest loss.",
            "Follow one sample by hand: its five ends, their five losses, the largest of them.",
        )
    for shape, where in (
        ((1, 4, 2), "a single start"),
        ((6, 1, 3, 3), "a single sample"),
        ((3, 5, 2), "points [B, 2]"),
    ):
        other = points(shape)
        if not same(ask(climb, loss, other), right(climb, loss, other)):
            fail(
                "wrong-elsewhere",
                f"Right for five starts of seven images, wrong for {where}.",
                "What is special there?",
            )
    return "Every sample gets the end with the highest loss among its own, whoever its neighbours are."


def points(shape: tuple[int, ...]) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(sum(shape)))


def climb(z: Tensor) -> Tensor:
    """Some way uphill; which start ends highest cannot be told from the starts."""
    return 0.5 + 0.4 * torch.sin(9 * z)


def loss(z: Tensor) -> Tensor:
    """[N, ...] -> [N], positive like a cross entropy."""
    weight = torch.linspace(1, 2, z[0].numel(), dtype=z.dtype)
    return (z.flatten(1) @ weight - 0.3).abs() + 0.1


def _ends(climb, starts: Tensor) -> Tensor:
    return torch.stack([climb(start) for start in starts])


def _losses(loss, z: Tensor) -> Tensor:
    return torch.stack([loss(end) for end in z])


def _take(z: Tensor, which: Tensor) -> Tensor:
    return z[which, torch.arange(z.shape[1])].double()


def right(climb, loss, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts)
    return _take(ends, _losses(loss, ends).argmax(0))


def _lowest(climb, loss, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts)
    return _take(ends, _losses(loss, ends).argmin(0))


def _by_start(climb, loss, starts: Tensor) -> Tensor:
    return _take(_ends(climb, starts), _losses(loss, starts).argmax(0))


def _best_start(climb, loss, starts: Tensor) -> Tensor:
    return _take(starts, _losses(loss, starts).argmax(0))


def _start_of_the_best(climb, loss, starts: Tensor) -> Tensor:
    return _take(starts, _losses(loss, _ends(climb, starts)).argmax(0))


def _best_restart(climb, loss, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts)
    return ends[_losses(loss, ends).mean(1).argmax()].double()


def _one_image(climb, loss, starts: Tensor) -> Tensor:
    ends = _ends(climb, starts).flatten(0, 1)
    return ends[loss(ends).argmax()].expand(starts.shape[1:]).double()


_WHOSE = "Each sample has an attack of its own: over which dimension is the best chosen?"

WRONG_CHOICES = (
    WrongFormula(
        "last-restart",
        "Every sample gets the end of the last start.",
        "Later is not better: what do you remember of the ends before?",
        lambda climb, loss, starts: climb(starts[-1]).double(),
    ),
    WrongFormula(
        "first-restart",
        "Every sample gets the end of the first start.",
        "The others were climbed from for nothing: where are their ends compared?",
        lambda climb, loss, starts: climb(starts[0]).double(),
    ),
    WrongFormula(
        "best-on-average",
        "All samples get ends of one and the same restart, the one with the highest mean loss.",
        _WHOSE,
        _best_restart,
    ),
    WrongFormula("one-image", "All samples get the same image, that with the highest loss of all.", _WHOSE, _one_image),
    WrongFormula(
        "lowest-loss",
        "Every sample gets the end with its lowest loss.",
        "Who profits from a low loss, the attacker or the defender?",
        _lowest,
    ),
    WrongFormula(
        "chosen-before-the-climb",
        "Every sample gets the end of the start with the highest loss.",
        "A high start need not end high: when can the ends be compared?",
        _by_start,
    ),
    WrongFormula(
        "not-climbed",
        "Every sample gets the best of its starts as it was.",
        "Where does the climb, which was called {climbs} times, come in?",
        _best_start,
    ),
    WrongFormula(
        "start-of-the-best",
        "The right restart is chosen for every sample, but its start is returned.",
        "Which of the two is the attacked image, start or end?",
        _start_of_the_best,
    ),
    WrongFormula(
        "mean-of-the-ends",
        "Every sample gets the mean of its ends.",
        "Halfway between two peaks may lie a valley: which single end is the strongest?",
        lambda climb, loss, starts: _ends(climb, starts).double().mean(0),
    ),
    WrongFormula(
        "pixelwise",
        "Every pixel is the brightest of those of all ends.",
        "Whose loss is to be largest: the image's, or each pixel's?",
        lambda climb, loss, starts: _ends(climb, starts).double().amax(0),
    ),
)
