"""The smallest perturbation of points in the plane, found by looking everywhere: no gradient, hence no local optimum.

In two dimensions one can afford to ask a classifier on a fine grid. Wherever two neighbours are of different classes
the boundary runs between them, and halving finds it; the nearest such place is the smallest perturbation, up to a
fraction of a cell, which a search around it removes.
"""

import math

import torch
from torch import Tensor

from advcourse.answers import check_labels
from advcourse.asking import Model, evaluating
from advcourse.device import precise
from advcourse.threats import Threat


def lattice(lo: float, hi: float, cells: int) -> Tensor:
    """The corners [(cells + 1)^2, 2] of a square of cells x cells, row by row from the bottom left."""
    ticks = torch.linspace(lo, hi, cells + 1)
    return torch.cartesian_prod(ticks, ticks).flip(1)


def ask(model: Model, x: Tensor, *, batch: int = 16384) -> Tensor:
    """The model's logits [B, K] at points [B, 2], in evaluation mode and without a graph."""
    with evaluating(model), torch.no_grad():
        return _answers(model, x, batch)


def _answers(model: Model, x: Tensor, batch: int = 16384) -> Tensor:
    return torch.cat([model(part) for part in x.split(batch)]) if len(x) > batch else model(x)


class Boundary:
    """Where a model of the plane changes its mind inside the box [lo, hi]^2.

    ends [M, 2] are points within a hundredth of a cell of the boundary, on both of its sides, and classes [M] what
    the model says there. A region thinner than a cell, (hi - lo) / cells, can be missed. On the grid the logits are
    field [cells + 1, cells + 1, K], from the bottom row up.
    """

    def __init__(self, model: Model, lo: float, hi: float, cells: int = 256):
        self.model, self.lo, self.hi, self.cell = model, lo, hi, (hi - lo) / cells
        grid = lattice(lo, hi, cells)
        self.field = ask(model, grid).view(cells + 1, cells + 1, -1)
        grid, said = grid.view(cells + 1, cells + 1, 2), self.field.argmax(2)
        beside, above = said[:, :-1] != said[:, 1:], said[:-1] != said[1:]
        one = torch.cat([grid[:, :-1][beside], grid[:-1][above]])
        other = torch.cat([grid[:, 1:][beside], grid[1:][above]])
        with evaluating(model), torch.no_grad():
            self.ends = torch.cat(self._halve(one, other, times=7))
            self.classes = self._says(self.ends)

    @property
    def probability(self) -> Tensor:
        """p(1) on the grid, [cells + 1, cells + 1] from the bottom row up: what `draw.decisions` shows."""
        return self.field.softmax(2)[..., 1]

    # A search asks a hundred times, so it enters the evaluation mode once, and these ask within it.

    def _says(self, x: Tensor) -> Tensor:
        return _answers(self.model, x).argmax(1)

    def _halve(self, one: Tensor, other: Tensor, times: int) -> tuple[Tensor, Tensor]:
        """Bring both ends of each segment together at a place where the model changes its mind: [M, 2] each."""
        says = self._says(one)
        for _ in range(times):
            middle = (one + other) / 2
            same = (self._says(middle) == says)[:, None]
            one, other = torch.where(same, middle, one), torch.where(same, other, middle)
        return one, other

    def smallest(self, x: Tensor, y: Tensor, threat: Threat) -> tuple[Tensor, Tensor]:
        """For each point x [B, 2] of class y [B]: the nearest z [B, 2] of another class, and its distance [B].

        Nearest in the norm of the threat; its eps plays no part, its box must be this one's. Every z is one that the
        model gets wrong, so a distance is never too small. It is 0, and z = x, where x is already wrong; inf, and again
        z = x, where the box holds no other class.
        """
        z, distance = self.nearest(x, y, threat)
        found = torch.isfinite(distance) & (distance > 0)
        if bool(found.any()):
            with evaluating(self.model), torch.no_grad():
                z[found] = self._look_around(x[found], y[found], z[found], threat)
        return z, torch.where(found, threat.size(z - x), distance)

    def nearest(self, x: Tensor, y: Tensor, threat: Threat) -> tuple[Tensor, Tensor]:
        """As `smallest`, without the search around what is found: quick, and too long by a part of a cell."""
        self._check(x, y, threat)
        wrong = ask(self.model, x).argmax(1) != y
        z, distance = x.clone(), x.new_full((len(x),), math.inf)
        if len(self.ends):
            away = (self.ends - x[:, None]).flatten(0, 1)
            sizes = threat.size(away).view(len(x), -1).masked_fill(self.classes == y[:, None], math.inf)
            distance, nearest = sizes.min(1)
            z = torch.where((torch.isfinite(distance) & ~wrong)[:, None], self.ends[nearest], x)
        return z, distance.masked_fill(wrong, 0.0)

    def _look_around(self, x: Tensor, y: Tensor, z: Tensor, threat: Threat) -> Tensor:
        """Shorten x -> z: try directions around it at the same length, halve the way in the best one, and again.

        Where the ball around x bulges over the boundary between two ends, some direction near z leads to the other
        class within the same length. Ever narrower fans close in on the shortest; the corners of an l_inf ball, where
        its smallest perturbations like to lie, are tried as they are.
        """
        rows = torch.arange(len(x))
        compass = torch.arange(8) * (math.pi / 4)
        spread = (2 * self.cell / threat.size(z - x).clamp(min=1e-9)).clamp(max=math.pi)
        for narrowing in (1.0, 0.2, 0.04):
            d = z - x
            angle = torch.atan2(d[:, 1], d[:, 0])
            fan = angle[:, None] + narrowing * spread[:, None] * torch.linspace(-1, 1, 9)
            if narrowing == 1:
                fan = torch.cat([fan, compass.expand(len(x), 8)], 1)
            ways = torch.stack([fan.cos(), fan.sin()], 2)
            ways = ways / threat.size(ways.flatten(0, 1)).view(len(x), -1, 1)
            far = threat.size(d)[:, None].expand_as(fan)
            near = (far - 2 * self.cell).clamp(min=0)
            usable = self._is_wrong(x, y, ways, far)
            for _ in range(8):
                middle = (near + far) / 2
                hit = self._is_wrong(x, y, ways, middle)
                near, far = torch.where(hit, near, middle), torch.where(hit, middle, far)
            far, best = far.masked_fill(~usable, math.inf).min(1)
            better = x + far[:, None] * ways[rows, best]
            shorter = (threat.size(better - x) < threat.size(d)) & (self._says(better) != y)
            z = torch.where(shorter[:, None], better, z)
        return self._halve(x, z, times=20)[1]

    def _is_wrong(self, x: Tensor, y: Tensor, ways: Tensor, length: Tensor) -> Tensor:
        """Whether x + length * way is in the box, and not of class y: ways [B, D, 2], length [B, D] -> [B, D] bool."""
        z = x[:, None] + length[..., None] * ways
        inside = ((z >= self.lo) & (z <= self.hi)).all(2)
        return inside & (self._says(z.flatten(0, 1)).view_as(length) != y[:, None])

    def _check(self, x: Tensor, y: Tensor, threat: Threat) -> None:
        check_labels(y, len(x))
        if x.ndim != 2 or x.shape[1] != 2:
            raise ValueError(f"x must hold points of the plane, [B, 2]; got {list(x.shape)}")
        if (threat.lo, threat.hi) != (self.lo, self.hi):
            raise ValueError(
                f"this boundary was found in the box [{self.lo:g}, {self.hi:g}]; got {threat}: give both the same box"
            )


def smallest(model: Model, x: Tensor, y: Tensor, threat: Threat, *, cells: int = 256) -> tuple[Tensor, Tensor]:
    """Smallest perturbations of points x [B, 2] of class y [B] in the threat's norm and box: z [B, 2], distance [B].

    The model is asked on a grid of cells x cells; see `Boundary.smallest`, which answers more such questions for the
    price of one grid. The eps of the threat plays no part.
    """
    return Boundary(model, threat.lo, threat.hi, cells).smallest(x, y, threat)


def susceptibility(distance: Tensor, eps: float) -> float:
    """Share of points that a change of less than eps moves over the boundary: distance [N] -> a number in [0, 1]."""
    return precise(distance < eps).mean().item()
