"""Unit 08: how good PGD is at the inner maximum, from random starts, with steps of some size, in some number."""

import torch

from advcourse import cross_entropy, margin, pgd
from advcourse.threats import Intervals
from bugs import Bug, Claim
from bugs.shared import DOWNHILL, HALF_THE_RADIUS, NO_PROJECTION, NO_SIGN

LECTURE = "08_inner_maximisation"


def one_winner_for_the_batch(f, model, x, goal, threat, *, restarts=1, **set):
    found = [f(model, x, goal, threat, **set) for _ in range(restarts)]
    return max(found, key=lambda z: goal.score(model(z)).sum().item())


def the_same_start_for_every_row(f, self, generator=None):
    share = torch.rand(self.lower[:1].shape, generator=generator)
    return self.lower + share * (self.upper - self.lower)


def stepping(size):
    return lambda f, model, x, goal, threat, *, step_size, **set: f(
        model, x, goal, threat, step_size=size(step_size, threat), **set
    )


def the_mean_rival(f, logits, y):
    return (logits.sum(1) - logits.gather(1, y[:, None])[:, 0]) / 9 - logits.gather(1, y[:, None])[:, 0]


FOUR = {
    "measured": lambda models, spread, test: {
        name: torch.tensor([spread(model, test[i]) for i in range(4)]) for name, model in models.items()
    }
}

TINY_STEPS = Bug("a twentieth of a step", pgd, stepping(lambda size, threat: size / 20))

CLAIMS = [
    Claim(
        "F1 On average PGD reaches the maximum",
        NO_SIGN,
        Bug(
            "all restarts begin alike",
            Intervals.sample,
            lambda f, self, generator: f(self, torch.Generator().manual_seed(0)),
        ),
        Bug("one winner for the batch", pgd, one_winner_for_the_batch),
        smaller={
            "exact": lambda nets, everywhere: {
                name: torch.stack([everywhere(model, i, n=41)[0].max() for i in range(200)]).mean()
                for name, model in nets.items()
            }
        },
    ),
    Claim("F1 For a linear classifier", HALF_THE_RADIUS, NO_SIGN),
    Claim(
        "F3 On average twenty steps of projected gradient ascent",
        DOWNHILL,
        NO_PROJECTION,
        Bug("the step is the radius", pgd, stepping(lambda size, threat: threat.eps)),
    ),
    Claim(
        "F3 On average over fifty digits every step size",
        Bug("the step size is ignored", pgd, stepping(lambda size, threat: threat.eps / 4)),
        smaller={
            "fifty": lambda test: test[:5],
            "curves": lambda models, best_so_far, sizes, fifty, threat: {
                "standard": {
                    size: best_so_far(models["standard"], fifty, threat.eps / k, 200) for size, k in sizes.items()
                }
            },
        },
    ),
    Claim("F2 Random restarts end about equally high", TINY_STEPS, NO_SIGN, smaller=FOUR),
    Claim(
        "F2 Yet they end apart",
        Bug(
            "no start is random",
            pgd,
            lambda f, *told, restarts=1, **set: f(*told, random_start=restarts > 1, restarts=restarts, **set),
        ),
        Bug("the same start for every row", Intervals.sample, the_same_start_for_every_row),
        smaller=FOUR,
    ),
    Claim(
        "F2 Where the restarts disagreed most",
        Bug(
            "the margin to the largest of all",
            margin,
            lambda f, logits, y: logits.amax(1) - logits.gather(1, y[:, None])[:, 0],
        ),
        Bug("the loss in single precision", cross_entropy, lambda f, logits, y: f(logits.float(), y)),
        smaller={"odd": lambda: 14},
    ),
    Claim(
        "F2 Halfway between maximisers",
        Bug("the mean rival for the strongest", margin, the_mean_rival),
        Bug("the same start for every row", Intervals.sample, the_same_start_for_every_row),
        smaller={
            "halfway": lambda models, middles, test: {
                name: torch.cat([middles(model, test[i]) for i in (0, 9)]) for name, model in models.items()
            }
        },
    ),
    Claim(
        "F4 A moderate number is enough",
        TINY_STEPS,
        smaller={"fifty": lambda test: test[:10], "sizes": lambda: {"eps / 4": 4}},
    ),
]
