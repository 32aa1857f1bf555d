"""grades.csv, a row for every exercise of everybody, and summary.csv, a row for everybody."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from .grade import Class, Row

COLUMNS = ("student", "unit", "exercise", "status", "diagnosis", "seconds", "file")


def grades(whole: Class) -> str:
    rows = (
        (row.entry.student, row.entry.unit.digits, one.exercise, one.status, one.diagnosis, one.seconds, _file(row))
        for row in whole.rows
        for one in row.graded
    )
    return _table(COLUMNS, rows)


def summary(whole: Class) -> str:
    """With the platform's number of everybody, by which its own list of marks is filled in."""
    rows = (
        (row.entry.student, row.entry.unit.digits, row.passed, len(row.graded), row.entry.sheet.submission.identity)
        for row in whole.rows
    )
    return _table(("student", "unit", "passed", "of", "number"), rows)


def _file(row: Row) -> str:
    return row.entry.sheet.submission.file.path


def _table(head: tuple[str, ...], rows: Iterable[tuple]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: object) -> object:
    """A spreadsheet takes what begins so for a formula."""
    text = "".join(c if c.isprintable() else "?" for c in str(cell))
    return "'" + text if text.startswith(("=", "+", "-", "@")) else text
