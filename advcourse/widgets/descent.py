"""Descent at a kink: a maximum of convex functions of the plane, and what comes of a direction that is tried there."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from advcourse import draw
from advcourse.convex import MaxOf
from advcourse.draw import kinks

SHORTEST, MEAN = "−v*, the shortest subgradient", "−mean of the active gradients"
REACH = 0.1  # of a kink, in units of the plane
LONGEST = 0.6  # of the steps that can be tried


@dataclass(frozen=True, eq=False)
class Landscape:
    """A named maximum of convex functions of the plane, the window to show, and its minimiser where one is known."""

    name: str
    f: MaxOf
    window: tuple[float, float, float, float] = (-2.0, 2.0, -2.0, 2.0)
    minimiser: tuple[float, float] | None = None

    def contours(self, ax: draw.Axes) -> draw.Axes:
        """Its contours."""
        cells = draw.cells(self.window, 81).double()
        return kinks.landscape(ax, torch.vmap(self.f.value)(cells), self.window)

    @cached_property
    def picture(self) -> np.ndarray:
        """They as an array [H, W, 3]."""
        return kinks.raster(self.contours)

    @property
    def directions(self) -> list[str]:
        """What one can try: the shortest subgradient, every gradient, and the mean of the active ones."""
        return [SHORTEST, *(f"−∇g{kinks.SUBSCRIPTS[i + 1]}" for i in range(len(self.f.functions))), MEAN]


@dataclass(frozen=True, eq=False)
class Descent:
    """A direction that is tried at w0 [2]: where f goes along it, and what the active gradients say."""

    landscape: Landscape
    at: Tensor
    direction: str
    step: float

    @cached_property
    def active(self) -> list[int]:
        """The functions that are largest at w0."""
        return self.landscape.f.active_set(self.at).tolist()

    @cached_property
    def gradients(self) -> Tensor:
        """Those of the active functions, [k, 2]."""
        return self.landscape.f.subgradients(self.at)

    @cached_property
    def shortest(self) -> Tensor:
        """v*, [2]."""
        return self.landscape.f.min_norm(self.at)

    @cached_property
    def d(self) -> Tensor:
        """The direction that is tried, [2]: the negative of a gradient or of a mixture of gradients."""
        if self.direction == SHORTEST:
            return -self.shortest
        if self.direction == MEAN:
            return -self.gradients.mean(0)
        return -MaxOf([self.landscape.f.functions[self._tried]]).subgradients(self.at)[0]

    @property
    def _tried(self) -> int:
        return self.landscape.directions.index(self.direction) - 1

    @property
    def end(self) -> Tensor:
        """Where the step leads, [2]."""
        return self.at + self.step * self.d

    @property
    def before(self) -> float:
        """f at w0."""
        return self.landscape.f.value(self.at).item()

    @property
    def after(self) -> float:
        """f where the step leads."""
        return self.landscape.f.value(self.end).item()

    @property
    def slope(self) -> float:
        """f'(w0; d)."""
        return self.landscape.f.directional_derivative(self.at, self.d).item()

    @property
    def profile(self) -> tuple[Tensor, Tensor]:
        """Steps t [T], and f(w0 + t d) [T]."""
        t = torch.linspace(0, LONGEST, 61, dtype=torch.float64)
        return t, torch.vmap(self.landscape.f.value)(self.at + t[:, None] * self.d)

    @property
    def line(self) -> str:
        """All of it in numbers."""
        before, after = self.before, self.after
        names = " and ".join(f"g{kinks.SUBSCRIPTS[i + 1]}" for i in self.active)
        kind = "0 is in the hull: a minimiser" if self.landscape.f.is_minimiser(self.at) else "no minimiser"
        facts = [f"w₀ = {place(self.at)}, active: {names}", f"v* = {place(self.shortest)}, {kind}"]
        if self.direction not in (SHORTEST, MEAN) and self._tried not in self.active:
            facts.append(f"g{kinks.SUBSCRIPTS[self._tried + 1]} is not active here: its gradient says nothing about f")
        facts += [
            f"slope along {self.direction.split(',')[0]}: {signed(self.slope)}",
            f"step {self.step:.2f}: f goes {way(after - before)} from {before:z.3f} to {after:z.3f}",
        ]
        if self.landscape.minimiser:
            aim = torch.tensor(self.landscape.minimiser, dtype=torch.float64)
            far, then = (self.at - aim).norm().item(), (self.end - aim).norm().item()
            facts.append(f"distance to the minimiser goes {way(then - far)} from {far:.3f} to {then:.3f}")
        return " · ".join(facts)


def place(w: Tensor) -> str:
    """A point in numbers, without the sign of a zero."""
    return "({}, {})".format(*(f"{0.0 if abs(v) < 5e-3 else v:.2f}".replace("-", "−") for v in w.tolist()))


def signed(value: float) -> str:
    """A number with its sign."""
    return "0" if abs(value) < 1e-9 else f"{value:+.2f}".replace("-", "−")


def way(change: float) -> str:
    """Up, down or nowhere."""
    return "nowhere," if abs(change) < 1e-9 else "up" if change > 0 else "down"


def to_kink(f: MaxOf, w: Tensor, reach: float = REACH) -> Tensor:
    """The nearest kink of f within reach of w [2], a corner of three functions first; w where there is none."""
    for many in (3, 2):
        meetings = (_meeting(f, w, group, reach) for group in itertools.combinations(f.functions, many))
        near = [z for z in meetings if z is not None and len(f.active_set(z)) >= many]
        if near:
            return min(near, key=lambda z: (z - w).norm())
    return w


def _meeting(f: MaxOf, w: Tensor, group: Sequence, reach: float) -> Tensor | None:
    """Where these functions are equal, by Newton's method from w; None if that is out of reach."""
    z, some = w, MaxOf(group)
    for _ in range(8):
        values, slopes = some.values(z), jacobian(some.values, z)
        gaps, across = values[1:] - values[0], slopes[1:] - slopes[0]
        step = torch.linalg.lstsq(across, gaps[:, None]).solution[:, 0]
        z = z - step
        if not (z - w).norm() <= 2 * reach:
            return None
        if step.norm() < 1e-9:
            break  # the error of the next is its square
    return z if (z - w).norm() <= reach else None
