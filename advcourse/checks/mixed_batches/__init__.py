"""Checks for unit 07, mixed batches: one file per exercise, `rehearsal` for what those with an attack in them share."""

from ..forms import single_number
from ..verdict import Exercise
from .diagnose import NAME, check_diagnose
from .inflation import check_inflation
from .kurakin_loss import check_kurakin_loss, value_and_slope
from .leaked import check_leaked
from .mixed_batch import as_many_as_before, check_mixed_batch

__all__ = ["EXERCISES"]

EXERCISES = {
    "inflation": Exercise("m, k, weight", check_inflation, single_number),
    "mixed_batch": Exercise("model, x, y, attack, share", check_mixed_batch, as_many_as_before),
    "kurakin_loss": Exercise("model, x, y, attack, share, weight", check_kurakin_loss, value_and_slope),
    "leaked": Exercise("clean, attacked, y", check_leaked, single_number),
    "diagnose": Exercise("clean, one_step, one_step_predicted, iterative, zero_gradients", check_diagnose, NAME),
}
