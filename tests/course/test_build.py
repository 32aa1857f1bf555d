"""Exercises are generated from solutions, and nobody's work is ever overwritten."""

import errno
import io
import os
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from advcourse.course.__main__ import main
from advcourse.course.build import build, exercise_of, fingerprint
from advcourse.course.notebook import LANGUAGE_INFO, NotebookError, read

STUB = "def fgsm(x):\n    z = ...  # one step uphill\n    return z"
SOLVED = STUB.replace("    return", "    ### BEGIN SOLUTION\n    z = x + 1\n    ### END SOLUTION\n    return")


def notebook(*cells):
    return new_notebook(cells=list(cells), metadata={"language_info": {"name": "python", "version": "3.11"}})


def solution():
    ran = new_code_cell(SOLVED, id="fgsm", execution_count=3, outputs=[new_output("stream", text="hello")])
    return notebook(new_markdown_cell("# Steps", id="title"), ran)


def refused(*cells) -> str:
    with pytest.raises(NotebookError) as error:
        exercise_of(notebook(*cells))
    return str(error.value)


@pytest.fixture
def course(tmp_path):
    """A course of one unit, its exercise generated: (solutions, exercises)."""
    solutions, exercises = tmp_path / "solutions", tmp_path / "exercises"
    solutions.mkdir()
    nbformat.write(solution(), solutions / "04_steps.ipynb")
    build(solutions, exercises)
    return solutions, exercises


def statuses(outcomes):
    return {outcome.path.name: outcome.status for outcome in outcomes}


def edit(path, text="z = my own work"):
    mine = read(path)
    mine.cells[1].source = text
    nbformat.write(mine, path)


# What is cut, what stays ----------------------------------------------------------------------------------------------


def test_the_region_goes_and_the_stub_line_stays():
    exercise = exercise_of(solution())
    assert exercise.cells[1].source == STUB


def test_ids_stay_and_outputs_counts_and_the_machine_go():
    exercise = exercise_of(solution(), generated_from="solutions/04_steps.ipynb")
    assert [cell.id for cell in exercise.cells] == ["title", "fgsm"]
    assert exercise.cells[1].outputs == [] and exercise.cells[1].execution_count is None
    assert set(exercise.metadata) == {"kernelspec", "language_info", "advcourse"}
    assert exercise.metadata.language_info == LANGUAGE_INFO
    assert exercise.metadata.advcourse == {
        "generated_from": "solutions/04_steps.ipynb",
        "sha256": fingerprint(exercise.cells),
    }
    nbformat.validate(exercise)


def test_tags_stay_and_timing_goes():
    cell = new_code_cell("1", metadata={"tags": ["nbval-ignore-output"], "execution": {"iopub.execute_input": "now"}})
    assert exercise_of(notebook(cell)).cells[0].metadata == {"tags": ["nbval-ignore-output"]}


def test_the_solution_is_not_changed_by_building():
    before = solution()
    exercise_of(before)
    assert [c.source for c in before.cells] == [c.source for c in solution().cells] and before.cells[1].outputs


def test_markdown_regions_go_with_their_comment_lines():
    text = "Why?\n\n<!-- ### BEGIN SOLUTION -->\nBecause.\n<!-- ### END SOLUTION -->\n\n*Your answer:*"
    assert exercise_of(notebook(new_markdown_cell(text))).cells[0].source == "Why?\n\n\n*Your answer:*"


@pytest.mark.parametrize("new_cell", [new_code_cell, new_markdown_cell])
def test_a_cell_that_is_empty_without_its_solution_is_left_out(new_cell):
    hidden = new_cell("### BEGIN SOLUTION\n1\n### END SOLUTION\n")
    assert [c.source for c in exercise_of(notebook(hidden, new_code_cell("2"))).cells] == ["2"]


def test_several_regions_in_one_cell():
    text = "a = ...\n### BEGIN SOLUTION\na = 1\n### END SOLUTION\nb = ...\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION"
    assert exercise_of(notebook(new_code_cell(text))).cells[0].source == "a = ...\nb = ..."


@pytest.mark.parametrize("source", ["%matplotlib inline\nx = 1", "%%time\nx = 1", "!ls", "fgsm?", "await f()", "a % b"])
def test_magics_and_top_level_await_are_python_here(source):
    assert exercise_of(notebook(new_code_cell(source))).cells[0].source == source


SPELLINGS = ["### {} SOLUTION", "# {} SOLUTION", "###{} SOLUTION", "###  {}  SOLUTION ###", "#{}_SOLUTION"]


@pytest.mark.parametrize("spelling", [*SPELLINGS, "<!-- {} SOLUTION -->", "#\u00a0{}: Solution"])
@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
def test_no_spelling_of_the_markers_gives_the_solution_away(spelling, case):
    begin, end = (case(spelling.format(word)) for word in ("begin", "end"))
    gap = new_markdown_cell(f"Why?\n  {begin}\nBecause.\n  {end}\n*Your answer:*")
    assert exercise_of(notebook(gap)).cells[0].source == "Why?\n*Your answer:*"


NEAR_MISSES = [
    "### BEGIN SOLUTIONS",
    "# BEGN SOLUTION",
    "### BEGIN SOLUTOIN",
    "## SOLUTION BEGIN",
    "# START OF SOLUTION",
    "## BEGIN",
    "### END",
    "# begin:",
    "### BEGIN SOL",
    "### BEGIN ANSWER",
    "# end answer",
    "# BEGIN of what is cut out",
    "# Solution:",
    "### SOLUTION",
    "# --- solution ---",
    '"""BEGIN SOLUTION"""',
    "'END SOLUTION'",
]


@pytest.mark.parametrize(
    "line", [*NEAR_MISSES, "# beginsoluton", "# START OF SOLUTION", "### STOP SOLUTION", "# end of the solution"]
)
@pytest.mark.parametrize("new_cell", [new_code_cell, new_markdown_cell])
def test_what_is_meant_as_a_marker_and_is_none_is_refused_with_its_cell(line, new_cell):
    message = refused(new_cell("1"), new_cell(f"z = ...\n{line}\nz = 'secret'", id="gap"))
    assert "cell 2 (id gap)" in message and line in message and "### BEGIN SOLUTION" in message


def test_two_hashes_and_begin_are_a_marker_in_code_and_a_heading_in_text():
    line = "## begin of what is cut out"
    assert "looks like a solution marker" in refused(new_code_cell(f"z = ...\n{line}\nz = 'secret'"))
    assert exercise_of(notebook(new_markdown_cell(line))).cells[0].source == line


@pytest.mark.parametrize("line", ["**BEGIN SOLUTION**", "BEGIN SOLUTION", "> End Solution"])
def test_a_marker_without_hashes_is_refused_in_text_and_no_python_in_code(line):
    assert "looks like a solution marker" in refused(new_markdown_cell(f"Why?\n\n{line}\n\nBecause.", id="gap"))
    assert "not Python" in refused(new_code_cell(line, id="gap"))


@pytest.mark.parametrize(
    "source",
    [
        "end = solution",
        "solution(start, end)  # as before",
        "end",
        "# a solution",
        "# to the very end of it all",
        "# begin with the clean image",
        "# end of the walk: nothing left",
        "z = x  # end",
    ],
)
def test_what_only_speaks_of_solutions_stays(source):
    assert exercise_of(notebook(new_code_cell(source))).cells[0].source == source


PICTURE = {"image/png": "AAAA"}


def test_a_picture_of_the_solution_goes_with_it_and_one_of_the_task_stays():
    text = "![task](attachment:my%20task.png)\n### BEGIN SOLUTION\n![curve](attachment:task.png)\n### END SOLUTION"
    pictures = {"my task.png": PICTURE, "task.png": PICTURE, "unused.png": PICTURE}
    (cell,) = exercise_of(notebook(new_markdown_cell(text, attachments=pictures))).cells
    assert cell.attachments == {"my task.png": PICTURE}
    text = text.replace("my%20task", "task.png.old")
    (cell,) = exercise_of(notebook(new_markdown_cell(text, attachments=pictures))).cells
    assert "attachments" not in cell


@pytest.mark.parametrize("minor", [0, 4, 5])
def test_a_solution_without_ids_gets_them_the_same_ones_every_time(tmp_path, minor):
    """Colab saves none, or its own beside the cell's metadata; JupyterLab does not add them."""
    solutions, exercises = tmp_path / "solutions", tmp_path / "exercises"
    solutions.mkdir()
    cells = [new_markdown_cell("a", metadata={"id": "fromColab_1"}), new_code_cell("z = 1"), new_code_cell("z = 2")]
    for cell in cells:
        del cell["id"]
    plain = nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor})
    (solutions / "04_steps.ipynb").write_text(nbformat.v4.writes(plain))
    build(solutions, exercises)
    assert [c.id for c in read(exercises / "04_steps.ipynb").cells] == ["fromColab_1", "cell-2", "cell-3"]
    assert statuses(build(solutions, exercises, check=True)) == {"04_steps.ipynb": "up to date"}
    assert main(["normalise", str(solutions / "04_steps.ipynb")]) == 0
    assert [c.id for c in read(solutions / "04_steps.ipynb").cells] == ["fromColab_1", "cell-2", "cell-3"]
    assert statuses(build(solutions, exercises, check=True)) == {"04_steps.ipynb": "up to date"}


@pytest.mark.parametrize("write", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_a_mark_at_the_start_and_windows_line_ends_are_no_difference(course, write):
    for folder in course:
        path = folder / "04_steps.ipynb"
        path.write_bytes(write(path.read_bytes()))
    assert statuses(build(*course, check=True)) == {"04_steps.ipynb": "up to date"}


@pytest.mark.parametrize(
    "name", ["{}-Copy1", "{}-Copy", "{} - Copy", "{} copy 2", "{} (1)", "{}(1)", "._{}", ".~{}", "{}.backup-1"]
)
def test_a_copy_beside_a_notebook_is_nobodys_business(course, name):
    for folder in course:
        copied = folder / f"{name.format('04_steps')}.ipynb"
        copied.write_bytes((folder / "04_steps.ipynb").read_bytes())
    assert statuses(build(*course, check=True)) == {"04_steps.ipynb": "up to date"} == statuses(build(*course))


# What is refused ------------------------------------------------------------------------------------------------------


def test_an_unclosed_region_is_refused_with_cell_and_id():
    message = refused(new_markdown_cell("a"), new_code_cell("### BEGIN SOLUTION\n1", id="gap"))
    assert "cell 2 (id gap)" in message and "never closed" in message


def test_a_nested_region_is_refused():
    message = refused(new_code_cell("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", id="gap"))
    assert "cell 1 (id gap)" in message and "inside a solution" in message


def test_a_stray_end_is_refused():
    assert "without a BEGIN" in refused(new_code_cell("1\n### END SOLUTION"))
    assert "without a BEGIN" in refused(new_markdown_cell("### BEGIN SOLUTION\n### END SOLUTION\n### END SOLUTION"))


def test_both_markers_on_one_line_are_refused():
    assert refused(new_markdown_cell("<!-- ### BEGIN SOLUTION ### END SOLUTION -->"))


def test_a_region_that_leaves_no_python_is_refused_with_the_remedy():
    message = refused(new_code_cell("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION", id="gap"))
    assert "cell 1 (id gap)" in message and "stub line" in message


@pytest.mark.parametrize("broken", ['{"cells": [', "[]", '{"nbformat": 3}', '{"nbformat": 4, "cells": 1}', ""])
def test_a_corrupted_solution_is_one_line_and_nothing_changes(course, broken, capsys):
    solutions, exercises = course
    nbformat.write(notebook(new_markdown_cell("new")), solutions / "01_first.ipynb")
    (solutions / "05_broken.ipynb").write_text(broken)
    before = {path: path.read_bytes() for path in exercises.iterdir()}
    assert main(["build", "--solutions", str(solutions), "--exercises", str(exercises)]) == 1
    message = capsys.readouterr().err.strip()
    assert "05_broken.ipynb" in message and "\n" not in message
    assert {path: path.read_bytes() for path in exercises.iterdir()} == before


def test_a_refused_cell_names_its_file(course):
    solutions, exercises = course
    nbformat.write(notebook(new_code_cell("### END SOLUTION", id="gap")), solutions / "05_stray.ipynb")
    with pytest.raises(NotebookError, match=r"05_stray\.ipynb cell 1 \(id gap\)"):
        build(solutions, exercises)


def test_no_solutions_is_not_silently_nothing(tmp_path):
    with pytest.raises(NotebookError, match="root of the repository"):
        build(tmp_path / "solutions", tmp_path / "exercises")


def test_a_read_only_folder_is_one_line_and_leaves_no_litter(course, monkeypatch, capsys):
    solutions, exercises = course
    nbformat.write(notebook(new_markdown_cell("changed")), solutions / "04_steps.ipynb")
    nbformat.write(notebook(new_markdown_cell("new")), solutions / "05_next.ipynb")
    before = {path: path.read_bytes() for path in exercises.iterdir()}
    writes = iter([True, False])  # the second file fails: the first must not have been replaced

    def sometimes(*args, **kwargs):
        if next(writes):
            return real(*args, **kwargs)
        raise OSError(errno.EROFS, "Read-only file system")

    real = os.fdopen
    monkeypatch.setattr(os, "fdopen", sometimes)
    assert main(["build", "--solutions", str(solutions), "--exercises", str(exercises)]) == 1
    monkeypatch.undo()
    message = capsys.readouterr().err
    assert "05_next.ipynb" in message and "Read-only" in message and "Nothing was changed" in message
    assert {path: path.read_bytes() for path in exercises.iterdir()} == before


# What is written ------------------------------------------------------------------------------------------------------


def test_building_writes_a_valid_notebook_and_twice_changes_nothing(course):
    solutions, exercises = course
    exercise = read(exercises / "04_steps.ipynb")
    assert exercise.metadata.advcourse.generated_from == "solutions/04_steps.ipynb"
    before = (exercises / "04_steps.ipynb").stat().st_mtime_ns
    assert statuses(build(solutions, exercises)) == {"04_steps.ipynb": "up to date"}
    assert (exercises / "04_steps.ipynb").stat().st_mtime_ns == before


def test_an_untouched_exercise_follows_its_solution(course):
    solutions, exercises = course
    edit(solutions / "04_steps.ipynb", "z = 2")
    assert statuses(build(solutions, exercises)) == {"04_steps.ipynb": "written"}
    assert read(exercises / "04_steps.ipynb").cells[1].source == "z = 2"


def run_it(path):
    ran = read(path)
    ran.cells[1].outputs = [new_output("stream", text="mine")]
    nbformat.write(ran, path)


def forget(path):
    plain = read(path)
    del plain.metadata["advcourse"]
    nbformat.write(plain, path)


@pytest.mark.parametrize("work", [edit, run_it, forget, lambda path: path.write_text("not json")])
def test_a_notebook_that_was_worked_in_is_left_alone(course, work, capsys):
    solutions, exercises = course
    path = exercises / "04_steps.ipynb"
    work(path)
    mine = path.read_bytes()
    assert main(["build", "--solutions", str(solutions), "--exercises", str(exercises)]) == 1
    assert path.read_bytes() == mine
    assert "04_steps.ipynb: worked in" in capsys.readouterr().out


@pytest.mark.parametrize("work", [edit, lambda path: path.write_text("not json")])
def test_force_keeps_every_earlier_state_beside_the_new_one(course, work):
    solutions, exercises = course
    path, states = exercises / "04_steps.ipynb", []
    for _ in range(3):  # within one second: backups must not overwrite each other
        work(path)
        states.append(path.read_bytes())
        assert build(solutions, exercises, force=True)[0].status == "written"
        assert read(path).cells[1].source == STUB
    backups = sorted(exercises.glob("04_steps.backup-*.ipynb"))
    assert sorted(b.read_bytes() for b in backups) == sorted(states)


def test_saving_without_working_is_not_work(course):
    """JupyterLab rewrites metadata when it saves; only cells and outputs are a student's."""
    solutions, exercises = course
    saved = read(exercises / "04_steps.ipynb")
    saved.metadata.language_info = {"name": "python", "version": "3.12.1"}
    nbformat.write(saved, exercises / "04_steps.ipynb")
    assert statuses(build(solutions, exercises)) == {"04_steps.ipynb": "written"}


def test_a_console_that_lacks_a_letter_of_a_name_still_says_what_was_done(course, monkeypatch):
    solutions, exercises = course
    nbformat.write(solution(), solutions / "05_☃_é.ipynb")
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    assert main(["build", "--solutions", str(solutions), "--exercises", str(exercises)]) == 0
    console.seek(0)
    assert "05_?_é.ipynb: written" in console.read()


# --check --------------------------------------------------------------------------------------------------------------


def check(course) -> int:
    solutions, exercises = course
    return main(["build", "--check", "--solutions", str(solutions), "--exercises", str(exercises)])


def test_check_is_content_with_what_build_wrote(course):
    assert check(course) == 0


def test_check_names_missing_different_and_extra_and_writes_nothing(course, capsys):
    solutions, exercises = course
    nbformat.write(notebook(new_markdown_cell("new")), solutions / "05_missing.ipynb")
    nbformat.write(notebook(new_markdown_cell("old")), exercises / "06_extra.ipynb")
    edit(exercises / "04_steps.ipynb")
    before = {path: path.read_bytes() for path in exercises.iterdir()}
    assert check(course) == 1
    text = capsys.readouterr().out
    for line in ("04_steps.ipynb: different", "05_missing.ipynb: missing", "06_extra.ipynb: extra"):
        assert line in text
    assert {path: path.read_bytes() for path in exercises.iterdir()} == before


def test_check_sees_a_changed_solution(course):
    edit(course[0] / "04_steps.ipynb", "z = 3")
    assert check(course) == 1


def test_backups_are_not_taken_for_exercises(course):
    edit(course[1] / "04_steps.ipynb")
    build(*course, force=True)
    assert check(course) == 0
