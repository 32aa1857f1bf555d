"""A slice of the loss: the plane through an image and two of its maximisers, its map, and an ascent in it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor

from advcourse import draw, measure
from advcourse.asking import attacking
from advcourse.attacks.gradient import pgd, score_gradient
from advcourse.device import precise
from advcourse.goals import Untargeted, cross_entropy
from advcourse.threats import Intervals, Linf
from advcourse.widgets.subject import UNTARGETED, Subject

WINDOW = (-1.3, 1.3, -0.25, 1.25)
CELLS, FEW, BANDS, RESTARTS, STEPS = 41, 15, 10, 30, 20  # few: cells of a map at first sight


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
        across = precise(self.directions)
        away = precise((z - self.subject.x).flatten(1))
        # The pseudo-inverse, because a and b may be one point: then the plane is a line.
        return (away @ torch.linalg.pinv(across)).to(z)

    @cached_property
    def corners(self) -> Tensor:
        """The places of x, a and b, [3, 2]."""
        return self.places(torch.cat([self.subject.x, self.a, self.b]))

    @cached_property
    def highest(self) -> Tensor:
        """The loss of a and of b, [2]."""
        return self.loss(torch.cat([self.a, self.b]))

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
    goal = Untargeted(torch.full((RESTARTS,), subject.y, device=x.device))
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
        a, b = cut.highest.tolist()
        to_a, to_b = ((self.z[-1] - end).norm().item() for end in (cut.a, cut.b))
        return (
            f"start: loss {self.loss[0]:.3f} · after {len(self.z) - 1} steps: loss {self.loss[-1]:.3f}, says {says} · "
            f"maximiser A: loss {a:.3f}, ℓ₂ distance {to_a:.2f} from the end · "
            f"maximiser B: loss {b:.3f}, ℓ₂ distance {to_b:.2f}"
        )


def ascend(cut: Slice, s: float, t: float, steps: int) -> Ascent:
    """Climb from the allowed image nearest to z(s, t), by steps of a quarter of the radius."""
    allowed, subject, goal = cut.allowed, cut.subject, cut.subject.goal(UNTARGETED)
    path = [allowed.project(cut.at(torch.tensor([[s, t]])))]
    with attacking(subject.model, subject.x, goal) as forward:
        for _ in range(steps):
            uphill = allowed.steepest(score_gradient(forward, path[-1], goal.score)[0])
            path.append(allowed.project(path[-1] + cut.threat.eps / 4 * uphill))
    z = torch.cat(path)
    return Ascent(cut, z, cut.loss(z), cut.places(z))


@dataclass(frozen=True, eq=False)
class Map:
    """The loss over the window of a slice as a picture [H, W, 3], and the outline of what is allowed."""

    cut: Slice
    picture: np.ndarray
    outline: list[np.ndarray]


def map_of(cut: Slice, cells: int = CELLS) -> Map:
    """Shades of a tenth of the best loss, paler where an image is not allowed; so many cells a side."""
    z = cut.at(draw.cells(WINDOW, cells))
    loss, slack = cut.loss(z), cut.slack(z)
    best = cut.highest.max().item()
    shade = (loss / max(best, 1e-9) * BANDS).floor() / BANDS
    picture = draw.tint(shade, 0, 1, draw.USUAL)
    inside = (slack >= -1e-6).view(cells, cells).flip(0).cpu().numpy()[..., None]
    picture = np.where(inside, picture, 0.35 * picture + 0.65)
    return Map(cut, picture, draw.level(slack, WINDOW, 0.0))
