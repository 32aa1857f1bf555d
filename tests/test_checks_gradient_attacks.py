"""The checks of unit 04: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import pytest
import torch
from banks import fgsm, input_gradient, iterative_fgsm, l2_step, least_likely_fgsm, project
from banks.ill_behaved import ILL_BEHAVED
from banks.rules import (
    assert_always_judged,
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
)

from advcourse.checks import models
from advcourse.checks.gradient_attacks import EXERCISES
from advcourse.checks.gradient_attacks.iterative_fgsm import PATHS
from advcourse.checks.gradient_attacks.mistaken_gradients import MISTAKEN_GRADIENTS
from advcourse.checks.gradient_attacks.projections import WRONG_PROJECTIONS
from advcourse.checks.gradient_attacks.walks import WRONG_WALKS, right_walk

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (input_gradient, fgsm, project, iterative_fgsm, least_likely_fgsm, l2_step)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
GIVE_AWAYS = (".sign()", "clamp(", ".grad(", "argmin(", "reduction=", "detach(", "clone(", "norm(", "amax(")


def test_every_exercise_of_the_unit_has_a_bank():
    assert list(BANKS) == list(EXERCISES)


@pytest.mark.parametrize(("name", "title"), ROWS)
def test_bank(name, title):
    assert_always_judged(name, BANKS[name][title], GIVE_AWAYS)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("title", ILL_BEHAVED)
def test_ill_behaved(name, title):
    row = ILL_BEHAVED[title]
    assert_judged(name, row, GIVE_AWAYS, seconds=0.1 if row[0] == "hangs" else 6)


@pytest.mark.parametrize("name", BANKS)
def test_bank_has_three_more_styles_and_a_stub(name):
    assert_enough_rows(BANKS[name])


def test_every_diagnosis_is_hit_by_a_row():
    assert_every_diagnosis_has_a_row("gradient_attacks", BANKS, at_least=50)


@pytest.mark.parametrize("case", ["image_planes", "edge_planes", "point_planes", "double_planes", "bowls", "network"])
def test_closed_forms_agree_with_finite_differences(case):
    case = getattr(models, case)()
    g = case.gradient(case.x, case.y)
    model, h = case.model.double(), 1e-5
    for d in range(0, case.x[0].numel(), 5):
        step = torch.zeros(case.x[0].numel(), dtype=torch.float64)
        step[d] = h
        ends = [case.x.double() + s * step.view(case.x[0].shape) for s in (1, -1)]
        with torch.no_grad():
            up, down = (torch.nn.functional.cross_entropy(model(z), case.y, reduction="none") for z in ends)
        assert torch.allclose((up - down) / (2 * h), g.flatten(1)[:, d].double(), atol=1e-5)


@pytest.mark.parametrize("case", ["image_planes", "edge_planes", "flat_planes", "point_planes", "bowls"])
def test_no_sign_hangs_on_rounding(case):
    case = getattr(models, case)()
    for labels in (case.y, case.logits(case.x).argmin(1)):
        g = case.gradient(case.x, labels).abs()
        assert g[g > 0].min() > 1e-5


def test_no_sign_hangs_on_rounding_along_the_paths():
    case = models.bowls()
    for eps, steps, step_size in PATHS:
        for n in range(steps):
            z = right_walk(case, eps, n, step_size)
            assert case.gradient(z, case.y).abs().min() > 1e-5


def test_mistakes_can_be_told_apart():
    """Each wrong formula differs visibly from the right one and from those with another name."""
    case = models.bowls()
    ends = [("right", torch.stack([right_walk(case, *p) for p in PATHS]))]
    ends += [(w.diagnosis, torch.stack([w.walk(case, *p) for p in PATHS])) for w in WRONG_WALKS]
    planes = models.image_planes()
    signs = [("right", planes.gradient(planes.x, planes.y).sign())]
    signs += [(m.diagnosis, m.of(planes, planes.y).sign()) for m in MISTAKEN_GRADIENTS]
    for results in (ends, signs):
        for i, (one, a) in enumerate(results):
            for other, b in results[:i]:
                assert one == other or ((a - b).abs() > 1e-3).any(), (one, other)
    assert len({w.diagnosis for w in WRONG_PROJECTIONS}) > 10
