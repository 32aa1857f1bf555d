"""Training. A loss is a function (model, x, y) -> scalar, and robust training differs from standard by that alone."""

from advcourse.attacks.gradient import ignore

from . import parallel
from .free import Free, Replayed
from .loop import fit, train_epoch, train_step
from .losses import (
    Adversary,
    TrainingLoss,
    absolute_loss,
    kurakin_loss,
    madry_loss,
    on_predictions,
    standard_loss,
)

__all__ = [
    # one loss a file would be too many, one loss a function is not
    "TrainingLoss",
    "Adversary",
    "standard_loss",
    "absolute_loss",
    "kurakin_loss",
    "madry_loss",
    "on_predictions",
    # a loss that remembers
    "Free",
    "Replayed",
    # what all of them are minimised by
    "train_step",
    "train_epoch",
    "fit",
    "ignore",
    # and in several processes
    "parallel",
]
