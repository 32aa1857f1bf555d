"""Smallest distortion: instead of the worst point of a ball, the nearest point that reaches the goal.

Every attack returns, for each sample, x itself, bit for bit, where the goal is reached already, and else the nearest
point of the box that it found, at the edge of the goal's region and clearly inside it. Where it found no way, what is
returned does not reach the goal: `measure.distances` asks the model again and says infinity.
"""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from advcourse.asking import Model, Trace, as_written, attacking, check_goal, ignore
from advcourse.attacks.gradient import score_gradient
from advcourse.attacks.region import Norm, clearance, edge, faces, like, nearer, nearest_crossing
from advcourse.device import precise, with_float64
from advcourse.goals import Bordered, Goal
from advcourse.inputs import check_box
from advcourse.threats import L1, L2, Linf, Unbounded

PIXELS = Unbounded()
RIVALS = 9  # of ten classes all
HALF = (torch.float16, torch.bfloat16)


def _in_single_precision(attack: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The attack, its own sums made in float32 also where model and images have 16 bits: these round away its steps."""

    @wraps(attack)
    def wider(model: Model, x: Tensor, *rest: Any, trace: Trace = ignore, **settings: Any) -> Tensor:
        if not isinstance(x, Tensor) or x.dtype not in HALF:
            return attack(model, x, *rest, trace=trace, **settings)

        def asked(z: Tensor) -> Tensor:
            return model(z.to(x.dtype))

        z = attack(asked, x.float(), *rest, trace=lambda z: trace(z.to(x.dtype)), **settings)
        return z.to(x.dtype)

    return wider


@_in_single_precision
@torch.inference_mode(False)
def lbfgs(
    model: Model,
    x: Tensor,
    goal: Bordered,
    *,
    searches: int,
    steps: int,
    box: Unbounded = PIXELS,
    trace: Trace = ignore,
) -> Tensor:
    """Box-constrained L-BFGS, in l_2: minimise |z - x|^2 - c m(z) over the box, with the smallest c that suffices.

    The weight c is found by search: at most `searches` minimisations of at most `steps` iterations each, with SciPy's
    L-BFGS-B in double precision, one sample after the other. m is the goal's smooth margin, whatever its loss: for a
    class the log odds, the paper's cross entropy without its saturation. The paper's c multiplies the length instead,
    c |r| + loss: there the largest that suffices is wanted. The trace sees the start, what was found, and the result.
    Szegedy et al., "Intriguing Properties of Neural Networks", ICLR 2014.
    """
    _check_goal(goal, "lbfgs", "margins", "smooth_margin")
    z = _start(x, goal, box, searches, steps)
    trace(z)
    with _asking(model, x, goal) as forward:
        left = _not_reached(forward, z, goal)
        for i in (left[k : k + 1] for k in range(len(left))):
            z = z.index_copy(0, i, _search(forward, z[i], goal[i], searches, steps, box))
        if len(left):
            trace(z)
        z = _finished(forward, x, z, left, goal, L2, box, (RIVALS, 1, 1) if searches and steps else ())
    trace(z)
    return z


@_in_single_precision
@torch.inference_mode(False)
def deepfool(
    model: Model,
    x: Tensor,
    goal: Bordered,
    norm: Norm = L2,
    *,
    steps: int,
    rivals: int = RIVALS,
    overshoot: float = 0.02,
    box: Unbounded = PIXELS,
    trace: Trace = ignore,
) -> Tensor:
    """Step to the nearest face of the linearised decision region, again and again, until the goal is reached.

    z <- z + (1 + overshoot) d, where d is the smallest displacement in the norm, box included, that crosses the face of
    one of the likeliest rivals. Samples that are done leave the batch; the points they found are moved along the edge
    towards x. `norm` is L2, Linf or L1 itself: there is no radius to give.
    Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool", CVPR 2016.
    """
    _check_goal(goal, "deepfool", "margins")
    if norm not in (L2, Linf, L1):
        raise ValueError(f"norm must be L2, Linf or L1 itself, without a radius; got {norm!r}: use norm=L2")
    z = _start(x, goal, box, steps)
    trace(z)
    with _asking(model, x, goal) as forward:
        left = start = _not_reached(forward, z, goal)
        for _ in range(steps):
            if not len(left):
                break
            here, aim = z[left].requires_grad_(), goal[left]
            gaps, normals = faces(forward(here), here, aim, rivals)
            here = here.detach()
            d = nearest_crossing(gaps, normals, here, box, norm)
            z = z.index_copy(0, left, (here + (1 + overshoot) * d).clamp(box.lo, box.hi))
            trace(z)
            with torch.no_grad():
                left = left[clearance(forward(z[left]), aim) <= 0]
        z = _finished(forward, x, z, start, goal, norm, box, (1, 1))
    trace(z)
    return z


@_in_single_precision
@torch.inference_mode(False)
def ddn(
    model: Model,
    x: Tensor,
    goal: Bordered,
    *,
    steps: int,
    gamma: float = 0.05,
    box: Unbounded = PIXELS,
    trace: Trace = ignore,
) -> Tensor:
    """Decoupled direction and norm, in l_2: follow the gradient, and steer the length of z - x apart from it.

    Walk along the normalised gradient with a step that decays from 1 to 0.01 (cosine), then rescale z - x to a radius
    that shrinks by gamma where the goal is reached and grows by gamma where it is not. Three quarters of the steps are
    this walk. The rest is for moving its nearest reached point along the edge towards x: the cross entropy climbs a
    mixture of all rivals, and between several near ones that is not the shortest way.
    Rony et al., "Decoupling Direction and Norm", CVPR 2019.
    """
    _check_goal(goal, "ddn", "margins")
    z = _start(x, goal, box, steps)
    trace(z)
    with _asking(model, x, goal) as forward:
        left = _not_reached(forward, z, goal)
        start, aim, walk = z[left], goal[left], steps - steps // 4
        here = best = start
        radius = torch.ones(len(left), dtype=x.dtype, device=x.device)
        best_size = torch.full_like(radius, torch.inf)
        for step in range(walk if len(left) else 0):
            g, _, out = score_gradient(forward, here, aim.score)
            d, reached = here - start, clearance(out, aim) > 0
            size = _length(d)
            better = reached & (size < best_size)
            best, best_size = torch.where(like(better, x), here, best), torch.where(better, size, best_size)
            # Never longer than what is known to suffice.
            radius = torch.minimum(radius * torch.where(reached, 1 - gamma, 1 + gamma).to(radius), best_size)
            stride = 0.01 + 0.99 * (1 + math.cos(math.pi * step / walk)) / 2
            d = d + g * like(stride / _length(g), x)
            # Divided first: where no gradient ever was, d is zero and its length tiny.
            here = (start + d / like(_length(d), x) * like(radius, x)).clamp(box.lo, box.hi)
            if trace is not ignore:
                trace(z.index_copy(0, left, here))
        found = torch.where(like(best_size.isinf(), x), here, best)
        rounds = (min(RIVALS, steps // 4), 1) if steps >= 4 else ()
        z = _finished(forward, x, z.index_copy(0, left, found), left, goal, L2, box, rounds)
    trace(z)
    return z


@contextmanager
def _asking(model: Model, x: Tensor, goal: Goal) -> Generator[Model]:
    """The model as these attacks see it: several gradients of one answer are allowed, and no answer is finer than x.

    A network in float32 that answers in float64 is rounded no less.
    """
    with attacking(model, x, goal) as forward, as_written():

        def asked(z: Tensor) -> Tensor:
            out = forward(z)
            return out.to(z.dtype) if out.dtype == torch.float64 else out

        yield asked


def _search(forward: Model, x: Tensor, goal: Bordered, searches: int, steps: int, box: Unbounded) -> Tensor:
    """The nearest minimiser over all weights c that reaches the goal, else the last one: one sample, [1, ...]."""
    from scipy.optimize import minimize

    def point(flat: Any) -> Tensor:
        return torch.from_numpy(flat).to(x.device, x.dtype).view_as(x).clamp(box.lo, box.hi)

    def value(flat: Any, c: float) -> tuple[float, Any]:
        g, m, _ = score_gradient(forward, point(flat), goal.smooth_margin)
        d = (flat - centre) / unit
        return d @ d - c * m.item() / unit**2, 2 * d / unit - c * g.cpu().double().numpy().ravel() / unit**2

    with torch.no_grad():
        gap = -clearance(forward(x), goal).item()
    slope = precise(score_gradient(forward, x, goal.smooth_margin)[0]).norm().item()
    if not slope:
        return x
    # The distance if the margin were linear and had no box: SciPy's tolerances are meant for numbers around one. In an
    # endless box a score that grows faster than a square has no minimiser, and a thousand times as far is enough.
    unit = max(gap / slope, torch.finfo(x.dtype).eps)
    start = centre = x.cpu().double().numpy().ravel()
    bounds = [(max(box.lo, v - 1000 * unit), min(box.hi, v + 1000 * unit)) for v in centre.tolist()]
    settings = {"maxiter": steps, "ftol": 10 * torch.finfo(x.dtype).eps}
    z, nearest, best, c, low, high = x, math.inf, None, 2 * unit / slope, 0.0, math.inf
    for _ in range(searches):
        found = minimize(value, start, (c,), "L-BFGS-B", jac=True, bounds=bounds, options=settings)
        z = edge(forward, x, point(found.x), goal, box)
        with torch.no_grad():
            reached = bool(clearance(forward(z), goal) > 0)
        if reached and L2.size(z - x).item() < nearest:
            best, nearest, start = z, L2.size(z - x).item(), z.cpu().double().numpy().ravel()
        low, high = (low, c) if reached else (c, high)
        if high < 1.1 * low:
            break
        c = math.sqrt(low * high) if low > 0 and high < math.inf else c / 2 if reached else c * 2
    return z if best is None else best


def _length(d: Tensor) -> Tensor:
    """|d|_2 of each sample, [B, ...] -> [B], never zero; summed in double precision, where tiny squares are not."""
    length = torch.linalg.vector_norm(with_float64(d.flatten(1)), dim=1, dtype=torch.float64)
    return length.to(d).clamp(min=torch.finfo(d.dtype).tiny)


def _check_goal(goal: Goal, attack: str, *needed: str) -> None:
    """Raise a TypeError that teaches where a goal lacks a method of `Bordered` that the attack asks."""
    check_goal(goal)
    missing = [name for name in needed if not hasattr(goal, name)]
    if missing:
        raise TypeError(
            f"{attack} looks for the border of the goal's region and asks goal.{missing[0]}(out), which "
            f"{type(goal).__name__} does not have: goals.Bordered says what it returns. fgsm, iterative_fgsm and pgd "
            "ask for the goal's score alone"
        )


def _start(x: Tensor, goal: Goal, box: Unbounded, *counts: int) -> Tensor:
    """A copy of x, once everything is known to fit together."""
    check_box(box)
    box.around(x)
    goal.check_batch(x)
    if min(counts) < 0:
        raise ValueError(f"steps and searches must be >= 0; got {min(counts)}")
    return x.detach().clone()


def _not_reached(forward: Model, x: Tensor, goal: Goal) -> Tensor:
    """Indices of the samples that do not reach the goal yet."""
    with torch.enable_grad():  # the first answer is also asked whether it has a gradient
        return (~goal.reached(forward(x.detach().requires_grad_()))).nonzero().squeeze(1)


def _finished(
    forward: Model,
    x: Tensor,
    z: Tensor,
    left: Tensor,
    goal: Bordered,
    norm: Norm,
    box: Unbounded,
    budgets: tuple[int, ...],
) -> Tensor:
    """z with the samples that were attacked brought to the edge, and along it towards x."""
    if not len(left):
        return z.clone()  # never the tensor that the trace has seen
    start, aim = x.detach()[left], goal[left]
    at = edge(forward, start, z[left], aim, box)
    return z.index_copy(0, left, nearer(forward, start, at, aim, norm, box, budgets))
