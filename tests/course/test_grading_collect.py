"""Whose notebook is where: the layouts of the platforms, zips, several attempts, and what lies beside."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from handed_in import good, hand_in, notebook, text

from advcourse.course.grading.cells import NoNotebook
from advcourse.course.grading.cells import notebook as read
from advcourse.course.grading.collect import collect
from advcourse.course.grading.extract import Cell, lines_of, program
from advcourse.course.grading.roster import entries
from advcourse.course.grading.units import units

KNOWN = units()
OTHER = notebook("def gram(features):\n    return features")


def zipped(files: dict[str, dict]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, made in files.items():
            archive.writestr(name, text(made))
    return data.getvalue()


def graded(folder: Path, unit: str | None = None) -> list[tuple[str, str, str]]:
    """Who is graded in which unit by which file."""
    found, _ = entries(collect(folder)[0], tuple(KNOWN.values()), KNOWN[unit] if unit else None)
    return [(entry.student, entry.unit.digits, entry.sheet.submission.file.path) for entry in found]


LAYOUTS = {
    "a plain folder": {"alice.ipynb": "alice", "student-12.ipynb": "student-12", "b o b.IPYNB": "b o b"},
    "a folder for each": {"alice/x.ipynb": "alice", "bob/deep/er/y.ipynb": "bob"},
    "nbgrader": {"submitted/alice/04/x.ipynb": "alice", "submitted/bob/04/x.ipynb": "bob"},
    "nbgrader's own folder": {"alice/04_gradient_attacks/x.ipynb": "alice", "bob/04_gradient_attacks/x.ipynb": "bob"},
    "GitHub Classroom": {"hw4-submissions/alice/x.ipynb": "alice", "hw4-submissions/bob/exercises/x.ipynb": "bob"},
    "Moodle": {
        "Zoë Müller_12345_assignsubmission_file_/x.ipynb": "Zoë Müller",
        "Bo_Li_77_assignsubmission_file/x.ipynb": "Bo_Li",
    },
    "Canvas": {"lialice_LATE_123_456_x.ipynb": "lialice", "bobby_124_457_04-gradient.ipynb": "bobby"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_students_are_called_as_the_platform_calls_them(layout, tmp_path):
    hand_in(tmp_path, {path: good() for path in LAYOUTS[layout]})
    assert {student for student, *_ in graded(tmp_path)} == set(LAYOUTS[layout].values())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_from_a_zip_and_from_a_folder_with_a_zip(layout, tmp_path):
    data = zipped({path: good() for path in LAYOUTS[layout]})
    hand_in(tmp_path, {"one/download.zip": data})
    for place in (tmp_path / "one/download.zip", tmp_path / "one"):
        assert {student for student, *_ in graded(place)} == set(LAYOUTS[layout].values())


def test_a_zip_of_each_student(tmp_path):
    hand_in(tmp_path, {f"{name}.zip": zipped({"sub/x.ipynb": good(), "notes.txt": OTHER}) for name in ("alice", "bob")})
    assert graded(tmp_path) == [("alice", "04", "alice.zip/sub/x.ipynb"), ("bob", "04", "bob.zip/sub/x.ipynb")]


def test_the_unit_is_seen_in_the_notebook_not_in_its_name(tmp_path):
    hand_in(tmp_path, {"alice/04.ipynb": OTHER, "bob/03_texture.ipynb": good()})
    assert [(student, unit) for student, unit, _ in graded(tmp_path)] == [("alice", "03"), ("bob", "04")]


def test_what_lies_beside_is_nobody(tmp_path):
    beside = (".ipynb_checkpoints/x.ipynb", "__MACOSX/alice.ipynb", ".hidden.ipynb", "README.md", "roster.csv")
    hand_in(tmp_path, {name: good() for name in (*beside, "alice.ipynb")})
    assert graded(tmp_path) == [("alice", "04", "alice.ipynb")]


def test_a_lecture_beside_the_exercise_is_no_attempt(tmp_path):
    hand_in(
        tmp_path, {"alice/exercises/04.ipynb": good(), "alice/zz/lecture.ipynb": notebook("def l2_step(g):\n    g")}
    )
    assert graded(tmp_path) == [("alice", "04", "alice/exercises/04.ipynb")]


def test_of_several_attempts_the_last_counts_by_number_before_time(tmp_path):
    hand_in(tmp_path, {name: good() for name in ("alice (1).ipynb", "alice (2).ipynb", "alice.ipynb")})
    os.utime(tmp_path / "alice (2).ipynb", (0, 0))
    assert graded(tmp_path) == [("alice", "04", "alice (2).ipynb")]


def test_without_a_number_the_time_stamp_says_which_was_last(tmp_path):
    hand_in(tmp_path, {"alice/a.ipynb": good(), "alice/b.ipynb": good()})
    os.utime(tmp_path / "alice/b.ipynb", (0, 0))
    assert graded(tmp_path) == [("alice", "04", "alice/a.ipynb")]


def test_canvas_numbers_its_attempts(tmp_path):
    hand_in(tmp_path, {"li_1_10_x-2.ipynb": good(), "li_1_11_x-10.ipynb": good(), "li_1_12_x.ipynb": good()})
    assert graded(tmp_path) == [("li", "04", "li_1_11_x-10.ipynb")]


def test_equal_names_with_different_numbers_are_two_students(tmp_path):
    hand_in(tmp_path, {f"Ann Lee_{n}_assignsubmission_file_/x.ipynb": good() for n in (5, 6)})
    assert [student for student, *_ in graded(tmp_path)] == ["Ann Lee (5)", "Ann Lee (6)"]


def test_links_are_not_followed_out_of_the_folder(tmp_path):
    hand_in(tmp_path, {"class/alice.ipynb": good(), "secret/bob.ipynb": good()})
    os.symlink(tmp_path / "secret/bob.ipynb", tmp_path / "class/bob.ipynb")
    os.symlink(tmp_path / "secret", tmp_path / "class/folder")
    assert [student for student, *_ in graded(tmp_path / "class")] == ["alice"]
    assert any("link" in note for note in collect(tmp_path / "class")[1])


def test_a_zip_that_cannot_be_opened_is_reported_as_its_students(tmp_path):
    hand_in(tmp_path, {"alice.ipynb": good(), "bob.zip": b"PK\x03\x04 and no more"})
    assert [student for student, *_ in graded(tmp_path)] == ["alice", "bob"]


def test_a_file_that_cannot_be_read_is_of_the_only_unit_there_is(tmp_path):
    hand_in(tmp_path, {"alice.ipynb": good(), "bob.ipynb": b"", "carl/answer.pdf": b"%PDF-"})
    assert [(student, unit) for student, unit, _ in graded(tmp_path)] == [
        ("alice", "04"),
        ("bob", "04"),
        ("carl", "04"),
    ]


def test_another_units_notebook_stands_for_its_student_where_one_unit_is_wanted(tmp_path):
    hand_in(tmp_path, {"alice.ipynb": good(), "bob.ipynb": OTHER})
    assert [(student, unit) for student, unit, _ in graded(tmp_path, "04")] == [("alice", "04"), ("bob", "04")]


def test_what_it_is_instead_and_the_platforms_number_are_told(tmp_path):
    hand_in(tmp_path, {f"{name}_7{i}_assignsubmission_file_/x.ipynb": OTHER for i, name in enumerate(("Zoë", "Çağla"))})
    found, _ = entries(collect(tmp_path)[0], tuple(KNOWN.values()), KNOWN["04"])
    assert [(e.student, e.sheet.submission.identity) for e in found] == [("Çağla", "71"), ("Zoë", "70")]
    assert {e.remarks for e in found} == {("It is the notebook of unit 03, texture vs shape.",)}


# Reading and taking out -----------------------------------------------------------------------------------------------


def chosen(*cells: str) -> list[str]:
    """The names that the lines bind which `f` needs, in order."""
    made = program("f", lines_of([Cell(i, source) for i, source in enumerate(cells)]))
    return [] if made is None else [name for line in made.lines for name in sorted(line.binds)]


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (("import a, b", "def f(x):\n    return a.g(x)"), ["a", "f"]),
        (("x = slow()", "def f(x):\n    y = x\n    return y"), ["f"]),
        (("k = 1", "def g():\n    return k", "def f():\n    return g()"), ["k", "g", "f"]),
        (("def f():\n    return late()", "def late():\n    return 1"), ["f", "late"]),
        (("import t", "def f():\n    return t", "t = 3"), ["t", "f"]),
        (("import t", "import none as t", "def f():\n    return t"), ["t", "t", "f"]),
        (("c = []", "c.append(1)", "c[0] = 2", "def f():\n    return c"), ["c", "c", "c", "f"]),
        (("import torch", "torch.manual_seed(0)", "def f():\n    return torch"), ["torch", "f"]),
        (("from t import *", "def f():\n    return unknown"), ["f"]),
        (("def f():\n    return 1", "f = None", "f = f(3)"), ["f"]),
        (("g = lambda x: x", "f = g"), ["g", "f"]),
        (("def f(x: T = D) -> R:\n    pass", "T = 1"), ["f", "T"]),
        (("class A:\n    b = c\n    def m(s):\n        return d", "d = 1", "c = 2", "f = A()"), ["A", "d", "c", "f"]),
        (("print(f)",), []),
    ],
)  # fmt: skip
def test_a_function_takes_what_it_needs_and_nothing_else(cells, names):
    assert chosen(*cells) == names


def test_everything_imported_is_taken_where_a_name_is_nowhere_else():
    made = program("f", lines_of([Cell(1, "from t import *"), Cell(2, "def f():\n    return unknown")]))
    assert len(made.lines) == 2


@pytest.mark.parametrize("data", [b"", b"\0\0", b"%PDF-1.4", b"3", b"{}", b'{"cells": 1}', b"\xff\xfe", b"{" * 10_000])
def test_what_is_no_notebook_says_what_it_is(data):
    with pytest.raises(NoNotebook):
        read(data)


def test_every_unit_with_exercises_is_known_by_its_digits():
    assert {"01", "02", "03", "04", "07", "08", "09", "10"} <= set(KNOWN)
    assert KNOWN["04"].exercises[:2] == ("input_gradient", "fgsm")
