"""Bounds on everything inside a network: intervals forward, and linear ones that are pulled back to the input."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import torch
from torch import Tensor

from .regions import Box, Region
from .rows import Rows, single
from .steps import Pull, Step

# So many coefficients are worked on at once: 16 MB in double precision.
ROOM = 2**21


@dataclass(frozen=True, eq=False)
class Bounds:
    """What is known of the first steps of a network on a region, for B samples.

    boxes[i] holds what step i is given and boxes[-1] what the last one answers; pulls[i]() leads back through step i,
    and margins are led back to the step `back_to`.
    """

    region: Region
    steps: list[Step]
    boxes: list[Box]
    pulls: list[Callable[[], Pull]]
    back_to: int = 0

    def lowest(self, rows: Rows, down_to: int = 0) -> Tensor:
        """The best lower bound of rows over the answers that is met on the way back to step `down_to`: [R].

        In front of each bend, and at the input, a row is linear in what has a box or is the region itself.
        """
        best = self.boxes[-1].lowest(rows)
        for i in reversed(range(down_to, len(self.steps))):
            rows = self.pulls[i]()(rows)
            if i == 0:
                best = torch.maximum(best, self.region.lowest(rows))
            elif self.steps[i - 1].bends:
                best = torch.maximum(best, self.boxes[i].lowest(rows))
        return best

    def tightened(self, which: Tensor) -> Box:
        """The box of the answers, those of `which` [B, ...] bounded again on the way back to the input."""
        box, shape = self.boxes[-1], which.shape[1:]
        lower, upper = box.lower.flatten(1), box.upper.flatten(1)
        at, number = which.flatten(1).nonzero(as_tuple=True)
        for some in torch.arange(len(at), device=at.device).split(self.at_once):
            one = single(at[some], number[some], shape, box.lower)
            place = (at[some], number[some])
            lower = lower.index_put(place, torch.maximum(lower[place], self.lowest(one)))
            upper = upper.index_put(place, torch.minimum(upper[place], -self.lowest(one.negative())))
        return Box(lower.view_as(box.lower), upper.view_as(box.upper))

    def margins(self, y: Tensor) -> Tensor:
        """Lower bounds of a_y - a_k, zero for k = y: y [B] -> [B, K]."""
        samples, classes = self.boxes[-1].lower.shape
        eye = torch.eye(classes, dtype=self.boxes[-1].lower.dtype, device=y.device)
        rows = (eye[y][:, None] - eye).flatten(0, 1)
        at = torch.arange(samples, device=y.device).repeat_interleave(classes)
        found = [
            self.lowest(Rows(a, i, a.new_zeros(len(a))), self.back_to)
            for a, i in zip(rows.split(self.at_once), at.split(self.at_once))
        ]
        return torch.cat(found).view(samples, classes)

    @property
    def at_once(self) -> int:
        """How many rows are pulled back at once."""
        return max(1, ROOM // max(box.lower[:1].numel() or 1 for box in self.boxes))


By = Callable[[list[Step], Region], Bounds]  # how bounds are found: `intervals` or `relaxation`


def intervals(steps: list[Step], region: Region) -> Bounds:
    """Number by number from the input on; exact as far as the first bend.

    Gowal et al., "On the Effectiveness of Interval Bound Propagation for Training Verifiably Robust Models", 2018.
    """
    known = _through(steps, region, lambda known, step: known.boxes[-1])
    # Behind the last bend the network is affine, and a margin is one row of it instead of a difference of two numbers.
    return replace(known, back_to=max((i + 1 for i, step in enumerate(steps) if step.bends), default=0))


def relaxation(steps: list[Step], region: Region) -> Bounds:
    """As intervals, and what a bend may have to bend is bounded again by linear relaxations back to the input.

    Zhang et al., "Efficient Neural Network Robustness Certification with General Activation Functions", NeurIPS 2018.
    """
    return _through(steps, region, lambda known, step: known.tightened(step.open(known.boxes[-1])))


def _through(steps: list[Step], region: Region, before_bend: Callable[[Bounds, Step], Box]) -> Bounds:
    known, mixed, bent = Bounds(region, [], [region.hull], []), 0, False
    for step in steps:
        if step.bends and mixed:
            # As long as nothing has bent, a single layer on a box is bounded exactly.
            if bent:
                box = before_bend(known, step)
            elif mixed > 1 or not isinstance(region, Box):
                box = known.tightened(torch.ones_like(known.boxes[-1].lower, dtype=torch.bool))
            else:
                box = known.boxes[-1]
            known = replace(known, boxes=[*known.boxes[:-1], box])
        mixed, bent = (0, True) if step.bends else (mixed + step.mixes, bent)
        box = known.boxes[-1]
        pulls = [*known.pulls, cache(partial(step.pull, box))]
        known = replace(known, steps=[*known.steps, step], boxes=[*known.boxes, step.box(box)], pulls=pulls)
    return known
