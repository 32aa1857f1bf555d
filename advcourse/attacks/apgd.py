"""Auto-PGD: the gradient attack that finds its step size itself, sample by sample."""

import math

import torch
from torch import Generator, Tensor

from advcourse.asking import Model, Trace, attacking, check_roles, ignore
from advcourse.attacks.gradient import Best, score_gradient, starts
from advcourse.attacks.region import like
from advcourse.goals import Goal
from advcourse.threats import L1, Threat

SHARE = 0.75  # of the new step in each move; the rest repeats the last move
RISES = 0.75  # a step size is kept while so many of its steps rise


@torch.inference_mode(False)
def apgd(
    model: Model,
    x: Tensor,
    goal: Goal,
    threat: Threat,
    *,
    steps: int,
    restarts: int = 1,
    random_start: bool = True,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """Auto-PGD in l_inf, l_2 or the bare box, without a step size: the best iterate of every sample over all restarts.

    A move is P(z + .75 (z' - z) + .25 (z - previous z)) with z' = P(z + size steepest(grad score)). The first size is
    the width of the set, and a sample halves it when it no longer helps, see `Pace`. Best is, as in `pgd`, a reached
    goal first, then the higher score. Only directions and order of the scores count, so that a factor on all scores
    changes nothing. Croce and Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse
    Parameter-free Attacks", ICML 2020.
    """
    check_roles(goal, threat)
    width = _width(threat)
    if steps < 0:
        raise ValueError(f"steps must be >= 0; got {steps}")
    z, aim, allowed = starts(x, goal, threat, restarts, random_start, generator)
    if not len(x):
        return z
    best, pace, before = Best(goal, len(x)), Pace(z, width, steps), z
    rows = torch.arange(len(z), device=z.device)
    with attacking(model, x, aim) as forward:
        for step in range(steps):
            trace(z)
            g, score, out = score_gradient(forward, z, aim.score)
            best.see(z, score, out, rows)
            z, g = pace.after(z, g, score)
            there = allowed.project(z + pace.size * allowed.steepest(g, z))
            if step:
                there = allowed.project(z + SHARE * (there - z) + (1 - SHARE) * (z - before))
            z, before = there, z
        trace(z)
        with torch.no_grad():
            out = forward(z)
            best.see(z, aim.score(out), out, rows)
    return best.found()


class Pace:
    """The step size of each of N samples, and from where its walk goes on.

    At checkpoints a sample halves its size and goes on from its highest point, if fewer than three quarters of the
    steps since the last checkpoint rose, or if over a whole stretch at one size the highest point was not surpassed.
    """

    def __init__(self, z: Tensor, size: float, steps: int):
        self.size = torch.full((len(z), *[1] * (z.ndim - 1)), size, dtype=z.dtype, device=z.device)
        self.checkpoints, self.step, self.last = checkpoints(steps), 0, 0

    def after(self, z: Tensor, g: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
        """The iterates [N, ...] and their gradients, or the highest points and theirs where a walk starts over."""
        if self.step == 0:
            self.top, self.slope, self.height = z, g, score
            self._new_stretch(score, torch.zeros_like(score, dtype=torch.bool))
        self.rises += score > self.previous
        self.previous = score
        higher = score > self.height
        self.top, self.slope = torch.where(like(higher, z), z, self.top), torch.where(like(higher, z), g, self.slope)
        self.height = torch.where(higher, score, self.height)
        if self.step in self.checkpoints:
            too_long = self.rises < RISES * (self.step - self.last)
            over = too_long | (~self.over & (self.height <= self.start))
            self.size = torch.where(like(over, z), self.size / 2, self.size)
            z, g = torch.where(like(over, z), self.top, z), torch.where(like(over, z), self.slope, g)
            self._new_stretch(torch.where(over, self.height, score), over)
        self.step += 1
        return z, g

    def _new_stretch(self, score: Tensor, over: Tensor) -> None:
        """Count from here: the scores at which the samples go on, and which of them started over."""
        self.previous, self.start, self.over, self.last = score, self.height, over, self.step
        self.rises = torch.zeros_like(score, dtype=torch.int64)


def checkpoints(steps: int) -> set[int]:
    """After which of the steps sizes are looked at: 22 % of them, then stretches shorter by 3 %, down to 6 %."""
    at, stretch, found = 22, 22, set()
    while at < 100:
        found.add(math.ceil(at * steps / 100))
        stretch = max(stretch - 3, 6)
        at += stretch
    return found


def _width(threat: Threat) -> float:
    """The longest way across the set in its norm: two radii or, where there is none, the side of the box."""
    if isinstance(threat, L1):
        raise ValueError(
            f"apgd is for l_inf and l_2; got {threat}: in l_1 a step moves one pixel, and its momentum and its sizes "
            "fall behind pgd with step_size = eps / 4, so use that"
        )
    width = 2 * threat.eps if math.isfinite(threat.eps) else threat.hi - threat.lo
    if not math.isfinite(width):
        raise ValueError(f"apgd's first step is as long as the set is wide; {threat} has no end: give it a finite box")
    return width
