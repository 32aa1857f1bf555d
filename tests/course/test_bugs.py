"""The tables of planted bugs are whole: every claim of every lecture has its bug. every_bug/ plants them."""

import re

import bugs
import nbformat
import pytest
from bugs import Bug
from experiments import LECTURES, experiment, lines_of

import advcourse
from advcourse import Linf, fgsm
from advcourse.course.build import notebooks_in


@pytest.mark.parametrize("lecture", [path.stem for path in notebooks_in(LECTURES)])
def test_every_claim_is_broken_by_a_bug(lecture):
    """Which units and claims there are is for the lectures to say: a new one needs its row."""
    claims = [line.claims for line in lines_of(lecture) if line.claims]
    rows = [claim.words for row, claim in bugs.rows() if row == lecture and claim.bugs]
    assert [claim for claim in claims if not any(claim.startswith(words) for words in rows)] == []
    code = [c.source for c in nbformat.read(LECTURES / f"{lecture}.ipynb", 4).cells if c.cell_type == "code"]
    assert sum(len(re.findall(r"\bclaim\(", source)) for source in code) == len(claims), "one claim a statement"


def test_a_planted_bug_is_everywhere_and_is_gone_afterwards():
    right, around = fgsm, Linf.around
    with Bug("none", fgsm, lambda right: right).planted(), Bug("no", Linf.around, lambda *told: "no set").planted():
        assert advcourse.fgsm is advcourse.attacks.gradient.fgsm is advcourse.measure.symptoms.fgsm is not right
        assert advcourse.fgsm() is right and Linf(0.1).around(None) == "no set"
    assert advcourse.fgsm is advcourse.attacks.gradient.fgsm is advcourse.measure.symptoms.fgsm is right
    assert Linf.around is around


def test_a_bug_in_nothing_of_the_library_is_an_error():
    with pytest.raises(LookupError, match="the library holds no"), Bug("", re.match, re.search).planted():
        pass


@pytest.mark.parametrize(
    ("claim", "smaller", "says"),
    [
        ("D9", {}, "has 0 claims, not one, that begin with: D9"),
        ("D3", {}, "has 4 claims, not one"),
        ("D1 The stable", {"digit": list}, "does not depend on digit"),
    ],
)
def test_an_experiment_that_the_lecture_does_not_have_is_an_error(claim, smaller, says):
    with pytest.raises(LookupError, match=says):
        experiment("04_gradient_attacks", claim, smaller)
