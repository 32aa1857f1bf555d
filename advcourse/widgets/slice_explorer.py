"""The slice explorer: the loss over the plane through an image and two of its maximisers, and the ascent in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor
from traitlets import CFloat, Int, TraitError, validate

from advcourse import draw, measure
from advcourse.attacks.gradient import input_gradient, pgd
from advcourse.goals import cross_entropy
from advcourse.threats import Intervals, Linf
from advcourse.widgets.panel import Panel, figure, grey_levels, plane
from advcourse.widgets.subject import UNTARGETED, Subject

WINDOW = (-1.3, 1.3, -0.25, 1.25)
CELLS, BANDS, RESTARTS, STEPS = 41, 10, 30, 20


@dataclass(frozen=True, eq=False)
class Slice:
    """The plane through x and two maximisers a, b of the loss in ball and box, all [1, ...]: z(s, t).

    z(s, t) = x + t (middle - x) + s (b - a) / 2, middle = (a + b) / 2: x lies at (0, 0), a at (-1, 1), b at (1, 1).
    The axes have scales of their own: a and b are closer to each other than to x.
    """

    subject: Subject
    threat: Linf
    a: Tensor
    b: Tensor

    @cached_property
    def allowed(self) -> Intervals:
        """The ball and box around x."""
        return self.threat.around(self.subject.x)

    @cached_property
    def directions(self) -> Tensor:
        """What one unit of s and of t add to an image, [2, n]."""
        return torch.stack([(self.b - self.a) / 2, (self.a + self.b) / 2 - self.subject.x]).flatten(1)

    def at(self, places: Tensor) -> Tensor:
        """The images [N, ...] at places (s, t) [N, 2] of the plane."""
        x = self.subject.x
        return (x.flatten() + places.to(x) @ self.directions).view(-1, *x.shape[1:])

    def places(self, z: Tensor) -> Tensor:
        """Where in the plane the nearest points to images z [N, ...] lie: [N, 2]."""
        across = self.directions.double()
        away = (z - self.subject.x).flatten(1).double()
        # The pseudo-inverse, because a and b may be one point: then the plane is a line.
        return (away @ torch.linalg.pinv(across)).to(z.dtype)

    def loss(self, z: Tensor) -> Tensor:
        """Cross entropy of the true class, [N, ...] -> [N]."""
        y = torch.full((len(z),), self.subject.y, device=z.device)
        return cross_entropy(measure.logits(self.subject.model, z, batch=2000), y)

    def slack(self, z: Tensor) -> Tensor:
        """How far images z [N, ...] of the plane are from leaving the allowed set, [N]; negative where they have."""
        moving = (self.directions.abs().amax(0) > 1e-6).view_as(self.subject.x)
        room = torch.minimum(z - self.allowed.lower, self.allowed.upper - z)
        return room.masked_fill(~moving, torch.inf).flatten(1).amin(1).clamp(max=1)


def slice_of(subject: Subject, eps: float) -> Slice:
    """The slice through the best of 30 maximisers and another good one: the best for another class, or the farthest.

    eps in grey levels (1/255). Another class: the model's first choice, the true one left out, is not that of the best.
    """
    threat, model = Linf(eps / 255), subject.model
    x = subject.x.expand(RESTARTS, *subject.x.shape[1:])
    goal = subject.goal(UNTARGETED)[torch.zeros(RESTARTS, dtype=torch.long, device=x.device)]
    z = pgd(model, x, goal, threat, steps=STEPS, step_size=threat.eps / 4, generator=Generator().manual_seed(0))
    out = measure.logits(model, z)
    score, rival = goal.score(out), out.index_fill(1, goal.y[:1], -torch.inf).argmax(1)
    best = score.argmax()
    far = (z - z[best]).flatten(1).norm(dim=1)
    other = (rival != rival[best]) & (score > score[best] / 4)
    second = score.where(other, -torch.inf).argmax() if other.any() else far.argmax()
    return Slice(subject, threat, z[best, None], z[second, None])


@dataclass(frozen=True, eq=False)
class Ascent:
    """PGD from one start: iterates [T + 1, ...], their losses [T + 1] and their places in the slice [T + 1, 2]."""

    slice: Slice
    z: Tensor
    loss: Tensor
    places: Tensor

    @property
    def line(self) -> str:
        """Losses at the start, at the end and at both maximisers, in words."""
        cut = self.slice
        says = cut.subject.labels[int(measure.logits(cut.subject.model, self.z[-1:]).argmax())]
        a, b = cut.loss(torch.cat([cut.a, cut.b])).tolist()
        to_a, to_b = ((self.z[-1] - end).norm().item() for end in (cut.a, cut.b))
        return (
            f"start: loss {self.loss[0]:.3f} · after {len(self.z) - 1} steps: loss {self.loss[-1]:.3f}, says {says} · "
            f"maximiser A: loss {a:.3f}, l₂ distance {to_a:.2f} from the end · "
            f"maximiser B: loss {b:.3f}, l₂ distance {to_b:.2f}"
        )


def ascend(cut: Slice, s: float, t: float, steps: int) -> Ascent:
    """Climb from the allowed image nearest to z(s, t), by steps of a quarter of the radius."""
    allowed, subject, goal = cut.allowed, cut.subject, cut.subject.goal(UNTARGETED)
    path = [allowed.project(cut.at(torch.tensor([[s, t]])))]
    for _ in range(steps):
        uphill = allowed.steepest(input_gradient(subject.model, path[-1], goal))
        path.append(allowed.project(path[-1] + cut.threat.eps / 4 * uphill))
    z = torch.cat(path)
    return Ascent(cut, z, cut.loss(z), cut.places(z))


class SliceExplorer(Panel):
    """Choose image, network and eps; drag the start of the ascent over the plane, and see where its steps lead.

    Settings are traits and may be given as keywords: SliceExplorer(subjects, eps=40, s=0.5, t=0.3).
    """

    choice = "image and network"
    eps = CFloat(51.0).tag(sync=True)
    s, t = CFloat(0.0).tag(sync=True), CFloat(0.25).tag(sync=True)
    steps = Int(STEPS, min=1, max=40).tag(sync=True)

    def __init__(self, subjects: Sequence[Subject], **settings):
        self._maps: dict[tuple, tuple] = {}
        controls = [
            {"name": "eps", "label": "radius eps", "min": 1, "max": 80, "step": 1, "unit": "/255"},
            {"name": "s", "label": "start, from A to B", "min": WINDOW[0], "max": WINDOW[1], "step": 0.05, "unit": ""},
            {"name": "t", "label": "start, from x up", "min": WINDOW[2], "max": WINDOW[3], "step": 0.05, "unit": ""},
            {"name": "steps", "label": "steps", "min": 1, "max": 40, "step": 1, "unit": ""},
        ]
        super().__init__(subjects, controls, **settings)

    def offer(self, subject: Subject) -> dict[str, dict]:
        return {}

    def compute(self) -> Ascent:
        """The ascent for the present settings."""
        return ascend(self._map()[0], self.s, self.t, self.steps)

    def compose(self) -> dict:
        now = self.compute()
        _, picture, outline = self._map()
        ends = now.slice.places(torch.cat([now.slice.subject.x, now.slice.a, now.slice.b]))
        lines = [(line, True) for line in outline] + [(now.places.cpu().numpy(), False)]
        lies = plane(WINDOW, ends, torch.tensor([0, 1, 1]), lines, ("s", "t"))
        note = "dashed: what is allowed; dot: x; squares: A (left) and B (right); a shade is a tenth of the best loss"
        fig, (ax,) = draw.board(width=4.5, height=3.2)
        self._losses(ax, now)
        plot = {"png": draw.png(fig), "caption": f"{self.image}: the loss at every step of the ascent"}
        return {"line": now.line, "figures": [figure("loss over the plane", picture, notes=[note], plane=lies), plot]}

    def snapshot(self) -> draw.picture:
        now = self.compute()
        _, picture, outline = self._map()
        fig, (left, right) = draw.board(1, 2, width=9, height=3.4)
        left.imshow(picture, extent=WINDOW, aspect="auto")
        for line in outline:
            left.plot(*line.T, color=draw.BLACK, linestyle="--", linewidth=1)
        left.plot(*now.places.cpu().T, color=draw.BLACK, marker=".", linewidth=1)
        places = now.slice.places(torch.cat([now.slice.subject.x, now.slice.a, now.slice.b])).tolist()
        for name, at, (colour, marker) in zip(("x", "A", "B"), places, draw.CLASSES[:1] + 2 * draw.CLASSES[1:]):
            left.annotate(name, at, xytext=(6, 3), textcoords="offset points", fontweight="bold")
            left.plot(*at, marker=marker, color=colour, markersize=5)
        left.plot(self.s, self.t, marker="o", markersize=9, color=draw.ORANGE, markeredgecolor=draw.BLACK)
        left.set(xlabel="from A to B", ylabel="from x up", xlim=WINDOW[:2], ylim=WINDOW[2:])
        self._losses(right, now)
        what = "left, the loss over the plane through x and two maximisers, with the ascent; right, its loss"
        return draw.picture(fig, alt=f"{self.image}: {what}. {now.line}")

    def _map(self) -> tuple[Slice, np.ndarray, list[np.ndarray]]:
        """Slice, picture of the loss and outline of the allowed set: computed once for every image and eps."""
        key = (self.image, self.eps)
        if key not in self._maps:
            cut = slice_of(self.subject, self.eps)
            z = cut.at(draw.cells(WINDOW, CELLS))
            loss, slack = cut.loss(z), cut.slack(z)
            best = cut.loss(torch.cat([cut.a, cut.b])).max().item()
            shade = (loss / max(best, 1e-9) * BANDS).floor() / BANDS
            picture = draw.tint(shade, 0, 1, draw.USUAL)
            inside = (slack >= -1e-6).view(CELLS, CELLS).flip(0).cpu().numpy()[..., None]
            picture = np.where(inside, picture, 0.35 * picture + 0.65)
            self._maps[key] = cut, picture, draw.level(slack, WINDOW, 0.0)
        return self._maps[key]

    def _losses(self, ax, now: Ascent) -> None:
        ends = {"maximiser A": now.slice.a, "maximiser B": now.slice.b}
        draw.losses(ax, {"ascent": now.loss}, f"loss of {now.slice.subject.labels[now.slice.subject.y]}")
        for (name, z), style in zip(ends.items(), ("--", ":"), strict=True):
            ax.axhline(now.slice.loss(z).item(), color=draw.BLACK, linestyle=style, linewidth=1, label=name)
        ax.set_ylim(bottom=0)
        ax.legend(frameon=False, fontsize=8, loc="lower right")

    @validate("eps")
    def _valid_radius(self, proposal) -> float:
        return grey_levels(proposal.value, "eps")

    @validate("s", "t")
    def _valid_place(self, proposal) -> float:
        low, high = WINDOW[:2] if proposal.trait.name == "s" else WINDOW[2:]
        if not (math.isfinite(proposal.value) and low <= proposal.value <= high):
            raise TraitError(
                f"the start stays on the map, within {low}..{high}; got {proposal.trait.name}={proposal.value}"
            )
        return proposal.value
