"""What holds for the rows of every bank and for the verdicts they get."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import advcourse.checks
import banks
from advcourse.checks import Verdict, judge

CHECKS = Path(advcourse.checks.__file__).parent

TABLES = ("BANK", "ILL_BEHAVED", "A_NUMBER")

# Ids stand first in fail(...), in a Wrong...(...) and the like, in yielded breaches and in tables of tuples.
WRITTEN = (
    r"(?:fail|Wrong\w+|MistakenGradient|append|yield)\s*\(\s*\(?\s*\"([a-z0-9-]+)\"",
    r"diagnosis=\"([a-z0-9-]+)\"",
    r"FAILED,\s*\"([a-z0-9-]+)\"",
    r"\), \"([a-z0-9-]+)\", \"",
)


def ids_in(*files: Path) -> set[str]:
    """The diagnoses that the source of these files can give."""
    sources = [file.read_text(encoding="utf-8") for file in files]
    return {found for source in sources for pattern in WRITTEN for found in re.findall(pattern, source)}


def ids_of_unit(unit: str) -> set[str]:
    return ids_in(*(CHECKS / unit).glob("*.py"))


def ids_of_machinery() -> set[str]:
    """The diagnoses that any answer may get, whatever the exercise."""
    tables = tomllib.loads((CHECKS / "words.toml").read_text(encoding="utf-8")).values()
    return {diagnosis for table in tables for diagnosis in table} - {"not-attempted"}


def ids_of_all_banks() -> set[str]:
    """The diagnoses that rows of any unit's bank expect."""
    modules = [importlib.import_module(f"banks.{found.name}") for found in pkgutil.iter_modules(banks.__path__)]
    tables = [getattr(module, name) for module in modules for name in TABLES if hasattr(module, name)]
    return {expected for table in tables for expected, _ in table.values()} - {"ok", "not-attempted"}


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
)


def assert_judged(name: str, row: tuple, give_aways: tuple[str, ...] = GIVE_AWAYS, *, seconds: float = 6) -> Verdict:
    """A row's answer gets the diagnosis that the row expects, in words that help; the verdict."""
    expected, candidate = row
    verdict = judge(name, candidate, seconds=seconds)
    assert (verdict.diagnosis, verdict.status) == (expected, status_of(expected)), verdict.message
    assert_well_said(verdict, give_aways)
    return verdict


def assert_always_judged(name: str, row: tuple, give_aways: tuple[str, ...]) -> None:
    """As assert_judged, and the same answer gets the same verdict a second time."""
    verdict = assert_judged(name, row, give_aways)
    assert judge(name, row[1]) == verdict, "the same answer gets the same verdict"


def assert_enough_rows(bank: dict) -> None:
    """A reference and three other styles pass, and two kinds of stub are told from attempts."""
    diagnoses = [expected for expected, _ in bank.values()]
    assert diagnoses.count("ok") >= 4
    assert diagnoses.count("not-attempted") >= 2


def assert_every_diagnosis_has_a_row(unit: str, bank_of: dict[str, dict], *, at_least: int) -> None:
    """A detector without a row could be removed unnoticed; those of the machinery are looked for in all banks."""
    written = ids_of_unit(unit)
    rows = {expected for bank in bank_of.values() for expected, _ in bank.values()} - {"ok", "not-attempted"}
    assert len(written) > at_least
    assert written <= rows <= written | ids_of_machinery()


def assert_well_said(verdict: Verdict, give_aways: tuple[str, ...]) -> None:
    """Two sentences a student can use, without code from the solution."""
    message = verdict.message
    assert 30 < len(message) < 300, message
    assert "  " not in message and not message[0].islower() and message == message.strip()
    assert not re.search(r"0x[0-9a-f]{4}", message)
    if verdict.diagnosis != "raises":  # there the student's own line is shown
        assert not re.search(r"\{|\}|tensor\(", message)
        assert not any(code in message for code in give_aways), message
        assert len(re.findall(r"[.?!](?=\s|$)", message)) == 2, message
