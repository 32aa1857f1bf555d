"""The claims of unit 10 can fail: bugs planted in a copy of the library, and the claim that each one breaks.

All of the unit's claims belong to G3, so a bug here names the words of the claim that finds it.
"""

import ast
import contextlib
import io
import re
from dataclasses import replace

import pytest
from test_planted_bugs import ROOT, Bug, Cell, copy_of_the_library, library, needed_for, quick_cells

from advcourse.claims import read_ledger


def by_their_words(cell: Cell) -> Cell:
    """The cell with the texts of its claims in place of their ids."""
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "claim"]
    return replace(cell, claims=frozenset(call.args[1].value for call in made))


CELLS = [by_their_words(cell) for cell in quick_cells(ROOT / "lectures" / "10_robust_training.ipynb")]
WORDS = sorted(set().union(*(cell.claims for cell in CELLS)))
STEP, EACH, LINEAR, SMALLER, LIVE, WITHSTAND = (
    next(words for words in WORDS if start in words)
    for start in (
        "the three lines",
        "for each sample by itself",
        "closed form",
        "smaller dual norm",
        "Four epochs",
        "fast and free",
    )
)
# Those that take a second or two. The others train a network or attack five of them: one bug each.
QUICK = {STEP, EACH, LINEAR, SMALLER}

LOSS, LOOP = "training/losses.py: def madry_loss", "training/loop.py: def train_step"
ITERATIVE = "attacks/gradient.py: def iterative_fgsm"
FREE, INTERVALS, LINF = "training/free.py: class Free", "threats.py: class Intervals", "threats.py: class Linf"
AT = "attack(model, x, Untargeted(y)).detach()"
CENTRE = "        x = check_inputs(x, self)\n"
ATTACKED, CLEAN = f"standard_loss(model, {AT}, y)", "standard_loss(model, x, y)"
CLIMB = "score_gradient(forward, z, goal.score)"

BUGS = [
    Bug("the clean batch", STEP, LOSS, AT, "x"),
    Bug("a clean term", STEP, LOSS, ATTACKED, f"({ATTACKED} + {CLEAN}) / 2"),
    Bug("up", STEP, LOOP, "value.backward()", "(-value).backward()"),
    Bug("no step", STEP, LOOP, "optimizer.step()", "pass"),
    Bug("gradients add up", LINEAR, LOOP, "optimizer.zero_grad()", "pass"),
    Bug("the attack helps", EACH, "goals.py", "return self.loss(out, self.y)", "return -self.loss(out, self.y)"),
    Bug("the batch shares its steps", EACH, ITERATIVE, CLIMB, f"{CLIMB}; g = g.mean(0, keepdim=True).expand_as(g)"),
    Bug("half the radius", LINEAR, LINF, CENTRE, CENTRE + "        self = Linf(self.eps / 2, self.lo, self.hi)\n"),
    Bug("no sign", LINEAR, LINF, "return g.sign()", "return g"),
    Bug(
        "free training forgets its perturbation",
        LIVE,
        FREE,
        "self.delta = allowed.project(",
        "self.lost = allowed.project(",
    ),
    Bug(
        "survivors of the worst case are the fooled",
        WITHSTAND,
        "measure.py: def worst_case",
        "~goal.reached",
        "goal.reached",
    ),
]


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """A ledger of this test alone."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("ADVCOURSE_LEDGER", str(path))
    return path


def broken(cells, folder) -> str | None:
    """The words of the first claim that does not hold when the cells run with the library in folder."""
    lecture = {"__name__": "lecture"}
    with library(folder), contextlib.redirect_stderr(io.StringIO()):
        for cell in cells:
            try:
                exec(compile(cell.source, "lecture", "exec"), lecture)
            except AssertionError as error:
                return re.match(r"✗ G3 does not hold: (.*) \(measured", str(error))[1]
    return None


@pytest.mark.parametrize("words", sorted(QUICK))
def test_without_a_bug_the_claim_holds(words, tmp_path, ledger):
    assert broken(needed_for(words, CELLS), copy_of_the_library(tmp_path)) is None
    assert words in {claim.text for claim in read_ledger(ledger) if claim.holds}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    assert broken(needed_for(bug.claim, CELLS), bug.plant(tmp_path)) == bug.claim
