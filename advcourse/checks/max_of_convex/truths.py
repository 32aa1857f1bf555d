"""For exercises that are answered with true or false."""

from __future__ import annotations

from ..spec import Asked


def other_than_truths(asked: Asked) -> bool:
    """Some entry of the answers is neither 0 nor 1."""
    return any(((answer != 0) & (answer != 1)).any() for answer in asked.answers)
