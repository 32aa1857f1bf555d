"""A lecture that cannot fail proves nothing: each claim's experiment runs with a bug in the library, and breaks.

The bugs and the claims that find them are the tables in bugs/; test_bugs.py asks whether every claim has one.
"""

import re
import warnings
from functools import cache

import bugs
import pytest
import torch
from experiments import experiment

from advcourse import models, toys

ROWS = bugs.rows()
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
