"""What the checks of unit 05 compare with: closed forms by brute force, and the attacks on a hidden gradient."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch

from advcourse import margin
from advcourse.checks.black_box import bisect, hide_the_gradient, interval_layer, keep_if_better, nes_gradient
from advcourse.checks.black_box.name_the_defence import KINDS, MYSTERIES
from advcourse.checks.black_box.oracle import Oracle
from advcourse.checks.verdict import Finding


def test_along_an_orthogonal_basis_the_estimate_of_a_linear_score_is_its_gradient():
    draw = torch.Generator().manual_seed(0)
    x, slope = torch.rand(2, 3, 6, generator=draw).double().unbind(0)
    basis = torch.linalg.qr(torch.randn(6, 6, generator=draw).double())[0] * 6**0.5
    found = nes_gradient.right(lambda z: (z * slope).sum(1) + 5, x, basis[:, None].expand(6, 3, 6), 0.4)
    assert torch.allclose(found, slope)


def test_the_nes_estimate_is_that_of_a_loop_over_samples():
    score, x, directions, sigma = nes_gradient.asked(5, 3, 2, 4)
    wanted = torch.zeros_like(x)
    for i, u in itertools.product(range(len(x)), directions):
        up, down = score.says(x + sigma * u)[i], score.says(x - sigma * u)[i]
        wanted[i] += u[i] * (up - down) / (2 * sigma * len(directions))
    assert torch.allclose(nes_gradient.right(score.says, x, directions, sigma), wanted, atol=1e-5)


@pytest.mark.parametrize("steps", [0, 1, 6, 10])
def test_after_bisection_the_boundary_is_within_the_last_step_of_that_length(steps):
    fooled, x, z, _ = bisect.asked(steps, 2, 3)
    at = bisect.way(x, z, bisect.right(fooled.says, x, z, steps))
    beyond = at - torch.tensor(bisect.BOUNDARY)
    assert (beyond > 0).all() and (beyond <= 2.0**-steps).all()
    assert torch.allclose(at * 2**steps, (at * 2**steps).round(), atol=1e-3)


def test_no_boundary_hangs_on_rounding():
    dyadic = torch.tensor(bisect.BOUNDARY) * 2**10
    assert ((dyadic - dyadic.round()).abs() > 0.05).all()


def test_every_bound_of_a_layer_is_reached_by_a_corner_and_left_by_none():
    for seed, shape in enumerate([(6, 5, 4), (3, 4, 6), (4, 4, 4)]):
        w, b, lo, hi = interval_layer.asked(*shape, seed=seed)
        corners = torch.tensor(list(itertools.product((0, 1), repeat=shape[1])))[:, None]
        outputs = (torch.where(corners == 1, hi, lo) @ w.T + b).relu()
        reached = torch.stack([outputs.amin(0), outputs.amax(0)]).double()
        assert torch.allclose(interval_layer.right(w, b, lo, hi), reached, atol=1e-5)


def test_relu_is_on_off_and_undecided_among_the_outputs():
    lower, upper = interval_layer.before_relu(*interval_layer.asked(6, 5, 4, seed=3))
    assert all(int(which.sum()) >= 3 for which in (lower > 0, upper < 0, (lower < 0) & (upper > 0)))


@pytest.mark.parametrize("gains", [keep_if_better.GAINS, keep_if_better.LOSSES])
def test_scores_rise_by_exactly_what_was_wanted(gains):
    score, z, candidate = keep_if_better.asked(gains, 2, 3)
    assert torch.equal(score.says(candidate) - score.says(z), torch.tensor(gains))
    assert (score.says(z) > 0).any() and (score.says(z) < 0).any()


def test_an_oracle_counts_for_each_copy_and_refuses_the_rest():
    x = torch.zeros(2, 3)
    oracle = Oracle(x, 1, lambda z: z.sum(1))
    oracle(x)
    for wrong, args in {
        "asks-too-often": (oracle, x),
        "asks-about-others": (oracle, x[:1]),
        "wants-a-gradient": (oracle, x.clone().requires_grad_()),
        "asks-about-no-tensor": (oracle, [0, 0]),
    }.items():
        with pytest.raises(Finding) as found:
            args[0](args[1])
        assert found.value.verdict.diagnosis == wrong
    fresh = Oracle(x, 1, lambda z: z.sum(1))
    for _ in "12":
        assert torch.equal(copy.deepcopy(fresh)(x), torch.zeros(2))


def test_without_a_defence_every_attack_gets_through():
    model, x, y = hide_the_gradient.digits()

    def told(z):
        return hide_the_gradient.TOLD(model(z), (model, z))

    found, flat = hide_the_gradient.search(told, x, y)
    eps = hide_the_gradient.EPS
    losses = (hide_the_gradient.up_the_cross_entropy, hide_the_gradient.up_the_margin)
    assert hide_the_gradient.accuracy(told, x, y) == 1 and len(x) == 50 and flat < 0.5
    for z in (found, *(hide_the_gradient.pgd(told, x, y, up, eps, eps) for up in losses)):
        assert hide_the_gradient.accuracy(told, z, y) < 0.1
        assert (z - x).abs().max() < eps + 1e-6
        assert z.min() >= 0 and z.max() <= 1


def test_slopes_of_the_logits_are_the_weights_of_a_linear_model():
    model, x, _ = hide_the_gradient.digits()
    z = x.clone().requires_grad_()
    told = hide_the_gradient.TOLD(model(z), (model, z))
    assert torch.allclose(told[:, :, 1:].float(), model.weight.expand(len(x), -1, -1))
    assert torch.equal(told[:, :, 0].float(), model(x))


def test_uphill_is_the_gradient_of_the_loss_by_the_logits():
    logits, y = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1])
    logits.requires_grad_()
    entropy = torch.nn.functional.cross_entropy(logits, y, reduction="sum")
    for loss, up in (
        (entropy, hide_the_gradient.up_the_cross_entropy),
        (margin(logits, y).sum(), hide_the_gradient.up_the_margin),
    ):
        assert torch.allclose(torch.autograd.grad(loss, logits)[0], up(logits.detach(), y), atol=1e-6)


def test_every_kind_of_mystery_is_there_twice_or_more_and_none_is_a_matter_of_taste():
    assert all(sum(mystery.kind == kind for mystery in MYSTERIES) >= 2 for kind in KINDS)
    for mystery in MYSTERIES:
        _, entropy, margin, square, repeat = mystery.readings
        for gap in (entropy - margin, min(entropy, margin) - square):
            assert abs(gap - 0.1) > 0.005
        assert repeat == 0.5 or abs(repeat - 0.5) > 0.01  # of exactly a half the task says that it is not most


def test_whoever_draws_another_border_than_the_task_is_seen():
    """More than a tenth is far, and more than half is most: half of that and one and a half times it are neither."""
    readings = [mystery.readings for mystery in MYSTERIES]
    for gaps in ([r[1] - r[2] for r in readings], [min(r[1:3]) - r[3] for r in readings if r[1] - r[2] <= 0.1]):
        assert any(0.05 < gap < 0.1 for gap in gaps) and any(0.1 < gap < 0.15 for gap in gaps)
    assert any(0.3 < r[4] < 0.5 for r in readings) and any(0.5 < r[4] < 0.7 for r in readings)
