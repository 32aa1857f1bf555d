"""What an attack achieved: accuracies with their intervals, robustness over the radius, losses along a path."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from advcourse.answers import check_classes, check_labels, check_logits, check_no_nan, check_numbers
from advcourse.asking import Adversary, Attack, Model, answer, evaluating, predicted
from advcourse.attacks.gradient import fgsm, input_gradient, pgd
from advcourse.device import precise
from advcourse.goals import Goal, Untargeted
from advcourse.threats import Threat


def logits(model: Model, x: Tensor, *, batch: int = 500) -> Tensor:
    """The model's answers in evaluation mode, without a graph, batch by batch: [N, ...] -> [N, K]."""
    with evaluating(model), torch.no_grad():
        return torch.cat([answer(model, part) for part in x.split(batch)])


def correct(model: Model, x: Tensor, y: Tensor) -> Tensor:
    """Which samples the model gives their class y [N] as its first answer: [N] bool.

    Raises ValueError for answers that are no logits or not numbers, and for labels that are none of its classes.
    """
    check_labels(y, len(x))
    out = logits(model, x)
    check_classes(out, y)
    check_no_nan(out)
    return out.argmax(1) == y


def probabilities(model: Model, x: Tensor) -> Tensor:
    """p(y | x) of every class: [N, ...] -> [N, K], each row a distribution."""
    out = logits(model, x)
    check_logits(out)
    return out.softmax(1)


def accuracy(model: Model, x: Tensor, y: Tensor) -> float:
    """Share of samples whose class y [N] is the model's first answer."""
    return precise(correct(model, x, y)).mean().item()


def absolute_error(model: Model, x: Tensor, y: Tensor) -> float:
    """Mean distance of the answers, one number a sample, from the right ones y [N], in the unit of y."""
    out = logits(model, x)
    check_numbers(out, y)
    check_no_nan(out)
    return precise((out - y).abs()).mean().item()


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Interval for a share, hits of n, that stays inside [0, 1] and is honest at 0 and n. Wilson, 1927."""
    if n == 0:
        return 0.0, 1.0
    share, shrink = hits / n, 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


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
    curve falls by construction and costs a fraction of attacking every sample at every radius. The attack sees `batch`
    samples at a time.
    """
    eps = [threat.eps for threat in threats]
    if eps != sorted(eps) or len({(type(t), t.lo, t.hi) for t in threats}) != 1:
        raise ValueError(f"threats must be of one norm and box, with growing eps; got {list(threats)}")
    alive = correct(model, x, y).nonzero().squeeze(1)
    right = []
    for threat in threats:
        if len(alive):
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


@dataclass(frozen=True, eq=False)
class Along:
    """Score [T, B] and success [T, B] of every iterate of a path, and its distance from the first, [T, B]."""

    score: Tensor
    reached: Tensor
    distance: Tensor


def along(model: Model, path: Sequence[Tensor], goal: Goal, threat: Threat) -> Along:
    """Recompute what happened along the iterates a trace collected; distances are measured in the threat's norm."""
    if not path:
        raise ValueError("the path is empty: pass a list's append as the attack's trace, trace=path.append")
    outs = [logits(model, z) for z in path]
    return Along(
        torch.stack([goal.score(out) for out in outs]),
        torch.stack([goal.reached(out) for out in outs]),
        torch.stack([threat.size(z - path[0]) for z in path]),
    )


@dataclass(frozen=True)
class Readings:
    """Five shares of samples that together tell robustness from what only looks like it.

    Accuracy clean, under FGSM told the true labels, under FGSM told the predicted ones, under PGD told the true ones,
    and the share of samples whose input gradient is exactly zero, so that no gradient attack can move them.
    """

    clean: float
    one_step: float
    one_step_predicted: float
    iterative: float
    zero_gradients: float


def readings(model: Model, x: Tensor, y: Tensor, threat: Threat, *, steps: int) -> Readings:
    """The five, on x [N, ...] and y [N] inside the threat; PGD makes `steps` steps of a quarter of the radius."""
    true, guessed = Untargeted(y), Untargeted(predicted(model, x))
    start = torch.Generator().manual_seed(0)
    many = partial(pgd, threat=threat, steps=steps, step_size=threat.eps / 4, generator=start)
    once = partial(fgsm, threat=threat)
    tries = ((once, true), (once, guessed), (many, true))
    inputs = (x, *(attacked(attack, model, x, goal) for attack, goal in tries))
    flat = (attacked(input_gradient, model, x, true) == 0).flatten(1).all(1)
    return Readings(*(accuracy(model, z, y) for z in inputs), precise(flat).mean().item())
