"""Unit 02: small changes along the gradient, and the smallest that there are."""

import torch

from advcourse import L2, Linf, deepfool
from advcourse.models import Age
from advcourse.toys import Boundary, Recipe
from bugs import Bug, Claim
from bugs.shared import (
    ACCURACY_IS_THE_ERROR,
    DOWNHILL,
    NO_STEP,
    TARGETED_GOES_UP,
    UNTARGETED_GOES_DOWN,
    WEIGHTS_ARE_NOT_LOADED,
    shrunk,
)

LECTURE = "02_adversarial_examples"

CLAIMS = [
    Claim(
        "A3 Random signs keep 29 of 30 answers",
        UNTARGETED_GOES_DOWN,
        Bug("a quarter of the radius", Linf.around, shrunk(by=4)),
        smaller={"some": lambda test: test[:200]},
    ),
    Claim("B1 A small step along the gradient", DOWNHILL, NO_STEP, ACCURACY_IS_THE_ERROR),
    Claim(
        "B2 For a linear network one step closes the gap",
        Bug("the l_2 step goes along the signs", L2.steepest, lambda f, g: g.sign()),
    ),
    Claim("B2 For a convolutional network the step of the linearisation", WEIGHTS_ARE_NOT_LOADED),
    Claim(
        "B2 All three reach a nonsense target, three times",
        TARGETED_GOES_UP,
        Bug("DeepFool overshoots", deepfool, lambda f, *told, **set: f(*told, **set, overshoot=8.02)),
    ),
    Claim(
        "B2 A photograph that the network is sure of",
        Bug("DeepFool takes a tenth of a step", deepfool, lambda f, *told, **set: f(*told, **set, overshoot=-0.9)),
        smaller={
            "found": lambda deepfool, imagenet, x, Targeted, t: {
                "DeepFool": deepfool(imagenet, x, Targeted(t), steps=12)
            }
        },
    ),
    Claim(
        "B3 Across architectures",
        Bug("ages in decades", Age.forward, lambda f, self, features: f(self, features) / 10),
        smaller={
            "grey": lambda smallest_grey, model, test: {
                "digits": smallest_grey(model, test[:20]),
            },
            "sure": lambda smallest_grey, imagenet, data: smallest_grey(imagenet, data.photos()[:1]),
        },
    ),
    Claim(
        "B4 All fit the same points",
        Bug("every point is wrong", Boundary.nearest, lambda f, self, x, y, threat: (x.clone(), torch.zeros(len(x)))),
        Bug(
            "how far from the origin",
            Boundary.smallest,
            lambda f, self, x, y, threat: (x, threat.size(f(self, x, y, threat)[0])),
        ),
        Bug(
            "training goes uphill",
            Recipe._learn,
            lambda f, self, model, x, y, rates, log: f(self, model, x, y, [-rate for rate in rates], log),
        ),
        smaller={"makers": lambda toys: (toys.robust_net, toys.wide_net)},
    ),
]
