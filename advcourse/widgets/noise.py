"""A vote over noise in the plane: its field, the discs that it certifies, and the gradients that its draws see."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from advcourse import draw
from advcourse.asking import evaluating
from advcourse.certify.smoothing import lower_bound

WINDOW = (-1.0, 1.0, -1.0, 1.0)
REACH, CELLS = 2.0, 321  # decisions are known that far out, on so many cells a side
CELL = 2 * REACH / (CELLS - 1)
SHOWN, FIRST, ALPHA = 81, 100, 0.001
LONGEST = 0.4  # the arrow of the mean gradient, in units of the plane


@dataclass(frozen=True, eq=False)
class Plane:
    """A named classifier of [-1, 1]^2, points [B, 2] -> logits [B, 2], and points x [N, 2], y [N] to certify."""

    name: str
    model: nn.Module
    x: Tensor
    y: Tensor

    @cached_property
    def decisions(self) -> Tensor:
        """What it answers on cells from the bottom left corner, far beyond the window: [CELLS, CELLS] of 0 and 1."""
        at = draw.cells((-REACH, REACH, -REACH, REACH), CELLS)
        with evaluating(self.model), torch.no_grad():
            answers = torch.cat([self.model(part).argmax(1) for part in at.split(20_000)])
        return answers.float().view(CELLS, CELLS)

    def answers(self, at: Tensor) -> Tensor:
        """What it answers in the cells of these points: [..., 2] -> [...]."""
        across, up = ((at + REACH) / CELL).round().long().clamp(0, CELLS - 1).unbind(-1)
        return self.decisions[up, across]

    def vote(self, sigma: float) -> Tensor:
        """The probability of class 1 under noise, on the same cells: with all draws there are, [CELLS, CELLS]."""
        half = min(math.ceil(4 * sigma / CELL), CELLS - 1)
        steps = torch.arange(-half, half + 1)
        bell = (-0.5 * (steps * CELL / sigma).square()).softmax(0).expand(CELLS, -1)
        seen = (torch.arange(CELLS)[:, None] + steps).clamp(0, CELLS - 1)  # beyond the cells it is as on their edge
        blur = torch.zeros(CELLS, CELLS).scatter_add_(1, seen, bell)  # as a product ten times quicker than convolved
        return blur @ self.decisions @ blur.T


@dataclass(frozen=True, eq=False)
class Noisy:
    """What noise of this deviation and so many draws make of a plane, and of the gradients at one place [2]."""

    plane: Plane
    sigma: float
    draws: int
    at: Tensor

    @cached_property
    def noise(self) -> Tensor:
        """The draws, [D, 2]: the first of many, the same whatever is moved."""
        return self.sigma * torch.randn(2000, 2, generator=Generator().manual_seed(0))[: self.draws]

    @cached_property
    def share(self) -> Tensor:
        """Votes for class 1 on the cells of the window, [SHOWN * SHOWN]."""
        # A draw looks at all of them from whole cells aside: at the window's cells moved by so many.
        aside = (self.noise / CELL).round().long()
        far, side = int(aside.abs().max()), CELLS // 2 + 1
        field = F.pad(self.plane.decisions[None, None], [far] * 4, mode="replicate")[0, 0]
        across, up = (aside + far + (CELLS - side) // 2).unbind(1)
        every = (side - 1) // (SHOWN - 1)
        return field.unfold(0, side, 1).unfold(1, side, 1)[up, across, ::every, ::every].mean(0).flatten()

    @cached_property
    def certified(self) -> tuple[Tensor, Tensor]:
        """Labels of the plane's points, -1 where the vote abstains, and radii in which it cannot change: [N] each."""
        dice = Generator().manual_seed(1)
        first, counted = (self.sigma * torch.randn(n, 2, generator=dice) for n in (FIRST, self.draws))
        guess = (self.plane.answers(self.plane.x[:, None] + first).mean(1) > 0.5).float()
        won = (self.plane.answers(self.plane.x[:, None] + counted) == guess[:, None]).sum(1)
        p = torch.tensor([lower_bound(k, self.draws, ALPHA) for k in won.tolist()], dtype=torch.float64)
        radius = self.sigma * torch.special.ndtri(p.clamp(min=0.5))
        return torch.where(p > 0.5, guess, -1.0).long(), radius.float()

    @cached_property
    def nearest(self) -> Tensor:
        """The nearest cell's middle where the vote of all draws is another than at the point, [N, 2]; or the point."""
        n = CELLS // 2
        inner = slice((CELLS - n) // 2, (CELLS + n) // 2 + 1)
        votes = (self.plane.vote(self.sigma)[inner, inner] > 0.5).flatten()
        ticks = torch.linspace(-REACH, REACH, CELLS)[inner]
        at = torch.cartesian_prod(ticks, ticks).flip(1)
        far = torch.cdist(self.plane.x, at)
        own = votes[far.argmin(1)]
        distance, where = far.masked_fill(votes == own[:, None], torch.inf).min(1)
        return torch.where(distance.isfinite()[:, None], at[where], self.plane.x)

    @cached_property
    def answer(self) -> int:
        """The class that the draws answer at the place, most of them."""
        return int(self.plane.answers(self.at + self.noise).mean() > 0.5)

    @cached_property
    def gradients(self) -> tuple[Tensor, Tensor]:
        """Of the loss of that class at the place: of each draw alone, [D, 2], and of their mean probability, [2]."""
        z = (self.at + self.noise).requires_grad_()
        with evaluating(self.plane.model), torch.enable_grad():
            p = self.plane.model(z).log_softmax(1)[:, self.answer]
            each = -torch.autograd.grad(p.sum(), z, retain_graph=True)[0]
            mean = -torch.autograd.grad(p.logsumexp(0), z)[0].sum(0)
        return each, mean

    @property
    def agreement(self) -> Tensor:
        """The cosine between each draw's gradient and the mean's, [D]."""
        each, mean = self.gradients
        return F.cosine_similarity(each, mean[None], eps=1e-30)

    @property
    def arrows(self) -> tuple[Tensor, Tensor]:
        """Some draws' gradients [M, 2] and the mean's [2] as arrows; the mean's has one length, and none is long."""
        each, mean = self.gradients
        scale = LONGEST / mean.norm().clamp_min(1e-12)
        some = each[:8] * scale
        return some * (0.9 / some.norm(dim=1, keepdim=True).clamp_min(1e-12)).clamp(max=1), mean * scale

    @property
    def line(self) -> str:
        """All of it in numbers."""
        labels, radius = self.certified
        n, abstains, wrong = len(labels), int((labels < 0).sum()), int(((labels >= 0) & (labels != self.plane.y)).sum())
        away = (self.nearest - self.plane.x).norm(dim=1)
        share = self.plane.answers(self.at + self.noise).mean()
        lost = int((self.agreement <= 0).sum())
        return (
            f"noise {self.sigma:.2f}, {self.draws} draws: {n - abstains} of {n} points certified, {abstains} abstain, "
            f"{wrong} wrong · median disc {radius.median():.3f}, median arrow {away.median():.3f} · "
            f"at ({self.at[0]:.2f}, {self.at[1]:.2f}) {share:.0%} of the draws say 1 · one draw's gradient: cosine "
            f"{self.agreement[0]:+.2f} to the mean's; of {self.draws}, {lost} lead away from it"
        )


def picture(values: Tensor) -> np.ndarray:
    """Shares of class 1 on the window's cells as a picture."""
    return draw.tint(values, 0, 1, draw.SIDES)


def circle(middle: Tensor, radius: float) -> Tensor:
    """A closed line around a point [2]: [k, 2]."""
    turn = torch.linspace(0, 2 * math.pi, 40)
    return middle + radius * torch.stack([turn.cos(), turn.sin()], 1)
