"""Checks for unit 02, adversarial examples: one file per exercise."""

from ..forms import list_of_names, single_number, tensor
from ..verdict import Exercise
from .deepfool_step import check_deepfool_step
from .linear_distance import check_linear_distance
from .most_susceptible import check_most_susceptible
from .smallest_eps import check_smallest_eps
from .susceptibility import check_susceptibility

__all__ = ["EXERCISES"]

EXERCISES = {
    "linear_distance": Exercise(
        "W, b, x, y, p",
        check_linear_distance,
        tensor(lambda args: args[2].shape[:1], "one distance for each sample"),
    ),
    "deepfool_step": Exercise(
        "f, w", check_deepfool_step, tensor(lambda args: args[1].shape[1:], "one step in the space of the input")
    ),
    "smallest_eps": Exercise("fooled, high, tolerance", check_smallest_eps, single_number),
    "susceptibility": Exercise(
        "distance, eps", check_susceptibility, tensor(lambda args: args[1].shape, "one share for each eps")
    ),
    "most_susceptible": Exercise("distances", check_most_susceptible, list_of_names),
}
