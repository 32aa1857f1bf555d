"""What the checks of unit 10 compare with: closed forms against brute force, autograd and counting by hand."""

from __future__ import annotations

import pytest
import torch
from banks.robust_step import reference, zero_first
from torch.nn.functional import cross_entropy

from advcourse import Untargeted
from advcourse.checks import judge
from advcourse.checks.robust_training import robust_accuracy, robust_loss, robust_step, robustness_table


def test_the_closed_form_is_the_largest_loss_over_all_corners():
    w, b, x, y = robust_loss.inputs()
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 4)
    scores = (x[:, None] + robust_loss.EPS * signs) @ w + b
    brute = (1 + (-y[:, None] * scores).double().exp()).log().amax(1)
    assert torch.allclose(robust_loss.right(w, b, x, y, robust_loss.EPS), brute, atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"size": 1}, {"lr": 0.01}])
def test_the_right_step_is_that_of_torch(settings):
    model, x, y, attack, optimizer = robust_step.asked(5, **settings)
    wanted = robust_step.right(model, x, y, attack, optimizer)
    optimizer.begin(model)
    loss = cross_entropy(model(attack(model, x, Untargeted(y)).detach()), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    assert torch.allclose(robust_step.loss_steps_and_weights(loss.detach(), (model, x, y, attack, optimizer)), wanted)


def test_who_clears_gradients_before_a_careless_attack_passes_and_hears_of_it():
    told, silent = (judge("robust_step", answer) for answer in (zero_first, reference))
    assert told.diagnosis == silent.diagnosis == "ok"
    assert "careless" in told.message and "careless" not in silent.message


def test_a_step_changes_what_the_attack_returns():
    """Else a stale attack would be as good as a new one."""
    model, x, y, attack, optimizer = robust_step.asked(5)
    optimizer.begin(model)
    first = attack(model, x, Untargeted(y))
    cross_entropy(model(first.detach()), y).backward()
    optimizer.step()
    assert first.requires_grad
    assert ((attack(model, x, Untargeted(y)) - first).abs() > 1e-2).all()


def test_the_right_share_is_counted_in_the_table():
    counted = [row for row in robust_accuracy.SAMPLES if row[0] == row[1] and robust_accuracy.FOOLS not in row[2:]]
    share = robust_accuracy.check_robust_accuracy.right(*robust_accuracy.asked())
    assert share == len(counted) / len(robust_accuracy.SAMPLES) > 0


def test_the_attack_of_the_table_grows_weaker_beyond_some_radius():
    """Else nobody would have to remember who has fallen."""
    (network, *_), x, y, attack, _ = robustness_table.asked(*robustness_table.RADII)
    stands = [
        network(attack(network, x, Untargeted(y), robustness_table.Linf(eps))).argmax(1) == y for eps in (0.1, 0.2)
    ]
    assert (stands[1] & ~stands[0]).any()
