"""The paces at which PGD is raced, with eps .1 in l_inf and one random start, and what the looking for circles takes.

With steps of a quarter of the radius samples soon walk in circles, and whoever looks for that does less. With 20 steps
of a tenth in l_inf, or in l_2, nobody does yet, and the looking must not be felt.
"""

import sys
from dataclasses import asdict, dataclass, replace
from functools import partial

from contestants import PACE, Contestant, Pace
from torch import nn

import advcourse
from advcourse.attacks import cycles


@dataclass(frozen=True)
class Race:
    """A pace, and what it may take of the bare loop's time at most: on a large batch, and on single images."""

    pace: Pace
    at_most: float
    alone: float


RACES = {
    "PGD-40": Race(PACE, at_most=1.05, alone=1.1),
    "PGD-40, steps of eps/4": Race(Pace(40, 0.025), at_most=0.65, alone=1.0),
    "PGD-100, steps of eps/4": Race(Pace(100, 0.025), at_most=0.35, alone=1.0),
}
NO_CIRCLES = {"l_inf": (advcourse.Linf(0.1), Pace(20, 0.01)), "l_2": (advcourse.L2(1.0), Pace(40, 0.1))}


def looking(model: nn.Module, threat: advcourse.Linf | advcourse.L2, pace: Pace) -> dict[str, Contestant]:
    """PGD that does not look for circles, and as it is."""
    attack = partial(advcourse.pgd, threat=threat, **asdict(pace))

    def blind(x, y):
        was, never = (cycles.HERE, cycles.ON_A_GPU), replace(cycles.HERE, first=sys.maxsize)
        cycles.HERE = cycles.ON_A_GPU = never
        try:
            return attack(model, x, advcourse.Untargeted(y))
        finally:
            cycles.HERE, cycles.ON_A_GPU = was

    return {"without looking": blind, "looking": lambda x, y: attack(model, x, advcourse.Untargeted(y))}
