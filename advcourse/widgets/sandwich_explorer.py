"""The sandwich explorer: at any radius, which images are certified, which are fooled, and which nobody knows about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from advcourse import draw
from advcourse.data import Images
from advcourse.draw.sandwich import check_bounds, sandwich
from advcourse.widgets.figures import Curves, figure, screen
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import grey_levels

FRAME = 4  # of a frame and of the gap around it, in pixels
COLOURS = {"certified": draw.GREEN, "open": "#BBBBBB", "fooled": draw.RED}


@dataclass(frozen=True, eq=False)
class Bounded:
    """A named network and, for each of some images, what is known of the smallest distortion that fools it.

    lower [N] is certified, upper [N] was found, in pixels of [0, 1]; both are 0 where an image is read wrongly.
    """

    name: str
    lower: Tensor
    upper: Tensor

    def __post_init__(self):
        check_bounds(self.lower, self.upper)


@dataclass(frozen=True, eq=False)
class Between:
    """The images of a network at a radius of eps grey levels: certified [N], fooled [N], or open."""

    network: Bounded
    eps: float

    @property
    def certified(self) -> Tensor:
        """Where a proof says that nothing within the radius fools: [N] bool."""
        return self.network.lower > self.eps / 255

    @property
    def fooled(self) -> Tensor:
        """Where something within the radius fools, or nothing is needed: [N] bool."""
        return self.network.upper <= self.eps / 255

    @property
    def states(self) -> list[str]:
        """One word an image."""
        both = zip(self.certified.tolist(), self.fooled.tolist())
        return ["certified" if sure else "fooled" if gone else "open" for sure, gone in both]

    @property
    def line(self) -> str:
        """The two bounds, and how many images lie between."""
        n, states = len(self.network.lower), self.states
        count = {state: states.count(state) for state in COLOURS}
        least, most = count["certified"] / n, 1 - count["fooled"] / n
        return (
            f"{self.network.name} at eps = {self.eps:.3g}/255: robust accuracy is at least {least:.0%} and at most "
            f"{most:.0%} · {count['certified']} certified, {count['open']} open, {count['fooled']} fooled of {n}"
        )


class SandwichExplorer(Panel[Bounded, Between]):
    """Choose a network and a radius in grey levels; each image is framed by what is known of it.

    Settings are traits and may be given as keywords: SandwichExplorer(networks, images, eps=26).
    """

    choice = "network"
    eps = grey_levels(13.0, "radius eps", min=0, step=1)

    def __init__(self, networks: Sequence[Bounded], images: Images, *, widest: float, shown: int = 40, **settings: Any):
        self.images, self.widest, self.shown = images, 255 * widest, min(shown, len(images))
        super().__init__(networks, **settings)

    def offer(self, subject: Bounded) -> dict[str, dict]:
        return {"eps": {"max": round(self.widest), "start": 13.0}}

    def compute(self) -> Between:
        return Between(self.subject, self.eps)

    def figures(self, now: Between) -> list[dict]:
        notes = ["frames: green certified, grey open, vermilion and crossed out fooled"]
        sheet = figure(self._caption(), self._sheet(now), notes=notes)
        return [sheet, self._curves(self.chosen).at(min(self.eps, self.widest))]

    def still(self, now: Between) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 2, width=9, height=3.4)
        draw.image(axes[0], self._sheet(now), self._caption())
        self._draw(axes[1], self.chosen)
        axes[1].axvline(self.eps, color=draw.BLACK, linewidth=1.5)
        what = "images framed as certified, open or fooled; beside them both bounds of robust accuracy over eps"
        return fig, f"{self._caption()}: {what}."

    def _caption(self) -> str:
        return f"{self.chosen}, eps = {self.eps:.3g}/255"

    @once
    def _curves(self, name: str) -> Curves:
        fig, (ax,) = screen(height=2.7)
        self._draw(ax, name)
        return Curves(fig, f"robust accuracy of {name} over eps, between its bounds")

    def _draw(self, ax: draw.Axes, name: str) -> None:
        one = self.subjects[name]
        sandwich(ax, one.lower, one.upper, widest=self.widest / 255)
        draw.legend_below(ax, 3)

    def _sheet(self, now: Between) -> np.ndarray:
        """The first images in rows of eight, each in a frame of its state; the fooled are crossed out as well."""
        framed = [
            _framed(draw.pixels(x), state) for x, state in zip(self.images.x[: self.shown], now.states, strict=False)
        ]
        framed += [np.ones_like(framed[0])] * (-len(framed) % 8)
        rows = [np.concatenate(framed[i : i + 8], 1) for i in range(0, len(framed), 8)]
        return np.concatenate(rows, 0)


def _framed(pixels: np.ndarray, state: str) -> np.ndarray:
    colour = tuple(int(COLOURS[state][i : i + 2], 16) / 255 for i in (1, 3, 5))
    height, width = pixels.shape[:2]
    framed = np.ones((height + 4 * FRAME, width + 4 * FRAME, 3))
    framed[FRAME:-FRAME, FRAME:-FRAME] = colour
    framed[2 * FRAME : -2 * FRAME, 2 * FRAME : -2 * FRAME] = pixels
    if state == "fooled":
        down, across = np.mgrid[0:height, 0:width]
        slash = np.abs(down / height - (1 - across / width)) < 0.04
        framed[2 * FRAME : -2 * FRAME, 2 * FRAME : -2 * FRAME][slash] = colour
    return framed
