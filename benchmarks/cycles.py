"""PGD with steps of a quarter of the radius, where samples soon walk in circles: ours and peers, (x, y) -> z each.

Settings are equal: l_inf, eps .1, one random start. The last race is one in which hardly anybody walks in circles.
"""

import copy
from dataclasses import dataclass

import torch
from contestants import Contestant, bare_loop, present
from torch import Tensor, nn

import advcourse
from advcourse.threats import Threat

EPS = 0.1


@dataclass(frozen=True)
class Race:
    """Steps, their size and the set; at most this share of the bare loop's time on a large batch, and on one image."""

    steps: int
    step_size: float
    threat: Threat
    at_most: float
    alone: float


RACES = {
    "PGD-40, steps of eps/4": Race(40, EPS / 4, advcourse.Linf(EPS), 0.65, 1.0),
    "PGD-100, steps of eps/4": Race(100, EPS / 4, advcourse.Linf(EPS), 0.35, 1.0),
    "PGD-20, steps of eps/10": Race(20, EPS / 10, advcourse.Linf(EPS), 1.05, 1.10),
}


def contestants(model: nn.Module, race: Race) -> dict[str, Contestant | None]:
    """The bare loop, ours, and the peers that are here, each with its own copy of the model."""
    peers = {"torchattacks": torchattacks, "adv-lib": adv_lib, "cleverhans": cleverhans, "foolbox": foolbox}
    ...
