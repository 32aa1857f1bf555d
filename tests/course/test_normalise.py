"""One form for saved notebooks: nothing of the machine or the moment, everything nbval compares."""

import copy
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from advcourse.course.__main__ import main
from advcourse.course.normalise import execute, normalise, tidy
from advcourse.course.notebook import KERNELSPEC, LANGUAGE_INFO, NotebookError, read

WIDGET = "application/vnd.jupyter.widget-view+json"


def cell(*outputs, count=1, **rest):
    return new_code_cell("1", outputs=list(outputs), execution_count=count, **rest)


def notebook(*cells, **metadata):
    return nbformat.from_dict({**new_notebook(metadata=metadata), "cells": list(cells)})  # duplicate ids as well


def stream(text, name="stdout"):
    return new_output("stream", text=text, name=name)


def only_cell(*outputs, **rest):
    return normalise(notebook(cell(*outputs, **rest))).cells[0]


def test_metadata_of_machine_and_widgets_goes():
    versions = {"name": "python", "version": "3.12.1", "pygments_lexer": "ipython3"}
    result = normalise(
        notebook(
            widgets={"state": {}}, language_info=versions, kernelspec={"name": "conda", "display_name": "mine"}, toc={}
        )
    )
    assert result.metadata == {"kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO}


def test_the_language_is_said_as_the_kernel_says_it_but_for_the_version():
    """JupyterLab writes the kernel's words into the notebook, and a notebook that lacks one opens as modified."""
    from ipykernel.ipkernel import IPythonKernel

    assert {**IPythonKernel.language_info, "version": ""} == {**LANGUAGE_INFO, "version": ""}


def test_the_record_of_a_generated_exercise_stays():
    assert normalise(notebook(advcourse={"sha256": "1"})).metadata.advcourse == {"sha256": "1"}


def test_timing_goes_and_tags_stay():
    timed = only_cell(metadata={"execution": {"iopub.execute_input": "now"}, "tags": ["nbval-ignore-output"]})
    assert timed.metadata == {"tags": ["nbval-ignore-output"]}


def test_counts_become_one_to_n_also_in_results():
    result = new_output("execute_result", data={"text/plain": "7"}, execution_count=9)
    cells = normalise(notebook(cell(count=5), new_markdown_cell("a"), cell(result, count=9))).cells
    assert [cells[0].execution_count, cells[2].execution_count, cells[2].outputs[0].execution_count] == [1, 2, 2]


def test_a_cell_that_was_not_run_gets_no_count():
    cells = normalise(notebook(cell(count=None), cell(count=4))).cells
    assert [c.execution_count for c in cells] == [None, 1]


def test_neighbouring_streams_of_one_name_become_one():
    outputs = only_cell(stream("a"), stream("b"), stream("c", "stderr"), stream("d")).outputs
    assert [(o.name, o.text) for o in outputs] == [("stdout", "ab"), ("stderr", "c"), ("stdout", "d")]


def test_the_live_widget_goes_and_its_picture_stays():
    data = {WIDGET: {"model_id": "7"}, "image/png": "AAAA", "text/plain": "panel"}
    shown = new_output("display_data", data=data, metadata={"image/png": {"alt": "a seven"}, WIDGET: {}})
    (output,) = only_cell(shown).outputs
    assert output.data == {"image/png": "AAAA", "text/plain": "panel"}
    assert output.metadata == {"image/png": {"alt": "a seven"}}


def test_an_output_that_was_only_a_live_widget_goes():
    assert only_cell(new_output("display_data", data={WIDGET: {"model_id": "7"}})).outputs == []


def test_ids_stay():
    assert normalise(notebook(cell(id="kept"))).cells[0].id == "kept"


def test_duplicate_ids_are_refused_by_name():
    with pytest.raises(NotebookError, match=r"cell 2 \(id same\): cell 1 has the same id"):
        normalise(notebook(cell(id="same"), cell(id="same")))


def test_a_cell_without_an_id_gets_one_that_no_other_has():
    nameless = cell()
    del nameless["id"]
    assert [c.id for c in normalise(notebook(nameless, cell(id="cell-1"))).cells] == ["cell-1-again", "cell-1"]


def test_it_is_pure_and_idempotent():
    before = notebook(cell(stream("a"), stream("b"), count=7), widgets={"state": {}})
    kept = copy.deepcopy(before)
    once = normalise(before)
    assert before == kept and normalise(once) == once
    nbformat.validate(once)


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    def save(*cells, name="01_unit.ipynb"):
        nbformat.write(notebook(*cells, kernelspec={"name": "python3", "display_name": "mine"}), tmp_path / name)
        return tmp_path / name

    return save


def test_tidying_writes_once(saved):
    path = saved(cell(count=5))
    assert tidy(path) and not tidy(path)
    assert json.loads(path.read_text())["metadata"]["kernelspec"] == KERNELSPEC


def test_check_writes_nothing_and_fails(saved, capsys):
    path = saved(cell(count=5))
    before = path.read_bytes()
    assert main(["normalise", "--check", str(path)]) == 1 and path.read_bytes() == before
    assert "01_unit.ipynb: not normal" in capsys.readouterr().out
    assert main(["normalise", str(path)]) == main(["normalise", "--check", str(path)]) == 0


def test_one_broken_notebook_does_not_stop_the_others(saved, capsys):
    broken, good = saved(cell(), name="01_broken.ipynb"), saved(cell(count=5), name="02_good.ipynb")
    broken.write_text("{")
    assert main(["normalise", str(broken), str(good)]) == 1
    assert "01_broken.ipynb" in capsys.readouterr().err and read(good).cells[0].execution_count == 1


def test_no_notebooks_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["normalise"]) == 1 and "root of the repository" in capsys.readouterr().err


# Execution: real kernels ----------------------------------------------------------------------------------------------


def test_executing_runs_in_the_notebooks_folder_with_one_thread(saved):
    (saved().parent / "here.txt").touch()
    path = saved(
        new_code_cell("import os, pathlib\nprint(pathlib.Path('here.txt').exists(), os.environ['OMP_NUM_THREADS'])")
    )
    assert tidy(path, run=True)
    (ran,) = read(path).cells
    assert ran.execution_count == 1 and ran.outputs[0].text == "True 1\n" and "execution" not in ran.metadata


def test_an_error_leaves_the_file_and_names_the_cell(saved, capsys):
    path = saved(new_code_cell("print(1)"), new_code_cell("1 / 0", id="bad"), new_code_cell("print(2)"))
    before = path.read_bytes()
    assert main(["normalise", "--execute", str(path)]) == 1
    message = capsys.readouterr().err.strip()
    assert "01_unit.ipynb cell 2 (id bad): ZeroDivisionError: division by zero" in message and "\n" not in message
    assert path.read_bytes() == before


def test_a_group_of_errors_is_an_error(saved, tmp_path):
    """IPython prints its traceback: among the outputs there is no error."""
    group = notebook(new_code_cell("raise ExceptionGroup('several', [ValueError('a'), KeyError('b')])", id="bad"))
    with pytest.raises(NotebookError, match=r"cell 1 \(id bad\): ExceptionGroup: several"):
        execute(group, tmp_path)


def test_a_dead_kernel_names_the_cell(saved, tmp_path):
    dying = notebook(new_code_cell("1"), new_code_cell("import os; os._exit(1)", id="bad"))
    with pytest.raises(NotebookError, match=r"cell 2 \(id bad\)"):
        execute(dying, tmp_path)
