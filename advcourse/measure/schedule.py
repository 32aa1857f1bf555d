"""The attacks of an evaluation, cheap ones first, and the goal of those that take one rival class after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import torch
from torch import Generator, Tensor

from advcourse.answers import check_classes, check_device, check_labels
from advcourse.asking import Model, attacking
from advcourse.attacks.falling import falling, reach
from advcourse.goals import Goal, Untargeted
from advcourse.measure.shares import logits
from advcourse.threats import Threat

RIVALS = 9  # of ten classes all: so many are ranked by their distance
TARGETS = 3  # and so many of them attacked

Stage = tuple[str, float, Callable[[Tensor], Tensor]]


@dataclass(frozen=True, eq=False)
class Overtake:
    """Class t [B] comes before the true class y [B]: climb a_t - a_y, until any class but y is the answer."""

    y: Tensor
    t: Tensor

    def score(self, out: Tensor) -> Tensor:
        """a_t - a_y: out [B, K] -> [B]."""
        return (out.gather(1, self.t[:, None]) - out.gather(1, self.y[:, None])).squeeze(1)

    def reached(self, out: Tensor) -> Tensor:
        """Where the model no longer answers y: out [B, K] -> [B] bool."""
        return out.argmax(1) != self.y

    def check_batch(self, x: Tensor) -> None:
        """Raise a ValueError unless every sample of x has a class and a rival."""
        for name, labels in (("y", self.y), ("t", self.t)):
            check_labels(labels, len(x), name)
            check_device(labels, x, name, "x is")

    def check(self, out: Tensor) -> None:
        """Raise a ValueError that teaches if out, logits [B, K], and the classes do not fit together."""
        check_classes(out, self.y)
        check_classes(out, self.t, "t")

    def __getitem__(self, index: Tensor) -> Self:
        """The same goal for some of the samples."""
        return replace(self, y=self.y[index], t=self.t[index])


def nearest_rivals(model: Model, x: Tensor, y: Tensor, threat: Threat, most: int) -> Tensor:
    """The `most` classes that a linear model would reach with the smallest share of the radius, nearest first.

    Of class t that share is (a_y - a_t) / max_d <grad(a_t - a_y), d> with d in the set: in a ball alone the gradient's
    dual norm. Not the likeliest class is the nearest one but the one whose gap closes fastest for its size. Only the
    nine likeliest are looked at. [B, ...], y [B] -> [B, most], at most K - 1 of them.
    Melamed, Yehudai and Shamir, "MALT Powers Up Adversarial Attacks", NeurIPS 2024.
    """
    goal, allowed = Untargeted(y), threat.around(x)
    with attacking(model, x, goal) as forward:
        z = x.detach().clone().requires_grad_()
        out = forward(z)
        margins, order = goal.margins(out).topk(min(RIVALS, out.shape[1] - 1), dim=1)
        shares = []
        for i in range(margins.shape[1]):
            (g,) = torch.autograd.grad(margins[:, i].sum(), z, retain_graph=i + 1 < margins.shape[1])
            corner = allowed.project(x.add(allowed.steepest(g, x), alpha=reach(threat, x)))
            shares.append(-margins[:, i].detach() / (g * (corner - x)).flatten(1).sum(1))
    nearest = order.gather(1, torch.stack(shares, 1).nan_to_num(torch.inf).argsort(1)[:, :most])
    return nearest + (nearest >= y[:, None])


class Schedule:
    """The attacks on samples x [N, ...], y [N], asked for some rows [R] of them: -> [R, ...].

    Noise and one step cost next to nothing, and say something about the model; 20 steps on the cross entropy fool most
    of those that can be fooled. Then the margin of the nearest rival is climbed, for the closer quarter those of the
    next two as well. What is left to be found lies close to the border: restarts are for the tenth that came closest.
    """

    def __init__(self, model: Model, x: Tensor, y: Tensor, threat: Threat, generator: Generator | None):
        self.model, self.x, self.y, self.threat, self.generator = model, x, y, threat, generator
        self.rivals = y.new_full((len(y), TARGETS), -1)

    def stages(self) -> Iterator[Stage]:
        """Name, the share of the survivors that is shown, those who came closest to the border, and the attack."""
        yield "noise", 1.0, self.noise
        yield "one step", 1.0, partial(self.climb, steps=1)
        yield "many steps", 1.0, partial(self.climb, steps=20)
        yield "nearest rival", 1.0, partial(self.chase, places=range(1), steps=40)
        yield "next rivals", 0.25, partial(self.chase, places=range(1, TARGETS), steps=40)
        yield "restarts", 0.1, partial(self.restart, times=4, steps=40)

    def noise(self, rows: Tensor) -> Tensor:
        """A random member of the set."""
        return self.threat.around(self.x[rows]).sample(self.generator)

    def climb(self, rows: Tensor, *, steps: int) -> Tensor:
        """The cross entropy climbed."""
        return self._in_turn(rows, [Untargeted(self.y[rows])], steps, random_start=False)

    def chase(self, rows: Tensor, *, places: Iterable[int], steps: int) -> Tensor:
        """The margins of these rivals climbed in turn; place 0 has the nearest one."""
        return self._in_turn(rows, [self._overtake(rows, place) for place in places], steps, random_start=False)

    def restart(self, rows: Tensor, *, times: int, steps: int) -> Tensor:
        """Cross entropy and the nearest rival's margin in turn, each time from a random member."""
        goals = [Untargeted(self.y[rows]), self._overtake(rows, 0)]
        return self._in_turn(rows, goals * times, steps, random_start=True)

    def _overtake(self, rows: Tensor, place: int) -> Overtake:
        new = rows[self.rivals[rows, 0] < 0]
        if len(new):
            ranked = nearest_rivals(self.model, self.x[new], self.y[new], self.threat, TARGETS)
            # With fewer rivals than places the last one is chased again.
            self.rivals[new] = ranked[:, torch.arange(TARGETS).clamp(max=ranked.shape[1] - 1)]
        return Overtake(self.y[rows], self.rivals[rows, place])

    def _in_turn(self, rows: Tensor, goals: Sequence[Goal], steps: int, *, random_start: bool) -> Tensor:
        """One goal after the other, each for those whom none before has moved to another answer."""
        z, left = self.x[rows], torch.arange(len(rows), device=rows.device)
        for goal in goals:
            if len(left):
                walk = partial(falling, steps=steps, random_start=random_start, generator=self.generator)
                z[left] = walk(self.model, self.x[rows[left]], goal[left], self.threat)
                left = left[~goal[left].reached(logits(self.model, z[left]))]
        return z
