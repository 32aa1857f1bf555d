"""Checks for unit 06, creative attacks: one file per exercise."""

from ..flow import with_slopes
from ..forms import single_number
from ..verdict import Exercise
from .average_precision import check_average_precision
from .cosine_agreement import check_cosine_agreement, one_each
from .mean_over_placements import check_mean_over_placements
from .mismatch_loss import check_mismatch_loss
from .place import check_place, like_the_images
from .strongest_anchor import check_strongest_anchor

__all__ = ["EXERCISES"]

EXERCISES = {
    "cosine_agreement": Exercise("a, b", check_cosine_agreement, one_each),
    "average_precision": Exercise("ranking_is_relevant", check_average_precision, single_number),
    "mismatch_loss": Exercise("d, target, z, carrier, weight", check_mismatch_loss, with_slopes(one_each, "z")),
    "place": Exercise("patch, x, row, column", check_place, like_the_images),
    "mean_over_placements": Exercise("score, patch, x, places", check_mean_over_placements),
    "strongest_anchor": Exercise("objectness", check_strongest_anchor, single_number),
}
