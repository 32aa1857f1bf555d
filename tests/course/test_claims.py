"""A claim prints one stable line or fails with its numbers, and the ledger remembers both."""

import ast
import io
import math
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook
from statements import REQUIRED

from advcourse import check
from advcourse.claims import Claim, claim, read_ledger

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
PRESENT = sorted(path.stem for path in LECTURES.glob("*.ipynb") if path.stem in REQUIRED)


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """A ledger of this test alone."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("ADVCOURSE_LEDGER", str(path))
    return path


def test_a_console_that_has_no_tick_gets_a_word(monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    claim("D3", "α – a statement", holds=True, a=1)
    check.fgsm(lambda model, x, y, eps: x)
    console.seek(0)
    first, second, *_ = console.read().splitlines()
    assert first == "ok D3 ? – a statement" and second.startswith("NO fgsm")


# One claim ------------------------------------------------------------------------------------------------------------


def test_a_claim_that_holds_prints_exactly_one_line_without_digits(capsys):
    claim("D3", "Iterating is at least as strong as one step", holds=0.123 <= 0.456, iterated=0.123, one_step=0.456)
    shown = capsys.readouterr()
    assert shown.out == "✓ D3 Iterating is at least as strong as one step\n" and not shown.err


def test_the_line_does_not_depend_on_the_numbers(capsys):
    for value in (0.1, 1 / 3, torch.tensor(0.25), 7):
        claim("D1", "It is small", holds=True, value=value)
    assert set(capsys.readouterr().out.splitlines()) == {"✓ D1 It is small"}


def test_a_claim_that_fails_says_which_and_what_was_measured(capsys):
    with pytest.raises(AssertionError) as error:
        claim("D3", "Iterating is stronger", holds=0.75 <= 0.5, iterated=0.75, one_step=torch.tensor(0.5))
    assert str(error.value) == "✗ D3 does not hold: Iterating is stronger (measured: iterated = 0.75, one_step = 0.5)"
    assert not capsys.readouterr().out


@pytest.mark.parametrize("nothing", [math.nan, torch.tensor(math.nan)], ids=["float", "tensor"])
def test_what_could_not_be_measured_does_not_hold(nothing):
    with pytest.raises(AssertionError, match=r"D2 does not hold.*value = nan"):
        claim("D2", "It was measured", holds=True, value=nothing, other=1.0)


def test_a_claim_without_evidence_is_refused(ledger):
    with pytest.raises(ValueError, match=r"'D2' names no evidence: pass the measured numbers by name"):
        claim("D2", "Trust me", holds=True)
    assert not ledger.exists()


@pytest.mark.parametrize("holds", [torch.tensor(True), torch.tensor([[True]]), 1], ids=repr)
def test_verdicts_may_come_from_tensors(holds, ledger):
    claim("D2", "It holds", holds=holds, value=1)
    assert read_ledger(ledger)[0].holds is True


# The ledger -----------------------------------------------------------------------------------------------------------


def test_the_ledger_remembers_both_verdicts_with_their_numbers(ledger):
    claim("D1", "ε ≤ 8/255", holds=True, gap=torch.tensor(0.5), n=3)
    with pytest.raises(AssertionError):
        claim("D2", "no", holds=False, gap=1e-9)
    assert read_ledger(ledger) == [
        Claim("D1", "ε ≤ 8/255", True, {"gap": 0.5, "n": 3.0}),
        Claim("D2", "no", False, {"gap": 1e-9}),
    ]
    assert read_ledger(str(ledger)) == read_ledger(ledger)


def test_the_ledger_remembers_what_could_not_be_measured(ledger):
    with pytest.raises(AssertionError):
        claim("D1", "finite", holds=True, gap=math.nan, top=math.inf)
    (made,) = read_ledger(ledger)
    assert not made.holds and math.isnan(made.evidence["gap"]) and made.evidence["top"] == math.inf


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_without_the_variable_nothing_is_written(tmp_path, monkeypatch, value, capsys):
    monkeypatch.delenv("ADVCOURSE_LEDGER") if value is None else monkeypatch.setenv("ADVCOURSE_LEDGER", value)
    monkeypatch.chdir(tmp_path)
    claim("D1", "quiet", holds=True, value=1)
    assert capsys.readouterr().out == "✓ D1 quiet\n" and not list(tmp_path.iterdir())


FIFTY = """
import runpy, sys  # the file alone: the package would load torch, four times
claim = runpy.run_path(sys.argv[1])["claim"]
for n in range(50):
    claim(f"D{sys.argv[2]}", "side by side " + "x" * 200, holds=True, n=n)
"""


def test_several_processes_share_a_ledger(ledger):
    """As notebooks do that run side by side."""
    arguments = [sys.executable, "-c", FIFTY, str(LECTURES.parent / "advcourse" / "claims.py")]
    utf8 = {**os.environ, "PYTHONUTF8": "1"}
    workers = [subprocess.Popen([*arguments, str(k)], env=utf8, stdout=subprocess.DEVNULL) for k in range(4)]
    assert [worker.wait(120) for worker in workers] == [0] * 4
    made = read_ledger(ledger)
    assert len(made) == 200
    for k in range(4):
        assert [c.evidence["n"] for c in made if c.id == f"D{k}"] == list(range(50)), (
            "each one's claims keep their order"
        )


# In a notebook --------------------------------------------------------------------------------------------------------


def test_a_run_of_the_notebooks_fails_where_a_claim_does(tmp_path, ledger):
    """nbval compares what is printed, and would not mind a cell that raises what it raised when it was saved."""
    cells = [f"from advcourse.claims import claim\nclaim('D{n}', 'x', holds={n} < 2, n={n})" for n in (1, 2)]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, tmp_path / "lecture.ipynb")
    quiet = ["-p", "no:cacheprovider", "--nbval-current-env", "lecture.ipynb"]
    environment = {**os.environ, "PYTHONPATH": str(LECTURES.parent), "PYTHONUTF8": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "--nbval", *quiet]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 1 and "✗ D2 does not hold" in run.stdout, run.stdout + run.stderr
    assert [(made.id, made.holds) for made in read_ledger(ledger)] == [("D1", True), ("D2", False)]


# What the lectures claim ----------------------------------------------------------------------------------------------


def claimed(path):
    """The ids in the claim(...) calls of a notebook."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    calls = [node for cell in cells for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call)]
    return [call.args[0].value for call in calls if isinstance(call.func, ast.Name) and call.func.id == "claim"]


@pytest.mark.parametrize("unit", PRESENT)
def test_a_lecture_claims_every_statement_of_its_unit(unit):
    missing = REQUIRED[unit] - set(claimed(LECTURES / f"{unit}.ipynb"))
    assert not missing, f"{unit} claims nothing about {', '.join(sorted(missing))}"


def test_every_statement_of_the_course_belongs_to_one_unit():
    ids = [id for unit in REQUIRED.values() for id in unit]
    assert len(ids) == len(set(ids)) == 31
    letters = {letter: sorted(int(id[1:]) for id in ids if id[0] == letter) for letter in "ABCDEFGH"}
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in letters.values()), "numbered without a gap"
