"""A lecture that cannot fail proves nothing: each claim's experiment runs with a bug in the library, and breaks.

The bugs and the claims that find them are the tables in bugs/.
"""

import importlib
import pkgutil
import re
import warnings
from functools import cache

import bugs
import nbformat
import pytest
import torch
from bugs import Bug, shared
from experiments import LECTURES, experiment, lines_of

import advcourse
from advcourse import Linf, fgsm, models, toys
from advcourse.course.build import notebooks_in

FILES = [importlib.import_module(f"bugs.{file.name}") for file in pkgutil.iter_modules(bugs.__path__)]
ROWS = [(file.LECTURE, claim) for file in FILES if file is not shared for claim in file.CLAIMS]
PLANTED = [(lecture, claim, bug) for lecture, claim in ROWS for bug in claim.bugs]
PRETRAINED = cache(models.pretrained)
PORTRAITS: dict[tuple[int, bytes], tuple[toys.Portraits, torch.Tensor]] = {}


def portraits(n: int, generator: torch.Generator, draw=toys.portraits) -> toys.Portraits:
    """What `toys.portraits` gives, which draws slowly: the same faces are drawn once."""
    key = n, bytes(generator.get_state().tolist())
    if key not in PORTRAITS:
        PORTRAITS[key] = draw(n, generator), generator.get_state()
    faces, after = PORTRAITS[key]
    generator.set_state(after)
    return faces


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """What is claimed here says nothing about the course; a notebook only shows warnings; what is slow is made once."""
    monkeypatch.delenv("ADVCOURSE_LEDGER", raising=False)
    monkeypatch.setattr(models, "pretrained", PRETRAINED)
    monkeypatch.setattr(toys, "portraits", portraits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def broken(lecture, claim) -> str | None:
    """The id of the claim if it does not hold."""
    try:
        experiment(lecture, claim.words, claim.smaller)()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))
    except AssertionError as error:
        return re.match(r"✗ (\w+) does not hold", str(error))[1]
    return None


@pytest.mark.parametrize(
    ("lecture", "claim"), [row for row in ROWS if row[1].smaller], ids=lambda v: getattr(v, "words", v)
)
def test_without_a_bug_the_claim_holds(lecture, claim):
    """On less than its lecture shows; on all of it the notebooks' own run says so."""
    assert broken(lecture, claim) is None


@pytest.mark.parametrize(("lecture", "claim", "bug"), PLANTED, ids=lambda v: getattr(v, "name", getattr(v, "words", v)))
def test_a_bug_breaks_its_claim(lecture, claim, bug):
    with bug.planted():
        assert broken(lecture, claim) == claim.words.split()[0]


@pytest.mark.parametrize("lecture", [path.stem for path in notebooks_in(LECTURES)])
def test_every_claim_is_broken_by_a_bug(lecture):
    """Which units and claims there are is for the lectures to say: a new one needs its row."""
    claims = [line.claims for line in lines_of(lecture) if line.claims]
    rows = [claim.words for row, claim in ROWS if row == lecture and claim.bugs]
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
