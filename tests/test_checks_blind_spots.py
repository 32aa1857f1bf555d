"""The checks of unit 01: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import pytest
import torch
from banks import alarms, confidence_at, distance_for, mahalanobis, shuffle_pixels
from banks.ill_behaved import ANYWHERE, ILL_BEHAVED
from banks.rules import (
    assert_always_judged,
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
)

from advcourse.checks.blind_spots import EXERCISES
from advcourse.checks.blind_spots.alarms import RATE, WRONG_ALARMS, inputs, right
from advcourse.checks.blind_spots.confidence_at import WRONG_CONFIDENCES, confidence, points
from advcourse.checks.blind_spots.distance_for import WRONG_DISTANCES, distance, wishes
from advcourse.checks.blind_spots.mahalanobis import WRONG_DISTANCES as WRONG_LENGTHS
from advcourse.checks.blind_spots.mahalanobis import cloud
from advcourse.checks.blind_spots.mahalanobis import distance as length

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (confidence_at, mahalanobis, alarms, shuffle_pixels, distance_for)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
MISBEHAVIOUR = [
    (name, title)
    for name, exercise in EXERCISES.items()
    for title in (ANYWHERE if exercise.form else {**ANYWHERE, **ILL_BEHAVED})
]
GIVE_AWAYS = ("norm(", ".inverse", "quantile(", "sigmoid(", "logit(", "randperm", "gather", "sqrt(", "1 - rate")


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
    assert_every_diagnosis_has_a_row("blind_spots", BANKS, at_least=60)


def test_mistakes_can_be_told_apart():
    """Each wrong formula differs visibly from the right one and from those with another name."""
    d, w = points(9, 3)
    p, v, temperature = wishes(8, 3, 2.5)
    case, scored = tuple(a.double() for a in cloud(7, 3)), inputs()
    tables = (
        [("right", confidence(d, w)), *((m.diagnosis, m.formula(d, w)) for m in WRONG_CONFIDENCES)],
        [
            ("right", distance(p, v, temperature)),
            *((m.diagnosis, m.formula(p, v, temperature)) for m in WRONG_DISTANCES),
        ],
        [("right", length(*case)), *((m.diagnosis, m.formula(*case)) for m in WRONG_LENGTHS)],
        [("right", right(*scored, RATE)), *((m.diagnosis, m.formula(*scored, RATE)) for m in WRONG_ALARMS)],
    )
    for results in tables:
        for i, (one, a) in enumerate(results):
            for other, b in results[:i]:
                assert one == other or ((a - b).abs() > 5e-3).any(), (one, other)


def test_confidence_and_distance_undo_each_other():
    p, w, temperature = wishes(8, 3, 2.5)
    assert torch.allclose(confidence(distance(p, w, temperature) / temperature, w), p, atol=1e-5)


def test_mahalanobis_distance_is_euclidean_once_the_slant_is_undone():
    x, mean, covariance = (a.double() for a in cloud(7, 3))
    variance, axes = torch.linalg.eigh(covariance)
    straight = (x - mean) @ axes @ torch.diag(variance.rsqrt())
    assert torch.allclose(length(x, mean, covariance), straight.norm(dim=1))


@pytest.mark.parametrize("rate", [RATE, 0.2, 0.4])
@pytest.mark.parametrize("kind", ["linear", "lower", "higher", "nearest", "midpoint"])
def test_any_definition_of_a_quantile_is_right(rate, kind):
    scores, known = inputs()
    threshold = torch.quantile(known, 1 - rate, interpolation=kind)
    assert torch.equal((scores > threshold).double(), right(scores, known, rate))
