"""A class is graded: every notebook by one of several helpers, each with processes of its own to ask."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from advcourse.course.notebook import NotebookError

from .collect import collect
from .journal import Journal
from .judging import MISSING, UNREADABLE, Graded, graded, said
from .processes import Zygote
from .room import Limits
from .roster import Entry, entries
from .units import units

HELPER: Helper
USUAL = Limits()


@dataclass(frozen=True)
class Row:
    """One student's work on one unit, and what came of each of its exercises."""

    entry: Entry
    graded: tuple[Graded, ...]

    @property
    def passed(self) -> int:
        return sum(one.status == "passed" for one in self.graded)


@dataclass(frozen=True)
class Class:
    """Everybody, what was left out, and whether the functions were asked behind walls."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def grade(folder: Path, report: Path, *, unit: str | None = None, jobs: int = 1, limits: Limits = USUAL) -> Class:
    """Everybody's verdicts. Raises NotebookError where there is nothing to grade."""
    known = units()
    if unit is not None and unit not in known:
        raise NotebookError(f"there is no unit {unit!r} with exercises; there are: {', '.join(known)}")
    if not folder.exists():
        raise NotebookError(f"{folder}: is not there; name the folder or zip that holds what was handed in")
    submissions, notes = collect(folder)
    found, more = entries(submissions, tuple(known.values()), known[unit] if unit else None)
    if not found:
        raise NotebookError(f"{folder}: nothing to grade; notebooks (.ipynb) are wanted, in it or below it")
    journal = Journal(report, limits)
    keys = [journal.key(entry) for entry in found]
    todo = {key: entry for key, entry in zip(keys, found) if journal.known(key) is None}
    with tqdm(total=len(found), desc="grading", unit="notebook", initial=len(found) - len(todo)) as bar:
        for key, rows in _all_graded(todo, jobs, limits, [folder.resolve(), report.resolve()]):
            journal.note(key, rows)
            bar.update()
    return Class(tuple(Row(e, tuple(journal.known(key) or ())) for e, key in zip(found, keys)), (*notes, *more))


def _all_graded(
    todo: dict[str, Entry], jobs: int, limits: Limits, hidden: list[Path]
) -> Iterator[tuple[str, list[Graded]]]:
    """As they are ready."""
    if jobs <= 1 or len(todo) <= 1:
        helper = Helper(limits, hidden)
        try:
            yield from map(helper.grade, todo.items())
        finally:
            helper.close()
        return
    with multiprocessing.get_context("fork").Pool(min(jobs, len(todo)), _begin, (limits, hidden)) as pool:
        yield from pool.imap_unordered(_go_on, todo.items())
        pool.close()
        pool.join()


class Helper:
    """Grades one notebook after the other."""

    def __init__(self, limits: Limits, hidden: list[Path]):
        self.limits, self.hidden, self.zygote = limits, hidden, Zygote(limits, hidden)

    def grade(self, job: tuple[str, Entry]) -> tuple[str, list[Graded]]:
        key, entry = job
        return key, [self._one(entry, name) for name in entry.unit.exercises]

    def close(self) -> None:
        self.zygote.close()

    def _one(self, entry: Entry, name: str) -> Graded:
        if (diagnosis := entry.diagnosis) is not None:
            return said(name, MISSING if diagnosis == "another-unit" else UNREADABLE, diagnosis)
        return graded(self.zygote, name, entry.sheet.cells, entry.sheet.lines)


def _begin(limits: Limits, hidden: list[Path]) -> None:
    global HELPER
    HELPER = Helper(limits, hidden)


def _go_on(job: tuple[str, Entry]) -> tuple[str, list[Graded]]:
    return HELPER.grade(job)
