"""Distances of descriptors: written out, differentiated, and what each of them does not see."""

import math

import pytest
import torch

from advcourse.descriptors import cosine_distance, histogram_distance, soft_histogram, tensor_distance

DOUBLE = torch.float64


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


D, E = torch.randn(2, 4, 5, generator=seeded(0), dtype=DOUBLE)
F, G = torch.rand(2, 3, 4, 3, 2, generator=seeded(1), dtype=DOUBLE)
KINDS = [(cosine_distance, D, E), (tensor_distance, F, G), (tensor_distance, D, E), (histogram_distance, F, G)]
kinds = pytest.mark.parametrize(("loss", "out", "target"), KINDS, ids=["cosine", "tensor", "vector", "histogram"])


def slow_histogram(values, top):
    """One channel: every value spread over the 21 bins by a Gaussian of deviation 0.1."""
    share = [0.0] * 21
    for v in values:
        weights = [math.exp(-((min(max(v / top, 0), 1) - k / 20) ** 2) / 0.02) for k in range(21)]
        share = [s + w / sum(weights) / len(values) for s, w in zip(share, weights)]
    return share


def slow_histogram_distance(out, target):
    """One sample [C, H, W]: the mean over the channels."""
    top, gaps = float(target.max()), []
    for a, b in zip(out.flatten(1).tolist(), target.flatten(1).tolist()):
        gaps.append(math.dist(slow_histogram(a, top), slow_histogram(b, top)))
    return sum(gaps) / len(gaps)


def test_the_cosine_distance_of_known_angles():
    out = torch.tensor([[1.0, 0.0], [0.0, 3.0], [-2.0, 0.0], [1.0, 1.0], [0.0, 0.0]], dtype=DOUBLE)
    target = torch.tensor([[5.0, 0.0]], dtype=DOUBLE).expand(5, 2)
    expected = torch.tensor([0, 1, 2, 1 - math.sqrt(0.5), 1], dtype=DOUBLE)
    torch.testing.assert_close(cosine_distance(out, target), expected)


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_the_cosine_does_not_care_for_lengths_however_extreme(factor):
    out, target = D.float(), E.float()
    torch.testing.assert_close(cosine_distance(factor * out, target / factor), cosine_distance(out, target))


def test_the_tensor_distance_is_the_squared_error_in_parts_of_the_targets_square():
    for out, target, found in zip(F, G, tensor_distance(F, G)):
        assert float(found) == pytest.approx(float((out - target).square().sum() / target.square().sum()))
    assert tensor_distance(torch.zeros_like(G), G).tolist() == pytest.approx([1.0] * 3)


def test_the_histogram_distance_written_out():
    expected = [slow_histogram_distance(out, target) for out, target in zip(F, G)]
    assert histogram_distance(F, G).tolist() == pytest.approx(expected)


def test_a_soft_histogram_is_shares_of_places_near_their_activation():
    features = torch.tensor([0.0, 0.5, 0.5, 1.0], dtype=DOUBLE).view(1, 1, 2, 2)
    (shares,) = soft_histogram(2 * features, torch.tensor([2.0], dtype=DOUBLE))[0]
    assert float(shares.sum()) == pytest.approx(1) and shares[10] == shares.max()
    assert torch.equal(shares, shares.flip(0)) or torch.allclose(shares, shares.flip(0))
    assert float(shares[7:14].sum()) == pytest.approx(0.5, abs=0.05)
    top = torch.tensor([1.0], dtype=DOUBLE)
    within, beyond = (soft_histogram(torch.tensor([[[v]]], dtype=DOUBLE), top) for v in ([0.0, 1.0], [-3.0, 9.0]))
    assert torch.equal(within, beyond), "what lies beyond the bins is in the last one"


@kinds
def test_a_distance_is_zero_only_where_both_are_the_same(loss, out, target):
    assert loss(target, target).abs().max() < 1e-12
    assert (loss(out, target) > 0.01).all()


@kinds
def test_its_gradient_is_its_central_difference(loss, out, target):
    assert torch.autograd.gradcheck(lambda v: loss(v, target), out.clone().requires_grad_())


@kinds
def test_a_sample_does_not_depend_on_its_batch(loss, out, target):
    torch.testing.assert_close(loss(out[1:2], target[1:2]), loss(out, target)[1:2])
    assert loss(out[:0], target[:0]).shape == (0,)


@kinds
def test_values_and_gradients_stay_finite_at_zero_and_at_the_target(loss, out, target):
    for start, aim in ((torch.zeros_like(out), target), (target.clone(), target), (out, torch.zeros_like(out))):
        start = start.clone().requires_grad_()
        value = loss(start, aim)
        (g,) = torch.autograd.grad(value.sum(), start)
        assert value.isfinite().all() and g.isfinite().all()


def test_the_histogram_does_not_see_where_something_fires_and_neither_does_pooling():
    moved = F.flatten(2).flip(2).view_as(F)
    assert histogram_distance(moved, F).abs().max() < 1e-12 < float(tensor_distance(moved, F).min())
    for pool in (lambda f: f.mean((2, 3)), lambda f: f.amax((2, 3))):
        torch.testing.assert_close(pool(moved), pool(F))


def test_maps_of_another_size_have_histograms_all_the_same():
    tiled = G.repeat(1, 1, 2, 3)
    assert histogram_distance(tiled, G).abs().max() < 1e-12


@pytest.mark.parametrize(
    ("loss", "out", "target", "words"),
    [
        (cosine_distance, D, E[:, :3], r"one shape.*got \[4, 5\] and \[4, 3\].*same embedding"),
        (cosine_distance, D[0], E[0], r"one shape"),
        (tensor_distance, F, G[..., :1], r"one shape.*same resolution"),
        (histogram_distance, F, G[:, :2], r"channels of the target's; got \[3, 4, 3, 2\] and \[3, 2, 3, 2\]"),
        (histogram_distance, D, E, r"before they are pooled.*cosine_distance"),
    ],
    ids=["widths", "one vector", "maps", "channels", "pooled"],
)
def test_what_cannot_be_compared_is_named(loss, out, target, words):
    with pytest.raises(ValueError, match=words):
        loss(out, target)
