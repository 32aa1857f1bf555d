"""Sets of inputs, and the least value that a linear function takes on them: the dual norm, met with the box."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from advcourse.inputs import box_of
from advcourse.threats import L1, L2, Linf, Threat, Unbounded

from .rows import Rows


@dataclass(frozen=True, eq=False)
class Box:
    """lower <= v <= upper for every member v, number by number: both [B, ...]."""

    lower: Tensor
    upper: Tensor

    @property
    def size(self) -> Tensor:
        """The largest |v|: [B, ...]."""
        return torch.maximum(self.lower.abs(), self.upper.abs())

    @property
    def hull(self) -> "Box":
        """The smallest box around the set."""
        return self

    def lowest(self, rows: Rows) -> Tensor:
        """The least value of every row on its sample's set: [R]."""
        width = rows.of(self.upper - self.lower)
        return rows.constant + torch.addcmul(rows.a * rows.of(self.lower), rows.a.clamp(max=0), width).flatten(1).sum(1)


class Region(Protocol):
    """A set of inputs for each of B samples."""

    @property
    def hull(self) -> Box: ...

    def lowest(self, rows: Rows) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class Ball:
    """{x + d : |d| <= eps} met with the box, whose ends `hull` knows: x [B, ...], eps [B]. l_2 or l_1."""

    x: Tensor
    eps: Tensor
    hull: Box

    def lowest(self, rows: Rows) -> Tensor:
        """The least value of every row on its sample's set: [R]."""
        x = rows.of(self.x)
        room = torch.where(rows.a < 0, rows.of(self.hull.upper) - x, x - rows.of(self.hull.lower)).flatten(1)
        gain = self._gain(rows.a.abs().flatten(1), room, self.eps[rows.at][:, None])
        return rows.constant + (rows.a * x).flatten(1).sum(1) - gain

    def _gain(self, slope: Tensor, room: Tensor, eps: Tensor) -> Tensor:
        """max <slope, m> over 0 <= m <= room, |m| <= eps, never too small: [R, n], [R, n], [R, 1] -> [R]."""
        raise NotImplementedError


class BallL2(Ball):
    """The ball of the Euclidean norm."""

    def _gain(self, slope: Tensor, room: Tensor, eps: Tensor) -> Tensor:
        """Lagrange: for every s > 0 the gain is at most max_m <slope, m> - (|m|^2 - eps^2) / (2 s), at m = s slope.

        The best s spends the whole radius. It is found as in `threats`, from below: the pixels that the box has stopped
        can only become more. A bound it is for whichever s the rounds end with; without the ball, s = inf, too.
        """
        room = torch.where(slope > 0, room, 0.0)
        stopped = torch.zeros_like(slope, dtype=torch.bool)
        for _ in range(ROUNDS):
            left = eps**2 - room.where(stopped, 0.0).square().sum(1, keepdim=True)
            free = slope.where(~stopped, 0.0).square().sum(1, keepdim=True)
            s = (left.clamp(min=TINY) / free.clamp(min=TINY)).sqrt()
            now = stopped | (s * slope >= room)
            if torch.equal(now, stopped):
                break
            stopped = now
        m = torch.minimum(s * slope, room)
        ball = (slope * m - m.square() / (2 * s)).sum(1) + (eps**2 / (2 * s)).squeeze(1)
        return torch.minimum(ball, (slope * room).sum(1))


class BallL1(Ball):
    """The ball of the sum of absolute values."""

    def _gain(self, slope: Tensor, room: Tensor, eps: Tensor) -> Tensor:
        """Spent where it gains most: the steepest pixels as far as the box lets them, until the radius is used up.

        With the price s of the radius, the slope of the pixel that gets its end, the gain is the sum of
        max(slope - s, 0) * room plus s * eps; for every other s >= 0 that is more.
        """
        falling, order = slope.sort(dim=1, descending=True)
        used = room.gather(1, order).cumsum(1)
        last = (used < eps).sum(1, keepdim=True)
        price = torch.cat([falling, torch.zeros_like(eps)], 1).gather(1, last)
        return ((slope - price).clamp(min=0) * room).sum(1) + (price * eps).squeeze(1)


ROUNDS = 50  # each stops a pixel more; few are needed, and any number leaves a bound
TINY = 1e-300
BALLS = {L2: BallL2, L1: BallL1}


def region(x: Tensor, threat: Threat) -> Region:
    """The set of all that may replace x, in x's own precision."""
    return regions(x, type(threat), x.new_full((len(x),), threat.eps), box_of(threat, x))


def regions(x: Tensor, norm: type[Threat], eps: Tensor, ends: tuple[float, float]) -> Region:
    """The same with a radius for each sample, eps [B]; infinite ones leave the box alone."""
    reach = eps.view(-1, *[1] * (x.ndim - 1))
    hull = Box((x - reach).clamp(min=ends[0]), (x + reach).clamp(max=ends[1]))
    if norm in (Linf, Unbounded):
        return hull
    if norm not in BALLS:
        raise ValueError(f"no bounds are known for a set of {norm.__name__}: use Linf, L2, L1 or Unbounded")
    return BALLS[norm](x, eps, hull)
