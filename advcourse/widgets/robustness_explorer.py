"""The robustness explorer: digits attacked at a radius, what a network says, where it looks, and its whole curve."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from traitlets import CFloat, validate

from advcourse import draw, measure
from advcourse.asking import Model
from advcourse.attacks.gradient import input_gradient, pgd
from advcourse.data import Images
from advcourse.goals import Untargeted
from advcourse.threats import Linf
from advcourse.widgets.panel import Panel, figure, grey_levels

STEPS = 10
SCALE, FRAME = 2, 3  # a pixel of an image becomes so many on the sheet; frame and gap around an image in those


@dataclass(frozen=True, eq=False)
class Defended:
    """A named network and its robust accuracy over eps, from `measure.robustness_curve`."""

    name: str
    model: Model
    curve: measure.Curve


@dataclass(frozen=True, eq=False)
class Stand:
    """A network under attack on some images: z [B, C, H, W], the answers before and after [B], input gradients."""

    trained: Defended
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
            f"{self.trained.name} at eps = {self.eps:.3g}/255: {left} of {len(y)} withstand PGD-{STEPS} · "
            f"{', '.join(said)} · {self.share}"
        )

    @property
    def share(self) -> str:
        """Robust accuracy with its interval at the largest radius measured that is no larger than eps."""
        curve = self.trained.curve
        place = max((i for i, eps in enumerate(curve.eps) if 255 * eps <= self.eps + 1e-6), default=0)
        low, high = curve.interval[place]
        at = f"at {255 * curve.eps[place]:.3g}/255" if place or curve.eps[0] else "clean"
        return f"of {curve.n} test images {curve.accuracy[place]:.0%} ({low:.0%} to {high:.0%}) {at}"


def stand(trained: Defended, images: Images, eps: float) -> Stand:
    """Attack the images by PGD in the ball of eps grey levels, always from the same random start."""
    goal, model, threat = Untargeted(images.y), trained.model, Linf(eps / 255)
    start = torch.Generator().manual_seed(0)
    z = pgd(model, images.x, goal, threat, steps=STEPS, step_size=threat.eps / 4, generator=start)
    answers = measure.logits(model, torch.cat([images.x, z])).argmax(1).split(len(z))
    return Stand(trained, images, eps, z, *answers, input_gradient(model, images.x, goal))


class RobustnessExplorer(Panel):
    """Choose a network and a radius in grey levels; see clean and attacked images, gradients and the curves.

    Settings are traits and may be given as keywords: RobustnessExplorer(networks, images, eps=26).
    """

    choice = "network"
    eps = CFloat(26.0).tag(sync=True)

    def __init__(self, networks: Sequence[Defended], images: Images, **settings):
        self.shown, self._plots = images, {}
        widest = max(255 * max(one.curve.eps) for one in networks)
        controls = [{"name": "eps", "label": "radius eps", "min": 0, "max": round(widest), "step": 1, "unit": "/255"}]
        super().__init__(networks, controls, **settings)

    def offer(self, subject: Defended) -> dict[str, dict]:
        return {}

    def compute(self) -> Stand:
        """What there is to see for the present settings."""
        return stand(self.subject, self.shown, self.eps)

    def compose(self) -> dict:
        now = self.compute()
        if self.image not in self._plots:
            self._plots[self.image] = self._plot()
        plot, left, right, widest = self._plots[self.image]
        curves = {
            "png": plot,
            "caption": f"accuracy under attack over eps, {self.image} thickest",
            "mark": left + (right - left) * min(1.0, self.eps / widest),
        }
        notes = ["above: clean", "middle: attacked, framed where fooled", "below: input gradient"]
        return {"line": now.line, "figures": [figure(self._caption(), sheet(now), notes=notes), curves]}

    def snapshot(self) -> draw.picture:
        now = self.compute()
        fig, axes = draw.board(1, 2, width=9, height=3.6)
        draw.image(axes[0], sheet(now), self._caption())
        self._curves(axes[1])
        axes[1].axvline(self.eps, color=draw.ORANGE)
        what = "digits clean, attacked, and their input gradients below; beside them accuracy under attack over eps"
        return draw.picture(fig, alt=f"{self._caption()}: {what}. {now.line}")

    def _caption(self) -> str:
        return f"{self.image}, eps = {self.eps:.3g}/255"

    def _plot(self) -> tuple[bytes, float, float, float]:
        """The curves as a PNG, where in its width eps = 0 and the largest eps are, and the latter."""
        fig, (ax,) = draw.board(width=4.5, height=3.6)
        self._curves(ax)
        drawn = draw.png(fig)
        box, (low, high) = ax.get_position(), ax.get_xlim()
        widest = 255 * max(max(one.curve.eps) for one in self.subjects.values())
        left, right = (box.x0 + box.width * (end - low) / (high - low) for end in (0, widest))
        return drawn, left, right, widest

    def _curves(self, ax) -> None:
        draw.curves(ax, {name: one.curve for name, one in self.subjects.items()})
        for line in ax.lines:
            chosen = line.get_label() == self.image
            line.set(linewidth=2.6 if chosen else 1, alpha=1 if chosen else 0.55)
        ax.legend(frameon=False, fontsize=8)

    @validate("eps")
    def _valid_eps(self, proposal) -> float:
        return grey_levels(proposal.value, "eps")


def sheet(now: Stand) -> np.ndarray:
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
