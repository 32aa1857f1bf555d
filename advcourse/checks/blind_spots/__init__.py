"""Checks for unit 01, blind spots: one file per exercise."""

from ..forms import tensor, true_or_false
from ..verdict import Exercise
from .alarms import check_alarms
from .confidence_at import check_confidence_at
from .distance_for import check_distance_for
from .mahalanobis import check_mahalanobis
from .shuffle_pixels import check_shuffle_pixels

__all__ = ["EXERCISES"]

EXERCISES = {
    "confidence_at": Exercise("distance, w", check_confidence_at),
    "mahalanobis": Exercise(
        "x, mean, covariance",
        check_mahalanobis,
        tensor(lambda args: args[0].shape[:1], "one distance for each row"),
    ),
    "alarms": Exercise(
        "scores, known, rate", check_alarms, true_or_false(lambda args: args[0].shape, "one alarm for each score")
    ),
    "shuffle_pixels": Exercise("x, generator", check_shuffle_pixels),
    "distance_for": Exercise("confidence, w, temperature", check_distance_for),
}
