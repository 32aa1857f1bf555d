"""Checks for unit 03, texture against shape: one file per exercise."""

from ..forms import single_number, tensor
from ..verdict import Exercise
from .gram import check_gram
from .patch_shuffle import check_patch_shuffle
from .shape_bias import check_shape_bias
from .to_sixteen import check_to_sixteen
from .top_three import check_top_three, pair

__all__ = ["EXERCISES"]

EXERCISES = {
    "top_three": Exercise("logits", check_top_three, pair),
    "patch_shuffle": Exercise("x, grid, generator", check_patch_shuffle),
    "to_sixteen": Exercise(
        "probabilities, members",
        check_to_sixteen,
        tensor(lambda args: (len(args[0]), len(args[1])), "one row for each image, one column for each category"),
    ),
    "shape_bias": Exercise("decisions, shape, texture", check_shape_bias, single_number),
    "gram": Exercise(
        "features",
        check_gram,
        tensor(lambda args: (args[0].shape[0], args[0].shape[1], args[0].shape[1]), "channels by channels per image"),
    ),
}
