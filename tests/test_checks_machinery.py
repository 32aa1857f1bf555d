"""How answers are judged, whatever the exercise."""

from __future__ import annotations

import contextlib
import importlib
import io
import subprocess
import sys
from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest
import torch
from banks.fgsm import BANK, reference
from banks.ill_behaved import A_NUMBER, Contrary, hangs
from banks.inflation import reference as factor
from banks.rules import assert_judged, ids_of_all_banks, ids_of_machinery

import advcourse as adv
from advcourse.checks import EXERCISES, Verdict, check, interview, judge
from advcourse.checks.interview import is_plain
from advcourse.checks.shuffles import lines_that_moved
from advcourse.checks.spec import compared
from advcourse.checks.verdict import Exercise, apart


def printed(show, candidate) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert show(candidate) is None
    return out.getvalue()


def test_a_verdict_is_a_value():
    verdict = Verdict("passed", "ok", "All is well.")
    assert verdict == Verdict("passed", "ok", "All is well.")
    with pytest.raises(FrozenInstanceError):
        verdict.status = "failed"


def test_check_prints_the_verdict_and_nothing_else(capsys):
    check.fgsm(reference)
    check.fgsm(BANK["minus sign"][1])
    check.fgsm(lambda model, x, y, eps: ...)
    out, err = capsys.readouterr()
    assert err == ""
    heads = [line for line in out.splitlines() if not line.startswith("  ")]
    assert heads == ["✓ fgsm", "✗ fgsm: minus-sign", "○ fgsm: not attempted yet"]
    assert max(map(len, out.splitlines())) <= 100


def test_check_reads_the_same_from_run_to_run():
    assert printed(check.fgsm, reference) == printed(check.fgsm, reference)


def test_check_lists_its_exercises():
    assert dir(check) == sorted(EXERCISES)
    assert "iterative_fgsm" in repr(check)
    for name in EXERCISES:
        assert callable(getattr(check, name))


def test_unknown_exercises_are_named_with_a_guess():
    with pytest.raises(KeyError, match=r"Did you mean 'fgsm'\? There are: .*input_gradient, fgsm"):
        judge("fsgm", reference)
    with pytest.raises(AttributeError, match="Did you mean 'project'"):
        check.projekt  # noqa: B018


def test_printing_is_swallowed_and_mentioned(capsys):
    def chatty(model, x, y, eps):
        print("x is", x.shape)
        print("careful", file=sys.stderr)
        return reference(model, x, y, eps)

    verdict = judge("fgsm", chatty)
    assert verdict.diagnosis == "ok"
    assert "prints" in verdict.message and "prints" not in judge("fgsm", reference).message
    assert capsys.readouterr() == ("", "")


def test_the_students_line_is_shown():
    def helper(x):
        return x.no_such_method()

    def candidate(model, x, y, eps):
        return helper(x) * eps

    message = judge("fgsm", candidate).message
    assert "AttributeError: 'Tensor' object has no attribute 'no_such_method'" in message
    assert message.endswith("Line 2 of helper: return x.no_such_method()"), "which may stand in another cell"


def test_an_error_inside_torch_is_shown_at_the_students_line():
    def candidate(model, x, y, eps):
        return model(x.flatten())

    assert judge("fgsm", candidate).message.endswith("Line 2 of candidate: return model(x.flatten())")


def test_every_call_gets_objects_of_its_own():
    """What one call keeps or changes cannot reach the next one."""
    seen = []

    def collects(model, x, y, eps):
        assert not any(x.data_ptr() == other.data_ptr() or model is another for another, other in seen)
        seen.append((model, x))
        return reference(model, x, y, eps)

    assert judge("fgsm", collects).diagnosis == "ok"
    assert len(seen) > 5


def test_no_candidate_is_fed_another_ones_output():
    """The inputs of two different candidates are the same, whatever each of them answered."""
    inputs = {"right": [], "wrong": []}

    def right(g, step_size):
        inputs["right"].append(g.clone())
        return torch.zeros_like(g)

    def wrong(g, step_size):
        inputs["wrong"].append(g.clone())
        return torch.full_like(g, step_size)

    judge("l2_step", right), judge("l2_step", wrong)
    assert torch.equal(inputs["right"][0], inputs["wrong"][0])


def test_every_diagnosis_of_the_machinery_is_hit_by_a_row():
    """A detector without a row could be removed unnoticed."""
    elsewhere = {"changes-torch-settings", "earlier-answer"}  # in test_checks_sandbox.py and test_checks_earlier.py
    assert ids_of_machinery() - elsewhere <= ids_of_all_banks()


def test_a_judgement_is_quick():
    """A notebook checks at every attempt. What a check costs is the calls it makes, whatever else the machine does."""
    for name in ("fgsm", "project", "kurakin_loss"):
        answer, calls = importlib.import_module(f"banks.{name}").reference, []

        def counted(*args, answer=answer, calls=calls):
            calls.append(None)
            return answer(*args)

        assert judge(name, counted).diagnosis == "ok"
        assert 3 < len(calls) < 40


def test_the_numbers_count_and_not_what_kind_of_tensor_carries_them():
    assert judge("fgsm", lambda *args: reference(*args).as_subclass(Contrary)).diagnosis == "ok"
    assert judge("inflation", lambda *args: Fraction(factor(*args))).diagnosis == "ok"


@pytest.mark.parametrize("title", A_NUMBER)
def test_a_number_that_is_none(title):
    assert_judged("inflation", A_NUMBER[title])


def test_what_a_check_itself_makes_of_an_answer_does_not_get_out(monkeypatch):
    """The last resort: whatever was not foreseen becomes a verdict, with the type of the answer."""

    def check(ask):
        return ask(torch.zeros(2)).no_such_thing

    monkeypatch.setitem(EXERCISES, "project", Exercise("x", check))
    verdict = judge("project", lambda x: x.clone())
    assert verdict.diagnosis == "cannot-be-examined"
    assert "type Tensor" in verdict.message and "AttributeError" in verdict.message


def test_a_thing_that_never_answers_is_a_finding(monkeypatch):
    monkeypatch.setattr(interview, "PATIENCE", 0.1)
    endless = type("Endless", (), {"__float__": lambda self: hangs()})
    verdict = judge("inflation", lambda *args: endless(), seconds=0.1)
    assert verdict.diagnosis == "cannot-be-examined" and "Endless" in verdict.message


def with_an_attribute() -> torch.Tensor:
    odd = torch.zeros(2)
    odd.shape_of_mine = property(lambda self: 1 / 0)
    return odd


@pytest.mark.parametrize(
    ("thing", "plain"),
    [
        ([torch.zeros(2), (0.5, "seven", None)], True),
        (torch.nn.Parameter(torch.zeros(2)), False),
        (with_an_attribute(), False),
        ([[[[1]]]], False),
        ({"a": 1}, False),
        (np.float64(1), False),
        ([torch.nn.Linear(1, 1)], False),
    ],
    ids=str,
)
def test_only_what_calls_nobodys_code_is_looked_at_unwatched(thing, plain):
    assert is_plain(thing) == plain


def test_the_checks_do_not_lean_on_the_librarys_attacks():
    code = (
        "import sys, types\n"
        "sys.modules['advcourse.attacks'] = None\n"
        "package = types.ModuleType('advcourse')\n"
        "import importlib.util\n"
        "package.__path__ = list(importlib.util.find_spec('advcourse').submodule_search_locations)\n"
        "sys.modules['advcourse'] = package\n"
        "import advcourse.checks\n"
        "print(sorted(m for m in sys.modules if m.startswith('advcourse.') and '.checks' not in m))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout == "['advcourse.attacks', 'advcourse.claims']\n", done.stderr  # a line is said as claims say it


@pytest.mark.parametrize("name", ["input_gradient", "fgsm", "iterative_fgsm"])
def test_a_passed_answer_that_erases_gradients_is_told_so(name):
    rows = importlib.import_module(f"banks.{name}").BANK
    erasing = next(answer for title, (_, answer) in rows.items() if "zero_grad" in title)
    assert "are gone after it" in judge(name, erasing).message
    assert "left as it was" in judge(name, rows["the reference"][1]).message


@pytest.mark.parametrize("name", ["input_gradient", "fgsm", "iterative_fgsm"])
def test_a_passed_answer_that_is_the_librarys_is_told_so(name):
    rows = importlib.import_module(f"banks.{name}").BANK
    assert "the library's own" in judge(name, rows["the library's"][1]).message


def test_a_helper_from_the_library_is_not_the_answer():
    def fgsm(model, x, y, eps):
        g = adv.input_gradient(model, x, adv.Untargeted(y))
        return (x + eps * g.sign()).clamp(0, 1)

    assert "left as it was" in judge("fgsm", fgsm).message


def test_the_share_that_is_off_goes_by_the_checks_own_tolerance():
    """A check that is stricter than others must not say that 0 % of the entries are wrong."""
    found, wanted = torch.tensor([0.5 + 5e-5, 0.25]), torch.tensor([0.5, 0.25])
    assert compared(found, wanted, 1e-5)["share"] == "50" and compared(found, wanted, 1e-4)["share"] == "0"


def test_the_entry_that_is_most_wrong_is_shown_with_digits_enough_to_tell_it_apart():
    """The first entry is off too, and next to the last one that is nothing."""
    shown = compared(torch.tensor([0.5001, 0.25, 0.57412]), torch.tensor([0.5, 0.25, 0.57448]), 1e-5)
    assert (shown["found"], shown["wanted"]) == ("0.5741", "0.5745")
    assert apart(0.5, 0.25) == ("0.5", "0.25") and apart(1234567, 1234568) == ("1234567", "1234568")


@pytest.mark.parametrize("name", ["shuffle_pixels", "patch_shuffle"])
def test_lines_that_changed_places_are_called_what_they_are(name):
    rows = importlib.import_module(f"banks.{name}").BANK
    for what in ("rows", "columns"):
        assert judge(name, rows[what][1]).message.startswith(f"Whole {what} changed places: ")


def test_which_lines_moved_is_read_off_the_order_inside():
    x = torch.arange(48.0).view(3, 4, 4)
    down, across = x[:, [2, 0, 3, 1]], x[..., [1, 2, 3, 0]]
    inside = torch.tensor([[0, 1, 2, 3], [1, 0, 2, 3], [3, 2, 0, 1], [2, 3, 1, 0]])  # each row in an order of its own
    row_by_row = x.gather(2, inside.expand(3, 4, 4))
    anyhow = x.flatten(1)[:, [5, 0, 9, 2, 12, 7, 1, 15, 3, 10, 4, 14, 6, 8, 13, 11]].view(3, 4, 4)
    found = [lines_that_moved(new, x) for new in (down, across, down[..., [3, 0, 1, 2]], row_by_row, anyhow)]
    assert found[:3] == [f"Whole {what} changed places" for what in ("rows", "columns", "rows and columns")]
    assert found[3:] == ["All rows stayed together", ""]
    assert lines_that_moved(row_by_row.mT, x.mT) == "All columns stayed together"


def test_a_list_of_numbers_is_not_told_to_be_unpacked_only():
    message = judge("fgsm", lambda *args: [0.5] * 9).message
    assert "a list of length 9" in message and "put its numbers into one" in message


def test_nan_has_more_causes_than_a_division():
    message = judge("fgsm", lambda model, x, y, eps: (x - 2).sqrt()).message
    assert "divided by zero" in message and "root is taken of a negative number" in message
