"""What the checks of unit 01 compare with."""

from __future__ import annotations

import pytest
import torch

from advcourse.checks.blind_spots.alarms import cases, right
from advcourse.checks.blind_spots.confidence_at import confidence
from advcourse.checks.blind_spots.distance_for import distance, wishes
from advcourse.checks.blind_spots.mahalanobis import cloud
from advcourse.checks.blind_spots.mahalanobis import distance as length


def test_confidence_and_distance_undo_each_other():
    p, w, temperature = wishes(8, 3, 2.5)
    assert torch.allclose(confidence(distance(p, w, temperature) / temperature, w), p, atol=1e-5)


def test_mahalanobis_distance_is_euclidean_once_the_slant_is_undone():
    x, mean, covariance = (a.double() for a in cloud(7, 3))
    variance, axes = torch.linalg.eigh(covariance)
    straight = (x - mean) @ axes @ torch.diag(variance.rsqrt())
    assert torch.allclose(length(x, mean, covariance), straight.norm(dim=1))


@pytest.mark.parametrize("kind", ["linear", "lower", "higher", "nearest", "midpoint"])
def test_any_definition_of_a_quantile_is_right(kind):
    for scores, known, rate in (case.args for case in cases()):
        threshold = torch.quantile(known, 1 - rate, interpolation=kind)
        assert torch.equal(scores > threshold, right(scores, known, rate))
