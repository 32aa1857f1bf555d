"""The robustness explorer: digits attacked at a radius, what a network says, where it looks, and its whole curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from advcourse import draw, measure
from advcourse.asking import Model
from advcourse.attacks.gradient import input_gradient, pgd
from advcourse.data import Images
from advcourse.goals import Untargeted
from advcourse.threats import Linf
from advcourse.widgets.figures import Curves, figure, screen
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import grey_levels

STEPS = 10
SCALE, FRAME = 2, 3  # a pixel of an image becomes so many on the sheet; frame and gap around an image in those


@dataclass(frozen=True, eq=False)
class Defended:
    """A named network and its accuracy under attack over eps, from `measure.robustness_curve`."""

    name: str
    model: Model
    curve: measure.Curve


@dataclass(frozen=True, eq=False)
class Attacked:
    """A network under attack on some images: z [B, C, H, W], the answers before and after [B], input gradients."""

    network: Defended
    images: Images
    eps: float
    z: Tensor
    before: Tensor
    after: Tensor
    gradient: Tensor

    @property
    def line(self) -> str:
        """The answers, who withstands, and what the curve says at this radius."""
        names, y = self.images.names, self.images.y.tolist()
        answers = zip(y, self.before.tolist(), self.after.tolist(), strict=True)
        said = [f"{names[b]} → {names[a]}" + ("" if a == true else " ✗") for true, b, a in answers]
        left = int((self.after == self.images.y).sum())
        return (
            f"{self.network.name} at eps = {self.eps:.3g}/255: {left} of {len(y)} withstand PGD-{STEPS} · "
            f"{', '.join(said)} · {self.share}"
        )

    @property
    def share(self) -> str:
        """Accuracy under attack with its interval at the largest radius measured that is no larger than eps."""
        curve = self.network.curve
        place = max((i for i, eps in enumerate(curve.eps) if 255 * eps <= self.eps + 1e-6), default=0)
        low, high = curve.interval[place]
        at = f"at {255 * curve.eps[place]:.3g}/255" if place or curve.eps[0] else "clean"
        return f"of {curve.n} test images {curve.accuracy[place]:.0%} ({low:.0%} to {high:.0%}) {at}"


def attacked(network: Defended, images: Images, eps: float) -> Attacked:
    """Attack the images by PGD in the ball of eps grey levels, always from the same random start."""
    goal, model, threat = Untargeted(images.y), network.model, Linf(eps / 255)
    start = torch.Generator().manual_seed(0)
    z = pgd(model, images.x, goal, threat, steps=STEPS, step_size=threat.eps / 4, generator=start)
    answers = measure.logits(model, torch.cat([images.x, z])).argmax(1).split(len(z))
    return Attacked(network, images, eps, z, *answers, input_gradient(model, images.x, goal))


class RobustnessExplorer(Panel[Defended, Attacked]):
    """Choose a network and a radius in grey levels; see clean and attacked images, gradients and the curves.

    Settings are traits and may be given as keywords: RobustnessExplorer(networks, images, eps=26).
    """

    choice = "network"
    eps = grey_levels(26.0, "radius eps", min=0, step=1)

    def __init__(self, networks: Sequence[Defended], images: Images, **settings: Any):
        self.images = images
        self.widest = 255 * max(max(one.curve.eps) for one in networks)
        super().__init__(networks, **settings)

    def offer(self, subject: Defended) -> dict[str, dict]:
        return {"eps": {"max": round(self.widest), "start": 26.0}}

    def compute(self) -> Attacked:
        return attacked(self.subject, self.images, self.eps)

    def figures(self, now: Attacked) -> list[dict]:
        notes = ["above: clean", "middle: attacked, framed where fooled", "below: input gradient"]
        curves = self._curves(self.chosen).at(min(self.eps, self.widest))
        return [figure(self._caption(), sheet(now), notes=notes), curves]

    def still(self, now: Attacked) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 2, width=9, height=4)
        draw.image(axes[0], sheet(now), self._caption())
        self._draw(axes[1], self.chosen)
        axes[1].axvline(self.eps, color=draw.ORANGE)
        what = "digits clean, attacked, and their input gradients below; beside them accuracy under attack over eps"
        return fig, f"{self._caption()}: {what}."

    def _caption(self) -> str:
        return f"{self.chosen}, eps = {self.eps:.3g}/255"

    @once
    def _curves(self, name: str) -> Curves:
        fig, (ax,) = screen(height=2.9)
        self._draw(ax, name)
        return Curves(fig, f"accuracy under attack over eps, {name} thickest")

    def _draw(self, ax: draw.Axes, name: str) -> None:
        draw.curves(ax, {name: one.curve for name, one in self.subjects.items()})
        for line in ax.lines:
            chosen = line.get_label() == name
            line.set(linewidth=2.6 if chosen else 1, alpha=1 if chosen else 0.55)
        draw.legend_below(ax, 3)


def sheet(now: Attacked) -> np.ndarray:
    """Clean images, attacked images and input gradients, one row each, as a picture; the fooled have a frame."""
    rows = [
        [_framed(draw.pixels(one), answer == y) for one, answer, y in zip(row, answers, now.images.y, strict=True)]
        for row, answers in ((now.images.x, now.before), (now.z, now.after))
    ]
    rows.append([_framed(draw.signed(g, float(g.abs().max())), True) for g in now.gradient])
    return np.concatenate([np.concatenate(row, 1) for row in rows], 0)


def _framed(pixels: np.ndarray, right: bool) -> np.ndarray:
    """Enlarged, with a frame: white, or thick and red."""
    large = pixels.repeat(SCALE, 0).repeat(SCALE, 1)
    colour = (1.0, 1.0, 1.0) if right else tuple(int(draw.RED[i : i + 2], 16) / 255 for i in (1, 3, 5))
    framed = np.full([side + 4 * FRAME for side in large.shape[:2]] + [3], 1.0)
    framed[FRAME:-FRAME, FRAME:-FRAME] = colour
    framed[2 * FRAME : -2 * FRAME, 2 * FRAME : -2 * FRAME] = large
    return framed
