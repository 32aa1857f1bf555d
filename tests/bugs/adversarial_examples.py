"""Unit 02: small changes along the gradient, and the smallest that there are."""

import torch

from advcourse import Linf, deepfool
from advcourse.models import Age
from advcourse.toys import Boundary, Recipe
from bugs import Bug, Claim
from bugs.shared import ACCURACY_IS_THE_ERROR, DOWNHILL, NO_STEP, TARGETED_GOES_UP, UNTARGETED_GOES_DOWN, shrunk

LECTURE = "02_adversarial_examples"

CLAIMS = [
    Claim(
        "A3 A random change keeps the labels",
        UNTARGETED_GOES_DOWN,
        Bug("a quarter of the radius", Linf.around, shrunk(by=4)),
        ACCURACY_IS_THE_ERROR,
        smaller={"some": lambda test: test[:200]},
    ),
    Claim("B1 A small step along the gradient", DOWNHILL, NO_STEP),
    Claim(
        "B2 All three methods reach a nonsense target",
        TARGETED_GOES_UP,
        Bug("DeepFool overshoots", deepfool, lambda f, *told, **set: f(*told, **set, overshoot=8.02)),
    ),
    Claim(
        "B3 Across architectures",
        Bug("ages in decades", Age.forward, lambda f, self, features: f(self, features) / 10),
        smaller={
            "grey": lambda smallest_grey, model, test, imagenet, data: {
                "digits": smallest_grey(model, test[:20]),
                "ImageNet, photographs": smallest_grey(imagenet, data.photos()[:1]),
            }
        },
    ),
    Claim(
        "B4 Classifiers that fit the same points differ",
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
