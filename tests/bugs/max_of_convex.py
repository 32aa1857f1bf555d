"""Unit 09: kinks of a maximum, which functions are active there, and which directions lead down."""

import torch

from advcourse import convex, pgd
from advcourse.convex import HullPoint, MaxOf, Polyak, averages, min_norm_point, subgradient_method
from advcourse.threats import Intervals
from bugs import Bug, Claim
from bugs.shared import HALF_THE_RADIUS, UNTARGETED_GOES_DOWN

LECTURE = "09_max_of_convex"


def mixed(weights):
    """The point that these weights mix: instead of the nearest one."""

    def wrong(f, points):
        found = weights(points).to(points)
        return HullPoint(found @ points, found)

    return wrong


def at_a_corner(points):
    return torch.eye(len(points))[points.norm(dim=1).argmin()]


def the_same_start(f, self, generator):
    return f(self, generator)[:1].expand_as(self.lower)


def smallest_are_active(f, self, w):
    return f(MaxOf([lambda w, g=g: -g(w) for g in self.functions]), w)


STOPS_AT_A_CORNER = Bug("the search stops at a corner", min_norm_point, mixed(at_a_corner))
AVERAGE = Bug("the average for the shortest", min_norm_point, mixed(lambda g: torch.full((len(g),), 1 / len(g))))
NO_RANDOM_START = Bug("no start is random", pgd, lambda f, *told, **set: f(*told, **{**set, "random_start": False}))

CLAIMS = [
    Claim(
        "G1 In one variable every mixture",
        Bug("one subgradient alone", MaxOf.subgradients, lambda f, self, w: f(self, w)[:1]),
        Bug(
            "a gradient that is not active",
            MaxOf.subgradients,
            lambda f, self, w: torch.cat([f(MaxOf([g]), w) for g in self.functions]),
        ),
        Bug("f is the mean", MaxOf.value, lambda f, self, w: self.values(w).mean()),
    ),
    Claim(
        "G1 Where rounding has broken a tie",
        Bug(
            "ties must be exact", MaxOf.active_set, lambda f, self, w: (self.values(w) == self.value(w)).nonzero()[:, 0]
        ),
        Bug("the smallest function is active", MaxOf.active_set, smallest_are_active),
        Bug("all functions are active", MaxOf.active_set, lambda f, self, w: torch.arange(len(self.functions))),
    ),
    Claim("G2 The slide is wrong", Bug("every point is certified", MaxOf.is_minimiser, lambda f, self, w: True)),
    Claim(
        "G2 The largest inner product is the slope",
        Bug(
            "the slope is the smallest",
            MaxOf.directional_derivative,
            lambda f, self, w, d: (self.subgradients(w) @ d).amin(),
        ),
    ),
    Claim(
        "G2 f'(w; -v*) = -|v*|^2",
        AVERAGE,
        STOPS_AT_A_CORNER,
        Bug("weights beyond the hull", min_norm_point, mixed(convex._nearest_of_plane)),
    ),
    Claim(
        "G2 Danskin",
        HALF_THE_RADIUS,
        NO_RANDOM_START,
        Bug("the same start for every row", Intervals.sample, the_same_start),
        STOPS_AT_A_CORNER,
    ),
    Claim(
        "G2 Of random cases",
        STOPS_AT_A_CORNER,
        smaller={
            "measured": lambda failures, dice: {case: failures(*case, 150, dice) for case in ((2, 2), (10, 3))},
        },
    ),
    Claim("G2 Three quarters of PGD's maximisers", NO_RANDOM_START, AVERAGE),
    Claim("G2 Every one of those training steps", NO_RANDOM_START, UNTARGETED_GOES_DOWN),
    Claim(
        "G2 While the step is short enough",
        Bug(
            "steps go up", subgradient_method, lambda f, of, w, step, **set: f(of, w, lambda *told: -step(*told), **set)
        ),
        Bug("Polyak goes twice too far", Polyak.__call__, lambda f, *told: 4 * f(*told)),
    ),
    Claim(
        "G2 The average is worse",
        Bug("the sum for the average", averages, lambda f, iterates: 2 * f(iterates)),
        Bug("the last for the average", averages, lambda f, iterates: torch.stack(tuple(iterates))),
    ),
]
