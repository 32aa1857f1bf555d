"""The slice explorer: the loss over the plane through an image and two of its maximisers, and the ascent in it."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import torch

from advcourse import draw
from advcourse.widgets.figures import chart, figure, shape, sketch, trace
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import count, grey_levels, on_map
from advcourse.widgets.slice import FEW, STEPS, WINDOW, Ascent, Map, Slice, ascend, map_of, slice_of
from advcourse.widgets.subject import Subject


class SliceExplorer(Panel[Subject, Ascent]):
    """Choose image, network and eps; drag the start of the ascent over the plane, and see where its steps lead.

    Settings are traits and may be given as keywords: SliceExplorer(subjects, eps=40, s=0.5, t=0.3).
    """

    choice = "image and network"
    eps = grey_levels(51.0, "radius eps", min=1, max=80, step=1)
    s = on_map(0.0, "start, from A to B", *WINDOW[:2], 0.05)
    t = on_map(0.25, "start, from x up", *WINDOW[2:], 0.05)
    steps = count(STEPS, "steps", 40)

    def __init__(self, subjects: Sequence[Subject], **settings: Any):
        self._maps: dict[tuple[str, float], Map] = {}
        super().__init__(subjects, **settings)

    def compute(self) -> Ascent:
        return ascend(self._cut(self.chosen, self.eps), self.s, self.t, self.steps)

    def stages(self) -> Generator[Ascent | None, None, Ascent]:
        now = self.compute()
        if (self.chosen, self.eps) not in self._maps:
            yield now
            self._maps[self.chosen, self.eps] = map_of(now.slice)
        return now

    def figures(self, now: Ascent) -> list[dict]:
        on = self._maps.get((self.chosen, self.eps)) or map_of(now.slice, FEW)
        edge = [shape("line", torch.from_numpy(line), draw.BLACK, dashed=True) for line in on.outline]
        shapes = [*edge, shape("line", now.places, draw.BLACK)]
        for name, at, colour in zip("xAB", now.slice.corners, (draw.BLUE, draw.RED, draw.RED), strict=True):
            shapes.append(shape("dot", at[None], colour, name=name))
        left, right, bottom, top = WINDOW
        lies = sketch(WINDOW, shapes, drag=("s", "t"), height=(top - bottom) / (right - left))
        note = "dashed: what is allowed; A and B: maximisers; a shade is a tenth of the best loss"
        return [
            figure("loss over the plane", on.picture, notes=[note], plane=lies),
            climb(now, f"{self.chosen}: the loss at every step of the ascent"),
        ]

    def still(self, now: Ascent) -> tuple[draw.Figure, str]:
        on = map_of(now.slice)
        fig, (left, right) = draw.board(1, 2, width=9, height=3.4)
        left.imshow(on.picture, extent=WINDOW, aspect="auto")
        for line in on.outline:
            left.plot(*line.T, color=draw.BLACK, linestyle="--", linewidth=1)
        left.plot(*now.places.cpu().T, color=draw.BLACK, marker=".", linewidth=1)
        (dot, square), places = draw.CLASSES, now.slice.corners.tolist()
        for name, at, (colour, marker) in zip("xAB", places, (dot, square, square), strict=True):
            left.annotate(name, at, xytext=(6, 3), textcoords="offset points", fontweight="bold")
            left.plot(*at, marker=marker, color=colour, markersize=5)
        left.plot(self.s, self.t, marker="o", markersize=9, color=draw.ORANGE, markeredgecolor=draw.BLACK)
        left.set(xlabel="from A to B", ylabel="from x up", xlim=WINDOW[:2], ylim=WINDOW[2:])
        losses(right, now)
        what = "left, the loss over the plane through x and two maximisers, with the ascent; right, its loss"
        return fig, f"{self.chosen}: {what}."

    @once
    def _cut(self, name: str, eps: float) -> Slice:
        return slice_of(self.subjects[name], eps)


def climb(now: Ascent, caption: str) -> dict:
    """The loss at every step and that of both maximisers, as in `losses`."""
    loss, (a, b) = now.loss.cpu().numpy(), now.slice.highest.tolist()
    last, highest = len(loss) - 1, max(loss.max(), a, b)
    shapes = [
        trace(np.stack([np.arange(last + 1), loss], 1), "ascent", draw.STYLES[0]),
        trace(np.array([[0, a], [last, a]]), "maximiser A", (draw.BLACK, "", "--")),
        trace(np.array([[0, b], [last, b]]), "maximiser B", (draw.BLACK, "", ":")),
    ]
    window = (-0.02 * last, 1.02 * last, -0.04 * highest, 1.08 * highest)
    return chart(
        caption, window, shapes, across="step t", up=f"loss of {now.slice.subject.labels[now.slice.subject.y]}"
    )


def losses(ax: draw.Axes, now: Ascent) -> None:
    """The loss at every step, and that of both maximisers, with room above and below for the marks at both ends."""
    draw.losses(ax, {"ascent": now.loss}, f"loss of {now.slice.subject.labels[now.slice.subject.y]}")
    for name, loss, style in zip("AB", now.slice.highest.tolist(), ("--", ":"), strict=True):
        ax.axhline(loss, color=draw.BLACK, linestyle=style, linewidth=1, label=f"maximiser {name}")
    highest = max(now.loss.max(), now.slice.highest.max()).item()
    ax.set_ylim(-0.04 * highest, 1.1 * highest)
    ax.legend(frameon=False, fontsize=8, loc="lower right")
