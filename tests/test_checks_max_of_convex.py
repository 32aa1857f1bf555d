"""The checks of unit 09: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import pytest
import torch
from banks import active_set, average_iterate, counterexample, descends, shortest_of_two, subgradient
from banks.ill_behaved import ANYWHERE, ILL_BEHAVED
from banks.rules import (
    assert_always_judged,
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
)

from advcourse.checks.max_of_convex import EXERCISES
from advcourse.checks.max_of_convex.active_set import CASES, WRONG_SETS, active
from advcourse.checks.max_of_convex.active_set import of_all as all_sets
from advcourse.checks.max_of_convex.average_iterate import CASES as WALKS
from advcourse.checks.max_of_convex.average_iterate import WRONG_WALKS, mean_of_all, walk
from advcourse.checks.max_of_convex.average_iterate import of_all as all_walks
from advcourse.checks.max_of_convex.bowls import bowls, largest, twins
from advcourse.checks.max_of_convex.descends import WRONG_TESTS, kink, lead_down
from advcourse.checks.max_of_convex.shortest_of_two import WRONG_POINTS, nearest, odd_pairs, pairs, share
from advcourse.checks.max_of_convex.shortest_of_two import of_all as all_points
from advcourse.checks.max_of_convex.subgradient import KINK, POINTS, WRONG_SUBGRADIENTS

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (active_set, subgradient, shortest_of_two, descends, counterexample, average_iterate)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
MISBEHAVIOUR = [
    (name, title)
    for name, exercise in EXERCISES.items()
    for title in (ANYWHERE if exercise.form else {**ANYWHERE, **ILL_BEHAVED})
    # torch.gcd takes two tensors, as this exercise gives them, and calls itself not implemented for floats.
    if (name, title) != ("shortest_of_two", "a function written in C")
]
GIVE_AWAYS = (".max()", "clamp(", "autograd", "(b - a)", ".all(", "argmax", "mean(", ".abs()", "square(")


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
    assert_every_diagnosis_has_a_row("max_of_convex", BANKS, at_least=65)


def test_mistakes_can_be_told_apart():
    """Each wrong formula differs visibly from the right one and from those with another name."""
    points = [torch.tensor(at) for at in POINTS]

    def slopes(formula):
        return torch.stack([formula(bowls(), w) for w in points])

    tables = (
        [("right", all_sets(active)), *((m.diagnosis, all_sets(m.formula)) for m in WRONG_SETS)],
        [
            ("right", slopes(lambda f, w: largest(f, w).gradient(w))),
            *((m.diagnosis, slopes(m.formula)) for m in WRONG_SUBGRADIENTS),
        ],
        [("right", all_points(nearest)), *((m.diagnosis, all_points(m.formula)) for m in WRONG_POINTS)],
        [("right", lead_down(*kink())), *((m.diagnosis, m.formula(*kink()).double()) for m in WRONG_TESTS)],
        [("right", all_walks(mean_of_all)), *((m.diagnosis, all_walks(m.formula)) for m in WRONG_WALKS)],
    )
    for results in tables:
        for i, (one, a) in enumerate(results):
            for other, b in results[:i]:
                assert one == other or ((a - b).abs() > 5e-3).any(), (one, other)


def test_gradients_of_the_bowls_are_finite_differences():
    h = 1e-6
    for g in [*bowls(), *twins()]:
        for at in (*POINTS, KINK):
            w = torch.tensor(at, dtype=torch.float64)
            steps = h * torch.eye(2, dtype=torch.float64)
            assert torch.allclose(torch.stack([(g(w + s) - g(w - s)) / (2 * h) for s in steps]), g.gradient(w))


def test_no_answer_hangs_on_rounding():
    """Away from its kinks every case has a clear winner, and at its kink the tie is exact."""
    paths = [walk(bowls(), torch.tensor(w), size, steps) for w, size, steps in WALKS]
    for w in [*torch.cat(paths), *(torch.tensor(at) for at in POINTS)]:
        best, second, *_ = sorted((float(g(w)) for g in bowls()), reverse=True)
        assert best - second > 0.02
    assert twins()[0](torch.tensor(KINK)) == twins()[1](torch.tensor(KINK)) > twins()[2](torch.tensor(KINK))
    for values, tolerance in CASES:
        gap = (values.max() - values).double() / values.abs().max()
        assert not ((gap > 0.3 * tolerance) & (gap < 3 * tolerance)).any() or tolerance == 0.1
    assert all(abs(float(share(a, b))) > 0.05 and abs(float(share(a, b)) - 1) > 0.05 for a, b in pairs())


def test_the_nearest_point_is_that_of_a_fine_search():
    for a, b in [*pairs(), *(pair for pair, _ in odd_pairs())]:
        t = torch.linspace(0, 1, 20001, dtype=torch.float64)[:, None]
        segment = t * a.double() + (1 - t) * b.double()
        assert (segment.norm(dim=1).min() - nearest(a, b).double().norm()).abs() < 1e-3 * (1 + a.norm())


def test_every_case_of_two_lies_where_it_says():
    inside = [0 < float(share(a, b)) < 1 for a, b in pairs()]
    assert inside.count(True) == 2 and sum(float(share(a, b)) > 1 for a, b in pairs()) == 2
