"""After the notebooks have run: every statement that a unit has to claim was claimed, measured, and held.

The run names its ledger in ADVCOURSE_LEDGER; without that variable no notebook has just run: nothing to see.
"""

import os
from pathlib import Path

import pytest
from statements import REQUIRED

from advcourse.claims import read_ledger

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
PRESENT = sorted(path.stem for path in LECTURES.glob("*.ipynb") if path.stem in REQUIRED)


@pytest.fixture(scope="module")
def ledger():
    """The claims that the notebooks' run made, those of the lectures and of the solutions."""
    path = os.environ.get("ADVCOURSE_LEDGER")
    if not path:
        pytest.skip("the notebooks were not run just now, ADVCOURSE_LEDGER is not set: make nbval runs them")
    assert Path(path).exists(), f"the notebooks ran and claimed nothing: there is no {Path(path).name}"
    return read_ledger(path)


@pytest.mark.parametrize("unit", PRESENT)
def test_every_statement_of_the_unit_was_claimed(ledger, unit):
    missing = REQUIRED[unit] - {claim.id for claim in ledger}
    assert not missing, f"{unit} claims nothing about {', '.join(sorted(missing))}"


def test_every_claim_held(ledger):
    failed = [f"{claim.id} {claim.text} {claim.evidence}" for claim in ledger if not claim.holds]
    assert not failed, "\n".join(failed)


def test_every_claim_was_measured(ledger):
    assert ledger, "the ledger is empty"
    for claim in ledger:
        assert claim.evidence, f"{claim.id} names no number"
        assert all(isinstance(value, int | float) for value in claim.evidence.values()), claim


def test_only_statements_of_the_lecture_are_claimed(ledger):
    unknown = {claim.id for claim in ledger} - set().union(*REQUIRED.values())
    assert not unknown, f"no such statement: {', '.join(sorted(unknown))}"
