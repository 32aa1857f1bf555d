"""What the playground knows: points that can be moved, the classifiers that have learnt them, and what fools each."""

from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor, nn

from advcourse import toys
from advcourse.answers import check_labels
from advcourse.asking import ignore
from advcourse.threats import L2, Linf

LOW, HIGH = -1.0, 1.0
NORMS = {"ℓ₂": L2(1.0, lo=LOW, hi=HIGH), "ℓ∞": Linf(1.0, lo=LOW, hi=HIGH)}
FINE, COARSE = 256, 48  # cells of the grid on which a boundary is searched: at rest, and while something moves


Found = tuple[Tensor, Tensor]


@dataclass(eq=False)
class Learner:
    """A trained model, its boundary, and for each norm asked so far what fools it: z [n, 2] and their distances [n]."""

    recipe: toys.Recipe
    model: nn.Module
    boundary: toys.Boundary
    found: dict[str, Found] = field(default_factory=dict)


class World:
    """Points [n, 2] of two classes in [-1, 1]^2, labels [n], and by name of their recipe those who have learnt them."""

    def __init__(self, points: Tensor, labels: Tensor):
        check_labels(labels, len(points), "labels")
        self.points, self.labels = points.clone(), labels.clone()
        self.learners: dict[str, Learner] = {}
        self.trainings = 0

    def train(self, recipe: toys.Recipe, log: toys.Log = ignore) -> None:
        """Learn the points as they lie now. Every training has a seed of its own, the same in every world."""
        model = recipe(self.points, self.labels, Generator().manual_seed(self.trainings), log=log)
        self.trainings += 1
        self.learners[recipe.name] = Learner(recipe, model, toys.Boundary(model, LOW, HIGH, FINE))

    def found(self, name: str, norm: str) -> Found:
        """Smallest perturbations of all points for one learner: z [n, 2], and their distances [n]; inf for none."""
        learner = self.learners[name]
        if norm not in learner.found:
            learner.found[norm] = learner.boundary.smallest(self.points, self.labels, NORMS[norm])
        return learner.found[norm]

    def susceptibility(self, norm: str, eps: float) -> dict[str, float]:
        """Share of points that a change of less than eps turns wrong, for everyone who has learnt them."""
        return {name: toys.susceptibility(self.found(name, norm)[1], eps) for name in self.learners}

    def move(self, i: int, at: Tensor, only: str = "") -> None:
        """Put point i at [2], in the box; what fools it is found anew by all learners, or at first by one of them."""
        self.points[i] = at.clamp(LOW, HIGH)
        for name in [only] if only else self.learners:
            self._find_again(self.learners[name], i)

    def refine(self, name: str, norm: str, *, steps: int) -> None:
        """Let one learner go on for a few steps from where it is. What fools it is then known up to a coarse cell."""
        learner = self.learners[name]
        learner.recipe.refine(learner.model, self.points, self.labels, steps=steps)
        learner.boundary = toys.Boundary(learner.model, LOW, HIGH, COARSE)
        learner.found = {norm: learner.boundary.nearest(self.points, self.labels, NORMS[norm])}

    def settle(self, name: str) -> None:
        """The boundary of one learner in full detail again."""
        learner = self.learners[name]
        learner.boundary, learner.found = toys.Boundary(learner.model, LOW, HIGH, FINE), {}

    def add(self, at: Tensor, label: int) -> None:
        """One more point at [2], in the box. Nobody has learnt it yet."""
        self.points = torch.cat([self.points, at.clamp(LOW, HIGH)[None]])
        self.labels = torch.cat([self.labels, torch.tensor([label])])
        for learner in self.learners.values():
            for norm, (z, distance) in learner.found.items():
                learner.found[norm] = torch.cat([z, z[:1]]), torch.cat([distance, distance[:1]])
            self._find_again(learner, len(self.points) - 1)

    def remove(self, i: int) -> None:
        """One point less."""
        kept = torch.arange(len(self.points)) != i
        if not bool(kept.any()):
            self.learners.clear()
        self.points, self.labels = self.points[kept], self.labels[kept]
        for learner in self.learners.values():
            learner.found = {norm: (z[kept], distance[kept]) for norm, (z, distance) in learner.found.items()}

    def _find_again(self, learner: Learner, i: int) -> None:
        one = slice(i, i + 1)
        for norm, (z, distance) in learner.found.items():
            z[one], distance[one] = learner.boundary.smallest(self.points[one], self.labels[one], NORMS[norm])
