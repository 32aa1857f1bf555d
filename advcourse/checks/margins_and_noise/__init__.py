"""Checks for unit 11, margins and noise: one file per exercise."""

from ..flow import with_slopes
from ..forms import single_number, tensor
from ..verdict import Exercise
from .certified_radius import check_certified_radius
from .first_order_margin import check_first_order_margin
from .hide_in_noise import TOLD, check_hide_in_noise
from .margin_hinge import check_margin_hinge
from .mean_gradient import check_mean_gradient
from .mma_terms import check_mma_terms
from .name_the_evaluation import NAME, check_name_the_evaluation

__all__ = ["EXERCISES"]

one_each = tensor(lambda args: [len(args[0])], "a number for each sample")

EXERCISES = {
    "first_order_margin": Exercise("gap, gradient, p", check_first_order_margin, one_each),
    "margin_hinge": Exercise("margins, gamma", check_margin_hinge, one_each),
    "mma_terms": Exercise(
        "clean, moved, right, distance, largest", check_mma_terms, with_slopes(one_each, "the losses")
    ),
    "mean_gradient": Exercise("draws, x, y", check_mean_gradient),
    "certified_radius": Exercise("first, counts, sigma, alpha", check_certified_radius, single_number),
    "name_the_evaluation": Exercise("own, fresh, mean", check_name_the_evaluation, NAME),
    "hide_in_noise": Exercise("model, z, generator", check_hide_in_noise, TOLD),
}
