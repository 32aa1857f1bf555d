"""The oracle explorer: a secret classifier of the plane, questions about a point, and what the answers give away."""

import numpy as np
import torch
from torch import Tensor
from traitlets import Enum

from advcourse import draw
from advcourse.widgets.figures import figure, shape, sketch
from advcourse.widgets.oracle import HOPPING, WAYS, WINDOW, Secret, Spent, spend
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import count, on_map, setting

MOST = 200


class OracleExplorer(Panel[Secret, Spent]):
    """Drag the point to attack, choose what the oracle tells, and spend questions: dots show where they went.

    Settings are traits and may be given as keywords: OracleExplorer(secrets, x=0.2, y=0.1, queries=40).
    """

    choice = "classifier"
    way = setting(Enum(WAYS, HOPPING), "what is told, and to whom", options=list(WAYS))
    queries = count(60, "questions", MOST)
    x, y = on_map(-0.5, "point across", *WINDOW[:2], 0.02), on_map(0.5, "point up", *WINDOW[2:], 0.02)

    def compute(self) -> Spent:
        return spend(self.subject, self.way, torch.tensor([self.x, self.y]), self.queries)

    def figures(self, now: Spent) -> list[dict]:
        return [self._map(now), compass(now)]

    def still(self, now: Spent) -> tuple[draw.Figure, str]:
        fig, (left, right) = draw.board(1, 2, width=8, height=3.8)
        draw.decisions(left, now.secret.boundary.probability, now.asked, now.said)
        left.plot(*torch.stack([now.x, now.z]).T, color=draw.BLACK, linestyle="--", linewidth=1)
        left.plot(*now.x, marker="o", markersize=9, color=draw.ORANGE, markeredgecolor=draw.BLACK)
        left.plot(*now.z, marker="X", markersize=9, color=draw.BLACK)
        for (name, v), (colour, _, style) in zip(arrows(now).items(), draw.STYLES):
            right.annotate("", v.tolist(), (0, 0), arrowprops={"arrowstyle": "->", "color": colour, "linestyle": style})
            right.annotate(name, (v + 0.16 * v / v.norm()).tolist(), ha="center", va="center", fontsize=8, color=colour)
        right.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
        right.set_axis_off()
        right.set_title(f"the gradient {place(now)}, estimated and true", fontsize=9)
        what = "left, the questions as dots on the classes, and from the point to what fooled; right, the estimated "
        return fig, f"{self.chosen}, {self.way}: {what}gradient beside the true one."

    def _map(self, now: Spent) -> dict:
        shapes = [shape("line", torch.stack([now.x, now.z]), draw.BLACK, dashed=True)]
        shapes += [shape("dot", now.z[None], draw.BLACK, name="z")]
        lies = sketch(WINDOW, shapes, drag=("x", "y"))
        lies["points"] = [[*at, k] for at, k in zip(now.asked.tolist(), now.said.tolist(), strict=True)]
        lies["lines"] = [[line.round(3).tolist(), False] for line in self._edge(self.chosen)]
        notes = ["dots and squares: questions, by the class answered; ringed: the point; z: what fooled it"]
        return figure("the secret, and the questions", self._picture(self.chosen), notes=notes, plane=lies)

    @once
    def _picture(self, name: str) -> np.ndarray:
        return draw.tint(self.subjects[name].boundary.probability.flatten(), 0, 1, draw.SIDES)

    @once
    def _edge(self, name: str) -> list[np.ndarray]:
        return draw.level(self.subjects[name].boundary.probability.flatten(), WINDOW, 0.5)


def arrows(now: Spent) -> dict[str, Tensor]:
    """The estimated gradient and the true one, made shorter so that neither hides the other; none that is zero."""
    both = {"estimate": (now.guess, 1.0), "gradient": (now.slope, 0.6)}
    return {name: length * v / v.norm() for name, (v, length) in both.items() if v.norm() > 0}


def compass(now: Spent) -> dict:
    """Both directions from one point."""
    zero = torch.zeros(1, 2)
    shapes = [
        shape("arrow", torch.cat([zero, v[None]]), colour, dashed=name == "gradient", name=name)
        for (name, v), (colour, _, _) in zip(arrows(now).items(), draw.STYLES)
    ]
    lies = sketch((-1.5, 1.5, -1.5, 1.5), shapes)
    return figure(f"the gradient {place(now)}, estimated and true", np.ones((2, 2, 3)), plane=lies)


def place(now: Spent) -> str:
    """Where the gradient was asked for."""
    return "at the point" if torch.equal(now.where, now.x) else "at z"
