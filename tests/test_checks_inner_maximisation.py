"""What the checks of unit 08 ask about."""

from __future__ import annotations

import pytest
import torch

from advcourse.checks.inner_maximisation.best_of import climb, loss, points
from advcourse.checks.inner_maximisation.concentration import climbs, share
from advcourse.checks.inner_maximisation.fewest_steps import WALKS, needed


def test_the_best_end_is_not_the_best_start_and_differs_from_sample_to_sample():
    starts = points(5, 7, 2, 3)
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
    for eps, step_size in WALKS:
        n = needed(eps, step_size)
        assert n * step_size >= eps * (1 - 1e-9) and (n - 1) * step_size < eps * (1 - 1e-9)
