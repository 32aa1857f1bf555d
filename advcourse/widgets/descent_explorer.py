"""The descent explorer: a maximum of convex functions of the plane, and which directions lead down from a kink."""

import numpy as np
import torch
from torch import Tensor
from traitlets import Bunch, TraitError, Unicode, validate

from advcourse import draw
from advcourse.draw import kinks
from advcourse.widgets.descent import LONGEST, SHORTEST, Descent, Landscape, to_kink
from advcourse.widgets.figures import figure, shape, sketch
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import setting, slider, within

SHOWN = 0.35  # of a gradient's length, so that arrows stay on the map


class DescentExplorer(Panel[Landscape, Descent]):
    """Drag w0 over the map, or move it with the sliders: near a kink it snaps to it. Then try directions and steps.

    Settings are traits and may be given as keywords: DescentExplorer(landscapes, x=0, y=1, step=0.3).
    """

    choice = "function"
    direction = setting(Unicode(SHORTEST), "direction d")
    step = slider(
        0.3,
        "step t along d",
        sensible=within(0, LONGEST),
        says=f"is a step, and must lie in 0..{LONGEST}",
        min=0,
        max=LONGEST,
        step=0.01,
    )
    x, y = slider(0.0, "w₀ across", step=0.02), slider(1.0, "w₀ up", step=0.02)

    def offer(self, subject: Landscape) -> dict[str, dict]:
        left, right, bottom, top = subject.window
        return {
            "direction": {"options": subject.directions, "start": SHORTEST},
            "x": {"min": left, "max": right, "start": (left + right) / 2},
            "y": {"min": bottom, "max": top, "start": bottom + 0.75 * (top - bottom)},
        }

    def compute(self) -> Descent:
        return Descent(self.subject, self._start(self.chosen, self.x, self.y), self.direction, self.step)

    def figures(self, now: Descent) -> list[dict]:
        return [map_of(now), hull(now), profile(now)]

    def still(self, now: Descent) -> tuple[draw.Figure, str]:
        fig, (left, middle, right) = draw.board(1, 3, width=9.5, height=3.3)
        now.landscape.contours(left)
        kinks.downhill(left, now.at, now.gradients)
        kinks.directions(left, now.at, {f"−{name}": -SHOWN * v for name, v, _ in named(now)})
        kinks.hull(middle, now.gradients, now.shortest)
        right.plot(*now.profile, color=draw.BLACK)
        right.plot(now.step, now.after, marker="o", color=verdict(now))
        right.axhline(now.before, color=draw.GREY, linestyle="--", linewidth=0.8)
        right.set(xlabel=f"t, along {now.direction.split(',')[0]}", ylabel="f(w₀ + t d)")
        return fig, "Contours with the cone of descent directions at w₀, the hull of the active gradients, f along d."

    @once
    def _start(self, name: str, x: float, y: float) -> Tensor:
        return to_kink(self.subjects[name].f, torch.tensor([x, y], dtype=torch.float64))

    @validate("direction")
    def _valid_direction(self, proposal: Bunch) -> str:
        offered = self.subject.directions
        if not self.entering and proposal.value not in offered:
            raise TraitError(f"there is no direction {proposal.value!r}; there are {', '.join(offered)}")
        return proposal.value


def map_of(now: Descent) -> dict:
    """f, the cone of directions that lead down, the directions one can try, and the step."""
    cone = kinks.descent_sector(now.gradients)
    shapes = [shape("area", torch.cat([now.at[None], now.at + cone]), draw.GREEN)] if len(cone) else []
    shapes += [
        shape("arrow", torch.stack([now.at, now.at - SHOWN * v]), colour, name=f"−{name}")
        for name, v, colour in named(now)
    ]
    shapes.append(shape("line", torch.stack([now.at, now.end]), draw.BLACK, dashed=True))
    shapes.append(shape("dot", now.end[None], verdict(now)))
    lies = sketch(now.landscape.window, shapes, drag=("x", "y"), at=now.at.tolist())
    notes = ["green: directions that lead down; ringed: w₀; dot: where the step ends, blue, or vermilion if f rose"]
    return figure("f and where w₀ is", now.landscape.picture, notes=notes, plane=lies)


def hull(now: Descent) -> dict:
    """The active gradients, their convex hull and its point nearest to zero."""
    reach = 1.4 * max(now.gradients.abs().max().item(), 1e-3)
    zero = torch.zeros(1, 2, dtype=torch.float64)
    shapes = [shape("area", kinks.outline(now.gradients), draw.SKY), shape("dot", zero, draw.BLACK)]
    shapes += [shape("arrow", torch.cat([zero, v[None]]), colour, name=name) for name, v, colour in named(now)]
    lies = sketch((-reach, reach, -reach, reach), shapes)
    return figure("active gradients, hull, v*", np.ones((2, 2, 3)), plane=lies)


def profile(now: Descent) -> dict:
    """f along the direction, its value at w0, and where the step ends."""
    t, f = now.profile
    low, high = f.min().item(), f.max().item()
    room = max(0.15 * (high - low), 0.05)
    shapes = [
        shape("line", torch.tensor([[0.0, f[0]], [LONGEST, f[0]]], dtype=torch.float64), draw.GREY, dashed=True),
        shape("line", torch.stack([t, f], 1), draw.BLACK),
        shape("dot", torch.tensor([[now.step, now.after]], dtype=torch.float64), verdict(now)),
    ]
    lies = sketch((-0.02, LONGEST + 0.02, low - room, high + room), shapes, height=0.55)
    return figure("f along d, for t from 0 to 0.6", np.ones((2, 2, 3)), notes=["dashed: f(w₀)"], plane=lies)


def named(now: Descent) -> list[tuple[str, Tensor, str]]:
    """v* and the active gradients with the colours of their arrows."""
    shown = [(f"∇g{kinks.SUBSCRIPTS[i + 1]}", g) for i, g in zip(now.active, now.gradients)]
    colours = [colour for colour, _, _ in draw.STYLES]
    arrows = [("v*", now.shortest), *shown[: len(colours) - 1]]
    return [(name, v, colour) for (name, v), colour in zip(arrows, colours) if v.norm() > 1e-9]


def verdict(now: Descent) -> str:
    """The colour of a step that raised f, or did not."""
    return draw.RED if now.after - now.before > 1e-9 else draw.BLUE
