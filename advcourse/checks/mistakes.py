"""Formulas that students write, and what to say about an answer that follows one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import Tensor

from .verdict import fail


@dataclass(frozen=True)
class WrongFormula:
    """A function of the exercise's arguments. `seen` and `look` may name numbers in braces."""

    diagnosis: str
    seen: str
    look: str
    formula: Callable[..., Tensor]


def same(a: Tensor, b: Tensor) -> bool:
    """Up to the rounding of float32. NaN and infinities equal nothing."""
    return bool(((a - b).abs() <= 1e-4 * (1 + b.abs())).all())


def refuse(answer: Tensor, wrongs: Iterable[WrongFormula], value: Callable[[Callable], Tensor], **numbers) -> None:
    """End the check if `answer` is the `value` of one of the wrong formulas on the case that was asked."""
    for wrong in wrongs:
        if same(answer, value(wrong.formula)):
            fail(wrong.diagnosis, wrong.seen.format(**numbers), wrong.look.format(**numbers))
