"""What holds for the rows of every bank and for the verdicts they get."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import advcourse.checks
import banks
from advcourse.checks import EXERCISES, Verdict, judge

from .ill_behaved import ANYWHERE, ILL_BEHAVED

CHECKS = Path(advcourse.checks.__file__).parent

TABLES = ("BANK", "ILL_BEHAVED", "A_NUMBER")


def ids_of_machinery() -> set[str]:
    """The diagnoses that any answer may get, whatever the exercise."""
    tables = tomllib.loads((CHECKS / "words.toml").read_text(encoding="utf-8"))
    del tables["remarks"]
    return {diagnosis for table in tables.values() for diagnosis in table} - {"not-attempted"}


def ids_of_all_banks() -> set[str]:
    """The diagnoses that rows of any unit's bank expect."""
    modules = [importlib.import_module(f"banks.{found.name}") for found in pkgutil.iter_modules(banks.__path__)]
    tables = [getattr(module, name) for module in modules for name in TABLES if hasattr(module, name)]
    return {expected for table in tables for expected, _ in table.values()} - {"ok", "not-attempted"}


def misbehaviour(name: str) -> dict[str, tuple]:
    """Rows of answers that fail as functions, whatever is asked."""
    return ANYWHERE if EXERCISES[name].form else ILL_BEHAVED


def status_of(diagnosis: str) -> str:
    return {"ok": "passed", "not-attempted": "not attempted"}.get(diagnosis, "failed")


# Code of solutions, which no message may give away.
GIVE_AWAYS = (
    *(".sign()", "clamp(", ".grad(", "argmin(", "argmax(", "reduction=", "detach(", "clone(", "norm(", "amax("),
    *("round(", ".sum()", "torch.cat", "Untargeted", "m - k +", "(m - k)"),
    *(".inverse", "quantile(", "sigmoid(", "logit(", "randperm", "gather", "sqrt(", "1 - rate"),
    *("softmax(", "topk", "argsort", ".mean(", "permute", "einsum", "transpose", "!=", "=="),
    *(".rand(", "where(", "ceil(", "floor(", "pdist(", "flatten("),
    *("amin(", "mean(", "median(", "float('", "sorted(", "/ 2", "abs("),
    *(".max()", ".all(", "autograd", "square(", "(b - a)"),
    *("softplus(", "zero_grad(", "backward(", "cumprod"),
    *("2 * sigma", "(lo + hi)", "(hi - lo)", "clamp_min", "minimum(", "any(", " & ~", "0 * "),
    *("cumsum(", "arange(", "keepdim", ".shape[", "(a * b)", "(d * target)", "torch.stack", "requires_grad_("),
)


# A number or a list of them, as messages show what was found and what is right.
SHOWN = r"\[[^\]]*\]|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"


def judged(name: str, row: tuple) -> Verdict:
    """The verdict on a row's answer; one that hangs is not waited for, all others are, on the busiest machine."""
    expected, candidate = row
    return judge(name, candidate, seconds=0.05 if expected == "hangs" else 600)


def assert_judged(name: str, row: tuple) -> Verdict:
    """A row's answer gets the diagnosis that the row expects, in words that help; the verdict."""
    expected, _ = row
    verdict = judged(name, row)
    assert (verdict.diagnosis, verdict.status) == (expected, status_of(expected)), verdict.message
    assert_well_said(verdict)
    return verdict


def assert_well_said(verdict: Verdict) -> None:
    """Two sentences a student can use, without code from the solution."""
    message = verdict.message
    assert 30 < len(message) < 300, message
    assert "  " not in message and not message[0].islower() and message == message.strip()
    assert not re.search(r"0x[0-9a-f]{4}", message)
    for found, wanted in re.findall(rf"({SHOWN}),? (?:where|right is) ({SHOWN})(?: is right|[.:])", message):
        assert found != wanted, message
    if verdict.diagnosis != "raises":  # there the student's own line is shown
        assert not re.search(r"\{|\}|tensor\(", message)
        assert not any(code in message for code in GIVE_AWAYS), message
        assert len(re.findall(r"[.?!](?=\s|$)", message)) == 2, message
