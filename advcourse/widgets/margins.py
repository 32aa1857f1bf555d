"""What the margin explorer shows: a network of the plane on its way, and how far each point is from its boundary."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from advcourse import toys
from advcourse.threats import L2
from advcourse.toys.margins import trainings
from advcourse.training import first_order_margins

WHOLE = L2(1.0, lo=-1, hi=1)  # the box of the plane; the radius plays no part


@dataclass(frozen=True, eq=False)
class Points:
    """A named training set: points x [N, 2] in [-1, 1]^2 of two classes y [N]."""

    name: str
    x: Tensor
    y: Tensor


@dataclass(frozen=True, eq=False)
class Margins:
    """How far the points are from the boundary of a network that was asked for margins of gamma.

    z [N, 2] are the nearest points of another class, found by looking everywhere, distance [N] how far they are, and
    first_order [N] what the network's gradient takes for it; below zero where a point is wrong.
    """

    points: Points
    network: nn.Module
    boundary: toys.Boundary
    gamma: float
    z: Tensor
    distance: Tensor
    first_order: Tensor

    @property
    def right(self) -> Tensor:
        """Which points are classified as they are labelled, [N] bool."""
        return self.distance > 0

    @property
    def too_long(self) -> Tensor:
        """Of which right points the first-order margin promises over a tenth more than there is, [N] bool."""
        return self.right & (self.first_order > 1.1 * self.distance)

    @property
    def line(self) -> str:
        """The margins in numbers."""
        n, right = len(self.distance), int(self.right.sum())
        narrow = int((self.distance < self.gamma).sum())
        return (
            f"{right} of {n} points right · true distance: median {self.distance.median():.2f}, a tenth of the points "
            f"under {self.distance.quantile(0.1):.2f}, {narrow} under gamma = {self.gamma:.2f} · first-order margin: "
            f"too long by over a tenth for {int(self.too_long.sum())} of {right}"
        )


def margins_of(points: Points, network: nn.Module, gamma: float) -> Margins:
    """Look everywhere for what is nearest to each point, and ask the gradient for the same."""
    boundary = toys.Boundary(network, WHOLE.lo, WHOLE.hi, cells=96)
    z, distance = boundary.smallest(points.x, points.y, WHOLE)
    first = first_order_margins(network, points.x, points.y, norm=L2)
    return Margins(points, network, boundary, gamma, z, distance, first)


def on_the_way(points: Points, training: str, gamma: float) -> list[nn.Module]:
    """The network before its training and at every thirtieth of it, to the end; always from the same start."""
    recipe = trainings(gamma)[training]
    seen: list[nn.Module] = [recipe.network(points.x, Generator().manual_seed(0)).eval()]
    keep: Callable[[toys.Stage], object] = lambda stage: seen.append(copy.deepcopy(stage.model))  # noqa: E731
    recipe(points.x, points.y, Generator().manual_seed(0), log=keep)
    return seen


def plane_sets(n: int = 80) -> list[Points]:
    """The sets of points of `toys.DATA`, n of each."""
    return [Points(name, *make(torch.Generator().manual_seed(0), n)) for name, make in toys.DATA.items()]
