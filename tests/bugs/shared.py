"""Bugs in what every attack stands on: more than one unit finds them."""

from advcourse import Linf, Targeted, Untargeted, checkpoints, fgsm, iterative_fgsm, measure
from advcourse.threats import Intervals
from bugs import Bug


def shrunk(by: float):
    """The ball, smaller by this factor; the box stays."""
    return lambda f, self, x: f(Linf(self.eps / by, self.lo, self.hi), x)


UNTARGETED_GOES_DOWN = Bug("untargeted goes down", Untargeted.score, lambda f, self, out: -f(self, out))
TARGETED_GOES_UP = Bug("targeted goes up", Targeted.score, lambda f, self, out: -f(self, out))
HALF_THE_RADIUS = Bug("half the radius", Linf.around, shrunk(by=2))
NO_PROJECTION = Bug("no projection", Intervals.project, lambda f, self, z: z)
NO_SIGN = Bug("no sign", Linf.steepest, lambda f, g: g)
DOWNHILL = Bug("downhill", Linf.steepest, lambda f, g: -g.sign())
ACCURACY_IS_THE_ERROR = Bug("accuracy is the error", measure.accuracy, lambda f, *told: 1 - f(*told))
WEIGHTS_ARE_NOT_LOADED = Bug(
    "weights are not loaded", checkpoints.load, lambda f, name: checkpoints.RECIPES[name].build().eval()
)


def stepping(steps: int, share: float):
    """For FGSM: so many steps instead of one, each of this share of eps."""
    return lambda f, model, x, goal, threat: iterative_fgsm(
        model, x, goal, threat, steps=steps, step_size=share * threat.eps
    )


HALF_A_STEP = Bug("half a step", fgsm, stepping(1, 0.5))
ONE_STEP_BACK = Bug("two steps of the whole radius", fgsm, stepping(2, 1))
NO_STEP = Bug("the one step does not move", fgsm, stepping(1, 1e-6))
