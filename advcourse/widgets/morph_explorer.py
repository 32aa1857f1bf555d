"""The morph explorer: from a face to something that is none, with the age answered and how unusual the input is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from traitlets import CFloat, TraitError, validate

from advcourse import draw, measure
from advcourse.asking import Model
from advcourse.widgets.panel import Panel, figure


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


class MorphExplorer(Panel):
    """Walk from a face to a non-face; see the answer, the score and how both change along the way.

    Settings are traits and may be given as keywords: MorphExplorer(morphs, judge, share=50).
    """

    choice = "from the face to"
    share = CFloat(0.0).tag(sync=True)

    def __init__(self, morphs: Sequence[Morph], judge: Judge, **settings):
        self.judge, self._plots = judge, {}
        controls = [{"name": "share", "label": "share of it", "min": 0, "max": 100, "step": 1, "unit": " %"}]
        super().__init__(morphs, controls, **settings)

    def offer(self, subject: Morph) -> dict[str, dict]:
        return {}

    def compute(self) -> Step:
        """The image for the present settings, and what is said about it."""
        image = self.subject.at(torch.tensor([self.share / 100]))
        age, score = self._ask(image)
        return Step(image, age.item(), score.item(), self.judge.alarm)

    def compose(self) -> dict:
        now = self.compute()
        oldest = self.judge.usual[1]
        bars = [
            ("age answered", min(1, max(0, now.age / oldest)), True, f"{now.age:.0f} years"),
            (
                "unusualness",
                min(1, now.score / (3 * now.alarm)),
                not now.alarmed,
                "alarm" if now.alarmed else "no alarm",
            ),
        ]
        if self.image not in self._plots:
            self._plots[self.image] = self._plot()
        plot, left, right = self._plots[self.image]
        caption = f"age answered and unusualness on the way from a face to {self.image}"
        curves = {"png": plot, "caption": caption, "mark": left + (right - left) * self.share / 100}
        return {"line": now.line, "figures": [figure(self._caption(), draw.pixels(now.image), bars=bars), curves]}

    def snapshot(self) -> draw.picture:
        now = self.compute()
        fig, axes = draw.board(1, 3, width=9, height=2.8)
        draw.image(axes[0], draw.pixels(now.image), self._caption())
        self._curves(axes[1:])
        for ax in axes[1:]:
            ax.axvline(self.share, color=draw.ORANGE)
        return draw.picture(fig, alt=f"{self._caption()}, and the two curves along the way. {now.line}")

    def _caption(self) -> str:
        return f"face with {self.share:.0f} % {self.image}"

    def _ask(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return measure.logits(self.judge.model, x), self.judge.score(x)

    def _plot(self) -> tuple[bytes, float, float]:
        """Both curves as a PNG, and where in its width the way begins and ends. Drawn once for each morph."""
        fig, axes = draw.board(2, 1, width=4.5, height=4.2, sharex=True)
        self._curves(axes)
        drawn = draw.png(fig)
        box, (low, high) = axes[0].get_position(), axes[0].get_xlim()
        left, right = (box.x0 + box.width * (end - low) / (high - low) for end in (0, 100))
        return drawn, left, right

    def _curves(self, axes) -> None:
        shares = torch.linspace(0, 1, 41)
        ages, scores = self._ask(self.subject.at(shares))
        axes[0].axhspan(*self.judge.usual, color=draw.SKY, alpha=0.2, linewidth=0, label="ages it was trained on")
        axes[1].axhline(self.judge.alarm, color=draw.BLACK, linestyle="--", linewidth=1, label="alarm")
        axes[0].plot(100 * shares, ages.cpu(), color=draw.BLUE)
        axes[1].plot(100 * shares, scores.cpu(), color=draw.RED)
        axes[0].set(ylim=(min(0, ages.min().item()), 1.3 * max(ages.max().item(), self.judge.usual[1])))
        axes[1].set(ylim=(0, 1.2 * max(scores.max().item(), self.judge.alarm)))
        for ax, label in zip(axes, ("age answered", "unusualness"), strict=True):
            ax.set(xlim=(-2, 102), ylabel=label)
            ax.legend(frameon=False, fontsize=8, loc="upper left")
        axes[-1].set_xlabel(f"share of {self.image} in %")

    @validate("share")
    def _valid_share(self, proposal) -> float:
        if not 0 <= proposal.value <= 100:
            raise TraitError(f"share is in per cent, 0..100; got {proposal.value}")
        return proposal.value
