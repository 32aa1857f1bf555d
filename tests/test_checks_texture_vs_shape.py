"""The checks of unit 03: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import pytest
import torch
from banks import gram, patch_shuffle, shape_bias, to_sixteen, top_three
from banks.ill_behaved import ANYWHERE, ILL_BEHAVED
from banks.rules import (
    assert_always_judged,
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
)

from advcourse import conflict
from advcourse.checks import judge
from advcourse.checks.texture_vs_shape import EXERCISES
from advcourse.checks.texture_vs_shape.gram import WRONG_GRAMS, features
from advcourse.checks.texture_vs_shape.gram import right as right_gram
from advcourse.checks.texture_vs_shape.shape_bias import FIRST, OTHERS, WRONG_COUNTS, trials
from advcourse.checks.texture_vs_shape.shape_bias import right as right_bias
from advcourse.checks.texture_vs_shape.to_sixteen import WRONG_MAPPINGS, answers, groups
from advcourse.checks.texture_vs_shape.to_sixteen import right as right_mapping
from advcourse.checks.texture_vs_shape.top_three import WRONG_TOPS, rows
from advcourse.checks.texture_vs_shape.top_three import right as right_top

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (top_three, patch_shuffle, to_sixteen, shape_bias, gram)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
MISBEHAVIOUR = [
    (name, title)
    for name, exercise in EXERCISES.items()
    for title in (ANYWHERE if exercise.form else {**ANYWHERE, **ILL_BEHAVED})
]
GIVE_AWAYS = ("softmax(", "topk", "argsort", "randperm", ".mean(", "sum(", "permute", "einsum", "transpose", "!=", "==")


def test_every_exercise_of_the_unit_has_a_bank():
    assert list(BANKS) == list(EXERCISES)


@pytest.mark.parametrize(("name", "title"), ROWS)
def test_bank(name, title):
    assert_always_judged(name, BANKS[name][title], GIVE_AWAYS)


@pytest.mark.parametrize(("name", "title"), MISBEHAVIOUR)
def test_ill_behaved(name, title):
    row = {**ANYWHERE, **ILL_BEHAVED}[title]
    assert_judged(name, row, GIVE_AWAYS, seconds=0.1 if row[0] == "hangs" else 6)


@pytest.mark.parametrize("name", BANKS)
def test_bank_has_three_more_styles_and_a_stub(name):
    assert_enough_rows(BANKS[name])


def test_every_diagnosis_is_hit_by_a_row():
    assert_every_diagnosis_has_a_row("texture_vs_shape", BANKS, at_least=60)


def test_mistakes_can_be_told_apart():
    """Each wrong formula differs visibly from the right one and from those with another name."""
    case, f = (answers(), groups()), features(2, 3, 4, 5)
    tables = (
        [("right", right_top(rows())), *((m.diagnosis, m.formula(rows())) for m in WRONG_TOPS)],
        [("right", right_mapping(*case)), *((m.diagnosis, m.formula(*case)) for m in WRONG_MAPPINGS)],
        [("right", right_gram(f)), *((m.diagnosis, m.formula(f)) for m in WRONG_GRAMS)],
        [
            ("right", torch.tensor(right_bias(FIRST))),
            *((m.diagnosis, torch.tensor(float(m.value(FIRST)))) for m in WRONG_COUNTS),
        ],
    )
    for results in tables:
        for i, (one, a) in enumerate(results):
            for other, b in results[:i]:
                assert one == other or ((a.double() - b.double()).abs() > 5e-3).any(), (one, other)


def test_the_trials_come_to_the_counts_they_are_made_from():
    for counts in (FIRST, *(counts for counts, _ in OTHERS)):
        found = conflict.shape_bias(*trials(counts))
        assert (found.shape, found.texture, found.other) == (counts.shape, counts.texture, counts.other)
        assert found.congruent == counts.congruent_right + counts.congruent_wrong


def test_the_library_would_pass():
    assert judge("patch_shuffle", conflict.patch_shuffle).status == "passed"
    assert judge("gram", conflict.gram).status == "passed"
    assert judge("shape_bias", lambda d, s, t: conflict.shape_bias(d, s, t).bias).status == "passed"
