"""Checks for unit 08, the inner maximisation: one file per exercise."""

from ..forms import single_number, tensor
from ..verdict import Exercise
from .best_of import check_best_of
from .concentration import check_concentration
from .fewest_steps import check_fewest_steps
from .mean_distance import check_mean_distance
from .random_start import check_random_start

__all__ = ["EXERCISES"]

EXERCISES = {
    "random_start": Exercise("x, eps, generator", check_random_start),
    "best_of": Exercise(
        "climb, loss, starts",
        check_best_of,
        tensor(lambda args: args[2].shape[1:], "one image for each sample"),
    ),
    "fewest_steps": Exercise("eps, step_size", check_fewest_steps, single_number),
    "concentration": Exercise(
        "clean, ends", check_concentration, tensor(lambda args: args[0].shape, "one share for each sample")
    ),
    "mean_distance": Exercise("z", check_mean_distance, single_number),
}
