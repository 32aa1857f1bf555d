"""Everything that is written down about a class."""

from __future__ import annotations

from pathlib import Path

from advcourse.course.notebook import write_all

from .grade import Class
from .tables import grades, summary


def write_report(whole: Class, folder: Path) -> list[str]:
    """Writes it, and returns what to tell the reader of the terminal."""
    write_all({folder / "grades.csv": grades(whole), folder / "summary.csv": summary(whole)})
    passed, of = sum(row.passed for row in whole.rows), sum(len(row.graded) for row in whole.rows)
    return [*whole.notes, f"{len(whole.rows)} notebooks, {passed} of {of} functions passed: {folder / 'grades.csv'}"]
