"""Which exercises a unit has, and which unit a notebook is of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import advcourse
from advcourse.checks import EXERCISES
from advcourse.course.build import notebooks_in
from advcourse.course.notebook import NotebookError

from .extract import Line

FOLDER = Path(advcourse.__file__).parents[1] / "exercises"


@dataclass(frozen=True)
class Unit:
    """Its two digits, its name, and its exercises in their order."""

    digits: str
    name: str
    exercises: tuple[str, ...]


def units() -> dict[str, Unit]:
    """By their digits: the notebook of a unit and the room of its checks are called alike."""
    found = {}
    for path in notebooks_in(FOLDER):
        digits, _, name = path.stem.partition("_")
        exercises = tuple(key for key, one in EXERCISES.items() if one.check.words.file.parent.name == name)
        if exercises:
            found[digits] = Unit(digits, name, exercises)
    if not found:
        raise NotebookError(f"{FOLDER}: no exercises; grading needs the whole repository, not the package alone")
    return found


def unit_of(lines: Iterable[Line], known: Iterable[Unit]) -> Unit | None:
    """The unit of which it defines most, None where it defines nothing of any."""
    bound = {name for line in lines if not line.imports_all and line.is_definition for name in line.binds}
    shares = [(sum(name in bound for name in unit.exercises) / len(unit.exercises), unit) for unit in known]
    best, unit = max(shares, key=lambda pair: pair[0])
    return unit if best > 0 else None


def digits_in(path: str) -> str | None:
    """What the name of a file or folder says of the unit, for a file that says nothing itself."""
    found = re.findall(r"(?<!\d)(\d\d)(?=[_\W]|$)", path)
    return found[-1] if found else None
