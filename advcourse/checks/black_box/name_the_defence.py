"""The check for `name_the_defence(...)`, which says of five numbers of a report whether a defence only hides."""

from __future__ import annotations

from ..naming import Known, Mistakes, every_one_is_named, one_of
from ..spec import Questions
from ..words import words

SAY = words(__file__)
RANDOM, SATURATED, HIDDEN, HONEST = KINDS = "random", "saturated", "hidden", "honest"
NUMBERS = ("clean", "cross_entropy", "margin", "square", "repeat")

MYSTERIES = (
    Known((0.97, 0.83, 0.82, 0.88, 0.0), HONEST, "A robustly trained network"),
    Known((0.96, 0.00, 0.00, 0.03, 0.0), HONEST, "An undefended network, which falls to everything"),
    Known(
        (0.96, 0.55, 0.50, 0.51, 0.0), HONEST, "A network that Square takes a little more of than cross entropy does"
    ),
    Known((0.95, 0.81, 0.78, 0.77, 0.0), HONEST, "A network that Square takes a little more of than the gradients do"),
    Known((0.92, 0.44, 0.39, 0.62, 0.01), HONEST, "A network with one answer in a hundred that changed with rounding"),
    Known((0.96, 0.95, 0.00, 0.04, 0.0), SATURATED, "A network with loud outputs"),
    Known((0.94, 0.93, 0.31, 0.48, 0.0), SATURATED, "A trained network with loud outputs"),
    Known((0.97, 0.60, 0.22, 0.70, 0.0), SATURATED, "A network of which most answers are too sure"),
    Known((0.96, 0.92, 0.61, 0.24, 0.0), SATURATED, "A loud network that Square takes even more of"),
    Known((0.95, 0.95, 0.95, 0.07, 0.0), HIDDEN, "A network behind a quantiser"),
    Known((0.93, 0.71, 0.69, 0.34, 0.0), HIDDEN, "A network whose gradients point somewhere else"),
    Known((0.90, 0.90, 0.89, 0.72, 0.0), HIDDEN, "A network whose gradients hide that it is partly robust"),
    Known((0.91, 0.55, 0.50, 0.62, 1.0), RANDOM, "A network with noise in its forward pass"),
    Known((0.88, 0.80, 0.45, 0.70, 0.97), RANDOM, "A noisy network with loud outputs"),
    Known((0.85, 0.84, 0.82, 0.30, 0.91), RANDOM, "A network that left its dropout on, behind a quantiser"),
    # Close to where one word ends and the next begins: whoever compares with another reading, or by other gaps.
    Known((0.94, 0.52, 0.74, 0.49, 0.0), HONEST, "A network of which cross entropy takes more than the margin"),
    Known((0.93, 0.80, 0.73, 0.68, 0.0), HONEST, "A network of which the margin takes a little more"),
    Known((0.95, 0.81, 0.72, 0.74, 0.0), HONEST, "A network of which the margin takes almost a tenth more"),
    Known((0.90, 0.70, 0.69, 0.60, 0.0), HONEST, "A network of which Square takes almost a tenth more"),
    Known((0.93, 0.62, 0.58, 0.66, 0.38), HONEST, "A network that rounds differently now and then"),
    Known((0.95, 0.83, 0.72, 0.72, 0.0), SATURATED, "A network that is a little too loud"),
    Known((0.92, 0.66, 0.64, 0.53, 0.0), HIDDEN, "A network whose gradients are a little off"),
    Known((0.90, 0.50, 0.47, 0.60, 0.52), RANDOM, "A network with a little noise in its forward pass"),
    Known((0.91, 0.57, 0.54, 0.61, 0.50), HONEST, "A network with noise in exactly half of its answers"),
    # Far from the numbers that the four networks on the desk have.
    Known((0.94, 0.38, 0.36, 0.12, 0.0), HIDDEN, "A network that falls to its gradients, and farther without them"),
    Known((0.71, 0.34, 0.21, 0.30, 0.0), SATURATED, "A poor network with loud outputs"),
    Known((0.58, 0.57, 0.56, 0.41, 0.0), HIDDEN, "A poor network behind a quantiser"),
)

MISTAKES: Mistakes = {
    (SATURATED, HIDDEN): "loss-called-gradient",
    (HONEST, HIDDEN): "sees-hiding",
    (RANDOM, None): "misses-randomness",
    (None, RANDOM): "sees-randomness",
    (SATURATED, None): "misses-saturation",
    (None, SATURATED): "sees-saturation",
    (HIDDEN, None): "misses-hiding",
}

NAME = one_of(SAY, KINDS)
check_name_the_defence = Questions(SAY, (every_one_is_named(SAY, NUMBERS, MYSTERIES, MISTAKES),))
