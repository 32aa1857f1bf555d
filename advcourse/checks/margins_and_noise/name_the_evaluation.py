"""The check for `name_the_evaluation(own, fresh, mean)`: whom an attack on a network with dice has fooled."""

from __future__ import annotations

from ..naming import Known, Mistakes, every_one_is_named, one_of
from ..spec import Questions
from ..words import words

SAY = words(__file__)
ONE, DROWNED, SOUND = KINDS = "one draw", "drowned", "sound"
NUMBERS = ("own", "fresh", "mean")

MYSTERIES = (
    Known((0.24, 0.29, 0.24), SOUND, "A Bayesian network attacked through 16 draws"),
    Known((0.90, 0.93, 0.91), SOUND, "A network that is truly robust"),
    Known((0.02, 0.03, 0.01), SOUND, "A network that falls to everything"),
    Known((0.58, 0.625, 0.53), SOUND, "A network of which the mean takes a little more"),
    Known((0.44, 0.41, 0.52), SOUND, "A network of which the mean takes less"),
    Known((0.50, 0.35, 0.30), SOUND, "A network that is right less often on new draws"),
    Known((0.00, 0.10, 0.10), SOUND, "A weak network, a tenth better on new draws and no more"),
    Known((0.31, 0.88, 0.86), ONE, "A truly robust network whose first draw was attacked"),
    Known((0.10, 0.21, 0.20), ONE, "A weak network whose first draw was attacked"),
    Known((0.00, 0.53, 0.24), ONE, "A Bayesian network attacked through its first draw"),
    Known((0.55, 0.83, 0.05), ONE, "A network with dropout left on, one mask held"),
    Known((0.79, 0.80, 0.32), DROWNED, "A network whose every step saw another draw"),
    Known((0.95, 0.95, 0.02), DROWNED, "A network of which one draw's gradient says nothing"),
    Known((0.41, 0.44, 0.23), DROWNED, "A network attacked through two draws"),
    Known((0.35, 0.41, 0.30), DROWNED, "A network whose own draws the mean hardly beats"),
    Known((0.66, 0.62, 0.40), DROWNED, "A network attacked with new noise at every step"),
)

MISTAKES: Mistakes = {
    (ONE, DROWNED): "mean-asked-first",
    (ONE, None): "misses-one-draw",
    (None, ONE): "sees-one-draw",
    (DROWNED, None): "misses-drowning",
    (SOUND, DROWNED): "sees-drowning",
}

NAME = one_of(SAY, KINDS)
check_name_the_evaluation = Questions(SAY, (every_one_is_named(SAY, NUMBERS, MYSTERIES, MISTAKES),))
