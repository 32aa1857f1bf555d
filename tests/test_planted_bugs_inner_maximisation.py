"""The claims of unit 08 can fail: bugs planted in a copy of the library, and the claim that each one breaks."""

import pytest
from test_planted_bugs import ROOT, Bug, Cell, broken_claim, copy_of_the_library, needed_for, quick_cells

from advcourse.claims import read_ledger

# Fewer digits are enough to see a bug; among them is the one on which restarts disagree.
CELLS = [
    Cell.of(cell.source.replace("range(20)", "range(15)"))
    for cell in quick_cells(ROOT / "lectures" / "08_inner_maximisation.ipynb")
]
PGD, BEST = "attacks/gradient.py: def pgd", "attacks/gradient.py: class Best"
LINF, INTERVALS = "threats.py: class Linf", "threats.py: class Intervals"
CENTRE = "        x = check_inputs(x, self)\n"
SAMPLES = "torch.cat([allowed.sample(generator) for _ in range(restarts)])"
STEP = "alpha=step_size"

BUGS = [
    Bug(
        "the ball is half as large",
        "F1",
        LINF,
        CENTRE,
        CENTRE + "        self = Linf(self.eps / 2, self.lo, self.hi)\n",
    ),
    Bug("no sign", "F1", LINF, "return g.sign()", "return g"),
    Bug(
        "all restarts begin alike",
        "F1",
        "attacks/gradient.py: def _starts",
        SAMPLES,
        "torch.cat([allowed.sample(generator)] * restarts)",
    ),
    Bug("one winner for the batch", "F1", BEST, ".argmax(0) * self.samples", ".sum(1).argmax() * self.samples"),
    Bug("no start is random", "F2", PGD, "if random_start:", "if restarts > 1:"),
    Bug("the same start for every row", "F2", INTERVALS, "torch.rand, self.lower, g", "torch.rand, self.lower[:1], g"),
    Bug("the margin to the largest of all", "F2", "goals.py: def margin(", ".scatter(1, y[:, None], -torch.inf)", ""),
    Bug("downhill", "F3", LINF, "return g.sign()", "return -g.sign()"),
    Bug("no projection", "F3", INTERVALS, "return z.clamp(self.lower, self.upper)", "return z"),
    Bug("the step is the radius", "F3", PGD, STEP, "alpha=threat.eps"),
    Bug("a twentieth of a step", "F4", PGD, STEP, "alpha=step_size / 20"),
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
    assert all(claim.holds for claim in made)
    assert [claim.id for claim in made] == ["F1", "F1", "F3", "F2", "F2", "F2", "F2", "F3", "F4"]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    assert broken_claim(needed_for(bug.claim, CELLS), bug.plant(tmp_path)) == bug.claim
