"""Samples that no attack can move: lower bounds of their margins, who is certified, and up to which radius."""

import math

import torch
from torch import Tensor

from advcourse.asking import Model
from advcourse.inputs import box_of
from advcourse.threats import Linf, Threat, Unbounded

from .bounds import By, intervals, relaxation
from .network import steps
from .question import Question
from .regions import region, regions

PIXELS = Unbounded()
SMALLEST = 2.0**-20  # of the whole box: the first radius that is tried


def margins(model: Model, x: Tensor, y: Tensor, threat: Threat, *, by: By = relaxation, batch: int = 100) -> Tensor:
    """Lower bounds of a_y - a_k over every z that the threat allows, zero for k = y: x [B, ...], y [B] -> [B, K].

    Above zero, no z of the set lets class k win: the sign is the defender's, the opposite of `goals.margin`. With
    eps = 0 they are the margins themselves. They are bounds of the network as a formula; `certified` leaves room for
    what its own arithmetic rounds. Raises a ValueError that names the layer whose bounds are not known.
    """
    asked = Question(model, x, y, threat)
    found = [by(asked.steps, region(asked.x[rows], threat)).margins(asked.y[rows]) for rows in asked.rows.split(batch)]
    return rounded_down(torch.cat(found), x)


def interval_margins(model: Model, x: Tensor, y: Tensor, threat: Threat) -> Tensor:
    """The margins of `by=intervals` in the network's own precision, with a gradient to its weights: for training.

    x [B, ...], y [B] -> [B, K], of the network in evaluation mode. Nothing is checked and rounding is not counted: what
    is certified, `certified` says. Gowal et al., "On the Effectiveness of Interval Bound Propagation for Training
    Verifiably Robust Models", 2018.
    """
    return intervals(steps(model, lambda weight: weight), region(x, threat)).margins(y)


def certified(model: Model, x: Tensor, y: Tensor, threat: Threat, *, by: By = relaxation, batch: int = 100) -> Tensor:
    """Which samples are right, and stay so for every z that the threat allows: x [B, ...], y [B] -> [B] bool.

    A proof: no attack will ever fool one of them. The converse is not: of the others nothing is known. What the
    network's arithmetic may round is counted against a sample, and so is a tie. `by=intervals` is the quicker way.
    """
    asked = Question(model, x, y, threat)
    sure = torch.zeros_like(asked.right)
    # Intervals are a small part of the work, and whom they certify is certified.
    for way in dict.fromkeys([intervals, by]):
        for rows in (asked.right & ~sure).nonzero().squeeze(1).split(batch):
            sure[rows] = asked.holds(rows, region(asked.x[rows], threat), way)
    return sure.to(x.device)


def radius(
    model: Model,
    x: Tensor,
    y: Tensor,
    norm: type[Threat] = Linf,
    *,
    by: By = relaxation,
    tolerance: float = 0.01,
    box: Unbounded = PIXELS,
    batch: int = 100,
) -> Tensor:
    """Up to which eps of the norm each sample is certified, zero where it is wrong: x [B, ...], y [B] -> [B].

    A lower bound of the distance to the nearest adversarial example in the box, which `deepfool` and `ddn` bound from
    above. `norm` is Linf, L2 or L1 itself: there is no radius to give. It is made larger while it holds and then
    bisected, until at most the share `tolerance` of it is missing.
    Every radius that was certified holds for all smaller ones, whether or not a bound would prove those again.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance is a share of the radius, between 0 and 1; got {tolerance}")
    asked, ends = Question(model, x, y, box), box_of(box, x)
    whole = float(norm.size(torch.full((1, x[:1].numel() or 1), ends[1] - ends[0], dtype=torch.float64)))
    if not math.isfinite(whole):
        raise ValueError(f"the radius is looked for inside of the box, which must be finite; got {box}")
    low = torch.zeros(len(x), dtype=asked.x.dtype, device=asked.x.device)  # it holds, and at `high` it does not
    high, open_ = torch.full_like(low, torch.inf), asked.right
    while bool(open_.any()):
        grown = (8 * low).clamp(SMALLEST * whole, whole)
        tried = torch.where(high.isinf(), grown, (low * high).sqrt())
        holds = torch.zeros_like(open_)
        for rows in open_.nonzero().squeeze(1).split(batch):
            holds[rows] = asked.holds(rows, regions(asked.x[rows], norm, tried[rows], ends), by)
        low, high = torch.where(holds, tried, low), torch.where(open_ & ~holds, tried, high)
        unsure = high.isinf() | ((low > 0) & (high - low > tolerance * high))
        open_ = open_ & unsure & (low < whole)
    return rounded_down(low, x)


def rounded_down(bound: Tensor, x: Tensor) -> Tensor:
    """A lower bound in double precision as one in x's own, where x is."""
    low = bound.to(x.dtype)
    return torch.where(low.double() > bound, torch.nextafter(low, torch.full_like(low, -torch.inf)), low).to(x.device)
