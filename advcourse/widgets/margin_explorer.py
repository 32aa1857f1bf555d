"""The margin explorer: a network of the plane, trained by one of four losses, and how far its points are from it."""

import numpy as np
import torch
from torch import nn

from advcourse import draw
from advcourse.draw.margins import edges, histogram
from advcourse.toys.margins import trainings
from advcourse.widgets.figures import chart, figure, shape, sketch, trace
from advcourse.widgets.margins import WHOLE, Margins, Points, margins_of, on_the_way
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import one_of, slider, within

WINDOW = (WHOLE.lo, WHOLE.hi, WHOLE.lo, WHOLE.hi)
WIDEST, END = 0.6, 30  # of the histogram; the last stage of a training


class MarginExplorer(Panel[Points, Margins]):
    """Choose data, loss and gamma, and how far the training has come; see boundary, arrows to it, and margins.

    Settings are traits and may be given as keywords: MarginExplorer(plane_sets(), loss="MMA", gamma=0.2). A training
    takes a second or two and is remembered, so that its stages show at once.
    """

    choice = "data"
    loss = one_of(trainings(0.1), "large margin", "loss")
    gamma = slider(
        0.2,
        "gamma",
        sensible=within(0.05, 0.5),
        says="is a length in the box [-1, 1]^2, and must lie in 0.05..0.5",
        min=0.05,
        max=0.5,
        step=0.05,
    )
    trained = slider(
        float(END),
        "trained",
        sensible=lambda value: value in range(END + 1),
        says=f"counts thirtieths of the training, 0, 1, ... {END}",
        unit=f" of {END}",
        min=0,
        max=END,
        step=1,
    )

    def compute(self) -> Margins:
        return self._margins(self.chosen, self.loss, self._asked, int(self.trained))

    def figures(self, now: Margins) -> list[dict]:
        return [map_of(now), counted(now)]

    def still(self, now: Margins) -> tuple[draw.Figure, str]:
        fig, (left, right) = draw.board(1, 2, width=9, height=4)
        draw.decisions(left, now.boundary.probability, now.points.x, now.points.y)
        draw.arrows(left, now.points.x, now.z)
        left.set_title(f"{self.chosen}, {self.loss}", fontsize=9)
        histogram(right, *signed(now), gamma=now.gamma, widest=WIDEST)
        return fig, "Points and the boundary, an arrow to it from each, and a histogram of the margins."

    @property
    def _asked(self) -> float:
        """gamma, free of what a slider's steps add up to."""
        return round(self.gamma, 4)

    @once
    def _stages(self, name: str, loss: str, gamma: float) -> list[nn.Module]:
        return on_the_way(self.subjects[name], loss, gamma)

    @once
    def _margins(self, name: str, loss: str, gamma: float, stage: int) -> Margins:
        return margins_of(self.subjects[name], self._stages(name, loss, gamma)[stage], gamma)


def map_of(now: Margins) -> dict:
    """What the network says, its boundary, and from every right point the shortest way to another class."""
    p = now.boundary.probability.flatten()
    moved = [torch.stack(pair) for pair, right in zip(zip(now.points.x, now.z), now.right) if right]
    shapes = [shape("line", way, draw.BLACK) for way in moved]
    shapes += [shape("line", torch.from_numpy(line), draw.BLACK, dashed=True) for line in draw.level(p, WINDOW, 0.5)]
    lies = sketch(WINDOW, shapes)
    lies["points"] = [[*at, k] for at, k in zip(now.points.x.tolist(), now.points.y.tolist(), strict=True)]
    return figure(
        "what it says, and how far each point is from another answer",
        draw.tint(p, 0, 1, draw.SIDES),
        notes=["dashed: the boundary; lines: the shortest way across it"],
        plane=lies,
    )


def signed(now: Margins) -> tuple[torch.Tensor, torch.Tensor]:
    """Both kinds of margins; a wrong point has no distance, and lies below zero by as much as the gradient says."""
    return torch.where(now.right, now.distance, now.first_order), now.first_order


def counted(now: Margins) -> dict:
    """The histogram of both kinds of margins."""
    bins = edges(WIDEST)
    true, first = (np.histogram(part.double().clamp(bins[0], WIDEST), bins)[0] for part in signed(now))
    top = 1.08 * max(true.max(), first.max())
    shapes = [
        trace(steps(true, bins), "true distances", (draw.BLUE, "", "-"), filled=True),
        trace(steps(first, bins), "first-order margins", (draw.ORANGE, "", "-")),
        trace(np.array([[now.gamma, 0], [now.gamma, top]]), "asked for", (draw.BLACK, "", "--")),
        trace(np.array([[0, 0], [0, top]]), "wrong left of this", (draw.GREY, "", ":")),
    ]
    window, across = (bins[0], WIDEST, 0, top), "margin (last bar: and beyond)"
    return chart("margins of all points", window, shapes, across=across, up="points")


def steps(counts: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """The outline [k, 2] of a histogram, from the axis back to the axis."""
    across, up = np.repeat(bins, 2), np.concatenate([[0], np.repeat(counts, 2), [0]])
    return np.stack([across, up], 1)
