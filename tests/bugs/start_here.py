"""The board of refuted sentences on the first page: each right version, and the mistake that turns it red."""

import torch

from advcourse import Linf, Unbounded, checkpoints, kurakin_loss, pgd, standard_loss, toys
from advcourse.convex import MaxOf
from bugs import Bug, Claim
from bugs.mixed_batches import divided_by_m
from bugs.shared import NO_STEP

LECTURE = "00_start_here"

FEW = {"test": lambda test: test[:100]}


def first_gradient(f, self, w):
    return -self.subgradients(w)[0]


CLAIMS = [
    Claim("G2 Both negative gradients", Bug("any gradient for the shortest", MaxOf.steepest_descent, first_gradient)),
    Claim(
        "E2 The paper's loss",
        Bug("the divisor is m", kurakin_loss, divided_by_m),
        Bug("a sum for the mean", standard_loss, lambda f, model, x, y: len(x) * f(model, x, y)),
    ),
    Claim(
        "D3 Ten half steps leave the ball",
        Bug("no ball", Linf.around, lambda f, self, x: Unbounded(self.lo, self.hi).around(x)),
        Bug("the box alone is a ball", Unbounded.around, lambda f, self, x: Linf(8 / 255).around(x)),
    ),
    Claim(
        "E4 A network keeps over half",
        Bug("many steps are none", pgd, lambda f, *told, steps, **set: f(*told, steps=0, **set)),
    ),
    Claim("D2 On the seven the loss rises", NO_STEP),
    Claim(
        "B1 Random signs of one size",
        NO_STEP,
        Bug("a random sign for the gradient's", Linf.steepest, lambda f, g: torch.randn_like(g).sign()),
        smaller=FEW,
    ),
    Claim("A1 Far from two moons", Bug("bumps are a line", toys.widest_margin, lambda f, *told: toys.linear(*told))),
    Claim(
        "F2 On average pairs of maximisers",
        Bug("every restart starts at x", pgd, lambda f, *told, **set: f(*told, **set, random_start=False)),
        Bug("nobody climbs", pgd, lambda f, *told, steps, **set: f(*told, steps=0, **set)),
    ),
    Claim(
        "E5 Trained on predicted labels",
        NO_STEP,
        Bug(
            "they were trained in steps",
            checkpoints.load,
            lambda f, name: f(name.replace("predicted", "in_steps")),
        ),
    ),
]
