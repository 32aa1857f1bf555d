"""What an attack achieved: accuracies with their intervals, robustness over the radius, losses along a path."""

from advcourse.measure.evaluation import evaluate
from advcourse.measure.path import Along, along
from advcourse.measure.report import Finding, Report, Stage
from advcourse.measure.robustness import Curve, attacked, distances, in_turn, robustness_curve, worst_case
from advcourse.measure.shares import absolute_error, accuracy, correct, logits, probabilities, wilson
from advcourse.measure.symptoms import Readings, readings

__all__ = [
    # how many answers are right
    "logits",
    "correct",
    "probabilities",
    "accuracy",
    "absolute_error",
    "wilson",
    # what attacks leave
    "attacked",
    "worst_case",
    "in_turn",
    "robustness_curve",
    "Curve",
    "distances",
    # along a path
    "along",
    "Along",
    # between two bounds
    "evaluate",
    "Report",
    "Stage",
    "Finding",
    # symptoms
    "readings",
    "Readings",
]
