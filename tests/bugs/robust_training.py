"""Unit 10: the attack inside the training step, and what comes of it."""

import torch

from advcourse import Linf, madry_loss, measure, standard_loss, train_step
from advcourse.training import Free
from bugs import Bug, Claim
from bugs.shared import HALF_THE_RADIUS, NO_SIGN, UNTARGETED_GOES_DOWN

LECTURE = "10_robust_training"


def no_step(f, model, x, y, optimizer, loss):
    return loss(model, x, y).item()


def gradients_add_up(f, model, x, y, optimizer, loss):
    value = loss(model, x, y)
    value.backward()
    optimizer.step()
    return value.item()


CLAIMS = [
    Claim(
        "G3 The library's step is the three lines",
        Bug("the clean batch", madry_loss, lambda f, *batch, attack: standard_loss(*batch)),
        Bug(
            "a clean term", madry_loss, lambda f, *batch, attack: (f(*batch, attack=attack) + standard_loss(*batch)) / 2
        ),
        Bug("up", train_step, lambda f, *told: f(*told[:-1], lambda *batch: -told[-1](*batch))),
        Bug("no step", train_step, no_step),
    ),
    Claim(
        "G3 The inner maximum is solved for each sample",
        UNTARGETED_GOES_DOWN,
        Bug("the batch shares its steps", Linf.steepest, lambda f, g: f(g.mean(0, keepdim=True).expand_as(g))),
    ),
    Claim(
        "G3 On a linear model Madry's training",
        Bug("gradients add up", train_step, gradients_add_up),
        HALF_THE_RADIUS,
        NO_SIGN,
        smaller={"train": lambda train: train[:1000]},
    ),
    Claim(
        "G3 Four epochs of free training",
        Bug("free training forgets its perturbation", Free._fitting, lambda f, self, x: torch.zeros_like(x)),
        smaller={"train": lambda train: train[:1000], "test": lambda test: test[:100]},
    ),
    Claim(
        "G3 At eps 0.2 the standard network falls",
        Bug("survivors of the worst case are the fooled", measure.worst_case, lambda f, *told: ~f(*told)),
        smaller={"some": lambda test: test[:40]},
    ),
]
