"""Every check, with every answer of its bank: right ones pass in any style, each wrong one gets its own diagnosis.

A bank, `tests/banks/<exercise>.py`, holds correct styles, stubs, and wrong answers that no formula predicts.
The formulas by which a check recognises mistakes are wrong answers too.
"""

from __future__ import annotations

import importlib
import re
from functools import cache

import pytest
import torch
from banks.rules import assert_judged, ids_of_machinery, judged, misbehaviour

from advcourse.checks import EXERCISES
from advcourse.checks.surroundings import fixed_surroundings


def bank(name: str) -> dict[str, tuple]:
    return importlib.import_module(f"banks.{name}").BANK


@cache
def mistakes(name: str) -> list[tuple]:
    """(diagnosis, formula) of every formula in the check's tables."""
    with fixed_surroundings():
        return list(EXERCISES[name].check.mistakes())


def right_answers(name: str) -> list[str]:
    return [title for title, (expected, _) in bank(name).items() if expected == "ok"]


WRITTEN = [pytest.param(name, title, id=f"{name}: {title}") for name in EXERCISES for title in bank(name)]
COMPUTED = [
    pytest.param(name, i, id=f"{name}: {row[0]} ({i})") for name in EXERCISES for i, row in enumerate(mistakes(name))
]
IN_WORDS = (
    "most_susceptible",
    "name_the_defence",
    "name_the_evaluation",
    "diagnose",
)  # their answers are names, which have no device
# Of each exercise every fourth, another one each time; `make grading-test` asks them all.
MISBEHAVIOUR = [
    pytest.param(name, title, id=f"{name}: {title}")
    for i, name in enumerate(EXERCISES)
    for title in list(misbehaviour(name))[i % 4 :: 4]
]


@pytest.mark.parametrize(("name", "title"), WRITTEN)
def test_every_answer_of_the_bank_gets_its_verdict_each_time(name, title):
    """Of the answers with the same diagnosis the first is enough to see its words change."""
    verdict = assert_judged(name, bank(name)[title])
    if title == next(first for first, (expected, _) in bank(name).items() if expected == verdict.diagnosis):
        assert judged(name, bank(name)[title]) == verdict


@pytest.mark.parametrize(("name", "i"), COMPUTED)
def test_every_formula_of_the_check_is_diagnosed_as_its_mistake(name, i):
    assert_judged(name, mistakes(name)[i])


@pytest.mark.parametrize(("name", "title"), MISBEHAVIOUR)
def test_an_answer_that_fails_as_a_function_is_told_so(name, title):
    assert_judged(name, misbehaviour(name)[title])


def elsewhere(answer: object) -> object:
    """The same tensors on a device without numbers; a number, there, in a tensor."""
    if isinstance(answer, tuple | list):
        return [elsewhere(part) for part in answer]
    return torch.as_tensor(answer).to("meta")


@pytest.mark.parametrize("name", [name for name in EXERCISES if name not in IN_WORDS])
def test_a_right_answer_on_another_device_is_told_where_it_is(name):
    _, reference = bank(name)[right_answers(name)[0]]
    assert_judged(name, ("wrong-device", lambda *args: elsewhere(reference(*args))))


@pytest.mark.parametrize("name", EXERCISES)
def test_a_bank_has_four_right_answers_and_two_stubs(name):
    diagnoses = [expected for expected, _ in bank(name).values()]
    assert diagnoses.count("ok") >= 4
    assert diagnoses.count("not-attempted") >= 2


@pytest.mark.parametrize("name", EXERCISES)
def test_every_diagnosis_has_words_and_all_words_are_spoken(name):
    """Words that no answer of the bank hears could be wrong unnoticed, and so could a mistake without words."""
    words = EXERCISES[name].check.words
    own = set(words) - {"ok"}
    heard = {expected for expected, _ in [*bank(name).values(), *mistakes(name)]} - {"ok", "not-attempted"}
    remarks = set(re.findall(r"\{([a-z-]+-[a-z-]+)\}", words["ok"]))
    remarks |= {f"no-{remark}" for remark in remarks}
    shared = set().union(*(words.of(table) for table in words.tables[1:]))
    assert own - shared - remarks <= heard <= own | ids_of_machinery()


def test_words_that_exercises_share_are_spoken_by_one_of_them():
    shared: dict[tuple, set] = {}
    heard: dict[tuple, set] = {}
    for name in EXERCISES:
        words = EXERCISES[name].check.words
        for table in words.tables[1:]:
            shared[words.file, table] = set(words.of(table))
            heard.setdefault((words.file, table), set()).update(e for e, _ in [*bank(name).values(), *mistakes(name)])
    assert {key: said - heard[key] for key, said in shared.items() if said - heard[key]} == {}
