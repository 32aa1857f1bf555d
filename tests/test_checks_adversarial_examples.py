"""What the checks of unit 02 compare with, by brute force, and what they ask about."""

from __future__ import annotations

import math

import pytest
import torch

from advcourse.checks.adversarial_examples.deepfool_step import boundaries, nearest_step
from advcourse.checks.adversarial_examples.linear_distance import NORMS, distance, planes
from advcourse.checks.adversarial_examples.susceptibility import distances


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
    gaps = f - w @ nearest_step(f, w)
    assert gaps.abs().min() < 1e-9 and gaps.min() > -1e-9
    draw = torch.Generator().manual_seed(0)
    around = torch.randn(20_000, w.shape[1], generator=draw, dtype=torch.float64)
    around = 0.999 * nearest_step(f, w).norm() * around / around.norm(dim=1, keepdim=True)
    assert (f - around @ w.T).min() > 0, "no shorter step reaches any boundary"


def test_no_distance_equals_an_eps():
    """Under or up to: both ways to read the task give the same shares."""
    for n, m in ((8, 8), (12, 5), (1, 3), (9, 1)):
        distance, eps = distances(n, m)
        assert (distance[:, None] - eps).abs().min() > 1e-3
