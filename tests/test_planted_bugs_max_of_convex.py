"""The claims of unit 09 can fail: bugs planted in a copy of the library, and the claim that each one breaks."""

import pytest
from test_planted_bugs import ROOT, Bug, broken_claim, copy_of_the_library, needed_for, quick_cells

from advcourse.claims import read_ledger

CELLS = quick_cells(ROOT / "lectures" / "09_max_of_convex.ipynb")
MAX, HULL, WOLFE = "convex.py: class MaxOf", "convex.py: def min_norm_point", "convex.py: def _wolfe"

BUGS = [
    Bug("ties must be exact", "G1", MAX, "<= blur[top] + blur", "<= 0 * blur"),
    Bug("the smallest function is active", "G1", MAX, "top = values.argmax()", "top = values.argmin()"),
    Bug("all functions are active", "G1", MAX, "<= blur[top] + blur", "<= 1e9 + blur"),
    Bug("f is the mean", "G1", MAX, "self.values(w).amax()", "self.values(w).mean()"),
    Bug("the slope is the smallest", "G2", MAX, "@ d).amax()", "@ d).amin()"),
    Bug(
        "the average for the shortest",
        "G2",
        HULL,
        "_wolfe(corners)",
        "torch.full((len(corners),), 1 / len(corners)).double()",
    ),
    Bug("Wolfe stops at a corner", "G2", WOLFE, "along[new] >= x @ x - tiny * x.norm()", "True"),
    Bug("weights beyond the hull", "G2", "convex.py: def _mixed", "aim <= 0", "aim <= -1e9"),
    Bug("every point is certified", "G2", MAX, ".point.norm() <= ROUNDINGS", ".point.norm() <= 1e20 * ROUNDINGS"),
    Bug("steps go up", "G2", "convex.py: def subgradient_method", "w = w - step", "w = w + step"),
    Bug("Polyak goes twice too far", "G2", "convex.py: class Polyak", "/ (g @ g).item()", "* 4 / (g @ g).item()"),
    Bug("the sum for the average", "G2", "convex.py: def averages", "walked.cumsum(0) /", "2 * walked.cumsum(0) /"),
]


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """A ledger of this test alone."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("ADVCOURSE_LEDGER", str(path))
    return path


def test_without_a_bug_every_claim_holds(tmp_path, ledger):
    assert broken_claim(needed_for(None, CELLS), copy_of_the_library(tmp_path)) is None
    made = read_ledger(ledger)
    assert all(claim.holds for claim in made) and [claim.id for claim in made] == ["G1"] + ["G2"] * 7


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    assert broken_claim(needed_for(bug.claim, CELLS), bug.plant(tmp_path)) == bug.claim
