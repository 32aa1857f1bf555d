"""Checks for unit 11, margins and noise: one file per exercise."""

from ..forms import tensor
from ..verdict import Exercise
from .first_order_margin import check_first_order_margin
from .margin_hinge import check_margin_hinge
from .mma_terms import check_mma_terms

__all__ = ["EXERCISES"]

one_each = tensor(lambda args: [len(args[0])], "a number for each sample")

EXERCISES = {
    "first_order_margin": Exercise("gap, gradient, p", check_first_order_margin, one_each),
    "margin_hinge": Exercise("margins, gamma", check_margin_hinge, one_each),
    "mma_terms": Exercise("clean, moved, right, distance, largest", check_mma_terms, one_each),
}
