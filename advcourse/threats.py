"""What may be changed: a norm ball around x, met with the box of valid inputs, and the exact nearest point of that set.

A threat is a value (`Linf(8/255)`); `threat.around(x)` is the set of all z that may replace x. Radii are in units of
the input: pixels of [0, 1]. eps, lo and hi are one number each, for all samples and channels: a normalisation that
differs between channels belongs into the model, and samples of different radii into calls of their own. A point
returned by a set is a member of it in the tensor's own precision, not just up to rounding.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Generator, Tensor

from advcourse.device import precise, with_float64
from advcourse.inputs import box_of, check_inputs, check_radius


@dataclass(frozen=True)
class Linf:
    """{z : max_i |z_i - x_i| <= eps, lo <= z <= hi}. Every pixel may move a little."""

    eps: float
    lo: float = 0.0
    hi: float = 1.0

    def __post_init__(self):
        check_radius(self, largest=1.0)

    @staticmethod
    def size(d: Tensor) -> Tensor:
        """max_i |d_i| of each displacement: [B, ...] -> [B]."""
        return _rows(d).abs().amax(1)

    @staticmethod
    def steepest(g: Tensor) -> Tensor:
        """argmax <g, d> over max_i |d_i| = 1, which is sign(g); a pixel without gradient stays."""
        return g.sign()

    def around(self, x: Tensor) -> "Intervals":
        """The set of replacements for x [B, ...]. Raises ValueError for an x outside the box."""
        x = check_inputs(x, self)
        centre = precise(x)
        return Intervals(self._end(x, centre, -self.eps), self._end(x, centre, self.eps))

    def _end(self, x: Tensor, centre: Tensor, reach: float) -> Tensor:
        """x + reach within the box, rounded towards x where it would lie outside of the ball."""
        end = centre.add(reach).clamp_(self.lo, self.hi).to(x.dtype)
        outside = (end - centre).abs_() > self.eps  # in the precision of the centre, float64
        return torch.where(outside, torch.nextafter(end, x.to(end.device)), end).to(x.device)


@dataclass(frozen=True)
class L2:
    """{z : |z - x|_2 <= eps, lo <= z <= hi}. The change may concentrate on a few pixels."""

    eps: float
    lo: float = 0.0
    hi: float = 1.0

    def __post_init__(self):
        check_radius(self)

    @staticmethod
    def size(d: Tensor) -> Tensor:
        """Euclidean length of each displacement: [B, ...] -> [B]."""
        return precise(_rows(d)).norm(dim=1).to(d)

    @staticmethod
    def steepest(g: Tensor) -> Tensor:
        """argmax <g, d> over |d|_2 = 1: the gradient at length one; zero where the gradient is zero."""
        rows = _rows(g)
        length = torch.linalg.vector_norm(with_float64(rows), dim=1, keepdim=True, dtype=torch.float64).to(g)
        return torch.where(length > 0, rows / length, 0.0).view_as(g)

    def around(self, x: Tensor) -> "BallL2":
        """The set of replacements for x [B, ...]. Raises ValueError for an x outside the box."""
        return BallL2(check_inputs(x, self), self)


@dataclass(frozen=True)
class L1:
    """{z : sum_i |z_i - x_i| <= eps, lo <= z <= hi}. Few pixels, changed a lot."""

    eps: float
    lo: float = 0.0
    hi: float = 1.0

    def __post_init__(self):
        check_radius(self)

    @staticmethod
    def size(d: Tensor) -> Tensor:
        """Sum of the absolute changes of each displacement: [B, ...] -> [B]."""
        return precise(_rows(d)).abs().sum(1).to(d)

    @staticmethod
    def steepest(g: Tensor) -> Tensor:
        """argmax <g, d> over sum_i |d_i| = 1: everything on the pixel with the largest gradient."""
        rows = _rows(g)
        best = rows.abs().argmax(1, keepdim=True)
        return torch.zeros_like(rows).scatter(1, best, rows.gather(1, best).sign()).view_as(g)

    def around(self, x: Tensor) -> "BallL1":
        """The set of replacements for x [B, ...]. Raises ValueError for an x outside the box."""
        return BallL1(check_inputs(x, self), self)


@dataclass(frozen=True)
class Unbounded:
    """{z : lo <= z <= hi}: the box alone, the lecture's P. Sizes and steps are those of l_inf."""

    lo: float = 0.0
    hi: float = 1.0
    eps = math.inf

    def __post_init__(self):
        check_radius(self)

    size = staticmethod(Linf.size)

    def around(self, x: Tensor) -> "Intervals":
        """The set of replacements for x [B, ...]. Raises ValueError for an x outside the box."""
        x = check_inputs(x, self)
        return Intervals(torch.full_like(x, self.lo), torch.full_like(x, self.hi))


@dataclass(frozen=True, eq=False)
class Patch:
    """{z : z_i = x_i outside the region, lo <= z <= hi}. A few pixels, as far as they go; sizes are those of l_inf.

    mask: where the region is, bool, a shape that fits every sample: [H, W], or [C, H, W].
    """

    mask: Tensor
    lo: float = 0.0
    hi: float = 1.0
    eps = math.inf

    def __post_init__(self):
        if not isinstance(self.mask, Tensor) or self.mask.dtype != torch.bool:
            found = self.mask.dtype if isinstance(self.mask, Tensor) else type(self.mask).__name__
            raise ValueError(f"mask says where pixels may change, True or False; got {found}: use mask > 0.5")
        check_radius(self)

    size = staticmethod(Linf.size)

    def around(self, x: Tensor) -> "Intervals":
        """The set of replacements for x [B, ...]. Raises ValueError for an x outside the box, or another shape."""
        x = check_inputs(x, self)
        if self.mask.shape != x.shape[x.ndim - self.mask.ndim :] or self.mask.ndim >= x.ndim:
            raise ValueError(f"the mask {list(self.mask.shape)} is for other samples than {list(x.shape[1:])}")
        mask = self.mask.to(x.device)
        return Intervals(torch.where(mask, self.lo, x), torch.where(mask, self.hi, x))

    def __repr__(self) -> str:
        return f"Patch({int(self.mask.sum())} of {self.mask.numel()} pixels, lo={self.lo}, hi={self.hi})"


Threat = Linf | L2 | L1 | Unbounded | Patch


class Intervals:
    """{z : lower <= z <= upper}, pixel by pixel. The nearest point clips each pixel by itself."""

    def __init__(self, lower: Tensor, upper: Tensor):
        self.lower, self.upper = lower, upper

    def __getitem__(self, index: Tensor) -> "Intervals":
        """The sets of some of the samples."""
        return Intervals(self.lower[index], self.upper[index])

    def project(self, z: Tensor) -> Tensor:
        """The nearest member, in every norm: [B, ...] -> [B, ...]."""
        return z.clamp(self.lower, self.upper)

    def sample(self, generator: Generator | None = None) -> Tensor:
        """A member drawn uniformly."""
        width = self.upper - self.lower
        if not bool((width < torch.inf).all()):
            raise ValueError("cannot draw uniformly from an unbounded set: give the threat a finite box or a radius")
        share = _draw(torch.rand, self.lower, generator)
        return self.project(self.lower + share * width)

    def steepest(self, g: Tensor, at: Tensor | None = None) -> Tensor:
        """The direction of length one in which g rises most, that of l_inf."""
        return Linf.steepest(g)


class BallL2:
    """{x + d : |d|_2 <= eps} met with the box."""

    def __init__(self, x: Tensor, threat: L2):
        self.x, self.eps = x, threat.eps
        self.lo, self.hi = box_of(threat, x)

    def __getitem__(self, index: Tensor) -> "BallL2":
        """The sets of some of the samples."""
        some = copy.copy(self)
        some.x = self.x[index]
        return some

    def project(self, z: Tensor) -> Tensor:
        """The nearest member: clip(x + m (z - x)) with one m in [0, 1] per sample, found exactly.

        Lagrange: minimising |w - z|^2 + (1/m - 1) |w - x|^2 over the box treats every pixel alike. The m that spends
        the whole radius solves  sum_clipped room^2 + m^2 sum_free d^2 = eps^2;  started too small, the set of clipped
        pixels can only grow, so the iteration ends after finitely many rounds. (Ball first, box second is feasible,
        not nearest.)
        """
        d, room = _displacement(z, self.x, self.lo, self.hi)
        moved = torch.minimum(d.abs(), room)
        outside = moved.norm(dim=1, keepdim=True) > self.eps
        m, clipped = torch.ones_like(d[:, :1]), torch.zeros_like(d, dtype=torch.bool)
        while outside.any():
            left = self.eps**2 - room.where(clipped, 0.0).square().sum(1, keepdim=True)
            free = d.where(~clipped, 0.0).square().sum(1, keepdim=True)
            m = torch.where(free > 0, (left.clamp(min=0) / free).sqrt(), 1.0)
            # A pixel once clipped stays so: where m |d_i| ties with the room, rounding would flip it for ever.
            now = clipped | (m * d.abs() >= room)
            if bool((now == clipped)[outside.squeeze(1)].all()):
                break
            clipped = now
        shrunk = _add(self.x, d.sign() * torch.minimum(m * d.abs(), room))
        return torch.where(_like(outside, z).to(z.device), shrunk, z).clamp(self.lo, self.hi)

    def sample(self, generator: Generator | None = None) -> Tensor:
        """A random member: uniform in the ball, then brought into the box."""
        direction = precise(_rows(_draw(torch.randn, self.x, generator)))
        radius = precise(_rows(_draw(torch.rand, self.x[:, :1].flatten(1)[:, :1], generator)))
        radius = radius ** (1 / direction.shape[1])
        step = self.eps * radius * direction / direction.norm(dim=1, keepdim=True)
        return self.project(self.x + step.view_as(self.x).to(self.x))

    def steepest(self, g: Tensor, at: Tensor | None = None) -> Tensor:
        """The direction of length one in which g rises most, that of l_2."""
        return L2.steepest(g)


class BallL1:
    """{x + d : sum_i |d_i| <= eps} met with the box."""

    def __init__(self, x: Tensor, threat: L1):
        self.x, self.eps = x, threat.eps
        self.lo, self.hi = box_of(threat, x)

    def __getitem__(self, index: Tensor) -> "BallL1":
        """The sets of some of the samples."""
        some = copy.copy(self)
        some.x = self.x[index]
        return some

    def project(self, z: Tensor) -> Tensor:
        """The nearest member: |d_i| -> clip(|d_i| - s, 0, room_i) with one s >= 0 per sample, found exactly.

        The length left, sum_i clip(|d_i| - s, 0, room_i), is piecewise linear in s with kinks at |d_i| (the pixel
        starts to move) and |d_i| - room_i (it reaches the box). Sorting the kinks locates the piece that spends the
        radius.
        """
        d, room = _displacement(z, self.x, self.lo, self.hi)
        moved = torch.minimum(d.abs(), room)
        outside = moved.sum(1, keepdim=True) > self.eps
        kinks, order = torch.cat([d.abs(), d.abs() - room], 1).sort(dim=1, descending=True)
        turns = torch.cat([torch.ones_like(d), -torch.ones_like(d)], 1).gather(1, order)
        slope = turns.cumsum(1)[:, :-1]
        length = torch.cat([torch.zeros_like(d[:, :1]), (slope * -kinks.diff(dim=1)).cumsum(1)], 1)
        piece = (length < self.eps).sum(1, keepdim=True).clamp(1, slope.shape[1]) - 1
        rest = self.eps - length.gather(1, piece)
        shift = (kinks.gather(1, piece) - rest / slope.gather(1, piece).clamp(min=1)).clamp(min=0)
        kept = torch.minimum((d.abs() - shift).clamp(min=0), room)
        # For a z far away the shift is a small difference of large numbers: what it left too long is scaled back, but
        # for the pixels at the box, which must rest exactly there to be passed over by the next step.
        free = kept.where(kept < room, 0.0)
        left = self.eps - (kept - free).sum(1, keepdim=True)
        scale = (left.clamp(min=0) / free.sum(1, keepdim=True).clamp(min=1e-300)).clamp(max=1)
        shrunk = _add(self.x, d.sign() * torch.where(kept < room, scale * kept, kept))
        return torch.where(_like(outside, z).to(z.device), shrunk, z).clamp(self.lo, self.hi)

    def sample(self, generator: Generator | None = None) -> Tensor:
        """A random member: uniform in the ball, then brought into the box."""
        share = -precise(_rows(_draw(torch.rand, self.x, generator))).clamp(min=1e-12).log()
        sign = precise(_rows(_draw(torch.randn, self.x, generator))).sign()
        radius = precise(_rows(_draw(torch.rand, self.x[:, :1].flatten(1)[:, :1], generator))) ** (1 / share.shape[1])
        step = self.eps * radius * sign * share / share.sum(1, keepdim=True)
        return self.project(self.x + step.view_as(self.x).to(self.x))

    def steepest(self, g: Tensor, at: Tensor | None = None) -> Tensor:
        """argmax <g, d> over sum_i |d_i| = 1: everything on the pixel with the largest gradient.

        With `at`, the current point, pixels that have less than a hundredth of the radius left to the box in that
        direction are passed over. Without that slack an iteration on several saturated pixels spends its steps on
        refilling, in turn, the ever smaller bits that the projection took from each of them.
        """
        rows = _rows(g)
        if at is not None:
            slack = 0.01 * min(self.eps, self.hi - self.lo)
            blocked = torch.where(rows > 0, _rows(at) >= self.hi - slack, _rows(at) <= self.lo + slack)
            rows = rows.masked_fill(blocked, 0.0)
        return L1.steepest(rows).view_as(g)


class Allowed(Protocol):
    """What attacks ask of all that may replace x: the member nearest to z, a random one, and g's direction at one.

    Indexed as a goal is, it is the set for some of the samples, also repeated.
    """

    def project(self, z: Tensor) -> Tensor: ...

    def sample(self, generator: Generator | None = None) -> Tensor: ...

    def steepest(self, g: Tensor, at: Tensor | None = None) -> Tensor: ...

    def __getitem__(self, index: Tensor) -> Self: ...


def _rows(d: Tensor) -> Tensor:
    return d.reshape(len(d), -1) if d.numel() else d.reshape(len(d), math.prod(d.shape[1:]))


def _like(v: Tensor, x: Tensor) -> Tensor:
    """[B, 1] -> [B, 1, 1, ...], one value a sample against x [B, ...]."""
    return v.view(-1, *[1] * (x.ndim - 1))


def _displacement(z: Tensor, x: Tensor, lo: float, hi: float) -> tuple[Tensor, Tensor]:
    """z - x and the room to the box in that direction, both [B, n] in double precision."""
    x = precise(_rows(x))
    d = precise(_rows(z)) - x
    return d, torch.where(d > 0, hi - x, x - lo)


def _add(x: Tensor, d: Tensor) -> Tensor:
    """x + d rounded towards x, so that rounding never leaves the ball."""
    centre, d = precise(x), d.view_as(x)
    z = (centre + d).to(x.dtype)
    inwards = torch.nextafter(z, x.to(z.device))
    return torch.where((z.double() - centre).abs() > d.abs(), inwards, z).to(x.device)


def _draw(law: Callable[..., Tensor], x: Tensor, generator: Generator | None) -> Tensor:
    """Random numbers like x, drawn where the generator lives (by default the CPU): every device sees the same."""
    device = generator.device if generator is not None else "cpu"
    return law(x.shape, generator=generator, device=device).to(x.device, x.dtype)
