"""What the checks of unit 06 compare with: closed forms against brute force, autograd and other people's code."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import average_precision_score

from advcourse.checks.creative_attacks import (
    average_precision,
    cosine_agreement,
    mean_over_placements,
    mismatch_loss,
    place,
    strongest_anchor,
)
from advcourse.goals import strongest


@pytest.mark.parametrize("one", [False, True])
def test_the_cosine_is_that_of_torch(one):
    a, b = cosine_agreement.asked(4, 4, 0, one=one)
    wanted = torch.cosine_similarity(a, b.expand_as(a), dim=1)
    assert torch.allclose(cosine_agreement.right(a, b), wanted, atol=1e-6)


def test_obtuse_angles_are_among_those_asked_about():
    assert (cosine_agreement.right(*cosine_agreement.asked(5, 4, 0)) < -0.1).any()


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_scikit_learn(seed):
    relevant = torch.rand(30, generator=torch.Generator().manual_seed(seed)) < 0.3
    wanted = average_precision_score(relevant.numpy(), -torch.arange(30).numpy())
    assert abs(average_precision.right(relevant) - wanted) < 1e-9


def test_the_rankings_start_and_end_with_a_miss():
    assert all(ranking[0] == ranking[-1] == 0 for ranking in average_precision.RANKINGS)


def test_the_mismatch_loss_is_that_of_a_loop_over_numbers():
    d, target, z, carrier, weight = mismatch_loss.asked(4, 5, 3, 2, 4)
    for i, found in enumerate(mismatch_loss.right(d, target, z, carrier, weight)):
        meaning = 1 - sum(u * v for u, v in zip(d[i].tolist(), target[i].tolist()))
        changes = [(u - v) ** 2 for u, v in zip(z[i].flatten().tolist(), carrier[i].flatten().tolist())]
        assert abs(float(found) - meaning - weight * sum(changes) / len(changes)) < 1e-5
    assert torch.allclose(d.norm(dim=1), torch.ones(4)) and torch.allclose(target.norm(dim=1), torch.ones(4))


def test_a_patch_is_there_pixel_by_pixel_and_the_rest_is_left():
    patch, x, row, column = place.asked((2, 3, 6, 5), (2, 3), (1, 1))
    out = place.right(patch, x, row, column)
    for _, c, i, j in torch.cartesian_prod(*map(torch.arange, x.shape)).tolist():
        inside = row <= i < row + 2 and column <= j < column + 3
        wanted = patch[c, i - row, j - column].expand(2) if inside else x[:, c, i, j]
        assert torch.equal(out[:, c, i, j], wanted)


@pytest.mark.parametrize("places", [mean_over_placements.PLACES, [(1, 1), (2, 2), (0, 1)]])
def test_the_gradient_over_places_is_that_of_autograd(places):
    score, patch, x, _ = mean_over_placements.asked(3, places)
    p = patch.clone().requires_grad_()
    value = torch.stack([score(place.put(p, x, *at)) for at in places]).mean()
    (wanted,) = torch.autograd.grad(value, p)
    assert torch.allclose(mean_over_placements.right(score, patch, x, places), wanted, atol=1e-6)


@pytest.mark.parametrize("places", [mean_over_placements.PLACES, [(1, 1), (2, 2), (0, 1)]])
def test_the_gradient_of_all_patches_at_once_is_that_of_autograd(places):
    score, patch, x, _ = mean_over_placements.asked(3, places)
    p, z = patch.clone().requires_grad_(), x
    for at in places:
        z = place.put(p, z, *at)
    (wanted,) = torch.autograd.grad(score(z).mean(), p)
    assert torch.allclose(mean_over_placements._at_once(score, patch, x, places), wanted, atol=1e-6)


def test_the_strongest_anchor_is_the_librarys_loss_and_that_of_a_loop():
    (logits,) = strongest_anchor.asked(5, 3, 4)
    wanted = sum(max(one.flatten().tolist()) for one in logits) / 5
    assert abs(strongest_anchor.right(logits) - wanted) < 1e-5
    assert abs(float(strongest(logits.flatten(1)).mean()) - wanted) < 1e-5


def test_an_image_fires_nowhere_and_none_at_the_ends_stands_for_all():
    best = strongest_anchor.asked(5, 3, 4)[0].flatten(1).amax(1)
    order = best.argsort().tolist()
    assert (best < 0).any() and not {order[0], order[2], order[4]} & {0, 4}
