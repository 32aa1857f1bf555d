"""Training. A loss is a function (model, x, y) -> scalar, and robust training differs from standard by that alone."""

from advcourse.asking import ignore

from . import parallel
from .free import Free, Replayed
from .loop import fit, train_epoch, train_step
from .losses import (
    TrainingLoss,
    absolute_loss,
    descent_loss,
    kurakin_loss,
    madry_loss,
    on_predictions,
    standard_loss,
)

__all__ = [
    # what is minimised
    "TrainingLoss",
    "standard_loss",
    "absolute_loss",
    "kurakin_loss",
    "madry_loss",
    "descent_loss",
    "on_predictions",
    # the one that remembers
    "Free",
    "Replayed",
    # what minimises all of them
    "train_step",
    "train_epoch",
    "fit",
    "ignore",
    # and in several processes
    "parallel",
]
