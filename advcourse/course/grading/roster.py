"""Who is graded in which unit, by which file: of several the one that counts, and why a file is not graded."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from .cells import NoNotebook, Notebook, notebook
from .collect import Submission
from .extract import Cell, Line, lines_of
from .units import Unit, digits_in, unit_of


@dataclass(frozen=True)
class Sheet:
    """A submission as it was read: a notebook or the diagnosis of what it is instead."""

    submission: Submission
    known: tuple[Unit, ...]

    @cached_property
    def read(self) -> Notebook | str:
        try:
            return notebook(self.submission.file.data)
        except NoNotebook as instead:
            return str(instead)

    @property
    def cells(self) -> list[Cell]:
        return [] if isinstance(self.read, str) else list(self.read.cells)

    @cached_property
    def lines(self) -> list[Line]:
        return lines_of(self.cells)

    @cached_property
    def unit(self) -> Unit | None:
        return unit_of(self.lines, self.known)

    @property
    def defines(self) -> int:
        """So many of its unit's functions."""
        bound = {name for line in self.lines if line.is_definition for name in line.binds}
        return sum(name in bound for name in self.unit.exercises) if self.unit else 0


@dataclass(frozen=True)
class Entry:
    """One student's work on one unit: the sheet that counts. `remarks` are what is said about it as a whole."""

    student: str
    unit: Unit
    sheet: Sheet
    remarks: tuple[str, ...] = field(default=())

    @property
    def diagnosis(self) -> str | None:
        """Why none of its functions is graded, None where they are."""
        if isinstance(self.sheet.read, str):
            return self.sheet.read
        return "another-unit" if self.sheet.unit not in (self.unit, None) or not self.sheet.lines else None


def entries(
    submissions: Iterable[Submission], known: tuple[Unit, ...], wanted: Unit | None
) -> tuple[list[Entry], list[str]]:
    """What is graded, by student and unit, and what is not, in words."""
    sheets = _named_apart([Sheet(submission, known) for submission in submissions])
    found: dict[tuple[str, str], list[Sheet]] = defaultdict(list)
    only = wanted or _only({sheet.unit for sheet in sheets if sheet.unit})
    notes = []
    for sheet in sheets:
        unit = wanted or sheet.unit or only or _by_name(sheet)
        if unit is None:
            notes.append(f"{sheet.submission.file.path}: of which unit it is cannot be told; say it with --unit")
        else:
            found[sheet.submission.student, unit.digits].append(sheet)
    units = {unit.digits: unit for unit in known}
    return [
        _entry(name, units[digits], sheets) for (name, digits), sheets in sorted(found.items(), key=_in_order)
    ], notes


def _in_order(item: tuple[tuple[str, str], list[Sheet]]) -> tuple[str, tuple[str, str]]:
    """As a class list has it: Çağla among the C, Zoë before zorro."""
    return unicodedata.normalize("NFKD", item[0][0]).encode("ascii", "ignore").decode().casefold(), item[0]


def _only(units: set[Unit]) -> Unit | None:
    return next(iter(units)) if len(units) == 1 else None


def _by_name(sheet: Sheet) -> Unit | None:
    digits = digits_in(sheet.submission.file.path)
    return next((unit for unit in sheet.known if unit.digits == digits), None)


def _named_apart(sheets: list[Sheet]) -> list[Sheet]:
    """Who is called like somebody else gets the platform's number behind the name."""
    people = {(sheet.submission.student, sheet.submission.identity) for sheet in sheets}
    count = Counter(name for name, _ in people)

    def named(one: Submission) -> Submission:
        return replace(one, student=f"{one.student} ({one.identity})") if count[one.student] > 1 else one

    return [Sheet(named(sheet.submission), sheet.known) for sheet in sheets]


def _entry(student: str, unit: Unit, sheets: list[Sheet]) -> Entry:
    """Of this unit's notebooks the last. A lecture beside an exercise, which defines some of it, is none."""
    fitting = [sheet for sheet in sheets if sheet.unit == unit]
    most = max((sheet.defines for sheet in fitting), default=0)
    fitting = [sheet for sheet in fitting if 2 * sheet.defines > most]
    unread = [sheet for sheet in sheets if isinstance(sheet.read, str) and _is_attempt(sheet)]
    attempts = sorted([*fitting, *unread] or sheets, key=lambda s: (s.submission.attempt, s.submission.file.parts))
    sheet, remarks = attempts[-1], []
    if len(attempts) > 1:
        remarks.append(f"{len(attempts)} attempts; the last counts: {sheet.submission.file.path}")
    if sheet.unit not in (unit, None):
        remarks.append(f"It is the notebook of unit {sheet.unit.digits}, {sheet.unit.name.replace('_', ' ')}.")
    if isinstance(sheet.read, Notebook) and sheet.read.remarks:
        remarks.append("The file holds an unfinished merge; your own side of it was read.")
    return Entry(student, unit, sheet, tuple(remarks))


def _is_attempt(sheet: Sheet) -> bool:
    return sheet.submission.file.path.lower().endswith(".ipynb")
