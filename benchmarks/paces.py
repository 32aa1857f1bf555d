"""The paces at which PGD is raced, in l_inf with eps .1 and one random start.

With steps of a quarter of the radius samples soon walk in circles, and whoever looks for that does less. With 20 steps
of a tenth hardly anybody does yet, and the looking must not be felt.
"""

from dataclasses import dataclass

from contestants import PACE, Pace


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
    "PGD-20": Race(Pace(20, 0.01), at_most=1.05, alone=1.1),
}
