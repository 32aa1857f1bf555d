"""The check for `descends(gradients, directions)`: a direction leads down if it does for every active function."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse
from ..verdict import fail


def check_descends(ask: Interview) -> str:
    gradients, directions = kink()
    answer, right = ask(gradients, directions), lead_down(gradients, directions)
    if not torch.equal(answer, right):
        _explain(answer, right)
    for case, about in others():
        if not torch.equal(ask(*case), lead_down(*case)):
            fail("wrong-elsewhere", f"Right for three gradients of the plane, wrong for {about}.", "What is special?")
    return "A direction counts where every active function falls along it, strictly, and nowhere else."


def lead_down(gradients: Tensor, directions: Tensor) -> Tensor:
    return (directions @ gradients.T < 0).all(1).double()


def kink() -> tuple[Tensor, Tensor]:
    """Whole numbers, so that the directions at right angles to a gradient are so exactly."""
    gradients = torch.tensor([[2.0, 1.0], [-2.0, 1.0], [-1.0, 3.0]])
    directions = [[-2, -1], [2, -1], [0, -1], [0, 1], [1, -2], [-1, -2], [3, -1], [1, -9], [0, 0], [5, 4], [-3, -1]]
    directions += [[1, -3], [-1, -3], [6, -8], [-3, 2]]
    return gradients, torch.tensor(directions, dtype=torch.float32)


def others() -> list[tuple[tuple[Tensor, Tensor], str]]:
    draw = torch.Generator().manual_seed(2)
    one = torch.randn(1, 5, generator=draw), torch.randn(8, 5, generator=draw)
    many = torch.randn(6, 4, generator=draw) + 1, torch.randn(40, 4, generator=draw) - 1
    return [
        (one, "a single gradient"),
        (many, "six gradients of four variables"),
        ((many[0].double(), many[1].double()), "float64"),
        ((many[0], many[1][:1]), "a single direction"),
    ]


WRONG_TESTS = (
    WrongFormula(
        "one-gradient",
        "It lets directions through that only the first gradient agrees with.",
        "f is the maximum: what if another function rises along d?",
        lambda g, d: d @ g[0] < 0,
    ),
    WrongFormula(
        "one-gradient",
        "It lets directions through that only the last gradient agrees with.",
        "f is the maximum: what if another function rises along d?",
        lambda g, d: d @ g[-1] < 0,
    ),
    WrongFormula(
        "any-gradient",
        "One function that falls is enough for it, though others rise.",
        "f is the maximum: how many of them have to fall?",
        lambda g, d: (d @ g.T < 0).any(1),
    ),
    WrongFormula(
        "mean-gradient",
        "It asks whether the mean of the functions falls.",
        "One may fall faster than another rises: what does the larger of the two do then?",
        lambda g, d: d @ g.mean(0) < 0,
    ),
    WrongFormula(
        "not-strict",
        "It lets directions through along which some function neither rises nor falls, also d = 0.",
        "Does f fall where its slope is zero?",
        lambda g, d: (d @ g.T <= 0).all(1),
    ),
    WrongFormula(
        "ascent",
        "It lets exactly those through along which all functions rise.",
        "Downhill the inner product with a gradient has which sign?",
        lambda g, d: (d @ g.T > 0).all(1),
    ),
    WrongFormula(
        "ascent",
        "It lets those through along which none of the functions falls.",
        "Downhill the inner product with a gradient has which sign?",
        lambda g, d: (d @ g.T >= 0).all(1),
    ),
    WrongFormula(
        "opposite-answer",
        "It is true exactly where it should be false.",
        "Leads down, or does not lead down: which of the two is asked for?",
        lambda g, d: 1 - lead_down(g, d),
    ),
    WrongFormula(
        "always",
        "It lets every direction through, also those that lead straight up.",
        "What do you compare with zero?",
        lambda g, d: torch.ones(len(d)),
    ),
    WrongFormula(
        "never",
        "It lets no direction through, although straight down is among them.",
        "All at once, or each by itself: over which dimension do you ask?",
        lambda g, d: torch.zeros(len(d)),
    ),
)


def _explain(answer: Tensor, right: Tensor) -> None:
    gradients, directions = kink()
    if torch.equal(answer, (directions @ gradients.T).amax(1).double()):
        fail(
            "returns-slopes",
            f"The answers run from {float(answer.min()):.2g} to {float(answer.max()):.2g}: these are the slopes.",
            "True or false is wanted: what has to hold for the slope of a direction that leads down?",
        )
    if not ((answer == 0) | (answer == 1)).all():
        fail(
            "returns-numbers",
            f"The answers run from {float(answer.min()):.2g} to {float(answer.max()):.2g}.",
            "True or false is wanted for each direction: what is compared with what?",
        )
    refuse(answer, WRONG_TESTS, lambda formula: formula(gradients, directions).double())
    i = int((answer != right).double().argmax())
    d = [int(v) for v in directions[i].tolist()]
    fail(
        "wrong-answer",
        f"It is {bool(answer[i])} for the direction {d}, one of {int((answer != right).sum())} errors.",
        "Take the inner product of this direction with each of the gradients, by hand.",
    )
