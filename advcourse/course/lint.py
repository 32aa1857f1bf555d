"""All rules over all notebooks: those of rules.py, one notebook at a time, and those that compare notebooks."""

from __future__ import annotations

from pathlib import Path

from advcourse.course.build import notebooks_in
from advcourse.course.notebook import NotebookError, place, read
from advcourse.course.rules import RULES, START, Sheet, code_lines

FOLDERS = ("lectures", "solutions", "exercises")
PASTED_LINES = 6


def lint(root: Path) -> list[str]:
    """Every broken rule in the notebooks below this folder, one line each; none is good."""
    problems, sheets = [], []
    for path in (p for folder in FOLDERS for p in notebooks_in(root / folder)):
        try:
            sheets.append(Sheet(path, read(path)))
        except NotebookError as error:
            problems.append(str(error))
    if not sheets and not problems:
        return [f"{root}: no notebooks in {', '.join(FOLDERS)}; run this in the root of the repository"]
    for sheet in sheets:
        problems += [message(sheet, i, what) for rule in RULES for i, what in rule(sheet)]
    return problems + twins(sheets) + pasted(sheets)


def message(sheet: Sheet, index: int | None, what: str) -> str:
    where = "" if index is None else f" {place(index, sheet.notebook.cells[index])}"
    return f"{sheet.folder}/{sheet.path.name}{where}: {what}"


def twins(sheets: list[Sheet]) -> list[str]:
    """A unit has the same name in all three folders; the start page is a lecture only."""
    problems = []
    for name in sorted({sheet.path.name for sheet in sheets}):
        wanted = {"lectures"} if name == f"{START}.ipynb" else set(FOLDERS)
        found = {sheet.folder for sheet in sheets if sheet.path.name == name}
        problems += [f"{f}/{name}: is missing; a unit has one name in all three" for f in sorted(wanted - found)]
        problems += [f"{f}/{name}: does not belong here; {START} is a lecture only" for f in sorted(found - wanted)]
    return problems


def pasted(sheets: list[Sheet]) -> list[str]:
    """The same long cell in two notebooks, other than a solution and its own exercise."""
    problems, first = [], {}
    for sheet in sheets:
        unit = sheet.path.stem if sheet.folder != "lectures" else sheet.path
        for i, cell in sheet.code:
            if code_lines(cell.source) < PASTED_LINES:
                continue
            home, other = first.setdefault(cell.source.strip(), (unit, sheet))
            if home != unit:
                problems.append(
                    message(sheet, i, f"is also in {other.folder}/{other.path.name}; move it to the library")
                )
    return problems
