"""Unit 01: a classifier is sure far from everything it has seen, and a network gives an amoeba an age."""

import torch

from advcourse import density
from advcourse.density import Gaussian, Mixture
from advcourse.models import Age
from advcourse.toys import Logistic
from advcourse.toys.planar import Bumps
from bugs import Bug, Claim

LECTURE = "01_blind_spots"

# Both of `known, fresh = ...`, so that the lecture's many are not drawn as well.
FACES = {
    "known": lambda toys, draw_of: toys.portraits(400, draw_of),
    "fresh": lambda toys, draw_of: toys.portraits(200, draw_of),
}
FEWER = FACES | {
    "amoebas": lambda toys, draw_of: toys.amoebas(20, draw_of),
    "crowds": lambda amoebas: [amoebas],
}


def crowd_of(n: int):
    """One crowd of faces instead of three."""
    return lambda toys, torch, device: [toys.portraits(n, torch.Generator().manual_seed(1)).x.to(device())]


NOTHING_IS_UNUSUAL = Bug("every input is as usual", Gaussian.distance, lambda f, self, x: torch.ones(len(x)).double())

CLAIMS = [
    Claim(
        "A1 At the outlier the classifier doubts less",
        Bug(
            "the margin shrinks with the distance",
            Logistic.margin,
            lambda f, self, x: 1 / (1 + self.score(x) ** 2) / self.w.norm(),
        ),
        Bug("the margin is that of one coordinate", Logistic.score, lambda f, self, x: f(self, 0 * x)),
    ),
    Claim(
        "A1 In each of a hundred directions",
        Bug("the margin is bounded", Logistic.margin, lambda f, self, x: f(self, x).clamp(max=20)),
    ),
    Claim(
        "A1 Far from two moons a line is surer",
        Bug("bumps on rising ground", Bumps.kernel, lambda f, self, x: f(self, x) + torch.cdist(x, self.centres)),
    ),
    Claim(
        "A1 The same point is far less likely",
        Bug("the density does not know the distance", Gaussian.log_density, lambda f, self, x: f(self, 0 * x)),
        Bug("the density rises", Gaussian.log_density, lambda f, self, x: -f(self, x)),
        Bug("the log density is a density", Mixture.log_density, lambda f, self, x: f(self, x).exp()),
    ),
    Claim(
        "A1 Bayes' rule on the densities is as sure",
        Bug("the posterior is flat", Mixture.posterior, lambda f, self, x: f(self, x).mul(0).softmax(1)),
    ),
    Claim(
        "A2 A hundred amoebas, cells, grass and coffee",
        Bug("ages in months", Age.forward, lambda f, self, features: 12 * f(self, features)),
        smaller={"amoebas": lambda toys, draw_of: toys.amoebas(20, draw_of)},
    ),
    Claim(
        "A2 In each of three crowds",
        Bug("nobody is said to be unborn", Age.forward, lambda f, self, features: f(self, features).clamp(min=2)),
        smaller={"draws": crowd_of(300)},
    ),
    Claim(
        "A2 In early features and in coarse pixels",
        NOTHING_IS_UNUSUAL,
        Bug("one pixel for the texture", density.texture, lambda f, h: torch.cat([h[..., 9, 9], h[..., 9, 9] ** 2], 1)),
        smaller=FEWER,
    ),
    Claim("A2 To the last layer nearly every amoeba", NOTHING_IS_UNUSUAL, smaller=FEWER),
    Claim(
        "A2 With its halves swapped most faces pass",
        Bug("the texture of a strip at the left", density.texture, lambda f, h: f(h[..., : h.shape[3] // 4])),
        smaller=FACES,
    ),
]
