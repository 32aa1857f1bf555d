"""The claims of unit 03 can fail: bugs planted in a copy of the library, and the claim that each one breaks."""

from dataclasses import dataclass

import pytest
from test_planted_bugs import ROOT, Bug, Cell, broken_claim, copy_of_the_library, needed_for, quick_cells

from advcourse.claims import read_ledger

CELLS = quick_cells(ROOT / "lectures" / "03_texture_vs_shape.ipynb", slow={"widgets"})


def making(word: str) -> list[Cell]:
    """The claims in cells with this word, and what they need: no bug has to wait for the whole lecture."""
    return needed_for(None, [cell for cell in CELLS if not cell.claims or word in cell.source])


@dataclass(frozen=True)
class Planted(Bug):
    """A bug, and a word of the cell whose claim finds it."""

    word: str


SHUFFLE, SWAP = "conflict/cues.py: def patch_shuffle", "conflict/cues.py: def swap_frequencies"
DECIDE, SIXTEEN = "conflict/shipped.py: def decisions", "conflict/protocol.py: def to_sixteen"
COUNT, BIAS = "conflict/protocol.py: def shape_bias", "conflict/protocol.py: class ShapeBias"
MAKE, DRAWN, DEAL = (
    "conflict/images.py: def cue_conflict",
    "toys/textured.py: def drawn",
    "toys/textured.py: def textured_shapes",
)

BUGS = [
    Planted(
        "answers are looked up in reverse", "C1", DECIDE, "probabilities.argmax(1)", "probabilities.argmin(1)", "p_cats"
    ),
    Planted("patterns count as neither", "C1", DECIDE, "= LABELS.index(name)", "= NEITHER", "p_cats"),
    Planted("the maker ignores the texture", "C1", MAKE, "loss = far +", "loss = 0 * far +", "p_honeycomb_second"),
    Planted("the maker ignores the shape", "C1", MAKE, "+ weight * (", "+ 0 * weight * (", "p_honeycomb_second"),
    Planted(
        "coarse and fine are exchanged",
        "C1",
        SWAP,
        "low_pass(coarse, sigma) + fine - low_pass(fine,",
        "low_pass(fine, sigma) + coarse - low_pass(coarse,",
        "hybrids",
    ),
    Planted(
        "pixels are shuffled",
        "C1",
        SHUFFLE,
        "    b, c, h, w = x.shape\n",
        "    b, c, h, w = x.shape\n    grid = h\n",
        "dealt",
    ),
    Planted("members are added up", "C2", SIXTEEN, ".mean(1)", ".sum(1)", "by_sum"),
    Planted(
        "other answers count",
        "C2",
        BIAS,
        "return self.shape + self.texture",
        "return self.shape + self.texture + self.other",
        "by_sum",
    ),
    Planted(
        "the share of the texture",
        "C2",
        BIAS,
        "return self.shape / self.decided",
        "return self.texture / self.decided",
        "by_sum",
    ),
    Planted(
        "answers for the texture count as shape",
        "C2",
        COUNT,
        "(decisions == shape)",
        "(decisions == texture)",
        "highest_agreeing",
    ),
    Planted("the cues never agree", "C2", DEAL, "< agreement", "< 0 * agreement", "highest_agreeing"),
    Planted(
        "every shape is untextured", "C2", DRAWN, "+ contrast * pattern", "+ 0 * contrast * pattern", "highest_agreeing"
    ),
]


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """A ledger of this test alone."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("ADVCOURSE_LEDGER", str(path))
    return path


@pytest.mark.parametrize("word", sorted({bug.word for bug in BUGS}))
def test_without_a_bug_these_claims_hold(word, tmp_path, ledger):
    assert broken_claim(making(word), copy_of_the_library(tmp_path)) is None
    made = read_ledger(ledger)
    assert made and all(claim.holds for claim in made)
    assert {claim.id for claim in made} == {bug.claim for bug in BUGS if bug.word == word}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_breaks_its_claim(bug, tmp_path):
    assert broken_claim(making(bug.word), bug.plant(tmp_path)) == bug.claim
