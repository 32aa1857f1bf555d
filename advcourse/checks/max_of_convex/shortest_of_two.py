"""The check for `shortest_of_two(a, b)`: the point nearest to zero of the segment between two gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, instead_of, number

Pair = tuple[Tensor, Tensor]


def check_shortest_of_two(ask: Interview) -> str:
    _compare(torch.cat([ask(*pair) for pair in pairs()]))
    with instead_of(
        "nan",
        diagnosis="nan-for-equal",
        seen="For two equal gradients it is NaN.",
        look="The segment is then one point, of length zero: what do you divide by?",
    ):
        equal = ask(*(torch.tensor([3.0, 4.0]) for _ in "ab"))
    for answer, (a, b), about in (
        (equal, (torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.0])), "two equal gradients"),
        *((ask(*pair), pair, about) for pair, about in odd_pairs()),
    ):
        if not same(answer, nearest(a, b)):
            fail(
                "wrong-elsewhere",
                f"Right for ordinary pairs, off by {number((answer - nearest(a, b)).norm())} for {about}.",
                "What is special about that case?",
            )
    return "It is the nearest point of the segment, inside it and at both ends, also for equal and opposite gradients."


def share(a: Tensor, b: Tensor) -> Tensor:
    """Of a, in the nearest point of the line through both."""
    return (b @ (b - a)) / (a - b).square().sum()


def nearest(a: Tensor, b: Tensor) -> Tensor:
    if torch.equal(a, b):
        return a
    part = share(a, b).clamp(0, 1)
    return part * a + (1 - part) * b


def pairs() -> list[Pair]:
    """The nearest point inside the segment, at a, and at b; twice each."""
    rows = [
        ([2.0, 1.0, 0.5], [-1.0, 1.5, 0.0]),
        ([0.3, -2.0, 1.0], [0.9, 2.5, 0.7]),
        ([0.5, 1.0, 0.2], [2.0, 3.0, 1.5]),
        ([1.0, 0.1, 0.0], [4.0, 1.2, -0.6]),
        ([3.0, 1.0, -2.0], [1.0, 0.5, -0.3]),
        ([0.0, 5.0, 1.0], [0.4, 1.5, 0.8]),
    ]
    return [(torch.tensor(a), torch.tensor(b)) for a, b in rows]


def odd_pairs() -> list[tuple[Pair, str]]:
    return [
        ((torch.tensor([1.0, -2.0]), torch.tensor([-2.0, 4.0])), "opposite gradients"),
        ((torch.tensor([0.0, 0.0]), torch.tensor([1.0, 2.0])), "a gradient that is zero"),
        ((torch.tensor([2.0]), torch.tensor([5.0])), "one variable"),
        (tuple(v.double() for v in pairs()[0]), "float64"),
        (tuple(1e4 * v for v in pairs()[0]), "long gradients"),
    ]


def of_all(formula) -> Tensor:
    return torch.cat([formula(*pair) for pair in pairs()])


def _mix(part: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return part * a + (1 - part) * b


WRONG_POINTS = (
    WrongFormula(
        "mean",
        "It is the point half way between the two, whatever they are.",
        "The average ignores how long the gradients are: which point of the segment is nearest to zero?",
        lambda a, b: (a + b) / 2,
    ),
    WrongFormula(
        "leaves-the-segment",
        "It is the nearest point of the whole line, in four of six cases beyond an end of the segment.",
        "A mixture has weights between 0 and 1: what do yours do when the angle is acute?",
        lambda a, b: _mix(share(a, b), a, b),
    ),
    WrongFormula(
        "clips-one-end",
        "It is right up to the first gradient, and goes on beyond the second.",
        "A weight has two limits: which one is missing?",
        lambda a, b: _mix(share(a, b).clamp(max=1), a, b),
    ),
    WrongFormula(
        "clips-one-end",
        "It is right up to the second gradient, and goes on beyond the first.",
        "A weight has two limits: which one is missing?",
        lambda a, b: _mix(share(a, b).clamp(min=0), a, b),
    ),
    WrongFormula(
        "shorter-end",
        "It is the shorter of the two, also where a point between them is shorter still.",
        "The counterexample of the lecture has two gradients of length 2.2 and a mixture of length 1: how?",
        lambda a, b: a if a.norm() < b.norm() else b,
    ),
    WrongFormula(
        "longer-end",
        "It is the longer of the two.",
        "Nearest to zero, so short: which way do you compare?",
        lambda a, b: a if a.norm() > b.norm() else b,
    ),
    WrongFormula(
        "swapped-weights",
        "The weights are right, and each one is on the wrong gradient.",
        "Put the first gradient to zero: which of the two should get all the weight?",
        lambda a, b: _mix(share(a, b).clamp(0, 1), b, a),
    ),
    WrongFormula(
        "minus-sign",
        "It is the negative of the nearest point.",
        "The direction of descent is minus that point: which of the two was asked for?",
        lambda a, b: -nearest(a, b),
    ),
    WrongFormula(
        "normalised",
        "The direction is right, and the length is 1.",
        "The length of the shortest subgradient says how steep the descent is: why was it divided away?",
        lambda a, b: nearest(a, b) / nearest(a, b).norm(),
    ),
    WrongFormula(
        "per-entry",
        "Every coordinate has a weight of its own.",
        "One weight moves the whole point along the segment: where did you leave out a sum?",
        lambda a, b: _mix((b * (b - a) / (a - b).square()).clamp(0, 1), a, b),
    ),
    WrongFormula(
        "not-squared",
        "The weight is an inner product over a length.",
        "A weight has no unit: by what do you have to divide the square of a length?",
        lambda a, b: _mix(((b @ (b - a)) / (a - b).norm()).clamp(0, 1), a, b),
    ),
    WrongFormula(
        "sum",
        "It is the sum of the two.",
        "The weights of a mixture add up to one: what do yours add up to?",
        lambda a, b: a + b,
    ),
    WrongFormula(
        "by-length",
        "The weights are in proportion to the other one's length.",
        "That points along the line that halves the angle: is it the nearest point as well?",
        lambda a, b: (b.norm() * a + a.norm() * b) / (a.norm() + b.norm()),
    ),
)


def _compare(answers: Tensor) -> None:
    right = of_all(nearest)
    if same(answers, right):
        return
    refuse(answers, WRONG_POINTS, of_all)
    off = (answers - right).abs().max()
    if off < 0.05:
        fail(
            "rough",
            f"It is near the nearest point, off by up to {number(off)}.",
            "A search stops somewhere: which condition holds at the nearest point itself?",
        )
    i = int((answers - right).abs().argmax()) // 3
    fail(
        "wrong-value",
        f"For pair number {i + 1} of {len(pairs())} it is off by {number(off)}.",
        "Draw two arrows and the segment between their tips: where is it nearest to the origin?",
    )
