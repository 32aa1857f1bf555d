"""Checks for unit 11, margins and noise: one file per exercise."""

from ..verdict import Exercise

__all__ = ["EXERCISES"]

EXERCISES: dict[str, Exercise] = {}
