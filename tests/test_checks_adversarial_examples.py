"""The checks of unit 02: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import math

import pytest
import torch
from banks import deepfool_step, linear_distance, most_susceptible, smallest_eps, susceptibility
from banks.ill_behaved import ANYWHERE
from banks.rules import (
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
    assert_well_said,
    status_of,
)

from advcourse.checks import judge
from advcourse.checks.adversarial_examples import EXERCISES
from advcourse.checks.adversarial_examples.deepfool_step import WRONG_STEPS, boundaries, step
from advcourse.checks.adversarial_examples.linear_distance import NORMS, planes
from advcourse.checks.adversarial_examples.linear_distances import WRONG_DISTANCES, distance
from advcourse.checks.adversarial_examples.most_susceptible import WRONG_ORDERS, nets, order, unreachable
from advcourse.checks.adversarial_examples.susceptibility import WRONG_SHARES, distances, share

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (linear_distance, deepfool_step, smallest_eps, susceptibility, most_susceptible)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
GIVE_AWAYS = ("norm(", "argmin(", "amin(", "clamp(", "mean(", "median(", "float('", "sorted(", "/ 2", "abs(")


def test_every_exercise_of_the_unit_has_a_bank():
    assert list(BANKS) == list(EXERCISES)


@pytest.mark.parametrize(("name", "title"), ROWS)
def test_bank(name, title):
    expected, candidate = BANKS[name][title]
    seconds = 0.2 if expected == "hangs" else 6
    verdict = judge(name, candidate, seconds=seconds)
    assert (verdict.diagnosis, verdict.status) == (expected, status_of(expected)), verdict.message
    assert judge(name, candidate, seconds=seconds) == verdict, "the same answer gets the same verdict"
    assert_well_said(verdict, GIVE_AWAYS)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("title", ANYWHERE)
def test_ill_behaved(name, title):
    row = ANYWHERE[title]
    assert_judged(name, row, GIVE_AWAYS, seconds=0.1 if row[0] == "hangs" else 6)


@pytest.mark.parametrize("name", BANKS)
def test_bank_has_three_more_styles_and_a_stub(name):
    assert_enough_rows(BANKS[name])


def test_every_diagnosis_is_hit_by_a_row():
    assert_every_diagnosis_has_a_row("adversarial_examples", BANKS, at_least=60)


@pytest.mark.parametrize("p", NORMS)
def test_the_distance_is_the_smallest_that_changes_the_answer(p):
    """Along the steepest direction for every other class a little less keeps the answer, a little more changes it."""
    W, b, x, y = (a.double() if a.is_floating_point() else a for a in planes())
    far = distance(W, b, x, y, p)
    for i in range(len(x)):
        slopes = W - W[y[i]]
        push = slopes.sign() if p == math.inf else slopes / slopes.norm(dim=1, keepdim=True).clamp(min=1e-9)
        for factor, changed in ((0.999, False), (1.001, True)):
            z = x[i] + factor * far[i] * push
            logits = z @ W.T + b
            beaten = (logits > logits[:, y[i], None] + 1e-12).any()
            assert bool(beaten) == (changed or far[i] == 0)


def test_the_step_ends_on_the_nearest_boundary():
    f, w = (a.double() for a in boundaries())
    gaps = f - w @ step(f, w)
    assert gaps.abs().min() < 1e-9 and gaps.min() > -1e-9
    draw = torch.Generator().manual_seed(0)
    around = torch.randn(20_000, w.shape[1], generator=draw, dtype=torch.float64)
    around = 0.999 * step(f, w).norm() * around / around.norm(dim=1, keepdim=True)
    assert (f - around @ w.T).min() > 0, "no shorter step reaches any boundary"


def test_mistakes_can_be_told_apart():
    """Each wrong formula differs visibly from the right one and from those with another name."""
    W, b, x, y = (a.double() if a.is_floating_point() else a for a in planes())
    f, w = (a.double() for a in boundaries())
    square, oblong = distances(8, 8), distances(12, 5)

    def both(formula):
        return torch.cat([formula(W, b, x, y, p) for p in NORMS])

    def shares(formula):
        return torch.cat([formula(*square), formula(*oblong)]).double().nan_to_num(-9)

    tables = (
        [("right", both(distance))] + [(m.diagnosis, both(m.formula)) for m in WRONG_DISTANCES],
        [("right", step(f, w))] + [(m.diagnosis, m.formula(f, w)) for m in WRONG_STEPS],
        [("right", shares(share))] + [(m.diagnosis, shares(m.formula)) for m in WRONG_SHARES],
    )
    for results in tables:
        for i, (one, a) in enumerate(results):
            for other, c in results[:i]:
                assert one == other or ((a - c).abs() > 5e-3).any(), (one, other)


def test_orders_can_be_told_apart():
    found = {m.diagnosis: (*order(nets(), m.key), *order(unreachable(), m.key)) for m in WRONG_ORDERS}
    found |= {"right": (*order(nets()), *order(unreachable()))}
    assert len(set(found.values())) == len(found)


def test_no_distance_equals_an_eps():
    """Under or up to: both ways to read the task give the same shares."""
    for n, m in ((8, 8), (12, 5), (1, 3), (9, 1)):
        distance, eps = distances(n, m)
        assert (distance[:, None] - eps).abs().min() > 1e-3
