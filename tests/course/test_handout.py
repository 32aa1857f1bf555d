"""What students get: everything they need, nothing that is the teacher's, and a newer one spares their work."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from advcourse.course.build import exercise_of
from advcourse.course.handout import handout
from advcourse.course.normalise import execute
from advcourse.course.notebook import NotebookError, read
from advcourse.course.update import RECORD, UpdateError, update

ROOT = Path(__file__).resolve().parents[2]
EXERCISE = "exercises/09_max_of_convex.ipynb"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The hand-out of this repository, as a student has it after unpacking."""
    folder = tmp_path_factory.mktemp("student")
    _, archive = handout(ROOT, folder / "out")
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    (made,) = folder.glob("advcourse-*")
    return made


def test_it_has_what_a_student_needs_and_nothing_that_is_the_teachers(unpacked):
    there = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    of_students = ("lectures/00_start_here.ipynb", EXERCISE, "make.py", "pins.txt", "advcourse/checks/words.toml")
    assert there >= {*of_students, "README.md", "LICENSE", RECORD, ".jupyter/jupyter_server_config.py"}
    tops = {name.split("/")[0] for name in there}
    assert not tops & {"solutions", "tests", "benchmarks", "docs", ".github", "CONTRIBUTING.md"}
    assert not any(name.startswith(("advcourse/course/grading", "advcourse/course/site")) for name in there)


def test_no_notebook_in_it_holds_a_solution_or_a_word_for_teachers(unpacked):
    notebooks = [path.read_text(encoding="utf-8") for path in unpacked.rglob("*.ipynb")]
    assert len(notebooks) > 20
    assert not any("BEGIN SOLUTION" in text or "For the instructor" in text for text in notebooks)


def test_its_one_command_is_the_same(unpacked):
    def said(*command):
        return subprocess.run([sys.executable, "make.py", *command], cwd=unpacked, capture_output=True, text=True)

    assert [line.split()[0] for line in said().stdout.splitlines() if line[:2] == "  " and "--here" not in line] == [
        "lab",
        "update",
        "doctor",
    ]
    assert said("lab", "--here", "--version").stdout.startswith("4.")  # JupyterLab is found, and asked for its version
    assert "no target 'test'" in said("test", "--here").stderr


def test_an_exercise_is_solved_in_it(unpacked, monkeypatch):
    """With the library that lies there: the first exercise before and after, and the map in the first notebook."""
    monkeypatch.setenv("PYTHONPATH", str(unpacked))
    exercise, solution = read(unpacked / EXERCISE), read(ROOT / "solutions/09_max_of_convex.ipynb")
    answer = next(cell.source for cell in solution.cells if cell.id == "ex1-code")
    end = next(i for i, cell in enumerate(exercise.cells) if cell.id == "ex1-check")
    checks = exercise.cells[end]
    exercise.cells = [*exercise.cells[: end + 1], new_code_cell(answer), nbformat.from_dict({**checks, "id": "again"})]
    exercise.cells += [new_code_cell("from advcourse.course.route import course_map\nimport advcourse\ncourse_map()")]
    exercise.cells += [new_code_cell("print(advcourse.__file__)")]
    *_, before, _, after, course, place = execute(exercise, unpacked / "exercises").cells
    assert before.outputs[0].text.startswith("○ active_set: not attempted yet")
    assert after.outputs[0].text.startswith("✓ active_set")
    assert "The way through the course. 0 of" in course.outputs[0].data["text/plain"]
    assert Path(place.outputs[0].text.strip()) == unpacked / "advcourse/__init__.py"


# A small course ------------------------------------------------------------------------------------------------------


def written(path, *sources, printed=()):
    cells = [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    notebook = new_notebook(cells=cells)
    if path.parent.name == "exercises":
        notebook = exercise_of(notebook)
    for cell, text in zip(notebook.cells, printed):
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")


@pytest.fixture
def course(tmp_path):
    """A repository without git of two units, the library one file."""
    root = tmp_path / "repository"
    for name, text in (("advcourse/attack.py", "steps = 1\n"), ("docs/handout.md", "Hello\n"), ("make.py", "")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in (
        "lectures/00_start_here",
        "lectures/01_one",
        "lectures/02_two",
        "exercises/01_one",
        "exercises/02_two",
    ):
        written(root / f"{name}.ipynb", "z = ...")
    written(root / "solutions/01_one.ipynb", "### BEGIN SOLUTION\nz = 1\n### END SOLUTION")
    return root


def made(course, **kwargs):
    return handout(course, course.parent / "out", **kwargs)[1]


def names_in(archive):
    with zipfile.ZipFile(archive) as file:
        return {name.partition("/")[2] for name in file.namelist()}


def test_the_same_files_give_the_same_bytes(course):
    first = made(course).read_bytes()
    for path in course.rglob("*"):
        os.utime(path, (1e9, 1e9))
    shutil.copytree(course, course.parent / "elsewhere" / "repository")
    assert made(course.parent / "elsewhere" / "repository").read_bytes() == first
    with zipfile.ZipFile(made(course)) as file:
        assert {entry.date_time[0] for entry in file.infolist()} == {1980}
        assert (names := file.namelist()) == sorted(names, key=lambda name: (name.endswith(RECORD), name))
    (course / "advcourse/attack.py").write_text("steps = 2\n")
    assert made(course).read_bytes() != first


def test_some_units_only(course):
    assert "exercises/02_two.ipynb" not in names_in(made(course, units=["01"]))
    assert {"lectures/00_start_here.ipynb", "lectures/01_one.ipynb"} <= names_in(made(course, units=["01"]))
    with pytest.raises(NotebookError, match="there is no unit 03; there are 01, 02"):
        made(course, units=["03"])


def test_what_lies_about_is_not_handed_out(course):
    for name in ("exercises/01_one-Copy1.ipynb", "exercises/01_one.backup-1.ipynb", "lectures/notes.txt", "grades.csv"):
        (course / name).write_text("{}")
    (course / "advcourse/__pycache__").mkdir()
    (course / "advcourse/__pycache__/attack.pyc").touch()
    assert names_in(made(course)) == {
        *("README.md", RECORD, "make.py", "advcourse/attack.py", "lectures/00_start_here.ipynb"),
        *(f"{folder}/{unit}.ipynb" for folder in ("lectures", "exercises") for unit in ("01_one", "02_two")),
    }


def test_an_exercise_that_was_worked_in_is_refused(course):
    notebook = read(course / "exercises/01_one.ipynb")
    notebook.cells[0].source = "z = 1"
    (course / "exercises/01_one.ipynb").write_text(nbformat.v4.writes(notebook))
    with pytest.raises(NotebookError, match=r"01_one.ipynb: its cells were edited; make exercises"):
        made(course)


def test_a_solution_in_a_lecture_is_refused(course):
    written(course / "lectures/01_one.ipynb", "### BEGIN SOLUTION\nz = 1\n### END SOLUTION")
    with pytest.raises(NotebookError, match="holds a solution"):
        made(course)


# A newer one ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def mine(course):
    """A hand-out that a student has unpacked."""
    folder, _ = handout(course, course.parent / "first")
    return shutil.copytree(folder, course.parent / "mine")


def newer(course):
    """The next version: a lecture, an exercise and the library have changed."""
    written(course / "lectures/01_one.ipynb", "z = ...", "new = 1")
    written(course / "exercises/01_one.ipynb", "z = ...", "new = 1")
    (course / "advcourse/attack.py").write_text("steps = 2\n")
    return made(course)


def test_what_nobody_changed_is_replaced_also_when_it_was_run(course, mine):
    written(mine / "lectures/01_one.ipynb", "z = ...", printed=["ran"])
    assert update(mine, newer(course)) == []
    assert (
        "new = 1" in (mine / "lectures/01_one.ipynb").read_text()
        and (mine / "advcourse/attack.py").read_text() == "steps = 2\n"
    )
    assert update(mine, made(course)) == []


def test_a_notebook_that_was_worked_in_stays_to_the_byte_and_the_new_one_lies_beside(course, mine):
    written(mine / "exercises/01_one.ipynb", "z = my_answer")
    work = (mine / "exercises/01_one.ipynb").read_bytes()
    for _ in range(2):
        (told,) = update(mine, newer(course))
        assert "exercises/01_one.ipynb: yours, left as it is" in told
        assert (mine / "exercises/01_one.ipynb").read_bytes() == work
    (beside,) = (mine / "exercises").glob("01_one.new-*.ipynb")
    assert beside.read_bytes() == (course / "exercises/01_one.ipynb").read_bytes()


def test_a_changed_file_of_the_library_is_kept_beside_the_new_one(course, mine):
    (mine / "advcourse/attack.py").write_text("steps = 99\n")
    (told,) = update(mine, newer(course))
    (kept,) = (mine / "advcourse").glob("attack.py.yours-*")
    assert (
        kept.read_text() == "steps = 99\n"
        and kept.name in told
        and (mine / "advcourse/attack.py").read_text() == "steps = 2\n"
    )


def test_files_of_their_own_stay_and_what_is_no_longer_handed_out_goes(course, mine):
    (mine / "exercises/mine.ipynb").write_text("{}")
    (course / "advcourse/attack.py").rename(course / "advcourse/attacks.py")
    update(mine, made(course, units=["02"]))
    assert (mine / "exercises/mine.ipynb").exists() and (mine / "exercises/01_one.ipynb").exists()
    assert not (mine / "advcourse/attack.py").exists() and (mine / "advcourse/attacks.py").exists()


def test_after_a_week_that_was_not_handed_out_work_is_still_known(course, mine):
    update(mine, made(course, units=["02"]))
    written(mine / "exercises/01_one.ipynb", "z = my_answer")
    (told,) = update(mine, newer(course))
    assert "exercises/01_one.ipynb: yours" in told and "my_answer" in (mine / "exercises/01_one.ipynb").read_text()
    assert "new = 1" in (mine / "lectures/01_one.ipynb").read_text()  # which nobody has touched


def test_without_its_record_everything_counts_as_worked_in(course, mine):
    (mine / RECORD).unlink()
    before = (mine / "exercises/01_one.ipynb").read_bytes()
    assert len(update(mine, newer(course))) == 3
    assert (mine / "exercises/01_one.ipynb").read_bytes() == before


@pytest.mark.parametrize("harm", ["torn", "changed", "no zip", "missing"])
def test_a_damaged_zip_changes_nothing(course, mine, harm):
    archive = newer(course)
    content = archive.read_bytes()
    harmed = {
        "torn": content[: len(content) // 2],
        "changed": content.replace(b"steps = 2", b"steps = 3"),
        "no zip": b"hello",
    }
    archive.unlink() if harm == "missing" else archive.write_bytes(harmed[harm])
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    with pytest.raises(UpdateError, match="download it again"):
        update(mine, archive)
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def test_a_zip_that_names_a_file_outside_is_refused(mine, tmp_path):
    from advcourse.course.update import essence

    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr("top/../../out.py", "x")
        file.writestr(f"top/{RECORD}", json.dumps({"../../out.py": essence("out.py", b"x")}))
    with pytest.raises(UpdateError, match="outside of its folder"):
        update(mine, tmp_path / "bad.zip")


def test_killed_on_the_way_it_goes_on(course, mine, monkeypatch):
    import advcourse.course.update as module

    archive, write, left = newer(course), module.write, [2]

    def breaks(path, content):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        write(path, content)

    written(mine / "exercises/01_one.ipynb", "z = my_answer")
    monkeypatch.setattr(module, "write", breaks)
    with pytest.raises(KeyboardInterrupt):
        update(mine, archive)
    monkeypatch.setattr(module, "write", write)
    assert len(update(mine, archive)) == 1
    assert (
        "my_answer" in (mine / "exercises/01_one.ipynb").read_text()
        and (mine / "advcourse/attack.py").read_text() == "steps = 2\n"
    )
