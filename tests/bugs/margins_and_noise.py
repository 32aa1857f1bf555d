"""Unit 11: wide margins, and networks that roll dice."""

from contextlib import nullcontext
from dataclasses import replace

import torch

from advcourse import L1, certify, checkpoints, mma_loss, standard_loss, toys, variational_loss
from advcourse.certify.smoothing import lower_bound
from advcourse.models import expectation, last_layer
from advcourse.models.expectation import Common, Draw
from advcourse.training import first_order_margins, large_margin_loss
from bugs import Bug, Claim
from bugs.shared import WEIGHTS_ARE_NOT_LOADED

LECTURE = "11_margins_and_noise"

THE_WRONG_DUAL = Bug(
    "the largest entry is the dual norm", large_margin_loss, lambda f, *told, norm, **how: f(*told, norm=L1, **how)
)
NOT_HALVED = Bug("the way back is left out", mma_loss, lambda f, *told, halvings, **how: f(*told, halvings=0, **how))
NO_MOVING = Bug("MMA moves nobody", mma_loss, lambda f, model, x, y, **how: standard_loss(model, x, y))


def everyone_right(f, self, x, y, threat):
    z, distance = f(self, x, y, threat)
    return z, distance.clamp(min=0.05)


def as_far_as_it_is_in_truth(f, model, x, y, *, norm, rivals=1):
    return toys.smallest(model, x, y, norm(1.0, lo=-1, hi=1))[1]


FIRST_DRAW_ONLY = Bug("the mean is its first draw", Common.seeds, lambda f, self: f(self)[:1])
DICE_ROLL_ON = Bug("a draw is drawn anew", expectation._held, lambda f, model, seed: nullcontext())


def mean_of_logits(f, self, z):
    return torch.stack([Draw(self.model, seed)(z) for seed in self.draws.seeds()]).mean(0)


def three_times_as_far(f, *told, **settings):
    votes = f(*told, **settings)
    return replace(votes, radius=3 * votes.radius)


CLAIMS = [
    Claim("H1 On a linear model", THE_WRONG_DUAL),
    Claim("H1 The library's large margin loss", THE_WRONG_DUAL),
    Claim("H1 The library's MMA loss", NOT_HALVED),
    Claim("H1 A radius for all", Bug("wrong points count as near", toys.Boundary.smallest, everyone_right)),
    Claim("H1 MMA's narrowest margins", NO_MOVING),
    Claim("H1 Trained by cross entropy", Bug("it is the truth", first_order_margins, as_far_as_it_is_in_truth)),
    Claim("H1 Trained for it", Bug("it is the truth", first_order_margins, as_far_as_it_is_in_truth)),
    Claim("H1 Standard, MMA and Madry's training cost", NO_MOVING),
    Claim("H1 MMA more than doubles", WEIGHTS_ARE_NOT_LOADED),
    Claim(
        "H1 It comes as far",
        Bug("another network", checkpoints.load, lambda f, name, **how: f(name.replace("mma", "margin"), **how)),
    ),
    Claim("H1 The first-order margin gains", WEIGHTS_ARE_NOT_LOADED),
    Claim("H1 On the large-margin network", WEIGHTS_ARE_NOT_LOADED),
    Claim(
        "H2 The library's variational loss",
        Bug(
            "the prior counts for every batch",
            variational_loss,
            lambda f, model, x, y, *, prior, samples: f(model, x, y, prior=prior, samples=len(x)),
        ),
    ),
    Claim("H2 An attack on one draw", FIRST_DRAW_ONLY),
    Claim("H2 Attacked through the mean", FIRST_DRAW_ONLY),
    Claim("H2 The gradient through expected", Bug("a mean of logits", expectation._Mean.__call__, mean_of_logits)),
    Claim("H2 The more draws", FIRST_DRAW_ONLY),
    Claim("H2 What was made for one draw", DICE_ROLL_ON),
    Claim("H2 What was made for the mean", FIRST_DRAW_ONLY),
    Claim(
        "H2 The radius is the formula", Bug("the share itself", lower_bound, lambda f, won, draws, alpha: won / draws)
    ),
    Claim("H2 No attack moved a vote", Bug("a radius three times as long", certify.smoothed, three_times_as_far)),
    Claim(
        "H2 Amoebas cause more doubt",
        Bug(
            "the data say nothing",
            last_layer._information,
            lambda f, last, h, y, noise: 0.01 * f(last, h[:1], y[:1], noise),
        ),
    ),
]
