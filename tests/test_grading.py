"""A class is graded: whoever hands in what, everybody gets the verdict on every function, and nobody else's changes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from advcourse.course.grading.grade import grade
from advcourse.course.grading.tables import grades, summary

ROOT = Path(__file__).resolve().parent.parent
SIX = ("input_gradient", "fgsm", "project", "iterative_fgsm", "least_likely_fgsm", "l2_step")


def rows(whole) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(grades(whole))))


@pytest.fixture(scope="module")
def small_class(tmp_path_factory):
    """Somebody who solved everything, somebody who solved nothing, and somebody who solved one exercise wrongly."""
    folder = tmp_path_factory.mktemp("class")
    solved = (ROOT / "solutions/04_gradient_attacks.ipynb").read_text(encoding="utf-8")
    untouched = (ROOT / "exercises/04_gradient_attacks.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(untouched)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("nearest = ...", "nearest = z.clamp(0, 1)")
    (folder / "alice.ipynb").write_text(solved, encoding="utf-8")
    (folder / "bob.ipynb").write_text(untouched, encoding="utf-8")
    (folder / "carol.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return grade(folder, tmp_path_factory.mktemp("report"), jobs=1)


def test_a_right_notebook_passes_throughout(small_class):
    mine = [row for row in rows(small_class) if row["student"] == "alice"]
    assert [row["exercise"] for row in mine] == list(SIX)
    assert {(row["unit"], row["status"], row["diagnosis"], row["file"]) for row in mine} == {
        ("04", "passed", "ok", "alice.ipynb")
    }


def test_an_untouched_notebook_is_not_attempted(small_class):
    assert {row["status"] for row in rows(small_class) if row["student"] == "bob"} == {"not attempted"}


def test_a_wrong_answer_gets_the_diagnosis_that_the_check_gives(small_class):
    (found,) = [row for row in rows(small_class) if row["student"] == "carol" and row["exercise"] == "project"]
    assert (found["status"], found["diagnosis"]) == ("failed", "no-ball")


def test_the_summary_counts_what_passed(small_class):
    assert summary(small_class) == "student,unit,passed,of\nalice,04,6,6\nbob,04,0,6\ncarol,04,0,6\n"
