"""The attacks of an evaluation, cheap ones first, and the goal of those that take one rival class after the other."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import torch
from torch import Generator, Tensor

from advcourse.answers import check_classes, check_device, check_labels
from advcourse.asking import Model, attacking
from advcourse.attacks.falling import falling, reach
from advcourse.attacks.score import square
from advcourse.goals import Untargeted, margin
from advcourse.measure.shares import logits
from advcourse.oracles import Scores
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
    of those that can be fooled. Then the margin of the nearest rival is climbed, and those of the next two. What is
    left to be found lies close to the border, so the later, the fewer are shown; see `Outcome.show`.
    """

    def __init__(self, model: Model, x: Tensor, y: Tensor, threat: Threat, generator: Generator | None):
        self.model, self.x, self.y, self.threat, self.generator = model, x, y, threat, generator
        self.rivals = y.new_full((len(y), TARGETS), -1)

    def stages(self) -> Iterator[Stage]:
        """Name, the share of the survivors that is shown at first, the closest ones, and the attack by gradients."""
        yield "one step", 1.0, partial(self.climb, steps=1)
        yield "many steps", 1.0, partial(self.climb, steps=20)
        yield "nearest rival", 0.25, partial(self.chase, places=[0], steps=40)
        yield "next rivals", 0.1, partial(self.chase, places=[1, 2], steps=40)
        yield "restarts", 0.05, partial(self.restart, copies=6, steps=40)
        yield "twice the steps", 0.05, partial(self.chase, places=[0], steps=80)
        if math.isfinite(self.threat.eps):
            yield "half the radius", 0.05, partial(self.within, share=0.5, steps=20)

    def noise(self, rows: Tensor) -> Tensor:
        """A random member of the set."""
        return self.threat.around(self.x[rows]).sample(self.generator)

    def climb(self, rows: Tensor, *, steps: int) -> Tensor:
        """The cross entropy climbed."""
        return self._walk(rows, Untargeted(self.y[rows]), steps, random_start=False)

    def chase(self, rows: Tensor, *, places: Sequence[int], steps: int) -> Tensor:
        """The margins of these rivals climbed, each by a copy of the sample; place 0 has the nearest one."""
        return self._walk(rows, self._overtake(rows, places), steps, random_start=False)

    def restart(self, rows: Tensor, *, copies: int, steps: int) -> Tensor:
        """Cross entropy, then the nearest rival's margin for whom that has not moved, from several random members."""
        z = self._walk(rows, Untargeted(self.y[rows.repeat(copies)]), steps, random_start=True)
        left = logits(self.model, z).argmax(1) == self.y[rows]
        if left.any():
            z[left] = self._walk(rows[left], self._overtake(rows[left], [0] * copies), steps, random_start=True)
        return z

    def within(self, rows: Tensor, *, share: float, steps: int) -> Tensor:
        """The nearest rival's margin climbed within this share of the radius, which lies within the whole."""
        smaller = replace(self.threat, eps=share * self.threat.eps)
        return falling(self.model, self.x[rows], self._overtake(rows, [0]), smaller, steps=steps)

    def search(self, rows: Tensor, *, queries: int) -> Tensor:
        """Square, by scores alone."""
        asked = Scores(self.model), self.x[rows], Untargeted(self.y[rows], margin), self.threat
        return square(*asked, queries=queries, generator=self.generator)

    def _overtake(self, rows: Tensor, places: Sequence[int]) -> Overtake:
        """The goals of len(places) copies of the rows, one copy after the other."""
        new = rows[self.rivals[rows, 0] < 0]
        if len(new):
            ranked = nearest_rivals(self.model, self.x[new], self.y[new], self.threat, TARGETS)
            # With fewer rivals than places the last one is chased again.
            self.rivals[new] = ranked[:, torch.arange(TARGETS).clamp(max=ranked.shape[1] - 1)]
        return Overtake(self.y[rows.repeat(len(places))], self.rivals[rows][:, places].T.flatten())

    def _walk(self, rows: Tensor, goal: Untargeted | Overtake, steps: int, *, random_start: bool) -> Tensor:
        """As many walks for each row as the goal has copies of it, all in one batch; where the margin came highest."""
        copies = len(goal.y) // len(rows)
        x, walk = self.x[rows.repeat(copies)], partial(falling, random_start=random_start, generator=self.generator)
        z = walk(self.model, x, goal, self.threat, steps=steps)
        if copies == 1:
            return z
        height = margin(logits(self.model, z), goal.y).view(copies, -1)
        return z[height.argmax(0) * len(rows) + torch.arange(len(rows), device=rows.device)]
