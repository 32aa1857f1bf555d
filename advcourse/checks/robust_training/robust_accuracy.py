"""The check for `robust_accuracy(model, x, y, attacks)`: the share of samples that are right whatever is tried."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..interview import Interview
from ..verdict import fail, number
from .scouts import Scout

FOOLS, REPAIRS = 1, 2
# A row for each sample: the class it is taken for, its true class, what each of four attacks does to it. The strongest
# and the weakest attack are neither the first nor the last.
SAMPLES = (
    (0, 0, 0, 0, 0, 0),
    (1, 1, 1, 1, 0, 1),
    (2, 2, 0, 0, 0, 1),
    (0, 0, 0, 1, 0, 0),
    (1, 1, 1, 1, 0, 0),
    (2, 2, 0, 1, 0, 0),
    (0, 0, 1, 0, 0, 0),
    (1, 1, 0, 1, 0, 0),
    (2, 2, 0, 1, 0, 0),
    (0, 0, 0, 1, 0, 0),
    (1, 1, 1, 0, 0, 0),
    (2, 2, 0, 0, 0, 0),
    (0, 0, 0, 0, 0, 0),
    (1, 1, 0, 0, 0, 1),
    (2, 2, 1, 0, 0, 1),
    (1, 0, 0, 0, 0, 0),
    (2, 1, 2, 2, 2, 2),
    (0, 2, 0, 2, 0, 2),
    (1, 0, 2, 2, 2, 2),
    (2, 1, 2, 2, 2, 2),
    (0, 2, 2, 2, 2, 2),
)


class Labelled(nn.Module):
    """Samples [B, 6] carry the class they are taken for in the first entry; logits [B, 3]."""

    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(torch.tensor([0.0, 1.0, 2.0]))

    def forward(self, x: Tensor) -> Tensor:
        return -((x[:, :1] - self.place) ** 2)


@dataclass(frozen=True, eq=False)
class Trial:
    """Some of the samples and some of the attacks."""

    table: Tensor
    number: int = 4

    @property
    def x(self) -> Tensor:
        """With an entry of its own in each, so that nobody is taken for somebody else."""
        marks = torch.arange(len(self.table))[:, None] / 64
        return torch.cat([self.table[:, :1], self.table[:, 2:], marks], 1).float()

    @property
    def y(self) -> Tensor:
        return self.table[:, 1]

    @property
    def attacks(self) -> list[Scout]:
        return [Scout(self.x, self.y, self.table[:, 0], _act(k)) for k in range(self.number)]

    @property
    def answers(self) -> Tensor:
        """The class each sample is taken for, clean in the first row, attacked in the others: [1 + attacks, N]."""
        taken, y, codes = self.table[:, 0], self.y, self.table[:, 2:].T
        rows = [torch.where(c == FOOLS, (y + 1) % 3, torch.where(c == REPAIRS, y, taken)) for c in codes]
        return torch.stack([taken, *rows[: self.number]])

    @property
    def right(self) -> Tensor:
        return self.answers == self.y


def _act(k: int) -> Callable:
    def act(model: nn.Module, x: Tensor, labels: Tensor) -> Tensor:
        z, code = x.clone(), x[:, 1 + k]
        z[:, 0] = torch.where(code == FOOLS, (labels + 1) % 3, torch.where(code == REPAIRS, labels, z[:, 0]))
        return z

    return act


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def of(trial: Trial) -> float:
    return _share(trial.right.all(0))


_ALL = "When does one sample count as robust, and when does a share of samples: which comes first?"


@dataclass(frozen=True)
class WrongCount:
    """What else students count; `which` goes on the sentence that names the number, and ends in a question."""

    diagnosis: str
    count: Callable[[Trial], float]
    which: str


WRONG_COUNTS = (
    WrongCount(
        "worst-attack-for-all",
        lambda t: min(map(_share, t.right)),
        "is the accuracy under the strongest single attack. May another sample fall to another attack?",
    ),
    WrongCount("average-over-attacks", lambda t: _share(t.right[1:]), f"is the mean accuracy over the attacks. {_ALL}"),
    WrongCount(
        "average-over-attacks", lambda t: _share(t.right), f"is the mean over the attacks and the clean samples. {_ALL}"
    ),
    WrongCount("best-case", lambda t: _share(t.right[1:].any(0)), f"counts whom some attack leaves right. {_ALL}"),
    WrongCount("best-case", lambda t: _share(t.right.any(0)), f"counts whom some attack leaves right, or none. {_ALL}"),
    WrongCount(
        "best-case", lambda t: max(map(_share, t.right[1:])), f"is the accuracy under the weakest attack. {_ALL}"
    ),
    WrongCount(
        "first-attack-only", lambda t: _share(t.right[:2].all(0)), "knows of the first attack alone. And the others?"
    ),
    WrongCount("first-attack-only", lambda t: _share(t.right[1]), "knows of the first attack alone. And the others?"),
    WrongCount(
        "last-attack-only", lambda t: _share(t.right[-1]), "knows of the last attack alone. What does the loop keep?"
    ),
    WrongCount(
        "last-attack-only",
        lambda t: _share(t.right[[0, -1]].all(0)),
        "knows of the last attack alone. What does the loop keep?",
    ),
    WrongCount(
        "clean-accuracy",
        lambda t: _share(t.right[0]),
        "is the accuracy without any attack. What did the attacks return?",
    ),
    WrongCount(
        "forgives-clean-mistakes",
        lambda t: _share(t.right[1:].all(0)),
        "counts samples as robust that are wrong before any attack. Can such a sample be robust?",
    ),
    WrongCount(
        "forgives-clean-mistakes",
        lambda t: _share((t.right | ~t.right[0]).all(0)),
        "counts samples as robust that are wrong before any attack. Can such a sample be robust?",
    ),
    WrongCount(
        "only-of-the-right",
        lambda t: of(t) / _share(t.right[0]),
        "is a share of the samples that are right when clean. Of how many samples is the share wanted?",
    ),
    WrongCount(
        "unchanged-answers",
        lambda t: _share((t.answers == t.answers[0]).all(0)),
        "counts answers that no attack changes, right or wrong. With what is an answer to be compared?",
    ),
    WrongCount("counts-the-fooled", lambda t: 1 - of(t), "is the share of the others. Whose share is wanted?"),
    WrongCount(
        "adds-up-the-fooled",
        lambda t: 1 - sum(1 - _share(r) for r in t.right),
        "takes off a sample once for every attack that fools it. How often can a sample be lost?",
    ),
    WrongCount(
        "adds-up-the-fooled",
        lambda t: 1 - sum(1 - _share(r) for r in t.right[1:]),
        "takes off a sample once for every attack that fools it. How often can a sample be lost?",
    ),
    WrongCount(
        "multiplies",
        lambda t: math.prod(map(_share, t.right)),
        "is the product of all accuracies. Do the attacks fool independent samples?",
    ),
    WrongCount(
        "multiplies",
        lambda t: math.prod(map(_share, t.right[1:])),
        "is the product of the attacks' accuracies. Do the attacks fool independent samples?",
    ),
    WrongCount("a-count", lambda t: of(t) * len(t.y), "is a number of samples. Of how many?"),
    WrongCount(
        "in-per-cent", lambda t: 100 * of(t), "is in per cent. A share between 0 and 1 is wanted: what multiplies it?"
    ),
)


def check_robust_accuracy(ask: Interview) -> str:
    table = torch.tensor(SAMPLES)
    _compare(_ask(ask, Trial(table)), Trial(table))
    for trial, where in (
        (Trial(table, 2), "two attacks"),
        (Trial(table, 1), "a single attack"),
        (Trial(table, 0), "an empty list of attacks"),
        (Trial(table.flip(0)), "the samples in another order"),
        (Trial(table[4:5]), "one sample, which falls"),
    ):
        answer = _ask(ask, trial)
        if abs(answer - of(trial)) > 1e-6:
            fail(
                "wrong-elsewhere",
                f"With {where} it says {number(answer)}, right is {number(of(trial))}.",
                "What is special about that case?",
            )
    return "Each sample counts once, and only if it is right when clean and under every single attack."


def _ask(ask: Interview, trial: Trial) -> float:
    return ask(Labelled().eval(), trial.x, trial.y, trial.attacks)


def _compare(answer: float, trial: Trial) -> None:
    if abs(answer - of(trial)) <= 1e-6:
        return
    for wrong in WRONG_COUNTS:
        if abs(answer - wrong.count(trial)) <= 1e-6:
            seen, _, question = wrong.which.rpartition(". ")
            fail(wrong.diagnosis, f"On {len(SAMPLES)} samples it says {number(answer)}, which {seen}.", question)
    fail(
        "wrong-value",
        f"On {len(SAMPLES)} samples and four attacks it says {number(answer)}, right is {number(of(trial))}.",
        "Make a table by hand: a row for each sample, a column for each attack.",
    )
