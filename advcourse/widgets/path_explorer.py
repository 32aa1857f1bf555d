"""The path explorer: where the iterates go, with and without the ball."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from advcourse import draw, measure
from advcourse.threats import Linf, Unbounded
from advcourse.widgets.figures import chart, trace
from advcourse.widgets.panel import Panel, whole
from advcourse.widgets.settings import count, grey_levels
from advcourse.widgets.subject import UNTARGETED, Subject

BOX, BOTH = "P = box alone", "P = ball and box"


@dataclass(frozen=True, eq=False)
class Walks:
    """Iterative FGSM twice on one subject: the iterates x_0 ... x_T under each P, and the answers [1, K] to them."""

    subject: Subject
    eps: float
    iterates: dict[str, list[Tensor]]
    answers: dict[str, list[Tensor]]

    @cached_property
    def along(self) -> dict[str, measure.Along]:
        """Losses, success and distances along both, as `measure.along` says them."""
        goal, threat, x = self.subject.goal(UNTARGETED), Linf(self.eps / 255), self.subject.x
        return {
            name: measure.Along(
                torch.stack([goal.score(out) for out in outs]),
                torch.stack([goal.reached(out) for out in outs]),
                torch.stack([threat.size(z - x) for z in self.iterates[name]]),
            )
            for name, outs in self.answers.items()
        }

    @property
    def line(self) -> str:
        """Where both walks end: distance in grey levels, loss, and what the model says there."""
        return "\n".join(f"{name}: {self._end(name)}" for name in self.iterates)

    def _end(self, name: str) -> str:
        end, steps = self.along[name], len(self.iterates[name]) - 1
        says = self.subject.labels[int(self.answers[name][-1].argmax())]
        far = float(end.distance[-1]) * 255
        ball = "in the ball" if far <= self.eps * (1 + 1e-6) else "outside the ball"
        size = f"‖z − x‖∞ = {far:.3g}/255 after {steps} steps"
        return f"{size}, {ball}, loss {float(end.score[-1]):.2f}, says {says}"


def walks(subject: Subject, eps: float, alpha: float, steps: int) -> Walks:
    """Walk uphill on the loss of the true class by steps of alpha, clipped to the box alone and to ball and box.

    eps and alpha in grey levels (1/255). The iterates are those of `iterative_fgsm`.
    """
    return whole(growing(subject, eps, alpha, steps))


def growing(subject: Subject, eps: float, alpha: float, steps: int) -> Generator[Walks, None, Walks]:
    """The same walks step by step. As long as both are in one place, it is asked for once."""
    sets = {BOX: Unbounded().around(subject.x), BOTH: Linf(eps / 255).around(subject.x)}
    iterates = {name: [subject.x] for name in sets}
    answers = {name: [subject.logits] for name in sets}
    for _ in range(steps):
        known: list[tuple[Tensor, ...]] = []  # from where, gradient there, to where, answer there
        for name, allowed in sets.items():
            z = iterates[name][-1]
            g = next((g for start, g, *_ in known if torch.equal(start, z)), None)
            g = subject.uphill(z, UNTARGETED) if g is None else g
            end = allowed.project(z.add(allowed.steepest(g, z), alpha=alpha / 255))
            out = next((out for *_, other, out in known if torch.equal(other, end)), None)
            out = measure.logits(subject.model, end) if out is None else out
            known.append((z, g, end, out))
            iterates[name].append(end)
            answers[name].append(out)
        yield Walks(subject, eps, {k: v[:] for k, v in iterates.items()}, {k: v[:] for k, v in answers.items()})
    return Walks(subject, eps, iterates, answers)


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

    def stages(self) -> Generator[Walks | None, None, Walks]:
        if not self.subject.photo:
            return self.compute()
        return (yield from growing(self.subject, self.eps, self.alpha, self.steps))

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
