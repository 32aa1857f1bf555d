"""A class is graded: every notebook by one of several helpers, each with processes of its own to ask."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from tqdm import tqdm

from advcourse.checks import EXERCISES
from advcourse.course.notebook import NotebookError

from .collect import collect
from .extract import Cell, lines_of
from .journal import Journal
from .judging import MISSING, UNREADABLE, Graded, graded, said
from .processes import Zygote
from .room import Limits, walled
from .roster import Entry, entries
from .units import units

HELPER: Helper
USUAL = Limits()
FEW = 8  # notebooks for which another helper is not worth its start


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
    walls: bool


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
    todo = {key: Job.of(key, entry) for key, entry in zip(keys, found) if journal.known(key) is None}
    with tqdm(total=len(found), desc="grading", unit="notebook", initial=len(found) - len(todo)) as bar:
        for key, rows in _all_graded(todo.values(), jobs, limits, [folder.resolve(), report.resolve()]):
            journal.note(key, rows)
            bar.update()
    rows = tuple(Row(entry, tuple(journal.known(key) or ())) for entry, key in zip(found, keys))
    return Class(rows, (*notes, *more), walled())


def _all_graded(
    todo: Collection[Job], jobs: int, limits: Limits, hidden: list[Path]
) -> Iterator[tuple[str, list[Graded]]]:
    """As they are ready."""
    if not todo:
        return
    warm = {name for job in todo for name in _loaded_for(job.exercises)}
    jobs = min(jobs, len(todo) // FEW)
    if jobs <= 1:
        helper = Helper(limits, hidden, warm)
        try:
            yield from map(helper.grade, todo)
        finally:
            helper.close()
        return
    # Helpers are started afresh: a copy of this process would share its threads' locks.
    with multiprocessing.get_context("spawn").Pool(jobs, _begin, (limits, hidden, warm)) as pool:
        yield from pool.imap_unordered(_go_on, todo)
        pool.close()
        pool.join()


@dataclass(frozen=True)
class Job:
    """A notebook to be graded: its cells, the names of its functions, or why none of them is."""

    key: str
    exercises: tuple[str, ...]
    diagnosis: str | None
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, key: str, entry: Entry) -> Job:
        cells = tuple(Cell(cell.number, cell.source) for cell in entry.sheet.cells)
        return cls(key, entry.unit.exercises, entry.diagnosis, cells)


def _loaded_for(exercises: tuple[str, ...]) -> set[str]:
    """What takes seconds to load and is needed by these alone: torch loads it with the first optimizer."""
    return {"torch._dynamo"} if any("optimizer" in EXERCISES[name].arguments for name in exercises) else set()


class Helper:
    """Grades one notebook after the other."""

    def __init__(self, limits: Limits, hidden: list[Path], warm: set[str]):
        self.zygote = Zygote(limits, hidden, warm)

    def grade(self, job: Job) -> tuple[str, list[Graded]]:
        if job.diagnosis is not None:
            status = MISSING if job.diagnosis == "another-unit" else UNREADABLE
            return job.key, [said(name, status, job.diagnosis) for name in job.exercises]
        lines = lines_of(job.cells)
        return job.key, [graded(self.zygote, name, job.cells, lines) for name in job.exercises]

    def close(self) -> None:
        self.zygote.close()


def _begin(limits: Limits, hidden: list[Path], warm: set[str]) -> None:
    global HELPER
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who ends them
    HELPER = Helper(limits, hidden, warm)
    Finalize(HELPER, HELPER.close, exitpriority=1)  # such a process ends without what atexit would do


def _go_on(job: Job) -> tuple[str, list[Graded]]:
    return HELPER.grade(job)
