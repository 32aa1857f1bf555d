"""The claims of unit 07 can fail: bugs planted in a copy of the library, and the claim that each one breaks."""

import pytest
from test_planted_bugs import ROOT, Bug, broken_claim, copy_of_the_library, needed_for, quick_cells

from advcourse.claims import read_ledger

CELLS = quick_cells(ROOT / "lectures" / "07_mixed_batches.ipynb")
GRADIENT = "attacks/gradient.py"
FGSM = f"{GRADIENT}: def fgsm"
KURAKIN, READINGS = "training/losses.py: def kurakin_loss", "measure.py: def readings"
ATTACK, DIVISOR = "z = attack(model, x[:k], Untargeted(y[:k])).detach()", "total = (m - k) + weight * k"

BUGS = [
    Bug("the divisor is m", "E1", KURAKIN, DIVISOR, "total = m"),
    Bug(
        "the weight on the clean",
        "E1",
        KURAKIN,
        "weight * loss[:k].sum() + loss[k:]",
        "loss[:k].sum() + weight * loss[k:]",
    ),
    Bug("nobody is attacked", "E1", KURAKIN, ATTACK, "z = x[:k]"),
    Bug("the attack is told predictions", "E1", KURAKIN, "Untargeted(y[:k])", "Untargeted(predicted(model, x[:k]))"),
    Bug(
        "the last ones are weighted",
        "E1",
        KURAKIN,
        "weight * loss[:k].sum() + loss[k:].sum()",
        "weight * loss[k:].sum() + loss[:k].sum()",
    ),
    Bug("all m stay in the sum", "E2", KURAKIN, "loss[k:].sum()) / total", "cross_entropy(model(x), y).sum()) / total"),
    Bug("the divisor forgets the weight", "E2", KURAKIN, DIVISOR, "total = m - k + k * (weight > 0)"),
    Bug(
        "predictions for labels",
        "E5",
        READINGS,
        "true, guessed = Untargeted(y),",
        "true, guessed = Untargeted(predicted(model, x)),",
    ),
    Bug("labels for predictions", "E5", READINGS, "Untargeted(predicted(model, x))", "Untargeted(y)"),
    Bug(
        "a noisy image for an attacked one",
        "E5",
        READINGS,
        "((once, true),",
        "((lambda model, part, goal: threat.around(part).sample(start), true),",
    ),
    Bug("half a step", "E5", FGSM, "step_size=threat.eps", "step_size=threat.eps / 2"),
    Bug(
        "one step back",
        "E5",
        FGSM,
        "goal, threat, steps=1, step_size=threat.eps",
        "goal, threat, steps=2, step_size=threat.eps",
    ),
    Bug("black and white", "E5", "data.py: def faint_digits", "0.4 + 0.2 * part.x", "part.x"),
    Bug("weights are not loaded", "E5", "checkpoints/__init__.py", "model.load_state_dict(weights)", "pass"),
    Bug("the one step does not move", "E3", FGSM, "step_size=threat.eps", "step_size=threat.eps / 1e6"),
    Bug("many steps are none", "E4", f"{GRADIENT}: def pgd", "for _ in range(steps):", "for _ in range(0):"),
]


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """A ledger of this test alone."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("ADVCOURSE_LEDGER", str(path))
    return path


def cells_of(claim):
    """The cells for the first time that this is claimed: E5 is claimed often, and only later after training anew."""
    first = next(i for i, cell in enumerate(CELLS) if claim in cell.claims)
    return needed_for(claim, CELLS[: first + 1])


def test_without_a_bug_every_claim_holds(tmp_path, ledger):
    assert broken_claim(needed_for(None, CELLS), copy_of_the_library(tmp_path)) is None
    made = read_ledger(ledger)
    assert all(claim.holds for claim in made)
    assert [claim.id for claim in made][:4] == ["E1", "E2", "E3", "E4"] and {c.id for c in made[4:]} == {"E5"}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    assert broken_claim(cells_of(bug.claim), bug.plant(tmp_path)) == bug.claim
