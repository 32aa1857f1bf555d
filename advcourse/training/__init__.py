"""Training. A loss is a function (model, x, y) -> scalar, and robust training differs from standard by that alone."""

from . import parallel
from .cost import passes
from .free import Free, Replayed
from .loop import Record, Schedule, fit, train_epoch, train_step, unchanged
from .losses import (
    TrainingLoss,
    absolute_loss,
    descent_loss,
    interval_loss,
    kurakin_loss,
    madry_loss,
    on_predictions,
    standard_loss,
)
from .margins import boundary_points, first_order_margins, large_margin_loss, mma_loss
from .noise import entropy_loss, noise_loss, variational_loss

__all__ = [
    # what is minimised
    "TrainingLoss",
    "standard_loss",
    "absolute_loss",
    "kurakin_loss",
    "madry_loss",
    "descent_loss",
    "interval_loss",
    "noise_loss",
    "variational_loss",
    "entropy_loss",
    "on_predictions",
    # to widen margins, and what they are taken for
    "large_margin_loss",
    "mma_loss",
    "first_order_margins",
    "boundary_points",
    # the one that remembers
    "Free",
    "Replayed",
    # what minimises all of them
    "train_step",
    "train_epoch",
    "fit",
    "Record",
    "Schedule",
    "unchanged",
    # what that costs
    "passes",
    # and in several processes
    "parallel",
]
