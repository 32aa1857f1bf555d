"""The checks of unit 10: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import pytest
import torch
from banks import robust_accuracy, robust_loss, robust_step, robustness_table
from banks.ill_behaved import ANYWHERE
from banks.rules import (
    assert_always_judged,
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
)

from advcourse.checks.robust_training import EXERCISES
from advcourse.checks.robust_training import robust_accuracy as accuracy
from advcourse.checks.robust_training import robust_loss as loss
from advcourse.checks.robust_training import robust_step as step
from advcourse.checks.robust_training import robustness_table as table

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (robust_loss, robust_step, robust_accuracy, robustness_table)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
GIVE_AWAYS = ("softplus(", "abs()", "detach(", "zero_grad", "backward(", "Untargeted(", "cumprod", ".all(", "&")


def test_every_exercise_of_the_unit_has_a_bank():
    assert list(BANKS) == list(EXERCISES)


@pytest.mark.parametrize(("name", "title"), ROWS)
def test_bank(name, title):
    assert_always_judged(name, BANKS[name][title], GIVE_AWAYS)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("title", ANYWHERE)
def test_ill_behaved(name, title):
    row = ANYWHERE[title]
    assert_judged(name, row, GIVE_AWAYS, seconds=0.1 if row[0] == "hangs" else 6)


@pytest.mark.parametrize("name", BANKS)
def test_bank_has_three_more_styles_and_a_stub(name):
    assert_enough_rows(BANKS[name])


def test_every_diagnosis_is_hit_by_a_row():
    assert_every_diagnosis_has_a_row("robust_training", BANKS, at_least=40)


# The oracles ----------------------------------------------------------------------------------------------------------


def test_the_closed_form_is_the_largest_loss_over_all_corners():
    w, b, x, y = loss.inputs()
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 4)
    scores = (x[:, None] + loss.EPS * signs) @ w + b
    brute = (1 + (-y[:, None] * scores).double().exp()).log().amax(1)
    assert torch.allclose(loss.right(w, b, x, y, loss.EPS), brute, atol=1e-6)


@pytest.mark.parametrize("images", ["x", "z"])
def test_the_gradient_of_the_trainee_is_autograds(images):
    t = step.Trial()
    value = torch.nn.functional.cross_entropy(t.model(getattr(t, images)), t.y)
    slopes = torch.cat([g.flatten() for g in torch.autograd.grad(value, list(t.model.parameters()))])
    assert torch.allclose(t.gradient(getattr(t, images)), slopes, atol=1e-6)


def test_what_goes_through_the_attack_is_autograds():
    t = step.Trial()
    value = torch.nn.functional.cross_entropy(t.model(t._attack(t.model, t.x, t.y)), t.y)
    slopes = torch.cat([g.flatten() for g in torch.autograd.grad(value, list(t.model.parameters()))])
    assert torch.allclose(t.gradient(t.z) + t.of_attack(), slopes, atol=1e-6)


def test_mistakes_can_be_told_apart():
    """Each wrong number differs from the right one and from those with another name."""
    case, trial, cuts = loss.inputs(), accuracy.Trial(torch.tensor(accuracy.SAMPLES)), table.Trial()
    losses = [("right", loss.right(*case, loss.EPS))]
    losses += [(w.diagnosis, w.formula(*case, loss.EPS)) for w in loss.WRONG_LOSSES]
    shares = [("right", torch.tensor(accuracy.of(trial)))]
    shares += [(w.diagnosis, torch.tensor(w.count(trial))) for w in accuracy.WRONG_COUNTS]
    tables = [("right", table.of(cuts)), *((w.diagnosis, w.table(cuts)) for w in table.WRONG_TABLES)]
    for results in (losses, shares, tables):
        for i, (one, a) in enumerate(results):
            for other, b in results[:i]:
                assert one == other or ((a - b).abs() > 1e-3).any(), (one, other)
