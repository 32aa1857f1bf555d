"""The check for `name_the_evaluation(own, fresh, mean)`: whom an attack on a network with dice has fooled."""

from __future__ import annotations

from dataclasses import dataclass

from ..naming import Mistakes, every_one_is_named
from ..spec import Questions
from ..verdict import kind_of
from ..words import words

SAY = words(__file__)
ONE, DROWNED, SOUND = KINDS = "one draw", "drowned", "sound"
NUMBERS = ("own", "fresh", "mean")


def one_of_three(value: object, args: tuple) -> str:
    """One of the three names."""
    if value is None:
        SAY.fail("returns-none")
    if not isinstance(value, str):
        SAY.fail("returns-no-word", kind=kind_of(value))
    if value not in KINDS:
        SAY.fail("other-word", word=repr(value[:30]), kinds=", ".join(KINDS))
    return value


@dataclass(frozen=True)
class Mystery:
    """Three readings of a report, what they are a case of, and who that is."""

    readings: tuple[float, float, float]
    kind: str
    who: str

    @property
    def numbers(self) -> str:
        return ", ".join(f"{key} {value:g}" for key, value in zip(NUMBERS, self.readings, strict=True))


MYSTERIES = (
    Mystery((0.24, 0.29, 0.24), SOUND, "A Bayesian network attacked through 16 draws"),
    Mystery((0.90, 0.93, 0.91), SOUND, "A network that is truly robust"),
    Mystery((0.02, 0.03, 0.01), SOUND, "A network that falls to everything"),
    Mystery((0.58, 0.61, 0.53), SOUND, "A network of which the mean takes a little more"),
    Mystery((0.44, 0.41, 0.52), SOUND, "A network of which the mean takes less"),
    Mystery((0.50, 0.35, 0.30), SOUND, "A network that is right less often on new draws"),
    Mystery((0.31, 0.88, 0.86), ONE, "A truly robust network whose first draw was attacked"),
    Mystery((0.10, 0.22, 0.20), ONE, "A weak network whose first draw was attacked"),
    Mystery((0.00, 0.53, 0.24), ONE, "A Bayesian network attacked through its first draw"),
    Mystery((0.55, 0.83, 0.05), ONE, "A network with dropout left on, one mask held"),
    Mystery((0.79, 0.80, 0.32), DROWNED, "A network whose every step saw another draw"),
    Mystery((0.95, 0.95, 0.02), DROWNED, "A network of which one draw's gradient says nothing"),
    Mystery((0.41, 0.44, 0.23), DROWNED, "A network attacked through two draws"),
    Mystery((0.35, 0.43, 0.28), DROWNED, "A network whose own draws the mean hardly beats"),
    Mystery((0.66, 0.62, 0.40), DROWNED, "A network attacked with new noise at every step"),
)

MISTAKES: Mistakes = {
    (ONE, DROWNED): "mean-asked-first",
    (ONE, None): "misses-one-draw",
    (None, ONE): "sees-one-draw",
    (DROWNED, None): "misses-drowning",
    (SOUND, DROWNED): "sees-drowning",
}


check_name_the_evaluation = Questions(SAY, (every_one_is_named(SAY, MYSTERIES, MISTAKES),))
