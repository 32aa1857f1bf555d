"""Every attack and what may be expected of it: the one list that contracts, bad inputs and benchmarks go through."""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from advcourse import (
    L1,
    L2,
    Common,
    Decisions,
    Linf,
    Scores,
    Unbounded,
    apgd,
    boundary,
    ddn,
    deepfool,
    expected,
    fgsm,
    hopskipjump,
    iterative_fgsm,
    lbfgs,
    nes,
    pgd,
    square,
)
from advcourse.attacks.falling import falling

STEPS = 6
BALLS = (Linf(0.1), L2(0.3), L1(0.6))
BOX = (Unbounded(),)
SETS = (*BALLS, *BOX)
PACED = (Linf(0.1), L2(0.3), *BOX)  # where apgd knows how long to step


@dataclass(frozen=True)
class Attack:
    """One row: the attack, the sets to try it on, its settings, and what may be expected of it."""

    call: Callable
    threats: tuple
    settings: Mapping = field(default_factory=dict)
    random: bool = False  # takes a generator
    keeps_best: bool = False  # returns the best iterate, not the last
    steps: int = STEPS
    restarts: int = 1
    iterates: bool = True  # takes steps of a step_size
    smallest: bool = False  # looks for the smallest distortion, in a box: a sample that reaches the goal stays
    stops: bool = False  # a sample that reaches the goal stays here too, in a ball
    oracle: Callable | None = None  # what of the model it sees; a budget of `queries` a sample
    probes: int = 0  # queries that a step costs

    def run(self, model, x, goal, threat, *, steps: int | None = None, reach: float = 2.0, **more) -> Tensor:
        """The attack; one that iterates makes `steps` steps, `reach` radii long in all."""
        settings = {**self.settings, **more}
        if self.oracle:
            model = self.oracle(model)
        if self.smallest:
            return self.call(model, x, goal, box=threat, **settings)
        if self.iterates:
            steps = self.steps if steps is None else steps
            # The bare box has no radius: a path of length one crosses it.
            size = reach * (1.0 if math.isinf(threat.eps) else threat.eps)
            count = {"queries": 1 + steps * self.probes} if self.probes else {"steps": steps}
            settings = {**count, "step_size": size / max(steps, 1), **settings}
        elif steps is not None:
            settings = {**settings, "steps": steps}
        return self.call(model, x, goal, threat, **settings)


def through_the_mean(attack: Callable) -> Callable:
    """The attack on the mean of a few common draws; of a network without dice that is the network itself."""

    @functools.wraps(attack)
    def through(model, *told, **settings):
        return attack(expected(model, draws=Common(2, seed=0)), *told, **settings)

    return through


ATTACKS = {
    "fgsm": Attack(fgsm, BALLS, steps=1, iterates=False),
    "iterative_fgsm": Attack(iterative_fgsm, SETS),
    "pgd": Attack(pgd, SETS, random=True, keeps_best=True),
    "pgd without random start": Attack(pgd, SETS, {"random_start": False}, keeps_best=True),
    "pgd through the mean": Attack(through_the_mean(pgd), (Linf(0.1), L2(0.3)), random=True, keeps_best=True),
    "pgd with 3 restarts": Attack(pgd, SETS, {"restarts": 3}, random=True, keeps_best=True, restarts=3),
    "apgd": Attack(apgd, PACED, {"steps": STEPS}, random=True, keeps_best=True, iterates=False),
    "apgd without random start": Attack(
        apgd, PACED, {"steps": STEPS, "random_start": False}, keeps_best=True, iterates=False
    ),
    "apgd with 3 restarts": Attack(
        apgd, PACED, {"steps": STEPS, "restarts": 3}, random=True, keeps_best=True, restarts=3, iterates=False
    ),
    "falling": Attack(falling, BALLS, {"steps": STEPS}, iterates=False, stops=True),
    "lbfgs": Attack(lbfgs, BOX, {"searches": 3, "steps": 8}, iterates=False, smallest=True),
    "deepfool": Attack(deepfool, BOX, {"steps": STEPS}, iterates=False, smallest=True),
    "deepfool in l_inf": Attack(deepfool, BOX, {"steps": STEPS, "norm": Linf}, iterates=False, smallest=True),
    "deepfool in l_1": Attack(deepfool, BOX, {"steps": STEPS, "norm": L1}, iterates=False, smallest=True),
    "ddn": Attack(ddn, BOX, {"steps": 16}, iterates=False, smallest=True),
    "ddn through the mean": Attack(through_the_mean(ddn), BOX, {"steps": 16}, iterates=False, smallest=True),
    "nes": Attack(
        nes,
        SETS,
        {"samples": 10, "sigma": 0.02},
        random=True,
        keeps_best=True,
        stops=True,
        oracle=Scores,
        probes=11,
    ),
    "square": Attack(
        square, (Linf(0.1), L2(0.3), *BOX), {"queries": 40}, random=True, iterates=False, stops=True, oracle=Scores
    ),
    "boundary": Attack(boundary, BOX, {"queries": 90}, random=True, iterates=False, smallest=True, oracle=Decisions),
    "hopskipjump": Attack(
        hopskipjump, BOX, {"queries": 90}, random=True, iterates=False, smallest=True, oracle=Decisions
    ),
}
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def having(wanted: Callable[[Attack, object], bool], devices: list[str] = DEVICES) -> Callable:
    """A mark: the rows with a trait, each with each of its sets, on every device."""
    rows = [(name, a, t) for name, a in ATTACKS.items() for t in a.threats if wanted(a, t)]
    parameters = [pytest.param(a, t, id=f"{name}, {type(t).__name__}") for name, a, t in rows]

    def mark(test):
        test = pytest.mark.parametrize("device", devices)(test)
        return pytest.mark.parametrize(("attack", "threat"), parameters)(test)

    return mark


every_attack = having(lambda a, t: True)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def dice(attack: Attack, seed: int = 0) -> dict:
    """The argument that makes a random attack repeatable; nothing for the others."""
    return {"generator": seeded(seed)} if attack.random else {}
