"""What the checks of unit 09 compare with is right, and hangs on no rounding."""

from __future__ import annotations

import torch

from advcourse.checks.max_of_convex.active_set import cases as sets
from advcourse.checks.max_of_convex.average_iterate import cases as walks
from advcourse.checks.max_of_convex.average_iterate import walk
from advcourse.checks.max_of_convex.bowls import bowls, sunken, twins
from advcourse.checks.max_of_convex.descends import space
from advcourse.checks.max_of_convex.shortest_of_two import cases as mixtures
from advcourse.checks.max_of_convex.shortest_of_two import nearest, pairs, share, short_cases
from advcourse.checks.max_of_convex.subgradient import KINK
from advcourse.checks.max_of_convex.subgradient import cases as points


def asked(cases) -> list[tuple]:
    return [args for case in cases() for args in (case.args, *case.also)]


def test_gradients_of_the_bowls_are_finite_differences():
    h = 1e-6
    for g in [*bowls(), *twins()]:
        w = torch.tensor(KINK, dtype=torch.float64)
        steps = h * torch.eye(2, dtype=torch.float64)
        assert torch.allclose(torch.stack([(g(w + s) - g(w - s)) / (2 * h) for s in steps]), g.gradient(w))


def test_no_subgradient_hangs_on_rounding():
    """Away from its kinks every case has a clear winner, each function wins, and at the kink the tie is exact."""
    passed = [(f, w) for f, w in asked(points)] + [(args[0], w) for args in asked(walks) for w in walk(*args)]
    winners = set()
    for functions, w in passed:
        values = torch.tensor([float(g(w)) for g in functions])
        assert (values.max() - values < 0.02).sum() == 1
        assert (values.max() < 0) == (functions == sunken())
        winners.add(functions[values.argmax()])
    assert winners >= set(bowls())
    a, b, below = (g(torch.tensor(KINK)) for g in twins())
    assert a == b > below


def test_no_tie_hangs_on_rounding():
    for values, tolerance in asked(sets):
        gap = (values.max() - values).double()
        limit = tolerance * values.max().double().abs()
        assert not ((gap > 0.96 * limit) & (gap < 1.04 * limit) & (limit > 0)).any()


def test_the_nearest_point_is_that_of_a_fine_search():
    for a, b in [*asked(mixtures), *asked(short_cases)]:
        t = torch.linspace(0, 1, 20001, dtype=torch.float64)[:, None]
        segment = t * a.double() + (1 - t) * b.double()
        size = max(a.norm(), b.norm())
        assert (segment.norm(dim=1).min() - nearest(a, b).double().norm()).abs() <= 1e-3 * size


def test_every_case_of_two_lies_where_it_says():
    shares = [float(share(a, b)) for a, b in pairs()]
    assert [(s > 0.05) + (s > 1.05) for s in shares] == [1, 1, 2, 2, 0, 0]
    assert all(abs(s) > 0.05 and abs(s - 1) > 0.05 for s in shares)
    assert [float(a @ b) > 0 for a, b in pairs()[:2]] == [False, True]


def test_each_gradient_alone_forbids_a_direction():
    gradients, directions = space()
    rises = directions @ gradients.T >= 0
    assert rises.tolist() == [[True, False, False], [False, True, False], [False, False, True], [False, False, False]]
