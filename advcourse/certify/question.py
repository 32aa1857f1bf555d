"""What is asked of a network: its layers read, its answers compared with them, and who is right to begin with."""

import torch
from torch import Tensor

from advcourse.asking import Model, attacking, check_roles
from advcourse.behind import networks
from advcourse.device import precise
from advcourse.goals import Untargeted
from advcourse.threats import Threat

from .bounds import By, intervals
from .network import steps
from .regions import Box, Region
from .rounding import arithmetic

ASKED = 500  # so many samples at a time are shown to the network


class Question:
    """A network in double precision, with inputs x [B, ...], labels y [B] and who is `right` among them, [B] bool."""

    def __init__(self, model: Model, x: Tensor, y: Tensor, threat: Threat):
        """Raises a ValueError for inputs outside of the threat's box, bad labels and layers that are not known."""
        goal = Untargeted(y)
        check_roles(goal, threat)
        threat.around(x)
        goal.check_batch(x)
        self.steps = steps(model, lambda weight: precise(weight.detach()))
        weight = next((p for network in networks(model) for p in network.parameters()), x)
        self.arithmetic = arithmetic(weight)
        self.x, self.rows = precise(x.detach()), torch.arange(len(x))
        self.y, self.rows = y.to(self.x.device), self.rows.to(self.x.device)
        right = [self._right(model, some, label) for some, label in zip(x.split(ASKED), y.split(ASKED))]
        self.right = torch.cat(right).to(self.x.device)

    def holds(self, rows: Tensor, region: Region, by: By) -> Tensor:
        """Whether no class comes up to y on the samples' region, rounding included: rows [R] -> [R] bool."""
        y = self.y[rows]
        known = by(self.steps, region)
        rounded = self.rounded(known.boxes)
        needed = rounded + rounded.gather(1, y[:, None])
        others = torch.ones_like(needed, dtype=torch.bool).scatter(1, y[:, None], False)
        return ((known.margins(y) > needed) | ~others).all(1)

    def rounded(self, boxes: list[Box]) -> Tensor:
        """By how much the network may miss its answers when it computes them, for inputs in the first box: [B, K]."""
        error = torch.zeros_like(boxes[0].lower)
        for step, given in zip(self.steps, boxes):
            error = step.rounded(error, given, self.arithmetic)
        return error

    def _right(self, model: Model, x: Tensor, y: Tensor) -> Tensor:
        """Who is right: [B] bool. Raises a ValueError where the network does not answer as its layers say."""
        with attacking(model, x, Untargeted(y)) as forward, torch.no_grad():
            out = forward(x)
        at = precise(x)
        boxes = intervals(self.steps, Box(at, at)).boxes
        off = (precise(out) - boxes[-1].lower).abs()
        if bool((off > self.rounded(boxes)).any()):
            raise ValueError(
                f"the model's answers are up to {float(off.max()):.2g} away from what its layers say: a hook, autocast "
                "or a forward of its own changes them, and then bounds on the layers prove nothing"
            )
        return out.argmax(1) == y
