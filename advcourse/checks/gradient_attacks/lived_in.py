"""A question for all that ask a model for its gradient: is one that is being trained left as it was?"""

from __future__ import annotations

from collections.abc import Callable

from ..closed_forms import Batch, network_in_training
from ..interview import Interview
from ..spec import Question
from ..verdict import Finding


def leaves_alone(args: Callable[[Batch], tuple]) -> Question:
    """Asked with `args(batch)`. Which mode the gradient is of is the answer's business: its values are not compared,
    and that batch norm's averages move in training mode is no fault of it."""

    def leaves_a_model_in_training_alone(ask: Interview) -> None:
        before = len(ask.breaches)
        try:
            ask(*args(network_in_training()))
        except Finding as found:
            if found.verdict.diagnosis != "raises":  # there torch.func refuses batch norm
                raise
        ask.breaches = [b for i, b in enumerate(ask.breaches) if i < before or b[0] != "changes-buffers"]

    return leaves_a_model_in_training_alone
