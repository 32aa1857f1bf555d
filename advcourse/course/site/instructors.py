"""Notes for instructors, pages of docs/site/instructors: what stands in the course already is put in, not typed again.

{timing}                      the minutes that the unit's notebooks state
### `fgsm: no-sign`           a mistake; what the check says of it comes below
`SliceExplorer(steps=3)`      a state of a panel of the lecture, to show
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from advcourse.checks import EXERCISES
from advcourse.course.doctor import doctor
from advcourse.course.notebook import NotebookError, read

SECTIONS = ("Goals", "Timing", "The three usual mistakes", "Show live", "Exam questions", "Pitfalls")
TIMING = re.compile(r"^\{timing\}$", re.M)
MISTAKE = re.compile(r"^### `(?P<who>[\w-]+): (?P<what>[^`]+)`$", re.M)
MINUTES = re.compile(r"(?P<minutes>\d+) minutes")


def filled(page: str, unit: str, root: Path) -> str:
    """The page of a unit with its minutes, and under each mistake what the check, or the doctor, says of it.

    NotebookError where a mistake is one that nobody knows.
    """
    page = TIMING.sub(lambda _: timing(unit, root), page)
    return MISTAKE.sub(lambda found: f"{found[0]}\n\n{said(found['who'], found['what'])}", page)


def timing(unit: str, root: Path) -> str:
    """A table: the lecture's minutes, and those of each exercise."""
    rows = [("Lecture", minutes) for _, minutes in stated(read(root / f"lectures/{unit}.ipynb"))][:1]
    exercises = root / f"exercises/{unit}.ipynb"
    if exercises.exists():
        whole, *parts = stated(read(exercises))
        rows += [("**Exercises**", whole[1]), *parts]
    if not rows:
        return "The notebook states no minutes."
    return "\n".join(["| part | minutes |", "|---|---|", *(f"| {name} | {minutes} |" for name, minutes in rows)])


def stated(notebook: NotebookNode) -> Iterator[tuple[str, int]]:
    """Heading and minutes of every text under a heading that states some, in the notebook's order."""
    for cell in notebook.cells:
        first, _, rest = cell.source.partition("\n")
        if cell.cell_type == "markdown" and first.startswith("#") and (found := MINUTES.search(rest)):
            yield first.lstrip("# "), int(found["minutes"])


def said(who: str, what: str) -> str:
    """What a student reads who makes this mistake, measured numbers left open; nothing for a finding of the doctor."""
    if who == "doctor":
        if what not in {finding.what for finding in doctor()}:
            raise NotebookError(f"`{who}: {what}`: make doctor looks at no such thing")
        return ""
    if who not in EXERCISES or what not in EXERCISES[who].check.words:
        raise NotebookError(f"`{who}: {what}`: there is no such exercise, or no such diagnosis in its words.toml")
    return "> " + re.sub(r"\{\w+\}", "…", EXERCISES[who].check.words[what])
