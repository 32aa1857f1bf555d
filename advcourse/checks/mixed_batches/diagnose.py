"""The check for `diagnose(...)`, which says of five measured numbers whether the robustness they show is real."""

from __future__ import annotations

from ..naming import Known, Mistakes, every_one_is_named, one_of
from ..spec import Questions
from ..words import words

SAY = words(__file__)
HONEST, LEAKING, OVERFITTED, VANISHING = KINDS = "honest", "leaking", "overfitted", "vanishing"
NUMBERS = ("clean", "one_step", "one_step_predicted", "iterative", "zero_gradients")

PATIENTS = (
    Known((0.97, 0.81, 0.82, 0.48, 0.0), HONEST, "A robustly trained network"),
    Known((0.96, 0.04, 0.06, 0.00, 0.0), HONEST, "An undefended network, which the one-step attack fools as well"),
    Known((0.95, 0.88, 0.89, 0.85, 0.02), HONEST, "A network with a few saturated images"),
    Known((0.90, 0.10, 0.12, 0.02, 0.0), HONEST, "A weak network, which the one-step attack fools as well"),
    Known((0.96, 0.93, 0.94, 0.35, 0.0), HONEST, "A network that keeps a third under twenty steps"),
    Known((0.95, 0.92, 0.93, 0.01, 0.0), OVERFITTED, "A network robust to its own one-step attack alone"),
    Known((0.89, 0.74, 0.75, 0.00, 0.0), OVERFITTED, "A network robust to its own one-step attack alone"),
    Known((0.85, 0.93, 0.81, 0.00, 0.0), LEAKING, "A network that is better attacked than clean"),
    Known((0.93, 0.95, 0.90, 0.12, 0.0), LEAKING, "A network that is better attacked than clean"),
    Known((0.96, 0.95, 0.95, 0.94, 0.97), VANISHING, "A network whose gradient is zero almost everywhere"),
    Known((0.96, 0.90, 0.91, 0.02, 0.80), VANISHING, "A network whose gradient is zero on four images in five"),
    Known((0.95, 0.80, 0.81, 0.62, 0.65), VANISHING, "A network whose gradient is zero on two images in three"),
    Known((0.88, 0.91, 0.90, 0.89, 0.90), VANISHING, "A network without gradients that is better attacked than clean"),
    Known((0.97, 0.80, 0.68, 0.48, 0.0), HONEST, "A network more easily fooled by those who know less"),
    Known((0.93, 0.93, 0.93, 0.60, 0.0), HONEST, "A network to which one step makes no difference"),
    Known((0.90, 0.56, 0.57, 0.02, 0.0), OVERFITTED, "A network robust to its own one-step attack alone"),
    Known((0.90, 0.56, 0.45, 0.02, 0.0), OVERFITTED, "A network robust to its own one-step attack alone"),
    Known(
        (0.90, 0.45, 0.56, 0.02, 0.0), HONEST, "A network fooled on more than half by one step that knows the labels"
    ),
    Known((0.70, 0.62, 0.63, 0.09, 0.0), OVERFITTED, "A network of 70 % robust to its own one-step attack alone"),
    Known((0.60, 0.40, 0.41, 0.02, 0.0), HONEST, "A weak network that keeps two fifths of all images under one step"),
    Known((0.90, 0.905, 0.89, 0.60, 0.0), LEAKING, "A network that is a little better attacked than clean"),
    Known((0.90, 0.60, 0.61, 0.50, 0.5), HONEST, "A network whose gradient is zero on exactly half of the images"),
    Known(
        (0.90, 0.60, 0.61, 0.50, 0.51),
        VANISHING,
        "A network whose gradient is zero on a bit more than half of the images",
    ),
    Known((0.90, 0.50, 0.51, 0.02, 0.0), HONEST, "A network of which one step leaves exactly half"),
    Known((0.90, 0.51, 0.52, 0.02, 0.0), OVERFITTED, "A network of which one step leaves a bit more than half"),
    Known((0.90, 0.70, 0.71, 0.10, 0.0), HONEST, "A network of which many steps leave exactly a tenth"),
)

MISTAKES: Mistakes = {
    (LEAKING, OVERFITTED): "leak-called-overfitting",
    (HONEST, OVERFITTED): "weak-called-overfitting",
    (VANISHING, None): "misses-vanishing",
    (None, VANISHING): "sees-vanishing",
    (LEAKING, None): "misses-leak",
    (None, LEAKING): "sees-leak",
    (OVERFITTED, None): "misses-overfitting",
}

NAME = one_of(SAY, KINDS)
check_diagnose = Questions(SAY, (every_one_is_named(SAY, NUMBERS, PATIENTS, MISTAKES),))
