"""The descent explorer: a maximum of convex functions of the plane, and which directions lead down from a kink."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from traitlets import CFloat, TraitError, Unicode, validate

from advcourse import draw
from advcourse.convex import MaxOf
from advcourse.draw import kinks
from advcourse.widgets.panel import Panel, figure, shape, sketch

SHORTEST, MEAN = "−v*, the shortest subgradient", "minus the mean of the active gradients"
REACH = 0.1  # of a kink, in units of the plane
LONGEST = 0.6  # of the steps that can be tried
SHOWN = 0.35  # of a gradient's length, so that arrows stay on the map


@dataclass(frozen=True, eq=False)
class Landscape:
    """A named maximum of convex functions of the plane, the window to show, and its minimiser where one is known."""

    name: str
    f: MaxOf
    window: tuple[float, float, float, float] = (-2.0, 2.0, -2.0, 2.0)
    minimiser: tuple[float, float] | None = None

    @cached_property
    def picture(self) -> np.ndarray:
        """Its contours as an array [H, W, 3]."""
        cells = draw.cells(self.window, 81).double()
        return kinks.raster(lambda ax: kinks.landscape(ax, torch.vmap(self.f.value)(cells), self.window))

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
        before, after = (self.landscape.f.value(w).item() for w in (self.at, self.end))
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
        values, slopes = some.values(z), torch.stack([MaxOf([g]).subgradients(z)[0] for g in group])
        gaps, across = values[1:] - values[0], slopes[1:] - slopes[0]
        z = z - torch.linalg.lstsq(across, gaps[:, None]).solution[:, 0]
        if not (z - w).norm() <= 2 * reach:
            return None
    return z if (z - w).norm() <= reach else None


class DescentExplorer(Panel):
    """Drag w0 over the map, or move it with the sliders: near a kink it snaps to it. Then try directions and steps.

    Settings are traits and may be given as keywords: DescentExplorer(landscapes, x=0, y=1, step=0.3).
    """

    choice = "function"
    direction = Unicode(SHORTEST).tag(sync=True)
    step = CFloat(0.3).tag(sync=True)
    x, y = CFloat(0.0).tag(sync=True), CFloat(1.0).tag(sync=True)

    def __init__(self, landscapes: Sequence[Landscape], **settings):
        controls = [
            {"name": "direction", "label": "direction d"},
            {"name": "step", "label": "step t along d", "min": 0, "max": LONGEST, "step": 0.01, "unit": ""},
            {"name": "x", "label": "w₀ across"},
            {"name": "y", "label": "w₀ up"},
        ]
        super().__init__(landscapes, controls, **settings)

    def offer(self, subject: Landscape) -> dict[str, dict]:
        left, right, bottom, top = subject.window
        return {
            "direction": {"options": subject.directions, "start": SHORTEST},
            "x": {"min": left, "max": right, "step": 0.02, "unit": "", "start": (left + right) / 2},
            "y": {"min": bottom, "max": top, "step": 0.02, "unit": "", "start": bottom + 0.75 * (top - bottom)},
        }

    def compute(self) -> Descent:
        """What there is to see for the present settings."""
        w = torch.tensor([self.x, self.y], dtype=torch.float64)
        return Descent(self.subject, to_kink(self.subject.f, w), self.direction, self.step)

    def compose(self) -> dict:
        now = self.compute()
        maps = [self._map(now), self._hull(now), self._profile(now)]
        return {"line": now.line, "figures": maps}

    def _map(self, now: Descent) -> dict:
        cone = kinks.descent_sector(now.gradients)
        shapes = [shape("area", torch.cat([now.at[None], now.at + cone]), draw.GREEN)] if len(cone) else []
        shapes += [
            shape("arrow", torch.stack([now.at, now.at - SHOWN * v]), colour, name=f"−{name}")
            for name, v, colour in self._named(now)
        ]
        shapes.append(shape("line", torch.stack([now.at, now.end]), draw.BLACK, dashed=True))
        shapes.append(shape("dot", now.end[None], self._verdict(now)))
        lies = sketch(self.subject.window, shapes, drag=("x", "y"), at=now.at.tolist())
        notes = ["green: directions that lead down; dot: where the step ends, blue if f fell, red if it rose"]
        return figure("f and where w₀ is", self.subject.picture, notes=notes, plane=lies)

    def _hull(self, now: Descent) -> dict:
        reach = 1.4 * max(now.gradients.abs().max().item(), 1e-3)
        zero = torch.zeros(1, 2, dtype=torch.float64)
        shapes = [shape("area", kinks.outline(now.gradients), draw.SKY), shape("dot", zero, draw.BLACK)]
        shapes += [
            shape("arrow", torch.cat([zero, v[None]]), colour, name=name) for name, v, colour in self._named(now)
        ]
        lies = sketch((-reach, reach, -reach, reach), shapes)
        return figure("active gradients, hull, v*", np.ones((2, 2, 3)), plane=lies)

    def _profile(self, now: Descent) -> dict:
        t, f = now.profile
        low, high = f.min().item(), f.max().item()
        room = max(0.15 * (high - low), 0.05)
        here = torch.tensor([[now.step, self.subject.f.value(now.end).item()]], dtype=torch.float64)
        level = torch.tensor([[0.0, f[0]], [LONGEST, f[0]]], dtype=torch.float64)
        shapes = [
            shape("line", level, draw.GREY, dashed=True),
            shape("line", torch.stack([t, f], 1), draw.BLACK),
            shape("dot", here, self._verdict(now)),
        ]
        lies = sketch((-0.02, LONGEST + 0.02, low - room, high + room), shapes, height=0.55)
        return figure("f along d, for t from 0 to 0.6", np.ones((2, 2, 3)), notes=["dashed: f(w₀)"], plane=lies)

    def _named(self, now: Descent) -> list[tuple[str, Tensor, str]]:
        """v* and the active gradients with the colours of their arrows."""
        shown = [(f"∇g{kinks.SUBSCRIPTS[i + 1]}", g) for i, g in zip(now.active, now.gradients)]
        colours = [colour for colour, _, _ in draw.STYLES]
        named = [("v*", now.shortest), *shown[: len(colours) - 1]]
        return [(name, v, colour) for (name, v), colour in zip(named, colours) if v.norm() > 1e-9]

    def _verdict(self, now: Descent) -> str:
        change = (self.subject.f.value(now.end) - self.subject.f.value(now.at)).item()
        return draw.RED if change > 1e-9 else draw.BLUE

    def snapshot(self) -> draw.picture:
        now = self.compute()
        fig, (left, middle, right) = draw.board(1, 3, width=9.5, height=3.3)
        cells = draw.cells(self.subject.window, 81).double()
        kinks.landscape(left, torch.vmap(self.subject.f.value)(cells), self.subject.window)
        kinks.downhill(left, now.at, now.gradients)
        kinks.directions(left, now.at, {f"−{name}": -SHOWN * v for name, v, _ in self._named(now)})
        kinks.hull(middle, now.gradients, now.shortest)
        right.plot(*now.profile, color=draw.BLACK)
        right.plot(now.step, self.subject.f.value(now.end), marker="o", color=self._verdict(now))
        right.axhline(self.subject.f.value(now.at), color=draw.GREY, linestyle="--", linewidth=0.8)
        right.set(xlabel=f"t, along {now.direction.split(',')[0]}", ylabel="f(w₀ + t d)")
        what = "Contours with the cone of descent directions at w₀, the hull of the active gradients, f along d"
        return draw.picture(fig, alt=f"{what}. {now.line}")

    @validate("direction")
    def _valid_direction(self, proposal) -> str:
        image = self.image or next(iter(self.subjects))
        offered = self.subjects[image].directions
        everywhere = {name for one in self.subjects.values() for name in one.directions}
        if proposal.value not in everywhere:
            raise TraitError(f"there is no direction {proposal.value!r}; there are {', '.join(offered)}")
        return proposal.value

    @validate("x", "y", "step")
    def _valid_number(self, proposal) -> float:
        if not math.isfinite(proposal.value):
            raise TraitError(f"{proposal.trait.name} must be finite; got {proposal.value}")
        if proposal.trait.name == "step" and not 0 <= proposal.value <= LONGEST:
            raise TraitError(f"a step lies in 0..{LONGEST}; got {proposal.value}")
        return proposal.value
