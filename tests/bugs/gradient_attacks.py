"""Unit 04: one step and many, up the true class's loss or down the target's, and what P holds them in."""

from dataclasses import replace

import torch

from advcourse import (
    Linf,
    Unbounded,
    Untargeted,
    cross_entropy,
    fgsm,
    input_gradient,
    iterative_fgsm,
    least_likely,
    margin,
    measure,
    predicted,
)
from advcourse.models import Normalize
from advcourse.threats import Intervals
from bugs import Bug, Claim
from bugs.shared import (
    ACCURACY_IS_THE_ERROR,
    DOWNHILL,
    HALF_A_STEP,
    HALF_THE_RADIUS,
    NO_PROJECTION,
    NO_SIGN,
    TARGETED_GOES_UP,
    UNTARGETED_GOES_DOWN,
    WEIGHTS_ARE_NOT_LOADED,
    stepping,
)

LECTURE = "04_gradient_attacks"


def ball_around_the_iterate(f, model, x, *told, steps, **set):
    for _ in range(steps):
        x = f(model, x, *told, steps=1, **set)
    return x


def gradient_of_the_clean_image(f, *told, steps, step_size, **set):
    return f(*told, steps=1, step_size=steps * step_size, **set)


def instead_of_its_steps(count):
    return lambda f, *told, steps, **set: f(*told, steps=count(steps), **set)


def from_the_end(f, model, path, goal, threat):
    return replace(f(model, path, goal, threat), distance=torch.stack([threat.size(z - path[-1]) for z in path]))


def complement(f, *told):
    curve = f(*told)
    return replace(curve, right=tuple(curve.n - left for left in curve.right))


ONE_STEP_ONLY = Bug("never more than one step", iterative_fgsm, instead_of_its_steps(lambda steps: 1))
GRADIENTS_TOO_LONG = Bug("gradients a hundred times too long", input_gradient, lambda f, *told: 100 * f(*told))

CLAIMS = [
    Claim(
        "D2 Wherever the network is right FGSM's loss rises",
        GRADIENTS_TOO_LONG,
        Bug("the loss has no logarithm", cross_entropy, lambda f, a, y: margin(a, y)),
    ),
    Claim(
        "D2 The margin loss rises as promised",
        GRADIENTS_TOO_LONG,
        Bug("the true class is its own rival", margin, lambda f, a, y: a.amax(1) - a.gather(1, y[:, None])[:, 0]),
    ),
    Claim(
        "D1 Steep logits",
        Bug("the goal forgets its loss", Untargeted.score, lambda f, self, out: cross_entropy(out, self.y)),
    ),
    Claim("D3 A quarter of a grey level in ten steps", ONE_STEP_ONLY, UNTARGETED_GOES_DOWN),
    Claim("D3 Until the ball ends", HALF_THE_RADIUS),
    Claim(
        "D1 The stable loss is the formula",
        Bug(
            "the loss as written, which overflows",
            cross_entropy,
            lambda f, a, y: a.exp().sum(1).log() - a.gather(1, y[:, None])[:, 0],
        ),
        Bug(
            "the logarithm of a rounded softmax",
            cross_entropy,
            lambda f, a, y: -a.softmax(1).gather(1, y[:, None])[:, 0].log(),
        ),
        Bug("the mean over the batch", cross_entropy, lambda f, a, y: f(a, y).mean().expand(len(y))),
        Bug("softmax twice", cross_entropy, lambda f, a, y: f(a.softmax(1), y)),
        WEIGHTS_ARE_NOT_LOADED,
    ),
    Claim(
        "D2 The library's FGSM is the formula",
        Bug("no box", Linf.around, lambda f, self, x: Intervals(x - self.eps, x + self.eps)),
        Bug("only upwards", Linf.around, lambda f, self, x: Intervals(x, (x + self.eps).clamp(0, 1))),
        HALF_A_STEP,
        Bug("two half steps", fgsm, stepping(2, 0.5)),
        Bug("one step too many", iterative_fgsm, instead_of_its_steps(lambda steps: steps + 1)),
    ),
    Claim(
        "D3 With P the box alone the path leaves",
        Bug("no ball", Linf.around, lambda f, self, x: Unbounded(self.lo, self.hi).around(x)),
        Bug("twice the radius", Linf.around, lambda f, self, x: f(replace(self, eps=2 * self.eps), x)),
        Bug("the box alone is a ball", Unbounded.around, lambda f, self, x: Linf(24 / 255).around(x)),
        Bug("the box alone has no box", Unbounded.around, lambda f, self, x: Intervals(x - 9, x + 9)),
        NO_PROJECTION,
        NO_SIGN,
        Bug("the ball goes along with the iterate", iterative_fgsm, ball_around_the_iterate),
        ONE_STEP_ONLY,
        Bug("distances from the end of the path", measure.along, from_the_end),
    ),
    Claim(
        "D3 Iterating is at least as strong",
        UNTARGETED_GOES_DOWN,
        Bug("the right are the fooled", Untargeted.reached, lambda f, self, out: ~f(self, out)),
        Bug("the fooled are counted", measure.robustness_curve, complement),
        Bug("pixels are not normalised", Normalize.forward, lambda f, self, x: x),
        smaller={"test": lambda test: test[:100]},
    ),
    Claim(
        "D4 One targeted step lowers the loss",
        TARGETED_GOES_UP,
        Bug("the gradient over its largest entry", Linf.steepest, lambda f, g: g / g.abs().amax()),
        DOWNHILL,
        Bug("one step too few", iterative_fgsm, instead_of_its_steps(lambda steps: steps - 1)),
        smaller={"some": lambda test: test[:100]},
    ),
    Claim(
        "D5 Iterating reaches the least likely class",
        HALF_THE_RADIUS,
        Bug("the gradient stays that of the clean image", iterative_fgsm, gradient_of_the_clean_image),
        Bug(
            "the step size is ignored",
            iterative_fgsm,
            lambda f, model, x, goal, threat, **set: f(
                model, x, goal, threat, **{**set, "step_size": min(threat.eps, 1)}
            ),
        ),
        Bug("the target is the likeliest class", least_likely, lambda f, *told: predicted(*told)),
        ACCURACY_IS_THE_ERROR,
        smaller={"some": lambda test: test[:100]},
    ),
]
