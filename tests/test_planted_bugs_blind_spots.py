"""The claims of unit 01 can fail: bugs planted in a copy of the library, and the claim that each one breaks."""

import pytest
from test_planted_bugs import ROOT, Bug, broken_claim, copy_of_the_library, needed_for, quick_cells

from advcourse.claims import read_ledger

CELLS = quick_cells(ROOT / "lectures" / "01_blind_spots.ipynb")
LOGISTIC, GAUSSIAN, MIXTURE = (
    "toys/outlier.py: class Logistic",
    "density.py: class Gaussian",
    "density.py: class Mixture",
)
TEXTURE = "density.py: def texture"

BUGS = [
    Bug(
        "the margin shrinks with the distance", "A1", LOGISTIC, "self.score(x).abs() /", "1 / (1 + self.score(x)**2) /"
    ),
    Bug("the margin is that of one coordinate", "A1", LOGISTIC, "@ self.w + self.b", "@ (0 * self.w) + self.b"),
    Bug("the density does not know the distance", "A1", GAUSSIAN, "self.distance(x) ** 2", "self.distance(x) ** 0"),
    Bug("the density rises", "A1", GAUSSIAN, "return -0.5 *", "return 0.5 *"),
    Bug("the log density is a density", "A1", MIXTURE, ".logsumexp(1)", ".logsumexp(1).exp()"),
    Bug("the posterior is flat", "A1", MIXTURE, ".softmax(1)", ".mul(0).softmax(1)"),
    Bug("ages in months", "A2", "models.py: class Age", "45 + 25 *", "12 * 45 + 12 * 25 *"),
    Bug("every input is as usual", "A2", GAUSSIAN, ".norm(dim=0)", ".norm(dim=0).mul(0).add(1)"),
    Bug("one pixel for the texture", "A2", TEXTURE, "h.mean((2, 3)), h.std((2, 3))", "h[..., 9, 9], h[..., 9, 9] ** 2"),
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
    assert all(claim.holds for claim in made) and [claim.id for claim in made] == ["A1"] * 3 + ["A2"] * 3


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    assert broken_claim(needed_for(bug.claim, CELLS), bug.plant(tmp_path)) == bug.claim
