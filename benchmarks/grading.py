"""How long a class takes to grade: python benchmarks/grading.py [UNIT [COUNT [JOBS]]], or else 300 of unit 04 by two.

Of every exercise a student has either the solution or the untouched gap, the next student one more; nobody's code is
another's. Timed is the command, from its start to the last page of the report. Processor seconds are those of all its
processes; on a machine with other things to do they say more than the clock.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from csv import DictReader
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from advcourse.course.build import exercise_of
from advcourse.course.notebook import read

SOLUTIONS = Path(__file__).resolve().parents[1] / "solutions"


def class_of(solution: NotebookNode, count: int) -> dict[str, NotebookNode]:
    """What `count` students hand in: the first none of the exercises, the next one, and so on, over and over."""
    gaps = {cell.id: cell.source for cell in exercise_of(solution).cells}
    open_ones = [c.id for c in solution.cells if c.cell_type == "code" and gaps.get(c.id, c.source) != c.source]
    return {
        f"student {n:03}": handed_in(solution, gaps, open_ones[n % (len(open_ones) + 1) :], n) for n in range(count)
    }


def handed_in(solution: NotebookNode, gaps: dict[str, str], unsolved: list[str], n: int) -> NotebookNode:
    """The solution with some of its gaps open, in the words of student n."""
    cells = [nbformat.from_dict(cell) for cell in solution.cells if cell.id in gaps]
    for cell in (cell for cell in cells if cell.cell_type == "code"):
        cell.source = gaps[cell.id] if cell.id in unsolved else f"{cell.source}\n# student {n}"
    return nbformat.from_dict({**solution, "cells": cells})


def graded(unit: str, count: int, jobs: int) -> tuple[float, float, Counter]:
    """Seconds by the clock and of all processors for such a class, and how often there was each status."""
    (path,) = SOLUTIONS.glob(f"{unit}_*.ipynb")
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        work, report = Path(folder, "class"), Path(folder, "report")
        work.mkdir()
        for name, notebook in class_of(read(path), count).items():
            nbformat.write(notebook, work / f"{name}.ipynb")
        command = [sys.executable, "-m", "advcourse.course", "grade", work, "--unit", unit, "--out", report]
        before, begun = os.times(), time.perf_counter()
        subprocess.run([*command, "--jobs", str(jobs)], check=True, stdout=subprocess.DEVNULL)
        wall, after = time.perf_counter() - begun, os.times()
        with open(report / "grades.csv", encoding="utf-8", newline="") as table:
            statuses = Counter(row["status"] for row in DictReader(table))
    computed = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, computed, statuses


def main(unit: str = "04", count: str = "300", jobs: str = "2") -> None:
    wall, computed, statuses = graded(unit, int(count), int(jobs))
    print(f"{count} notebooks of unit {unit}, {jobs} at a time: {wall:.0f} s, {computed:.0f} s of processors")
    print(f"a notebook: {wall / int(count):.2f} s, {computed / int(count):.2f} s of processors")
    print(", ".join(f"{many} {status}" for status, many in sorted(statuses.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
