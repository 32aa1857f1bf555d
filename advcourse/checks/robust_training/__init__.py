"""Checks for unit 10, robust training: one file per exercise, `scouts` for the attacks that they hand out."""

from ..forms import single_number, tensor
from ..verdict import Exercise
from .robust_accuracy import check_robust_accuracy
from .robust_loss import check_robust_loss
from .robust_step import check_robust_step, loss_steps_and_weights
from .robustness_table import check_robustness_table

__all__ = ["EXERCISES"]

EXERCISES = {
    "robust_loss": Exercise(
        "w, b, x, y, eps", check_robust_loss, tensor(lambda args: [len(args[2])], "one loss for each sample, [B]")
    ),
    "robust_step": Exercise("model, x, y, attack, optimizer", check_robust_step, loss_steps_and_weights),
    "robust_accuracy": Exercise("model, x, y, attacks", check_robust_accuracy, single_number),
    "robustness_table": Exercise(
        "networks, x, y, attack, radii",
        check_robustness_table,
        tensor(lambda args: [len(args[0]), len(args[4])], "a row for each network and a column for each radius"),
    ),
}
