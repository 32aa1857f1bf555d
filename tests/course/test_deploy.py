"""A copy of the hand-out is brought up to date, never at the price of what was worked in; and what an image holds."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))
import start  # noqa: E402  a script of the hub, not a part of the package

LECTURE, EXERCISE = "lectures/04.ipynb", "exercises/04.ipynb"


@pytest.fixture
def handout(tmp_path) -> Path:
    handout = tmp_path / "handout"
    for name in (LECTURE, EXERCISE, "lectures/.hidden", "lectures/.ipynb_checkpoints/x", "solutions/04.ipynb"):
        (handout / name).parent.mkdir(parents=True, exist_ok=True)
        (handout / name).write_text(f"{name}, first")
    return handout


@pytest.fixture
def copy(tmp_path, handout) -> Path:
    """A copy of the first version."""
    assert start.lay(handout, tmp_path / "copy") == [EXERCISE, LECTURE]
    return tmp_path / "copy"


def contents(copy: Path) -> dict[str, str]:
    files = (path for path in copy.rglob("*") if path.is_file() and path.name != start.NOTES)
    return {path.relative_to(copy).as_posix(): path.read_text() for path in files}


def test_a_copy_is_what_students_get_and_only_theirs(copy):
    assert contents(copy) == {LECTURE: f"{LECTURE}, first", EXERCISE: f"{EXERCISE}, first"}
    if os.name == "posix":  # elsewhere a folder has no such bits
        assert copy.stat().st_mode & 0o777 == 0o700


def test_nothing_new_changes_nothing(handout, copy):
    (copy / EXERCISE).write_text("my answer")
    before = contents(copy)
    assert start.lay(handout, copy) == [] and contents(copy) == before


def test_what_nobody_touched_is_replaced(handout, copy):
    (handout / LECTURE).write_text("second")
    assert start.lay(handout, copy) == [LECTURE]
    assert contents(copy)[LECTURE] == "second"


def test_a_notebook_that_was_only_run_is_replaced(handout, copy):
    """JupyterLab saves what cells printed, so that a lecture looks changed to whoever compares bytes."""
    cell = {"cell_type": "code", "source": ["1 + 1"], "outputs": []}
    for outputs in ([], ["2"]):
        (copy / LECTURE).write_text(json.dumps({"cells": [cell | {"outputs": outputs}]}))
        (copy / start.NOTES).write_text(json.dumps({LECTURE: start.essence(LECTURE, (copy / LECTURE).read_bytes())}))
    (handout / LECTURE).write_text(json.dumps({"cells": [cell | {"source": ["1 + 2"]}]}))
    assert LECTURE in start.lay(handout, copy) and "1 + 2" in contents(copy)[LECTURE]


def test_what_was_worked_in_stays_and_the_new_version_lies_beside_it_once(handout, copy):
    (copy / EXERCISE).write_text("my answer")
    (handout / EXERCISE).write_text("second")
    (beside,) = start.lay(handout, copy)
    assert contents(copy)[EXERCISE] == "my answer" and contents(copy)[beside] == "second"
    (copy / beside).write_text("my answer to the second")
    assert start.lay(handout, copy) == []
    (copy / beside).unlink()
    assert start.lay(handout, copy) == []  # nor does it come back
    (handout / EXERCISE).write_text("third")
    (third,) = start.lay(handout, copy)
    assert third != beside and contents(copy)[EXERCISE] == "my answer"


def test_a_file_that_was_removed_is_laid_anew(handout, copy):
    (copy / EXERCISE).unlink()
    assert start.lay(handout, copy) == [EXERCISE]


@pytest.mark.parametrize("notes", ["", "[]", "{", "null"])
def test_lost_notes_cost_no_work(handout, copy, notes):
    (copy / start.NOTES).write_text(notes)
    (copy / EXERCISE).write_text("my answer")
    (handout / EXERCISE).write_text("second")
    start.lay(handout, copy)
    assert contents(copy)[EXERCISE] == "my answer"


def test_what_stands_in_a_files_place_stays(handout, copy):
    for name in (LECTURE, EXERCISE):
        (copy / name).unlink()
        (handout / name).write_text("second")
    (copy / LECTURE).mkdir()
    (copy / EXERCISE).symlink_to("nowhere")
    start.lay(handout, copy)
    assert (copy / LECTURE).is_dir() and os.readlink(copy / EXERCISE) == "nowhere"


def test_the_server_starts_also_where_nothing_can_be_laid(handout, tmp_path):
    (tmp_path / "copy").write_text("no folder")
    server = [sys.executable, "-c", "print('the server')"]
    command = [sys.executable, ROOT / "deploy/start.py", handout, tmp_path / "copy", *server]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.stdout == "the server\n" and "was not brought up to date" in ran.stderr


# The image ------------------------------------------------------------------------------------------------------------

IMAGE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")


def test_the_image_holds_what_students_get_and_nothing_else():
    sources = re.findall(r"^COPY (\S+) ", IMAGE, re.M)
    assert sources == ["build/handout", "deploy/start.py"] and (ROOT / "deploy/start.py").exists()
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in sent if not line.startswith("#")] == ["*", *(f"!{source}" for source in sources)]


def test_the_image_starts_as_a_student_who_owns_none_of_it():
    assert re.findall(r"^USER (.*)$", IMAGE, re.M) == ["1000"] and "useradd --create-home --uid 1000" in IMAGE
    assert IMAGE.index("USER 1000") > IMAGE.rindex("RUN ")
    _, script, handout, copy, _, *arguments = json.loads(re.search(r"^CMD (.*)$", IMAGE, re.M)[1])
    assert script == f"{handout}/deploy/start.py" and f"WORKDIR {handout}\nCOPY build/handout ./" in IMAGE
    assert arguments == [f"--ServerApp.root_dir={copy}"]


def test_binder_installs_the_tested_versions_on_the_oldest_python():
    assert (ROOT / ".binder/requirements.txt").read_text().split() == ["-c", "../pins.txt", "-e", "."]
    assert (ROOT / ".binder/runtime.txt").read_text() == "python-3.11\n"
