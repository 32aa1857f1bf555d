"""The morph explorer: from a face to something that is none, with the age answered and how unusual the input is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from advcourse import draw, measure
from advcourse.asking import Model
from advcourse.widgets.figures import Curves, figure, screen
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import per_cent


@dataclass(frozen=True, eq=False)
class Morph:
    """The way from one image to another, start and end [1, 3, H, W]: share * end + (1 - share) * start."""

    name: str
    start: Tensor
    end: Tensor

    def at(self, share: Tensor) -> Tensor:
        """The images [N, 3, H, W] at shares [N] in 0..1 of the way."""
        return torch.lerp(self.start, self.end, share.to(self.start)[:, None, None, None])


@dataclass(frozen=True, eq=False)
class Judge:
    """Who answers and who watches: a model (ages [B]), a score (unusual inputs [B] score high), and its alarm.

    usual is the range of ages the model was trained on.
    """

    model: Model
    score: Callable[[Tensor], Tensor]
    alarm: float
    usual: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Step:
    """One image on the way, the age answered and how unusual the image is; from `alarm` on, too unusual."""

    image: Tensor
    age: float
    score: float
    alarm: float

    @property
    def alarmed(self) -> bool:
        """Whether somebody should look at this input before its answer is used."""
        return self.score > self.alarm

    @property
    def line(self) -> str:
        """Answer and score in words."""
        verdict = "alarm" if self.alarmed else "no alarm"
        return f"the network says {self.age:.0f} years · unusualness {self.score:.1f} of {self.alarm:.1f}: {verdict}"


class MorphExplorer(Panel[Morph, Step]):
    """Walk from a face to a non-face; see the answer, the score and how both change along the way.

    Settings are traits and may be given as keywords: MorphExplorer(morphs, judge, share=50).
    """

    choice = "from the face to"
    share = per_cent(0.0, "share of it", step=1)

    def __init__(self, morphs: Sequence[Morph], judge: Judge, **settings: Any):
        self.judge = judge
        super().__init__(morphs, **settings)

    def compute(self) -> Step:
        image = self.subject.at(torch.tensor([self.share / 100]))
        age, score = self._ask(image)
        return Step(image, age.item(), score.item(), self.judge.alarm)

    def figures(self, now: Step) -> list[dict]:
        verdict = "alarm" if now.alarmed else "no alarm"
        bars = [
            ("age answered", min(1, max(0, now.age / self.judge.usual[1])), True, f"{now.age:.0f} years"),
            ("unusualness", min(1, now.score / (3 * now.alarm)), not now.alarmed, verdict),
        ]
        return [figure(self._caption(), draw.pixels(now.image), bars=bars), self._curves(self.chosen).at(self.share)]

    def still(self, now: Step) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 3, width=9, height=2.8)
        draw.image(axes[0], draw.pixels(now.image), self._caption())
        self._draw(axes[1:], self.subject)
        for ax in axes[1:]:
            ax.axvline(self.share, color=draw.ORANGE)
        return fig, f"{self._caption()}, and the two curves along the way."

    def _caption(self) -> str:
        return f"face with {self.share:.0f} % {self.chosen}"

    def _ask(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return measure.logits(self.judge.model, x), self.judge.score(x)

    @once
    def _curves(self, name: str) -> Curves:
        fig, axes = screen(2, height=3.2)
        self._draw(axes, self.subjects[name])
        return Curves(fig, f"age answered and unusualness on the way from a face to {name}")

    def _draw(self, axes: draw.ManyAxes, morph: Morph) -> None:
        shares = torch.linspace(0, 1, 41)
        ages, scores = self._ask(morph.at(shares))
        axes[0].axhspan(*self.judge.usual, color=draw.SKY, alpha=0.2, linewidth=0, label="ages it was trained on")
        axes[1].axhline(self.judge.alarm, color=draw.BLACK, linestyle="--", linewidth=1, label="alarm")
        axes[0].plot(100 * shares, ages.cpu(), color=draw.BLUE)
        axes[1].plot(100 * shares, scores.cpu(), color=draw.RED)
        axes[0].set(ylim=(min(0, ages.min().item()), 1.1 * max(ages.max().item(), self.judge.usual[1])))
        axes[1].set(ylim=(0, 1.2 * max(scores.max().item(), self.judge.alarm)))
        for ax, label in zip(axes, ("age answered", "unusualness"), strict=True):
            ax.set(xlim=(-2, 102), ylabel=label)
            ax.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
        axes[-1].set_xlabel(f"share of {morph.name} in %")
