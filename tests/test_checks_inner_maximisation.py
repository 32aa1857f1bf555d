"""The checks of unit 08: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import itertools

import pytest
import torch
from banks import best_of, concentration, fewest_steps, mean_distance, random_start
from banks.ill_behaved import ANYWHERE, ILL_BEHAVED
from banks.rules import (
    assert_always_judged,
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
)

from advcourse.checks.inner_maximisation import EXERCISES
from advcourse.checks.inner_maximisation.best_of import WRONG_CHOICES, climb, loss, points, right
from advcourse.checks.inner_maximisation.concentration import WRONG_SHARES, climbs, share
from advcourse.checks.inner_maximisation.fewest_steps import CASES, WRONG_COUNTS, needed
from advcourse.checks.inner_maximisation.mean_distance import WRONG_DISTANCES, distance, images

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (random_start, best_of, fewest_steps, concentration, mean_distance)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
MISBEHAVIOUR = [(name, title) for name in BANKS for title in ANYWHERE] + [
    ("random_start", title) for title in ILL_BEHAVED if title not in ANYWHERE
]
GIVE_AWAYS = (".rand(", "clamp(", "argmax(", "where(", "ceil(", "floor(", "quantile(", "pdist(", "norm(", "flatten(")


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
    assert_every_diagnosis_has_a_row("inner_maximisation", BANKS, at_least=50)


def test_mistakes_can_be_told_apart():
    """Each wrong formula differs visibly from the right one and from those with another name."""
    starts = points((5, 7, 2, 3))
    case = tuple(a.double() for a in climbs(6, 21))
    z = images((5, 2, 3, 4), torch.float32)
    counts = [("right", [needed(*c) for c in CASES])]
    counts += [(w.diagnosis, [w.formula(*c) for c in CASES]) for w in WRONG_COUNTS]
    tables = (
        [
            ("right", right(climb, loss, starts)),
            *((w.diagnosis, w.formula(climb, loss, starts)) for w in WRONG_CHOICES),
        ],
        [
            ("right", share(*case)),
            *((w.diagnosis, w.formula(*case)) for w in WRONG_SHARES if w.diagnosis != "wrong-axis"),
        ],
        [("right", distance(z)), *((w.diagnosis, w.formula(z.double())) for w in WRONG_DISTANCES)],
        [(name, torch.tensor(values, dtype=torch.float64)) for name, values in counts],
    )
    for results in tables:
        for (one, a), (other, b) in itertools.combinations(results, 2):
            assert one == other or ((a - b).abs() > 2e-3).any(), (one, other)


def test_the_best_end_is_not_the_best_start_and_differs_from_sample_to_sample():
    starts = points((5, 7, 2, 3))
    ends = torch.stack([loss(climb(start)) for start in starts])
    before = torch.stack([loss(start) for start in starts])
    assert len(set(ends.argmax(0).tolist())) >= 3 and not torch.equal(ends.argmax(0), before.argmax(0))
    best, second = ends.topk(2, dim=0).values
    assert (best - second).min() > 1e-3, "no choice hangs on rounding"


@pytest.mark.parametrize("restarts", [21, 41, 61])
@pytest.mark.parametrize("kind", ["linear", "lower", "higher", "nearest", "midpoint"])
def test_any_definition_of_a_quantile_is_right(restarts, kind):
    clean, ends = (a.double() for a in climbs(6, restarts))
    low = ends.quantile(0.05, dim=1, interpolation=kind)
    assert torch.allclose((low - clean) / (ends.amax(1) - clean), share(clean, ends))


def test_the_fewest_steps_reach_and_one_fewer_does_not():
    for eps, step_size in CASES:
        n = needed(eps, step_size)
        assert n * step_size >= eps * (1 - 1e-9) and (n - 1) * step_size < eps * (1 - 1e-9)
