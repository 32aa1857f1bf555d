"""The check for `robust_accuracy(model, x, y, attacks)`: the share of samples that are right whatever is tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..spec import Case, Formula, Spec, like
from ..words import words
from .scouts import Labels, Scout

SAY = words(__file__, "scouts")

FOOLS, REPAIRS = 1, 2
# A row for each sample: the class it is taken for, its true class, what each of four attacks does to it. The strongest
# and the weakest attack are neither the first nor the last.
SAMPLES = (
    *((0, 0, 0, 0, 0, 0), (1, 1, 1, 1, 0, 1), (2, 2, 0, 0, 0, 1), (0, 0, 0, 1, 0, 0), (1, 1, 1, 1, 0, 0)),
    *((2, 2, 0, 1, 0, 0), (0, 0, 1, 0, 0, 0), (1, 1, 0, 1, 0, 0), (2, 2, 0, 1, 0, 0), (0, 0, 0, 1, 0, 0)),
    *((1, 1, 1, 0, 0, 0), (2, 2, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0), (1, 1, 0, 0, 0, 1), (2, 2, 1, 0, 0, 1)),
    *((1, 0, 0, 0, 0, 0), (2, 1, 2, 2, 2, 2), (0, 2, 0, 2, 0, 2), (1, 0, 2, 2, 2, 2), (2, 1, 2, 2, 2, 2)),
    *((0, 2, 2, 2, 2, 2), (1, 1, 1, 0, 0, 0), (0, 0, 0, 0, 1, 0), (1, 0, 2, 0, 0, 0), (1, 0, 2, 1, 2, 0)),
    (1, 0, 2, 2, 2, 2),
)


class Labelled(nn.Module):
    """Samples [B, 6] carry the class they are taken for in the first entry; logits [B, 3]."""

    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(torch.tensor([0.0, 1.0, 2.0]))

    def forward(self, x: Tensor) -> Tensor:
        return -((x[:, :1] - self.place) ** 2)


def asked(rows: tuple = SAMPLES, number: int = 4) -> tuple[nn.Module, Tensor, Tensor, list[Scout]]:
    """Some of the samples and some of the attacks."""
    table = torch.tensor(rows)
    marks = torch.arange(len(rows))[:, None] / 64  # so that nobody is taken for somebody else
    x, y = torch.cat([table[:, :1], table[:, 2:], marks], 1).float(), table[:, 1]
    return Labelled().eval(), x, y, [Scout(x, y, _act(k)) for k in range(number)]


def _act(k: int) -> Callable[..., Tensor]:
    def act(model: nn.Module, x: Tensor, labels: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            SAY.fail("gradients-off")
        z, code = x.clone(), x[:, 1 + k]
        z[:, 0] = torch.where(code == FOOLS, (labels + 1) % 3, torch.where(code == REPAIRS, labels, z[:, 0]))
        return z

    return act


def answers(model: nn.Module, x: Tensor, y: Tensor, attacks: list) -> Tensor:
    """The class each sample is taken for, clean in the first row, attacked in the others: [1 + attacks, N]."""
    return torch.stack([model(z).argmax(1) for z in (x, *(attack(model, x, Labels(y)) for attack in attacks))])


def of(count: Callable[[Tensor], Tensor | float]) -> Formula:
    """count(right), of who is right clean and under each attack."""
    return lambda model, x, y, attacks: count(answers(model, x, y, attacks) == y)


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def _whole(right: Tensor) -> float:
    """Who is right in every row."""
    return _share(right.all(0))


MISTAKES = {
    "worst-attack-for-all": like(
        of(lambda right: min(map(_share, right))), of(lambda right: min(map(_share, right[0] & right[1:])))
    ),
    "average-over-attacks": like(
        of(lambda right: _share(right[1:])),
        of(_share),
        *(of(lambda right, first=first: _share(right[0] & right[first:])) for first in (0, 1)),
    ),
    "best-case": like(
        of(lambda right: _share(right[1:].any(0))),
        of(lambda right: _share(right.any(0))),
        of(lambda right: max(map(_share, right[1:]))),
    ),
    "first-attack-only": like(of(lambda right: _whole(right[:2])), of(lambda right: _share(right[1]))),
    "last-attack-only": like(of(lambda right: _whole(right[[0, -1]])), of(lambda right: _share(right[-1]))),
    "first-left-out": like(of(lambda right: _whole(right[[0, *range(2, len(right))]]))),
    "last-left-out": like(of(lambda right: _whole(right[:-1]))),
    "clean-accuracy": like(of(lambda right: _share(right[0]))),
    "forgives-clean-mistakes": like(of(lambda right: _whole(right[1:])), of(lambda right: _whole(right | ~right[0]))),
    "only-of-the-right": like(of(lambda right: _whole(right) / _share(right[0]))),
    "only-of-those-before": like(of(lambda right: _whole(right) / _whole(right[:-1]))),
    "unchanged-answers": like(lambda *args: _whole((said := answers(*args)) == said[0])),
    "counts-the-fooled": like(of(lambda right: 1 - _whole(right))),
    "adds-up-the-fooled": like(
        of(lambda right: 1 - sum(1 - _share(row) for row in right)),
        of(lambda right: 1 - sum(1 - _share(row) for row in right[1:])),
    ),
    "multiplies": like(
        of(lambda right: math.prod(map(_share, right))), of(lambda right: math.prod(map(_share, right[1:])))
    ),
    "divides-by-the-attacks": like(
        of(lambda right: _whole(right) / len(right)), of(lambda right: _whole(right) / len(right[1:]))
    ),
    "all-or-nobody": like(of(lambda right: float(right.all()))),
    "a-count": like(of(lambda right: right.all(0).sum())),
    "in-per-cent": like(of(lambda right: 100 * _whole(right))),
    "rounded": like(*(of(lambda right, n=n: round(_whole(right), n)) for n in (1, 2))),
}


def cases() -> Iterator[Case]:
    yield Case(asked(), "wrong-value", mistakes=MISTAKES)
    yield Case(asked(number=2), "wrong-elsewhere", "two attacks")
    yield Case(asked(number=1), "wrong-elsewhere", "a single attack")
    yield Case(asked(number=0), "wrong-elsewhere", "an empty list of attacks")
    yield Case(asked(SAMPLES[::-1]), "wrong-elsewhere", "the samples in another order")
    yield Case(asked(SAMPLES[4:5]), "wrong-elsewhere", "one sample, which falls,")
    yield Case(asked(SAMPLES[:1]), "wrong-elsewhere", "one sample, which stands,")


check_robust_accuracy = Spec(SAY, of(_whole), cases, lambda share, model, x, *_: {"samples": len(x)}, tolerance=1e-6)
