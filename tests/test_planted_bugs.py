"""A lecture that cannot fail proves nothing: each claim's experiment runs with a bug in the library, and breaks.

The bugs and the claims that find them are the tables in bugs/.
"""

import importlib
import pkgutil
import re
import warnings
from functools import cache

import bugs
import pytest
from bugs import Bug, shared
from experiments import LECTURES, experiment, lines_of

import advcourse
from advcourse import Linf, fgsm, models
from advcourse.course.build import notebooks_in

FILES = [importlib.import_module(f"bugs.{file.name}") for file in pkgutil.iter_modules(bugs.__path__)]
ROWS = [(file.LECTURE, claim) for file in FILES if file is not shared for claim in file.CLAIMS]
PLANTED = [(lecture, claim, bug) for lecture, claim in ROWS for bug in claim.bugs]
PRETRAINED = cache(models.pretrained)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """What is claimed here says nothing about the course; a notebook only shows warnings; one load of a big network."""
    monkeypatch.delenv("ADVCOURSE_LEDGER", raising=False)
    monkeypatch.setattr(models, "pretrained", PRETRAINED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def broken(lecture, claim) -> str | None:
    """The id of the claim if it does not hold."""
    try:
        experiment(lecture, claim.words, claim.smaller)()
    except AssertionError as error:
        return re.match(r"✗ (\w+) does not hold", str(error))[1]
    return None


@pytest.mark.parametrize(("lecture", "claim"), ROWS, ids=lambda v: getattr(v, "words", v))
def test_without_a_bug_the_claim_holds(lecture, claim):
    assert broken(lecture, claim) is None


@pytest.mark.parametrize(("lecture", "claim", "bug"), PLANTED, ids=lambda v: getattr(v, "name", getattr(v, "words", v)))
def test_a_bug_breaks_its_claim(lecture, claim, bug):
    with bug.planted():
        assert broken(lecture, claim) == claim.words.split()[0]


def test_every_claimed_statement_is_broken_by_a_bug():
    """Which units there are is for the lectures to say: a new one needs its table."""
    broken_by_bugs = {(lecture, claim.words.split()[0]) for lecture, claim in ROWS if claim.bugs}
    lectures = [path.stem for path in notebooks_in(LECTURES)]
    claims = [(lecture, line.claims) for lecture in lectures for line in lines_of(lecture) if line.claims]
    assert {(lecture, words.split()[0]) for lecture, words in claims} == broken_by_bugs


def test_a_planted_bug_is_everywhere_and_is_gone_afterwards():
    right, around = fgsm, Linf.around
    with Bug("none", fgsm, lambda right: right).planted(), Bug("no", Linf.around, lambda *told: "no set").planted():
        assert advcourse.fgsm is advcourse.attacks.gradient.fgsm is advcourse.measure.fgsm is not right
        assert advcourse.fgsm() is right and Linf(0.1).around(None) == "no set"
    assert advcourse.fgsm is advcourse.attacks.gradient.fgsm is advcourse.measure.fgsm is right
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
