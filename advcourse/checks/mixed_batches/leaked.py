"""The check for `leaked(clean, attacked, y)`: how many examples are wrong when clean and right when attacked."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse
from ..verdict import fail, number

# How many of the examples are right clean and attacked, clean only, attacked only, never: all sums are different.
KINDS = (29, 13, 7, 3)


def check_leaked(ask: Interview) -> str:
    case = answers(KINDS)
    answer, wanted = ask(*case), KINDS[2]
    if abs(answer - wanted) > 1e-6:
        refuse(
            torch.tensor(answer), WRONG_COUNTS, lambda formula: torch.tensor(float(formula(*case))), got=number(answer)
        )
        fail(
            "wrong-value",
            f"Of {sum(KINDS)} examples it counts {number(answer)}, right is {wanted}.",
            "Make a table of four, right or wrong against clean or attacked: which cell is counted?",
        )
    for kinds, where in (
        ((5, 4, 0, 3), "a network that leaks nothing"),
        ((0, 0, 6, 0), "a network that is right only under attack"),
        ((0, 0, 0, 4), "a network that is always wrong"),
        ((1, 0, 0, 0), "a single example"),
    ):
        found = ask(*answers(kinds))
        if abs(found - kinds[2]) > 1e-6:
            fail(
                "wrong-elsewhere",
                f"Right in general, but for {where} it says {number(found)} where {kinds[2]} is right.",
                "What is special about that case?",
            )
    return "Those wrong when clean and right when attacked are counted, and nobody else."


def answers(kinds: tuple[int, int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits [N, 5] of clean and attacked examples and labels [N], with so many of each kind, shuffled."""
    n = sum(kinds)
    draw = torch.Generator().manual_seed(n + 2)
    kind = torch.arange(4).repeat_interleave(torch.tensor(kinds))[torch.randperm(n, generator=draw)]
    y = torch.randint(5, (n,), generator=draw)
    clean, attacked = torch.randn(n, 5, generator=draw), torch.randn(n, 5, generator=draw)
    for logits, right in ((clean, kind <= 1), (attacked, (kind == 0) | (kind == 2))):
        logits[torch.arange(n), torch.where(right, y, (y + 1) % 5)] = 9
    return clean, attacked, y


def _right(logits: Tensor, y: Tensor) -> Tensor:
    return logits.argmax(1) == y


def count(clean: Tensor, attacked: Tensor, y: Tensor) -> Tensor:
    return (~_right(clean, y) & _right(attacked, y)).sum()


_TABLE = "Make a table of four, right or wrong against clean or attacked: which cell is counted?"

WRONG_COUNTS = (
    WrongFormula(
        "other-way-round",
        "It counts {got}: those that were right and that the attack made wrong.",
        "These were fooled: which way does a leaked example go?",
        lambda c, a, y: (_right(c, y) & ~_right(a, y)).sum(),
    ),
    WrongFormula(
        "all-right-under-attack",
        "It counts {got}: every example that is right under attack.",
        "Most of them were right anyway: what did the attack add?",
        lambda c, a, y: _right(a, y).sum(),
    ),
    WrongFormula(
        "all-wrong-when-clean",
        "It counts {got}: every example that is wrong when clean.",
        "Some of them stay wrong under attack: who of them leaked?",
        lambda c, a, y: (~_right(c, y)).sum(),
    ),
    WrongFormula(
        "both-right",
        "It counts {got}: those right both times.",
        _TABLE,
        lambda c, a, y: (_right(c, y) & _right(a, y)).sum(),
    ),
    WrongFormula(
        "both-wrong",
        "It counts {got}: those wrong both times.",
        _TABLE,
        lambda c, a, y: (~_right(c, y) & ~_right(a, y)).sum(),
    ),
    WrongFormula(
        "either",
        "It counts {got}: those wrong when clean, and those right under attack as well.",
        "Both have to be true of the same example.",
        lambda c, a, y: (~_right(c, y) | _right(a, y)).sum(),
    ),
    WrongFormula(
        "difference-of-accuracies",
        "It says {got}: the right answers under attack minus those without.",
        "Leaked and fooled examples cancel in a difference, so that a leak can hide: which ones are wanted?",
        lambda c, a, y: _right(a, y).sum() - _right(c, y).sum(),
    ),
    WrongFormula(
        "changed-answers",
        "It counts {got}: examples that are right once, whichever way they went.",
        _TABLE,
        lambda c, a, y: (_right(c, y) != _right(a, y)).sum(),
    ),
    WrongFormula(
        "changed-answers",
        "It counts {got}: examples whose answer changed, whichever way they went.",
        _TABLE,
        lambda c, a, y: (c.argmax(1) != a.argmax(1)).sum(),
    ),
    WrongFormula(
        "no-labels",
        "It counts {got}: examples answered alike clean and attacked, whatever the label.",
        "Right and wrong are a matter of y: where does it come in?",
        lambda c, a, y: (c.argmax(1) == a.argmax(1)).sum(),
    ),
    WrongFormula(
        "returns-share",
        "It says {got}: the right number, divided by that of all examples.",
        "How many are wanted, or which share of them?",
        lambda c, a, y: count(c, a, y) / len(y),
    ),
    WrongFormula(
        "returns-share",
        "It says {got}: the right number, divided by that of the examples wrong when clean.",
        "How many are wanted, or which share of them?",
        lambda c, a, y: count(c, a, y) / (~_right(c, y)).sum(),
    ),
    WrongFormula(
        "returns-share",
        "It says {got}: the right number, divided by that of the examples right under attack.",
        "How many are wanted, or which share of them?",
        lambda c, a, y: count(c, a, y) / _right(a, y).sum(),
    ),
    WrongFormula(
        "argmin",
        "It counts {got}: with the least likely class taken for the answer.",
        "Which logit is the network's answer, the largest or the smallest?",
        lambda c, a, y: ((c.argmin(1) != y) & (a.argmin(1) == y)).sum(),
    ),
    WrongFormula("none", "It counts nobody.", _TABLE, lambda c, a, y: 0),
)
