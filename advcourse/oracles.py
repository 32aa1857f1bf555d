"""What may be asked: scores, or decisions alone. An oracle answers, counts, and gives no gradient.

`oracle(z)` asks about the samples 0, 1, ... of a batch. Which samples the inputs are about is said as with goals, by an
index, also repeated: an attack that has dropped finished samples asks `oracle[left](z[left])`, and one that has two
probes of each asks `oracle[left.repeat(2)](probes)`. So the queries of every sample are counted, and all that is made
of an oracle by an index shares its counts.
"""

from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor

from advcourse.answers import check_logits, check_no_nan
from advcourse.asking import Model, answer, check_goal, check_place, in_evaluation_mode
from advcourse.goals import Goal

AT_ONCE = 128  # so many inputs are given to the model at once: on a CPU more take longer, each of them


class BudgetSpent(RuntimeError):
    """An oracle was asked more often about a sample than its budget allows; the model was not asked."""


class _Count:
    """How often each sample was asked about, as far as samples are known: [N], on the CPU."""

    def __init__(self):
        self.asked = torch.zeros(0, dtype=torch.int64)

    def of(self, rows: Tensor) -> Tensor:
        """So often was it about each of these samples: [B] -> [B]."""
        missing = int(rows.max()) + 1 - len(self.asked) if len(rows) else 0
        if missing > 0:
            self.asked = torch.cat([self.asked, torch.zeros(missing, dtype=torch.int64)])
        return self.asked[rows]

    def add(self, rows: Tensor, budget: int | None) -> None:
        """One query more about each of these samples; raises BudgetSpent, and adds none, where that is one too many."""
        asked = rows.bincount(minlength=len(self.asked))
        asked[: len(self.asked)].add_(self.asked)
        if budget is not None and len(rows) and int(asked[rows].max()) > budget:
            worst = int(rows[asked[rows].argmax()])
            now = int((rows == worst).sum())
            left = budget - int(asked[worst]) + now
            raise BudgetSpent(
                f"{now} more queries about sample {worst}, of whose budget of {budget} there are {left} left: "
                "give the attack fewer queries, or the oracle a larger budget. Nothing was asked"
            )
        self.asked = asked


@dataclass(frozen=True, eq=False)
class _Oracle:
    """A model that may be asked so often about each sample, in evaluation mode and without a graph."""

    model: Model
    budget: int | None = None
    _count: _Count = field(default_factory=_Count, repr=False)
    _rows: Tensor | None = field(default=None, repr=False)

    def __post_init__(self):
        if self.budget is not None and self.budget < 0:
            raise ValueError(f"budget must be a number of queries a sample, >= 0, or None; got {self.budget}")

    @property
    def queries(self) -> Tensor:
        """So often the model was asked about each sample: [B] int64 on the CPU."""
        return self._count.asked.clone() if self._rows is None else self._count.of(self._rows)

    @property
    def total(self) -> int:
        """So often the model was asked in all: the sum of `queries`, each sample counted once."""
        return int((self._count.asked if self._rows is None else self._count.of(self._rows.unique())).sum())

    def __getitem__(self, index: Tensor) -> Self:
        """The same oracle, asked about some of the samples, also repeated; it counts for all."""
        index = index.cpu()
        if index.dtype == torch.bool:
            index = index.nonzero().squeeze(1)
        return replace(self, _rows=index if self._rows is None else self._rows[index])

    @classmethod
    def of(cls, model: Model) -> Self:
        """The model itself if it is such an oracle, else one around it. Raises TypeError for the other kind."""
        if isinstance(model, _Oracle) and not isinstance(model, cls):
            raise TypeError(
                f"this attack asks {cls.__name__}, and got {type(model).__name__}: nes and square need "
                "Scores(model), boundary and hopskipjump make do with Decisions(model)"
            )
        return model if isinstance(model, cls) else cls(model)

    def _ask(self, z: Tensor) -> Tensor:
        """What the model answers, once it is known that it may be asked: [B, ...] -> [B, ...]."""
        if z.requires_grad:
            raise ValueError(
                f"z asks for a gradient (requires_grad), and none leads through {type(self).__name__}: an oracle only "
                "answers, as a model behind a web page does. nes and square need scores alone, boundary and "
                "hopskipjump decisions alone; fgsm, pgd and other attacks with gradients need the network itself; "
                "for nothing but the answer, ask about z.detach()"
            )
        rows = torch.arange(len(z)) if self._rows is None else self._rows
        if len(rows) != len(z):
            raise ValueError(f"this oracle was told of {len(rows)} samples, oracle[rows], and got {len(z)} inputs")
        self._count.add(rows, self.budget)
        with in_evaluation_mode(self.model), torch.no_grad():
            if len(z) <= AT_ONCE:
                return answer(self.model, z).detach()
            return torch.cat([answer(self.model, part) for part in z.split(AT_ONCE)])


class Scores(_Oracle):
    """A model of which the scores are seen, and nothing else: z [B, ...] -> logits [B, K].

    With a budget, no sample is asked about more often than that; BudgetSpent says what is left. `queries` [B] and
    `total` say how often the model was asked. Probabilities are scores too once their logarithm is taken.
    """

    def __call__(self, z: Tensor) -> Tensor:
        """The scores of z, without a graph. Raises ValueError for a z that asks for a gradient, and BudgetSpent."""
        return self._ask(z)


class Decisions(_Oracle):
    """A model of which only the class is seen that it thinks most likely: z [B, ...] -> labels [B].

    With a budget, no sample is asked about more often than that; BudgetSpent says what is left. `queries` [B] and
    `total` say how often the model was asked.
    """

    def __call__(self, z: Tensor) -> Tensor:
        """The classes of z. Raises ValueError for a z that asks for a gradient, and BudgetSpent."""
        return self.as_scores(z).argmax(1)

    def as_scores(self, z: Tensor) -> Tensor:
        """The same answer in the form that goals read: 0 for the class of z, -1 for each other one, [B, K]."""
        out = self._ask(z)
        check_logits(out)
        check_no_nan(out)
        return torch.full_like(out, -1.0).scatter(1, out.argmax(1, keepdim=True), 0.0)


def check_asked(oracle: Scores | Decisions, x: Tensor, goal: Goal, queries: int) -> None:
    """Raise an error that teaches unless oracle, inputs x [B, ...], goal and a number of queries fit together."""
    check_goal(goal)
    check_place(oracle.model, x)
    goal.check_batch(x)
    if queries < 0:
        raise ValueError(f"queries is a number of questions for each sample, >= 0; got {queries}")
