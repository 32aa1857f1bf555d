"""The check for `diagnose(...)`, which says of five measured numbers whether the robustness they show is real."""

from __future__ import annotations

from dataclasses import dataclass

from ..naming import Mistakes, every_one_is_named
from ..spec import Questions
from ..words import words

SAY = words(__file__)
HONEST, LEAKING, OVERFITTED, MASKED = KINDS = "honest", "leaking", "overfitted", "masked"
NUMBERS = ("clean", "one_step", "one_step_predicted", "iterative", "zero_gradients")


def one_of_four(value: object, args: tuple) -> str:
    """One of the four words."""
    if value is None:
        SAY.fail("returns-none")
    if not isinstance(value, str):
        SAY.fail("returns-no-word", kind=type(value).__name__)
    if value not in KINDS:
        SAY.fail("other-word", word=repr(value[:30]), kinds=", ".join(KINDS))
    return value


@dataclass(frozen=True)
class Patient:
    """Five numbers, what they are a case of, and who that is."""

    readings: tuple[float, float, float, float, float]
    kind: str
    who: str

    @property
    def numbers(self) -> str:
        return ", ".join(f"{key} {value:g}" for key, value in zip(NUMBERS, self.readings, strict=True))


PATIENTS = (
    Patient((0.97, 0.81, 0.82, 0.48, 0.0), HONEST, "A robustly trained network"),
    Patient((0.96, 0.04, 0.06, 0.00, 0.0), HONEST, "An undefended network, which the one-step attack fools as well"),
    Patient((0.95, 0.88, 0.89, 0.85, 0.02), HONEST, "A network with a few saturated images"),
    Patient((0.90, 0.10, 0.12, 0.02, 0.0), HONEST, "A weak network, which the one-step attack fools as well"),
    Patient((0.95, 0.92, 0.93, 0.01, 0.0), OVERFITTED, "A network robust to its own one-step attack alone"),
    Patient((0.89, 0.74, 0.75, 0.00, 0.0), OVERFITTED, "A network robust to its own one-step attack alone"),
    Patient((0.85, 0.93, 0.81, 0.00, 0.0), LEAKING, "A network that is better attacked than clean"),
    Patient((0.93, 0.95, 0.90, 0.12, 0.0), LEAKING, "A network that is better attacked than clean"),
    Patient((0.96, 0.95, 0.95, 0.94, 0.97), MASKED, "A network whose gradient is zero almost everywhere"),
    Patient((0.96, 0.90, 0.91, 0.02, 0.80), MASKED, "A network whose gradient is zero on four images in five"),
    Patient((0.95, 0.80, 0.81, 0.62, 0.65), MASKED, "A network whose gradient is zero on two images in three"),
    Patient((0.88, 0.91, 0.90, 0.89, 0.90), MASKED, "A network without gradients that is better attacked than clean"),
    Patient((0.97, 0.80, 0.68, 0.48, 0.0), HONEST, "A network more easily fooled by those who know less"),
    Patient((0.93, 0.93, 0.93, 0.60, 0.0), HONEST, "A network to which one step makes no difference"),
    Patient((0.90, 0.56, 0.57, 0.02, 0.0), OVERFITTED, "A network robust to its own one-step attack alone"),
)

MISTAKES: Mistakes = {
    (LEAKING, OVERFITTED): "leak-called-overfitting",
    (HONEST, OVERFITTED): "weak-called-overfitting",
    (MASKED, None): "misses-masking",
    (None, MASKED): "sees-masking",
    (LEAKING, None): "misses-leak",
    (None, LEAKING): "sees-leak",
    (OVERFITTED, None): "misses-overfitting",
}


check_diagnose = Questions(SAY, (every_one_is_named(SAY, PATIENTS, MISTAKES),))
