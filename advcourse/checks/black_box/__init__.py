"""Checks for unit 05, black-box attacks and evaluation: one file per exercise, `oracle` for what may be asked."""

from ..forms import single_number
from ..verdict import Exercise
from .bisect import check_bisect
from .hide_the_gradient import TOLD, check_hide_the_gradient
from .interval_layer import check_interval_layer, lower_and_upper
from .keep_if_better import check_keep_if_better
from .name_the_defence import NAME, check_name_the_defence
from .nes_gradient import check_nes_gradient
from .transfer_rate import check_transfer_rate
from .worst_case import check_worst_case

__all__ = ["EXERCISES"]

EXERCISES = {
    "keep_if_better": Exercise("score, z, candidate", check_keep_if_better),
    "worst_case": Exercise("clean, attacked", check_worst_case, single_number),
    "transfer_rate": Exercise(
        "y, source, source_attacked, target, target_attacked", check_transfer_rate, single_number
    ),
    "nes_gradient": Exercise("score, x, directions, sigma", check_nes_gradient),
    "bisect": Exercise("fooled, x, z, steps", check_bisect),
    "interval_layer": Exercise("weight, bias, lo, hi", check_interval_layer, lower_and_upper),
    "name_the_defence": Exercise("clean, cross_entropy, margin, square, repeat", check_name_the_defence, NAME),
    "hide_the_gradient": Exercise("model, z", check_hide_the_gradient, TOLD),
}
