"""An attack by questions in the plane: where it asked, what it was told, and the gradient it pieced together."""

from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Generator, Tensor

from advcourse import toys
from advcourse.asking import Model
from advcourse.attacks.decision import boundary, hopskipjump
from advcourse.attacks.gradient import input_gradient
from advcourse.attacks.score import nes, nes_gradient
from advcourse.goals import Untargeted, margin
from advcourse.threats import L2, Unbounded

WINDOW = (-1.0, 1.0, -1.0, 1.0)
BOX = Unbounded(-1.0, 1.0)  # from any point of it to any other
SAMPLES, SIGMA, STEP = 8, 0.02, 0.15  # of nes
NEAR = 0.3  # so far from a point of the boundary answers tell of its normal
BY_SCORES, STEPPING, HOPPING = WAYS = "scores: NES", "decisions: boundary attack", "decisions: HopSkipJump"


@dataclass(frozen=True, eq=False)
class Secret:
    """A named classifier of the plane, [B, 2] -> [B, 2], and the points x [N, 2], y [N] it has learnt."""

    name: str
    model: Model
    x: Tensor
    y: Tensor

    @cached_property
    def boundary(self) -> toys.Boundary:
        """Where it changes its mind."""
        return toys.Boundary(self.model, WINDOW[0], WINDOW[1], 128)


@dataclass(frozen=True, eq=False)
class Spent:
    """What came of some questions about a point x [2]: the points asked [Q, 2], the answers [Q], and the result z [2].

    guess [2] is the gradient of the margin at `where` as the answers show it, slope [2] the true one.
    """

    secret: Secret
    way: str
    x: Tensor
    z: Tensor
    asked: Tensor
    said: Tensor
    where: Tensor
    guess: Tensor
    slope: Tensor

    @property
    def fooled(self) -> bool:
        """Whether the result is read differently."""
        return bool(self.said[0] != toys.ask(self.secret.model, self.z[None]).argmax(1)[0])

    @property
    def distance(self) -> float:
        """From x to the result."""
        return (self.z - self.x).norm().item()

    @property
    def agreement(self) -> float:
        """The cosine of the guess with the true gradient."""
        return torch.cosine_similarity(self.guess, self.slope, dim=0).item()

    @property
    def line(self) -> str:
        """All of it in numbers."""
        _, nearest = self.secret.boundary.smallest(self.x[None], self.said[:1], L2(1.0, lo=-1.0, hi=1.0))
        result = f"fooled at distance {self.distance:.2f}" if self.fooled else "not fooled"
        return (
            f"{len(self.asked)} questions to {self.way}: {result}, the boundary is {nearest.item():.2f} away · "
            f"the estimate agrees with the true gradient by {self.agreement:.2f}"
        )


def spend(secret: Secret, way: str, x: Tensor, queries: int) -> Spent:
    """Attack the class that the model gives x [2], by so many questions, always with the same random numbers."""
    asked: list[Tensor] = []

    def listening(z: Tensor) -> Tensor:
        asked.append(z.clone())
        return secret.model(z)

    at, die = x[None], Generator().manual_seed(0)
    goal = Untargeted(toys.ask(secret.model, at).argmax(1), margin)
    if way == BY_SCORES:
        far = L2(min(2.8, STEP * ((queries - 1) // (SAMPLES + 1))), *WINDOW[:2])  # as far as its steps lead
        look = partial(nes, samples=SAMPLES, sigma=SIGMA, step_size=STEP)
        z, where = look(listening, at, goal, far, queries=queries, generator=die), at
        guess = nes_gradient(secret.model, at, goal, queries=max(2, queries // 2 * 2), sigma=SIGMA, generator=die)[0]
    else:
        walk = hopskipjump if way == HOPPING else boundary
        z = where = walk(listening, at, goal, queries=queries, box=BOX, generator=die)
    points = torch.cat(asked)
    said = toys.ask(secret.model, points).argmax(1)
    if way != BY_SCORES:
        guess = normal_at(z[0], points, said != goal.y)
    return Spent(secret, way, x, z[0], points, said, where[0], guess, input_gradient(secret.model, where, goal)[0])


def normal_at(z: Tensor, points: Tensor, outside: Tensor) -> Tensor:
    """The normal of the boundary at z [2] that answers show: mean of (phi - mean phi) u over the points [Q, 2] near it.

    phi = 1 for a point outside, -1 for another one; u leads from z to the point.
    """
    u = points - z
    near = u.norm(dim=1) < NEAR
    phi = 2.0 * outside[near] - 1
    return ((phi - phi.mean())[:, None] * u[near]).mean(0) if near.any() else torch.zeros(2)
