"""The check for `descends(gradients, directions)`: a direction leads down if it does for every active function."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Case, Spec, like
from ..words import words
from .truths import other_than_truths


def lead_down(gradients: Tensor, directions: Tensor) -> Tensor:
    return (_slopes(gradients, directions) < 0).all(1)


def _slopes(gradients: Tensor, directions: Tensor) -> Tensor:
    return directions @ gradients.T


MISTAKES = {
    "returns-slopes": like(lambda g, d: _slopes(g, d).amax(1)),
    "returns-numbers": other_than_truths,
    "one-gradient": like(lambda g, d: d @ g[0] < 0, lambda g, d: d @ g[-1] < 0),
    "leaves-one-out": like(lambda g, d: lead_down(g[:-1], d), lambda g, d: lead_down(g[1:], d)),
    "any-gradient": like(lambda g, d: (_slopes(g, d) < 0).any(1)),
    "most-gradients": like(lambda g, d: (_slopes(g, d) < 0).double().mean(1) > 0.5),
    "mean-gradient": like(lambda g, d: d @ g.mean(0) < 0),
    "not-strict": like(lambda g, d: (_slopes(g, d) <= 0).all(1)),
    "ascent": like(lambda g, d: (_slopes(g, d) > 0).all(1), lambda g, d: (_slopes(g, d) >= 0).all(1)),
    "opposite-answer": like(lambda g, d: ~lead_down(g, d)),
    "falling-entries": like(lambda g, d: (d < 0).all(1)),
    "minus-a-gradient": like(lambda g, d: (d[:, None] == -g).all(2).any(1)),
    "first-for-all": like(lambda g, d: lead_down(g, d[:1]).expand(len(d))),
    "false-ever-after": like(lambda g, d: lead_down(g, d).long().cumprod(0).bool()),
    "always": like(lambda g, d: torch.ones(len(d)).bool()),
    "never": like(lambda g, d: torch.zeros(len(d)).bool()),
}


SHORT = {
    "asks-for-more-than-less": like(*(lambda g, d, c=c: (_slopes(g, d) < c).all(1) for c in (-1e-3, -1e-6, -1e-12)))
}


def cases() -> Iterator[Case]:
    """Whole numbers first, so that the directions at right angles to a gradient are so exactly."""
    yield Case(plane(), "wrong-answer", mistakes=MISTAKES, also=(space(),))
    draw = torch.Generator().manual_seed(2)
    one = torch.randn(1, 5, generator=draw), torch.randn(8, 5, generator=draw)
    g, d = torch.randn(6, 4, generator=draw) + 1, torch.randn(40, 4, generator=draw) - 1
    for args, where in (
        (one, "a single gradient"),
        ((g, d), "six gradients of four variables"),
        ((g.flip(0), d), "the same six in another order"),
        ((g.double(), d.double()), "float64"),
        ((g, d[:1]), "a single direction"),
    ):
        yield Case(args, "wrong-elsewhere", where)
    yield Case((g, 1e-15 * d), "wrong-elsewhere", "directions of length 1e-15", mistakes=SHORT)


def plane() -> tuple[Tensor, Tensor]:
    gradients = torch.tensor([[2.0, 1.0], [-2.0, 1.0], [-1.0, 3.0]])
    directions = [[0, -1], [-2, -1], [2, -1], [0, 1], [1, -2], [-1, -2], [3, -1], [1, -9], [0, 0], [5, 4], [-3, -1]]
    directions += [[1, -3], [-1, -3], [6, -8], [-3, 2]]
    return gradients, torch.tensor(directions, dtype=torch.float32)


def space() -> tuple[Tensor, Tensor]:
    """Each of the three gradients is the only one that forbids one of the directions."""
    gradients = torch.tensor([[2.0, 1.0, 1.0], [-2.0, 1.0, 1.0], [0.0, -3.0, 1.0]])
    return gradients, torch.tensor([[2.0, 1.0, -1.0], [-2.0, 1.0, -1.0], [0.0, -2.0, -2.0], [0.0, 0.0, -1.0]])


def _numbers(answer: Tensor, gradients: Tensor, directions: Tensor) -> dict:
    wrong = answer != lead_down(gradients, directions)
    i = int(wrong.double().argmax())
    return {
        "found": bool(answer[i]),
        "direction": [round(v, 2) for v in directions[i].tolist()],
        "slopes": f"{', '.join(f'{v:.2g}' for v in _slopes(gradients, directions)[i].tolist())}",
        "errors": int(wrong.sum()),
        "answers": answer,
    }


check_descends = Spec(words(__file__), lead_down, cases, _numbers)
