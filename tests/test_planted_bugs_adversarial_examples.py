"""The claims of unit 02 can fail: bugs planted in a copy of the library, and the claim that each one breaks."""

import nbformat
import pytest
from test_planted_bugs import ROOT, Bug, Cell, broken_claim, copy_of_the_library, needed_for, quick_cells

from advcourse.claims import read_ledger

LECTURE = ROOT / "lectures" / "02_adversarial_examples.ipynb"
CELLS = quick_cells(LECTURE)
# B1 and B3 are about photographs as well, so their bugs need the ImageNet network.
ALL = [Cell.of(cell.source) for cell in nbformat.read(LECTURE, as_version=4).cells if cell.cell_type == "code"]
GRADIENT, MINIMAL, BOUNDARY = "attacks/gradient.py", "attacks/minimal.py", "toys/boundary.py"
LINF, INTERVALS = "threats.py: class Linf", "threats.py: class Intervals"
CENTRE = "        x = check_inputs(x, self)\n"

BUGS = [
    Bug("untargeted goes down", "A3", "goals.py", "return self.loss(out, self.y)", "return -self.loss(out, self.y)"),
    Bug("a quarter of the radius", "A3", LINF, CENTRE, CENTRE + "        self = Linf(self.eps / 4)\n"),
    Bug("accuracy is the error", "A3", "measure.py: def correct", "==", "!="),
    Bug("downhill", "B1", LINF, "return g.sign()", "return -g.sign()"),
    Bug("no step", "B1", f"{GRADIENT}: def fgsm", "step_size=threat.eps", "step_size=0 * threat.eps"),
    Bug("the target is left", "B2", "goals.py", "return -self.loss(out, self.t)", "return self.loss(out, self.t)"),
    Bug("DeepFool overshoots", "B2", f"{MINIMAL}: def deepfool", "(1 + overshoot) * d", "(9 + overshoot) * d"),
    Bug("every point is wrong", "B4", BOUNDARY, "wrong = ask(self.model, x).argmax(1) != y", "wrong = y == y"),
    Bug(
        "how far from the origin",
        "B4",
        BOUNDARY,
        "torch.where(found, threat.size(z - x)",
        "torch.where(found, threat.size(z)",
    ),
    Bug("training goes uphill", "B4", "toys/planar.py", "value=-rate /", "value=rate /"),
    Bug("ages in decades", "B3", "models.py: class Age", "45 + 25 *", "4.5 + 2.5 *"),
]


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """A ledger of this test alone."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("ADVCOURSE_LEDGER", str(path))
    return path


def test_without_a_bug_every_claim_holds(tmp_path, ledger):
    assert broken_claim(needed_for(None, CELLS), copy_of_the_library(tmp_path)) is None
    assert all(claim.holds for claim in read_ledger(ledger))
    assert {claim.id for claim in read_ledger(ledger)} == {"A3", "B2", "B4"}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    cells = ALL if bug.claim in ("B1", "B3") else CELLS
    assert broken_claim(needed_for(bug.claim, cells), bug.plant(tmp_path)) == bug.claim
