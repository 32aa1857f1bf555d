"""Checks for unit 04, gradient attacks: one file per exercise, `steps` for what those that take a step share."""

from ..verdict import Exercise
from .fgsm import check_fgsm
from .input_gradient import check_input_gradient
from .iterative_fgsm import check_iterative_fgsm
from .l2_step import check_l2_step
from .least_likely_fgsm import check_least_likely_fgsm
from .project import check_project

__all__ = ["EXERCISES"]

EXERCISES = {
    "input_gradient": Exercise("model, x, y", check_input_gradient),
    "fgsm": Exercise("model, x, y, eps", check_fgsm),
    "project": Exercise("z, x, eps", check_project),
    "iterative_fgsm": Exercise("model, x, y, eps, steps, step_size", check_iterative_fgsm),
    "least_likely_fgsm": Exercise("model, x, eps", check_least_likely_fgsm),
    "l2_step": Exercise("g, step_size", check_l2_step),
}
