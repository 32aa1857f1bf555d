"""The decision region around a point: its linearised faces, the smallest step onto one of them, and its true edge.

A margin m of the goal is a face {d : m + <w, d> = 0} with the normal w = grad m; for the class y, m = a_k - a_y with a
rival k. The smallest step onto a face within the box is found exactly. A network is not linear: what the step found is
then brought to the edge.
"""

import torch
from torch import Tensor

from advcourse.asking import Model
from advcourse.goals import Bordered
from advcourse.threats import L1, L2, Linf, Unbounded

Norm = type[L2] | type[Linf] | type[L1]


def clearance(out: Tensor, goal: Bordered) -> Tensor:
    """By how much the goal is reached, less what rounding may take back: out [B, ...] -> [B], above zero where clear.

    The same sample in another batch is rounded differently. A point with a positive clearance is found to reach the
    goal there too; a point exactly on the border is not.
    """
    return goal.margins(out).amax(1) - _rounding(out)


def _rounding(out: Tensor) -> Tensor:
    # The sums inside a network are larger than its outputs, which may all be small where two of them meet. They are
    # made in float32 also where their results are kept in 16 bits; those are told apart by one of their own steps.
    inside = torch.finfo(torch.promote_types(out.dtype, torch.float32)).eps
    return (256 * inside + torch.finfo(out.dtype).eps) * out[:, None].flatten(1).abs().amax(1)


def faces(out: Tensor, z: Tensor, goal: Bordered, most: int) -> tuple[Tensor, Tensor]:
    """Gaps [B, R] that are still to be climbed and their gradients [B, R, n], from outputs out with a graph to z.

    Each of the R <= most largest margins is a face of its own, and to cross one of them is enough.
    """
    margins = goal.margins(out)
    margins = margins.topk(min(most, margins.shape[1]), dim=1).values
    sums = margins.sum(0)
    normals = [torch.autograd.grad(s, z, retain_graph=i + 1 < len(sums))[0].flatten(1) for i, s in enumerate(sums)]
    return (_rounding(out.detach())[:, None] - margins.detach()).to(z.dtype), torch.stack(normals, 1)


def nearest_crossing(gaps: Tensor, normals: Tensor, z: Tensor, box: Unbounded, norm: Norm) -> Tensor:
    """The smallest d with <normals[r], d> >= gaps[r] for one face r and lo <= z + d <= hi: [B, R], [B, R, n] -> like z.

    To stop only the pixels that are at the box already bounds a face's distance from below. So faces are solved exactly
    in the order of their bounds, and only until no bound is smaller than the best distance.
    """
    here, rows = z.flatten(1), torch.arange(len(z), device=z.device)
    # Divided by its largest entry, a tiny normal has a square that is not zero.
    scale = normals.abs().amax(2)
    gaps, normals = gaps / scale, torch.where(scale[..., None] > 0, normals / scale[..., None], 0.0)
    stopped = torch.where(normals > 0, here[:, None] >= box.hi, here[:, None] <= box.lo)
    free = normals.masked_fill(stopped, 0.0)
    distance = gaps / (free * norm.steepest(free.flatten(0, 1)).view_as(free)).sum(2)
    known, best = torch.zeros_like(distance, dtype=torch.bool), torch.full_like(distance[:, 0], torch.inf)
    d = torch.zeros_like(here)
    while True:
        face = distance.argmin(1)
        open_ = (~known[rows, face]).nonzero().squeeze(1)
        if not len(open_):
            return d.view_as(z)
        face = face[open_]
        step, length = _cross(gaps[open_, face], normals[open_, face], here[open_], box, norm)
        known[open_, face], distance[open_, face] = True, length
        better = length <= best[open_]
        d[open_[better]], best[open_[better]] = step[better], length[better]


def _cross(gap: Tensor, normal: Tensor, z: Tensor, box: Unbounded, norm: Norm) -> tuple[Tensor, Tensor]:
    """The smallest d [B, n] in the norm with <normal, d> = gap and z + d in the box, and its length [B].

    Lagrange: the pixels that the box has not stopped move by s along the norm's steepest direction of their normal: |w|
    in l_2, all alike in l_inf, the one with the largest |w| alone in l_1. With the stopped ones known, s follows;
    started with none, s and that set can only grow. A gap out of reach ends in the corner of the box, at an infinite
    length.
    """
    slope = normal.abs()
    room = torch.where(slope > 0, torch.where(normal > 0, box.hi - z, z - box.lo), 0.0)
    stopped = room <= 0
    while True:
        rate = norm.steepest(slope.masked_fill(stopped, 0.0))
        need = gap - torch.where(stopped, slope * room, 0.0).sum(1)
        s = need.clamp(min=0) / (slope * rate).sum(1)
        # No pixel left and nothing to gain is 0 / 0, and it is reached.
        s = torch.where(need > 0, s, 0.0)[:, None]
        now = stopped | ((rate > 0) & (s * rate >= room))
        if torch.equal(now, stopped):
            break
        stopped = now
    moved = torch.where(stopped, room, s * rate)
    return normal.sign() * moved, torch.where(s.squeeze(1).isinf(), torch.inf, norm.size(moved))


def edge(forward: Model, x: Tensor, z: Tensor, goal: Bordered, box: Unbounded, rounds: int = 3) -> Tensor:
    """Each z that clearly reaches the goal, moved back towards x as far as it stays so: regula falsi.

    The way is the segment from x to z, also where z lies outside of the box, each of its points brought into the box.
    Every round aims a little behind the root, where one fiftieth of the last clearance is left.
    """
    with torch.no_grad():
        best = z.clamp(box.lo, box.hi)
        behind, ahead = clearance(forward(x), goal), clearance(forward(best), goal)
        between = (behind <= 0) & (ahead > 0)
        low, high = torch.zeros_like(behind), torch.ones_like(ahead)
        for _ in range(rounds):
            share = low + (high - low) * ((0.02 * ahead - behind) / (ahead - behind)).clamp(0, 1)
            there = torch.lerp(x, z, like(share, x).to(x.dtype)).clamp(box.lo, box.hi)
            now = clearance(forward(there), goal)
            hit = (now > 0) & between
            best = torch.where(like(hit, x), there, best)
            low, behind = torch.where(hit, low, share), torch.where(hit, behind, now)
            high, ahead = torch.where(hit, share, high), torch.where(hit, now, ahead)
    return best


def nearer(
    forward: Model, x: Tensor, z: Tensor, goal: Bordered, norm: Norm, box: Unbounded, budgets: tuple[int, ...]
) -> Tensor:
    """Each z at the edge, moved along it towards x: the faces at z, crossed from x, and back to the edge.

    At the nearest point of the goal's region z - x already is the smallest step onto the face there. Elsewhere the
    crossing from x is a shorter one. `budgets` says how many faces each round may ask for; who gains nothing is done.
    Abdollahpour, Moosavi-Dezfooli and Frossard, "Revisiting DeepFool", arXiv:2303.12481, 2023.
    """
    with torch.no_grad():
        open_ = goal.reached(forward(z)).nonzero().squeeze(1)
    for most in budgets:
        if not len(open_):
            break
        here, start, aim = z[open_].requires_grad_(), x[open_], goal[open_]
        gaps, normals = faces(forward(here), here, aim, most)
        here = here.detach()
        gaps = gaps + (normals @ (here - start).flatten(1)[..., None]).squeeze(2)
        # Behind the face; the way back leads through the smallest step onto it, pixels at the box included.
        new = start + 1.02 * nearest_crossing(gaps, normals, start, box, norm)
        new = edge(forward, start, new, aim, box)
        with torch.no_grad():
            better = (clearance(forward(new), aim) > 0) & (norm.size(new - start) < norm.size(here - start))
        open_ = open_[better]
        z = z.index_copy(0, open_, new[better])
    return z


def like(v: Tensor, x: Tensor) -> Tensor:
    """[B] -> [B, 1, 1, ...]: one value a sample against x [B, ...]."""
    return v.view(-1, *[1] * (x.ndim - 1))
