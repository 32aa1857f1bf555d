"""Projected ascent whose steps fall from the width of the ball to almost nothing: no step size to choose."""

import math

import torch
from torch import Generator, Tensor

from advcourse.asking import Model, Trace, attacking, check_roles, ignore
from advcourse.attacks.gradient import score_gradient
from advcourse.goals import Goal
from advcourse.threats import Threat

FIRST, LAST = 2.0, 0.01  # step sizes in radii: across the whole ball at first, a hundredth of its radius at last


@torch.inference_mode(False)
def falling(
    model: Model,
    x: Tensor,
    goal: Goal,
    threat: Threat,
    *,
    steps: int,
    random_start: bool = False,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """PGD with steps that fall geometrically from 2 eps to eps / 100; who reaches the goal walks no further.

    A fixed step overlooks what lies closer to the border than the step is long: on robust networks falling ones fool
    one to four samples of a hundred more, with as many gradients. Where the ball is wider than the box, or there is
    none, its width is the box's. The result of a sample is the first iterate that reached the goal, else the last one.
    Step sizes that start at 2 eps: Croce and Hein, "Reliable Evaluation of Adversarial Robustness", ICML 2020.
    """
    check_roles(goal, threat)
    allowed = threat.around(x)
    goal.check_batch(x)
    if steps < 0:
        raise ValueError(f"steps must be >= 0; got {steps}")
    z = allowed.sample(generator) if random_start and len(x) else x.detach().clone()
    left = torch.arange(len(x), device=x.device)
    here, aim, radius = z, goal, reach(threat, x)
    with attacking(model, x, goal) as forward:
        for step in range(steps if len(x) else 0):
            trace(z)
            g, _, out = score_gradient(forward, here, aim.score)
            open_ = ~aim.reached(out)
            if not open_.all():
                here, g, left, aim = here[open_], g[open_], left[open_], aim[open_.nonzero().squeeze(1)]
                allowed = allowed[open_]
            if not len(left):
                break
            size = radius * FIRST * (LAST / FIRST) ** (step / max(steps - 1, 1))
            here = allowed.project(here.add(allowed.steepest(g, here), alpha=size))
            z = z.index_copy(0, left, here)
        else:
            trace(z)
    return z


def reach(threat: Threat, x: Tensor) -> float:
    """The radius, or what of it the box can hold."""
    return min(threat.eps, diameter(threat, x))


def diameter(threat: Threat, x: Tensor) -> float:
    """How far apart two points of the box can be, in the threat's norm, for samples like those of x [B, ...]."""
    corner = torch.full((1, math.prod(x.shape[1:])), threat.hi - threat.lo, dtype=torch.float64)
    return threat.size(corner).item()
