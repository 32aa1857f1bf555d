"""Everything that is written down about a class."""

from __future__ import annotations

from pathlib import Path

from advcourse.course.notebook import write_all

from .grade import Class
from .pages import class_page, names_of_pages, student_page
from .tables import grades, summary


def write_report(whole: Class, folder: Path) -> list[str]:
    """Writes it, and returns what to tell the reader of the terminal."""
    files = {"grades.csv": grades(whole), "summary.csv": summary(whole), "index.html": class_page(whole)}
    files |= {name: student_page(row) for name, row in zip(names_of_pages(whole), whole.rows)}
    for old in (folder / "students").glob("*.html"):
        old.unlink()
    write_all({folder / name: text for name, text in files.items()})
    passed, of = sum(row.passed for row in whole.rows), sum(len(row.graded) for row in whole.rows)
    return [*whole.notes, f"{len(whole.rows)} notebooks, {passed} of {of} functions passed: {folder / 'index.html'}"]
