"""Races of PGD at other settings than the first: steps of a quarter of the radius, where samples soon walk in circles.

l_inf with eps .1 and one random start throughout. In the last race hardly anybody walks in a circle: what it takes to
look for one must not be felt.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Race:
    """Steps and their size; at most these shares of the bare loop's time on a large batch, and on single images."""

    steps: int
    step_size: float
    at_most: float
    alone: float


RACES = {
    "PGD-40, steps of eps/4": Race(40, 0.025, at_most=0.65, alone=1.0),
    "PGD-100, steps of eps/4": Race(100, 0.025, at_most=0.35, alone=1.0),
    "PGD-20, steps of eps/10": Race(20, 0.01, at_most=1.05, alone=1.1),
}
