"""A class is graded: whoever hands in what, everybody gets the verdict on every function, the same every time."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from handed_in import NEEDS_FORK, PROJECT, good, hand_in
from matplotlib.image import imread

from advcourse.course.__main__ import main
from advcourse.course.grading import grade as grading
from advcourse.course.grading.grade import grade
from advcourse.course.grading.journal import Journal
from advcourse.course.grading.judging import Graded
from advcourse.course.grading.pages import _figure, class_page, leans_on, student_page
from advcourse.course.grading.processes import Zygote
from advcourse.course.grading.report import write_report
from advcourse.course.grading.room import Limits
from advcourse.course.grading.tables import grades
from advcourse.course.notebook import NotebookError

pytestmark = NEEDS_FORK

ROOT = Path(__file__).resolve().parents[2]
SIX = ("input_gradient", "fgsm", "project", "iterative_fgsm", "least_likely_fgsm", "l2_step")
WRONG = PROJECT.replace(".clamp(0, 1)", "")
NAME = "<b>eve & co"


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory) -> Path:
    """Who solved everything, who solved nothing, who is half wrong, who copied that, and who handed in nonsense."""
    solved = (ROOT / "solutions/04_gradient_attacks.ipynb").read_bytes()
    untouched = (ROOT / "exercises/04_gradient_attacks.ipynb").read_bytes()
    half = good(project=WRONG)
    files = {"alice": solved, "bob": untouched, "carol": half, NAME: half, "=1+1": b"nonsense"}
    return hand_in(tmp_path_factory.mktemp("class"), {f"{name}.ipynb": made for name, made in files.items()})


@pytest.fixture(scope="module")
def report(handed_in, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    assert main(["grade", str(handed_in), "--out", str(folder), "--jobs", "1"]) == 0
    return folder


@pytest.fixture
def zygote():
    one = Zygote(Limits(), [])
    close = one.close
    yield one
    close()


def rows(folder: Path, student: str) -> list[dict[str, str]]:
    table = csv.DictReader(io.StringIO((folder / "grades.csv").read_text(encoding="utf-8")))
    return [row for row in table if row["student"] == student]


def test_a_right_notebook_passes_throughout(report):
    found = rows(report, "alice")
    assert [row["exercise"] for row in found] == list(SIX)
    told = {(row["unit"], row["status"], row["diagnosis"], row["file"]) for row in found}
    assert told == {("04", "passed", "ok", "alice.ipynb")}


def test_an_untouched_notebook_is_not_attempted(report):
    assert {row["status"] for row in rows(report, "bob")} == {"not attempted"}


def test_a_wrong_answer_gets_the_diagnosis_that_the_check_gives(report):
    found = {row["exercise"]: (row["status"], row["diagnosis"]) for row in rows(report, "carol")}
    assert found["project"] == ("failed", "no-box") and found["l2_step"] == ("missing", "missing")


def test_the_summary_counts_what_passed(report):
    table = (report / "summary.csv").read_text(encoding="utf-8").splitlines()
    assert table == [
        "student,unit,passed,of,number",
        f"{NAME},04,1,6,",
        "'=1+1,04,0,6,",
        "alice,04,6,6,",
        "bob,04,0,6,",
        "carol,04,1,6,",
    ]


def test_a_student_reads_what_was_verified_and_what_looks_wrong(report):
    page = (report / "students/04_carol.html").read_text(encoding="utf-8")
    assert "Every pixel moves by eps" in page and "failed: no-box" in page and "carol" in page
    assert "alice" not in page and "torch.maximum" not in page


def test_a_follow_up_of_another_mistake_says_of_which(tmp_path, monkeypatch):
    """The answer that calls a wrong one is told so, and the class page counts the mistake once."""
    attack = (
        "def iterative_fgsm(model, x, y, eps, steps, step_size):\n    return project(fgsm(model, x, y, eps), x, eps)"
    )
    hand_in(tmp_path, {"alice.ipynb": good(attack, project=WRONG), "bob.ipynb": b""})
    monkeypatch.setattr(grading, "Helper", Hopeless)
    whole = grade(tmp_path, tmp_path / "report", unit="04")
    alice, bob = whole.rows
    assert [leans_on(alice, one) for one in alice.graded] == [[], [], [], ["fgsm", "project"], [], []]
    assert "It calls fgsm and project, which did not pass" in student_page(alice)
    page = class_page(whole)
    assert "<b>fgsm: raises</b>, 1 of 1" in page and "<b>iterative_fgsm" not in page
    assert '04_bob.html">bob</a> (empty-file)' in page and leans_on(bob, bob.graded[0]) == []


class Hopeless:
    """A helper to whom every answer is wrong."""

    def __init__(self, *_):
        pass

    def grade(self, job):
        status, diagnosis = ("unreadable", job.diagnosis) if job.diagnosis else ("failed", "raises")
        return job.key, [Graded(name, status, diagnosis, "Why?") for name in job.exercises]

    def close(self):
        pass


@pytest.mark.parametrize("name", ["grades.csv", "summary.csv"])
def test_the_tables_begin_with_their_first_column(report, name):
    """A byte order mark, which Excel likes, would be part of the name for whoever reads them by a program."""
    assert (report / name).read_bytes().startswith(b"student,")


def test_stopped_it_says_that_it_can_go_on(handed_in, tmp_path, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(grading, "_all_graded", stopped)
    assert main(["grade", str(handed_in), "--out", str(tmp_path)]) == 1
    assert "the same command goes on" in capsys.readouterr().err


def test_the_class_page_shows_the_figure_what_is_wrong_and_who_has_the_same_code(report):
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page and "alt=" in page
    assert "project: no-box" in page and "docs/site/instructors" in page
    assert "The same code in every cell: &lt;b&gt;eve &amp; co, carol." in page


def test_a_figure_with_a_single_diagnosis_cuts_no_words_off():
    image = imread(io.BytesIO(_figure({"least_likely_fgsm": {"raises": 2}, "l2_step": {}})))
    assert (image[:, [0, -1]] == image[0, 0]).all()


def test_names_are_text_wherever_they_stand(report):
    pages = [path.read_text(encoding="utf-8") for path in report.rglob("*.html")]
    assert pages and not any("<b>eve" in page for page in pages)
    assert all((report / link).exists() for link in re.findall(r'href="([^"]+)"', (report / "index.html").read_text()))


def without_seconds(folder: Path) -> dict[str, bytes]:
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    files = {name: data for name, data in files.items() if not name.startswith(".graded")}
    files["grades.csv"] = re.sub(rb",\d+(?=,[^,\n]*\n)", b"", files["grades.csv"])
    return files


def test_killed_and_started_again_it_goes_on(handed_in, report, zygote, tmp_path, monkeypatch):
    """The second run asks only what the first one had not finished, and all bytes are those of a run in one go."""
    noted, asked = [], []

    def note(self, key, found):
        noted.append(key)
        if len(noted) == 3:
            raise KeyboardInterrupt
        remember(self, key, found)

    remember, ask = Journal.note, grading.Helper.grade
    monkeypatch.setattr(grading, "Zygote", lambda *_: zygote)  # whose start takes longer than all the rest
    monkeypatch.setattr(zygote, "close", lambda: None)
    monkeypatch.setattr(Journal, "note", note)
    with pytest.raises(KeyboardInterrupt):
        grade(handed_in, tmp_path)
    monkeypatch.setattr(Journal, "note", remember)
    monkeypatch.setattr(grading.Helper, "grade", lambda self, job: asked.append(job.key) or ask(self, job))
    write_report(grade(handed_in, tmp_path), tmp_path)
    assert set(asked).isdisjoint(noted[:2]) and len(asked) == 2
    assert without_seconds(tmp_path) == without_seconds(report)


def test_nothing_is_asked_again_until_the_rules_change(handed_in, report, monkeypatch):
    monkeypatch.setattr(grading, "Helper", None)
    assert grades(grade(handed_in, report)) == (report / "grades.csv").read_text(encoding="utf-8")
    with pytest.raises(TypeError):
        grade(handed_in, report, limits=Limits(seconds=5.0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nowhere"], "is not there"), (["."], "nothing to grade"), ([".", "--unit", "99"], "there is no unit '99'")],
)
def test_bad_orders_are_answered_with_what_is_needed(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["grade", *arguments, "--out", str(tmp_path / "report")]) == 1
    assert said in capsys.readouterr().err


def test_a_unit_is_needed_where_nothing_tells_which(tmp_path):
    hand_in(tmp_path, {"alice.ipynb": json.dumps({"cells": []})})
    with pytest.raises(NotebookError, match="nothing to grade"):
        grade(tmp_path, tmp_path / "report")
