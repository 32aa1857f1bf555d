"""What attacks leave: robust accuracy over the radius, the worst case of every sample, distances."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from advcourse.asking import Adversary, Attack, Model
from advcourse.goals import Goal, Untargeted
from advcourse.measure.shares import correct, logits, wilson
from advcourse.threats import Threat


@dataclass(frozen=True)
class Curve:
    """Robust accuracy over the radius, at most: right[i] of n samples withstand the attack up to eps[i]."""

    eps: tuple[float, ...]
    right: tuple[int, ...]
    n: int

    @property
    def accuracy(self) -> list[float]:
        """The share that withstands, for each eps."""
        return [hits / self.n for hits in self.right]

    @property
    def interval(self) -> list[tuple[float, float]]:
        """Its 95 % Wilson interval, for each eps."""
        return [wilson(hits, self.n) for hits in self.right]


def attacked(attack: Adversary, model: Model, x: Tensor, goal: Goal, *, batch: int = 100) -> Tensor:
    """attack(model, x, goal), so many samples at a time: memory does not grow with the set. [N, ...] -> [N, ...]."""
    rows = torch.arange(len(x), device=x.device)
    return torch.cat([attack(model, x[part], goal[part]) for part in rows.split(batch)])


def robustness_curve(
    model: Model, x: Tensor, y: Tensor, attack: Attack, threats: Sequence[Threat], *, batch: int = 100
) -> Curve:
    """Accuracy under attack(model, x, goal, threat) for growing threats, whose sets must be nested.

    A sample fooled inside a small ball is fooled inside every larger one. So only survivors are attacked again: the
    curve falls by construction and costs a fraction of attacking every sample at every radius; at radius 0 nobody is
    attacked. The attack sees `batch` samples at a time.
    """
    eps = [threat.eps for threat in threats]
    if eps != sorted(eps) or len({(type(t), t.lo, t.hi) for t in threats}) != 1:
        raise ValueError(f"threats must be of one norm and box, with growing eps; got {list(threats)}")
    alive = correct(model, x, y).nonzero().squeeze(1)
    right = []
    for threat in threats:
        if len(alive) and threat.eps:
            goal = Untargeted(y[alive])
            z = attacked(lambda *sample, t=threat: attack(*sample, t), model, x[alive], goal, batch=batch)
            alive = alive[~goal.reached(logits(model, z))]
        right.append(len(alive))
    return Curve(tuple(eps), tuple(right), len(x))


def worst_case(model: Model, x: Tensor, y: Tensor, attacks: Sequence[Adversary], *, batch: int = 100) -> Tensor:
    """Which samples are right and withstand every attack(model, x, goal): [N] bool.

    A sample that one attack has fooled is not shown to the next: the worst case of every sample, whose mean is at most
    the worst attack's accuracy on all of them. It bounds robust accuracy, the share that *nothing* within the threat
    fools, from above: attacks find what they can. An attack sees `batch` samples at a time.
    """
    alive = correct(model, x, y)
    for attack in attacks:
        rows = alive.nonzero().squeeze(1)
        if len(rows):
            goal = Untargeted(y[rows])
            alive[rows] = ~goal.reached(logits(model, attacked(attack, model, x[rows], goal, batch=batch)))
    return alive


def in_turn(model: Model, x: Tensor, goal: Goal, threat: Threat, *, attacks: Sequence[Attack]) -> Tensor:
    """Several attacks as one, `partial(in_turn, attacks=[a, b])`: whom one has fooled is not shown to the next.

    The result of each sample is that of the attack that reached the goal, or of the last one.
    """
    z = x.detach().clone()
    left = torch.arange(len(x), device=x.device)
    for attack in attacks:
        if len(left):
            z[left] = attack(model, x[left], goal[left], threat)
            left = left[~goal[left].reached(logits(model, z[left]))]
    return z


def distances(model: Model, x: Tensor, z: Tensor, goal: Goal, norm: type[Threat]) -> Tensor:
    """|z - x| of every sample in the norm (L2, Linf, L1), infinity where the goal is not reached at z: [N, ...] -> [N].

    The model is asked again: what an attack says about itself does not count. So a median over all samples is honest
    about those that no attack moved.
    """
    return norm.size(z - x).masked_fill(~goal.reached(logits(model, z)), torch.inf)
