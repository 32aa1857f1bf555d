"""The verdict on one function of a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advcourse.checks import judge
from advcourse.checks.verdict import PASSED, Finding
from advcourse.checks.words import words

from .candidate import Candidate
from .extract import Cell, Line, Program, program
from .processes import Zygote

MISSING, UNREADABLE = "missing", "unreadable"
SAY = words(__file__)
UNHURRIED = 20  # the check's own clock counts what the machine makes us wait; the limit is kept by another one


@dataclass(frozen=True)
class Graded:
    """What came of one exercise: its status and diagnosis, what is said about it, and the seconds it took there."""

    exercise: str
    status: str
    diagnosis: str
    message: str
    seconds: int = 0


def graded(zygote: Zygote, name: str, cells: Sequence[Cell], lines: Sequence[Line]) -> Graded:
    """The verdict on the function of this name among the lines of these cells."""
    found = program(name, lines)
    if found is None:
        broken = any(cell.tree is None and cell.names_function(name) for cell in cells)
        return said(name, UNREADABLE, "syntax-error") if broken else said(name, MISSING, "missing")
    return asked(zygote, name, found, cells)


def asked(zygote: Zygote, name: str, found: Program, cells: Sequence[Cell]) -> Graded:
    """The verdict on what this program makes, asked as the exercise of this name."""
    with zygote.worker() as worker:
        candidate = Candidate(worker, found, cells)
        try:
            verdict = judge(name, candidate.make(), seconds=UNHURRIED * zygote.limits.seconds)
        except Finding as finding:
            verdict = finding.verdict
    message = " ".join([verdict.message, *(SAY[what] for what in sorted(candidate.left) if verdict.status == PASSED)])
    return Graded(name, verdict.status, verdict.diagnosis, message, round(candidate.watch.used))


def said(name: str, status: str, diagnosis: str, **numbers: object) -> Graded:
    return Graded(name, status, diagnosis, SAY.say(diagnosis, **numbers))
