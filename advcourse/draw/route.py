"""The way through a course as a picture: a stop for each unit, filled as far as its exercises have passed."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Wedge

from advcourse.draw import BLACK, GREEN, GREY, ORANGE

ROW, PALE = 4, "#D9D9D9"  # so many stops to a row
APART, BELOW = 2.6, 2.9  # of two stops and of two rows, in radii of a stop


@dataclass(frozen=True)
class Stop:
    """One unit: number, title, for each exercise whether it passed, and the minutes that are left."""

    number: str
    title: str
    passed: tuple[bool, ...]
    minutes: int

    @property
    def done(self) -> bool:
        """Whether nothing is left; where there are no exercises, something is."""
        return all(self.passed) and bool(self.passed)


def route(ax: Axes, stops: Sequence[Stop]) -> Axes:
    """The stops along their way, which turns at the end of each row. The first that is not done is marked as the next.

    A ring has a piece for each exercise, green and hatched once it has passed.
    """
    at = [place(k) for k in range(len(stops))]
    ax.plot(*np.array(at).reshape(-1, 2).T, color=PALE, linewidth=7, solid_joinstyle="round", zorder=0)
    following = next((stop for stop in stops if not stop.done), None)
    for stop, (x, y) in zip(stops, at):
        if stop is following:
            ax.add_patch(Circle((x, y), 1.12, facecolor="none", edgecolor=ORANGE, linewidth=3))
            ax.text(x + 0.8, y + 0.95, "next", fontsize=9, color=BLACK, fontweight="bold", ha="left", va="bottom")
        ring(ax, x, y, stop)
    rows = -(-len(stops) // ROW)
    ax.set(xlim=(-1.4, (ROW - 1) * APART + 1.4), ylim=(-(rows - 1) * BELOW - 2.1, 1.5), aspect="equal")
    ax.set_axis_off()
    return ax


def place(index: int) -> tuple[float, float]:
    """Where a stop lies: rows from the top, every other one from right to left."""
    row, column = divmod(index, ROW)
    return (column if row % 2 == 0 else ROW - 1 - column) * APART, -row * BELOW


def ring(ax: Axes, x: float, y: float, stop: Stop) -> Axes:
    """One stop around (x, y): its number in a ring of exercises, clockwise from the top, and below it what is left."""
    ax.add_patch(Circle((x, y), 1, facecolor="white", edgecolor=GREY, linewidth=1))
    share = 360 / max(len(stop.passed), 1)
    for k, passed in enumerate(stop.passed):
        look = {"facecolor": GREEN, "hatch": "///"} if passed else {"facecolor": PALE}
        ax.add_patch(Wedge((x, y), 0.95, 90 - (k + 1) * share, 90 - k * share, width=0.3, edgecolor="white", **look))
    ax.text(x, y, "✓" if stop.done else stop.number, ha="center", va="center", fontsize=15, color=BLACK)
    left = "done" if stop.done else f"{sum(stop.passed)} of {len(stop.passed)} · {stop.minutes} min left"
    below = "\n".join([*textwrap.wrap(stop.title, 22)[:2], left])
    card = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # where the way turns, it runs behind the words
    ax.text(x, y - 1.17, below, ha="center", va="top", fontsize=8, bbox=card)
    return ax
