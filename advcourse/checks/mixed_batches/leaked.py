"""The check for `leaked(clean, attacked, y)`: how many examples are wrong when clean and right when attacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words

# How many of the examples are right clean and attacked, clean only, attacked only, never: all sums are different.
KINDS = (29, 16, 7, 4)
HELPED = (9, 2, 6, 3)  # more of them leak than are fooled
LOST = (4, 5, 3, 40)  # most are never right
ALL_LEAK = "a network that is right only under attack"
ELSEWHERE = {
    "a network that leaks nothing": (5, 4, 0, 3),
    ALL_LEAK: (0, 0, 6, 0),
    "a network that is always wrong": (0, 0, 0, 4),
    "a single example": (1, 0, 0, 0),
}


def count(clean: Tensor, attacked: Tensor, y: Tensor) -> int:
    return int((~_right(clean, y) & _right(attacked, y)).sum())


def _right(logits: Tensor, y: Tensor) -> Tensor:
    return logits.argmax(1) == y


def _of_class(outputs: Tensor, y: Tensor) -> Tensor:
    return outputs.gather(1, y[:, None])[:, 0]


def _sure(logits: Tensor, y: Tensor) -> Tensor:
    return _of_class(logits.softmax(1), y) > 0.5


def _among(logits: Tensor, y: Tensor, n: int) -> Tensor:
    return (logits.topk(n).indices == y[:, None]).any(1)


def _those(which: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The number of examples that are so, by who is right clean and who attacked."""
    return lambda clean, attacked, y: which(_right(clean, y), _right(attacked, y)).sum()


def _share_of(whom: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The right number divided by that of other examples, where there are any."""
    return lambda c, a, y: count(c, a, y) / whom(_right(c, y), _right(a, y)).sum().clamp_min(1)


MISTAKES = {
    "other-way-round": like(_those(lambda clean, attacked: clean & ~attacked)),
    "all-right-under-attack": like(_those(lambda clean, attacked: attacked)),
    "all-wrong-when-clean": like(_those(lambda clean, attacked: ~clean)),
    "both-right": like(_those(lambda clean, attacked: clean & attacked)),
    "both-wrong": like(_those(lambda clean, attacked: ~clean & ~attacked)),
    "either": like(_those(lambda clean, attacked: ~clean | attacked)),
    "difference-of-accuracies": like(
        lambda c, a, y: _right(a, y).sum() - _right(c, y).sum(),
        lambda c, a, y: (_right(a, y).sum() - _right(c, y).sum()).abs(),
        lambda c, a, y: (_right(a, y).sum() - _right(c, y).sum()).clamp(min=0),
    ),
    "asks-for-a-majority": like(lambda c, a, y: (~_sure(c, y) & _sure(a, y)).sum()),
    "off-by-one": like(lambda c, a, y: count(c, a, y) + 1, lambda c, a, y: count(c, a, y) - 1),
    "changed-answers": like(
        _those(lambda clean, attacked: clean ^ attacked), lambda c, a, y: (c.argmax(1) != a.argmax(1)).sum()
    ),
    "wrong-and-changed": like(lambda c, a, y: (~_right(c, y) & (c.argmax(1) != a.argmax(1))).sum()),
    "wrong-and-rises": like(
        lambda c, a, y: (~_right(c, y) & (_of_class(a, y) > _of_class(c, y))).sum(),
        lambda c, a, y: (~_right(c, y) & (_of_class(a.softmax(1), y) > _of_class(c.softmax(1), y))).sum(),
    ),
    "among-the-best": like(
        *(lambda c, a, y, n=n: (~_right(c, y) & _among(a, y, n)).sum() for n in (2, 3)),
        lambda c, a, y: (~_among(c, y, 2) & _among(a, y, 2)).sum(),
    ),
    "of-absolute-values": like(lambda c, a, y: count(c.abs(), a.abs(), y)),
    "pairs": like(lambda c, a, y: ((c.argmax(1)[:, None] != y) & (a.argmax(1)[:, None] == y)).sum()),
    "stops-at-the-first": like(lambda c, a, y: min(count(c, a, y), 1)),
    "no-labels": like(lambda c, a, y: (c.argmax(1) == a.argmax(1)).sum()),
    "returns-share": like(
        _share_of(lambda clean, attacked: torch.ones_like(clean)),
        _share_of(lambda clean, attacked: ~clean),
        _share_of(lambda clean, attacked: attacked),
        lambda c, a, y: 100 * count(c, a, y) / len(y),
        lambda c, a, y: 100 * count(c, a, y) / (~_right(c, y)).sum().clamp_min(1),
    ),
    "rises": like(
        lambda c, a, y: (_of_class(a, y) > _of_class(c, y)).sum(),
        lambda c, a, y: (_of_class(a.softmax(1), y) > _of_class(c.softmax(1), y)).sum(),
    ),
    "without-brackets": like(lambda c, a, y: (c.argmax(1) != y & _right(a, y)).sum()),
    "argmin": like(lambda c, a, y: ((c.argmin(1) != y) & (a.argmin(1) == y)).sum()),
    "none": like(lambda c, a, y: 0),
}


AT_THE_ENDS = {
    "leaves-one-out": like(lambda c, a, y: count(c[:-1], a[:-1], y[:-1]), lambda c, a, y: count(c[1:], a[1:], y[1:]))
}


def cases() -> Iterator[Case]:
    yield Case(answers(KINDS), "wrong-value", also=(answers(HELPED), answers(LOST)), mistakes=MISTAKES)
    for where, kinds in ELSEWHERE.items():
        yield Case(answers(kinds), "wrong-elsewhere", where, mistakes=AT_THE_ENDS if where == ALL_LEAK else {})


def answers(kinds: tuple[int, int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits [N, 5] of clean and attacked examples and labels [N], with so many of each kind, shuffled."""
    n = sum(kinds)
    draw = torch.Generator().manual_seed(n + 2)
    kind = torch.arange(4).repeat_interleave(torch.tensor(kinds))[torch.randperm(n, generator=draw)]
    y = torch.randint(5, (n,), generator=draw)
    clean, attacked = torch.randn(n, 5, generator=draw), torch.randn(n, 5, generator=draw)
    # Of those that are wrong both times every other one gives another wrong answer under attack.
    turn = 1 + torch.arange(n) % 2
    for logits, right, off in ((clean, kind <= 1, 1), (attacked, (kind == 0) | (kind == 2), turn)):
        # Ahead by so little that its probability may be below one half.
        logits[torch.arange(n), torch.where(right, y, (y + off) % 5)] = logits.amax(1) + 0.4
    return clean, attacked, y


check_leaked = Spec(words(__file__), count, cases, lambda answer, c, a, y: {"got": answer, "examples": len(y)})
