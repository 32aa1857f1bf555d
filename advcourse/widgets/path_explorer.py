"""The path explorer: where the iterates go, with and without the ball."""

import warnings
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from advcourse import draw, measure
from advcourse.attacks.gradient import iterative_fgsm
from advcourse.threats import Linf, Unbounded
from advcourse.widgets.figures import chart, trace
from advcourse.widgets.panel import Panel
from advcourse.widgets.settings import count, grey_levels
from advcourse.widgets.subject import UNTARGETED, Subject

BOX, BOTH = "P = box alone", "P = ball and box"


@dataclass(frozen=True, eq=False)
class Walks:
    """Iterative FGSM twice on one subject: the iterates x_0 ... x_T under each P, and their losses along the way."""

    subject: Subject
    eps: float
    iterates: dict[str, list[Tensor]]
    along: dict[str, measure.Along]

    @property
    def line(self) -> str:
        """Where both walks end: distance in grey levels, loss, and what the model says there."""
        return "\n".join(f"{name}: {self._end(name)}" for name in self.iterates)

    def _end(self, name: str) -> str:
        end, path = self.along[name], self.iterates[name]
        says = self.subject.labels[int(measure.logits(self.subject.model, path[-1]).argmax())]
        far = float(end.distance[-1]) * 255
        ball = "in the ball" if far <= self.eps * (1 + 1e-6) else "outside the ball"
        size = f"‖z − x‖∞ = {far:.3g}/255 after {len(path) - 1} steps"
        return f"{size}, {ball}, loss {float(end.score[-1]):.2f}, says {says}"


def walks(subject: Subject, eps: float, alpha: float, steps: int) -> Walks:
    """Walk uphill on the loss of the true class by steps of alpha, clipped to the box alone and to ball and box.

    eps and alpha in grey levels (1/255).
    """
    goal, threat = subject.goal(UNTARGETED), Linf(eps / 255)
    iterates, along = {}, {}
    for name, allowed in ((BOX, Unbounded()), (BOTH, threat)):
        path: list[Tensor] = []
        with warnings.catch_warnings():
            # Steps too short for the ball deserve a warning in an attack; here they are what the slider is for.
            warnings.simplefilter("ignore", UserWarning)
            length = {"steps": steps, "step_size": alpha / 255}
            iterative_fgsm(subject.model, subject.x, goal, allowed, **length, trace=path.append)
        iterates[name], along[name] = path, measure.along(subject.model, path, goal, threat)
    return Walks(subject, eps, iterates, along)


class PathExplorer(Panel[Subject, Walks]):
    """Choose image, eps, step size alpha and number of steps; see both paths in a plane through x, and their losses.

    Settings are traits and may be given as keywords: PathExplorer(subjects, eps=16, alpha=4).
    """

    eps = grey_levels(0.0, "radius eps", min=0)
    alpha = grey_levels(0.0, "step size alpha", min=0)
    steps = count(10, "steps T", 40)

    def offer(self, subject: Subject) -> dict[str, dict]:
        if subject.photo:
            return {"eps": {"max": 8, "step": 0.25, "start": 1}, "alpha": {"max": 2, "step": 0.125, "start": 0.25}}
        return {"eps": {"max": 64, "step": 1, "start": 16}, "alpha": {"max": 16, "step": 0.5, "start": 4}}

    def compute(self) -> Walks:
        return walks(self.subject, self.eps, self.alpha, self.steps)

    def figures(self, now: Walks) -> list[dict]:
        return [
            paths(now, f"{self.chosen}: the paths in a plane through x"),
            losses(now, f"{self.chosen}: the loss at every step"),
        ]

    def still(self, now: Walks) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 2, width=9, height=3.6)
        self._draw(*axes, now)
        return fig, f"{self.chosen}: left, the paths in a plane through x; right, the loss at every step."

    def _draw(self, paths: draw.Axes, losses: draw.Axes, now: Walks) -> None:
        draw.paths(paths, now.subject.x, now.iterates, Linf(now.eps / 255))
        loss = {name: along.score[:, 0] for name, along in now.along.items()}
        draw.losses(losses, loss, f"loss of {now.subject.labels[now.subject.y]}")
        # A path that goes nowhere changes the loss nowhere: a flat line, not six decimals of it.
        losses.set_ylim(-0.05, max(1.0, losses.get_ylim()[1]))


def paths(now: Walks, caption: str) -> dict:
    """Both walks and the shadows of ball and box, in the plane of `draw.paths`."""
    both, ball, walks = draw.shadows(now.subject.x, now.iterates, Linf(now.eps / 255))
    shapes = [
        trace(both, "ball and box", (draw.SKY, "", "-"), filled=True),
        trace(np.concatenate([ball, ball[:1]]), "ball", (draw.GREY, "", "--")),
        *(trace(walk, name, style) for (name, walk), style in zip(walks.items(), draw.STYLES)),
        trace(np.zeros((1, 2)), "x", (draw.BLACK, "*", "-")),
    ]
    places = np.concatenate([both, ball, *walks.values()])
    (left, bottom), (right, top) = places.min(0), places.max(0)
    room = 0.06 * max(right - left, top - bottom, 0.1)
    window = (left - room, right + room, bottom - room, top + room)
    return chart(caption, window, shapes, across="along the first path", up="across", equal=True)


def losses(now: Walks, caption: str) -> dict:
    """The loss of both walks over their steps; one that goes nowhere is a flat line, not six decimals of it."""
    scores = {name: along.score[:, 0].cpu().numpy() for name, along in now.along.items()}
    highest = max(1.0, *(score.max() for score in scores.values()))
    shapes = [
        trace(np.stack([np.arange(len(score)), score], 1), name, style)
        for (name, score), style in zip(scores.items(), draw.STYLES)
    ]
    window = (-0.3, max(len(score) for score in scores.values()) - 0.7, -0.04 * highest, 1.06 * highest)
    return chart(caption, window, shapes, across="step t", up=f"loss of {now.subject.labels[now.subject.y]}")
