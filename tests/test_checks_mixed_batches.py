"""The checks of unit 07: right answers pass in any style, every wrong one gets its own diagnosis."""

from __future__ import annotations

import pytest
import torch
from banks import diagnose, inflation, kurakin_loss, leaked, mixed_batch
from banks.ill_behaved import ANYWHERE, ILL_BEHAVED
from banks.rules import (
    assert_always_judged,
    assert_enough_rows,
    assert_every_diagnosis_has_a_row,
    assert_judged,
)

from advcourse import Untargeted, training
from advcourse.checks.mixed_batches import EXERCISES
from advcourse.checks.mixed_batches.diagnose import KINDS, PATIENTS
from advcourse.checks.mixed_batches.inflation import SLIDE, WRONG_FACTORS
from advcourse.checks.mixed_batches.inflation import right as factor
from advcourse.checks.mixed_batches.kurakin_loss import WRONG_MIXTURES, Parts, right
from advcourse.checks.mixed_batches.leaked import KINDS as CELLS
from advcourse.checks.mixed_batches.leaked import WRONG_COUNTS, answers
from advcourse.checks.mixed_batches.rehearsal import SHARE, WEIGHT, attack, batch, told

BANKS = {
    module.__name__.removeprefix("banks."): module.BANK
    for module in (inflation, mixed_batch, kurakin_loss, leaked, diagnose)
}
ROWS = [(name, title) for name, bank in BANKS.items() for title in bank]
MISBEHAVIOUR = [(name, title) for name in EXERCISES for title in (ILL_BEHAVED if name == "mixed_batch" else ANYWHERE)]
GIVE_AWAYS = ("round(", "detach(", "argmax(", ".sum()", "m - k +", "(m - k)", "torch.cat", "Untargeted")


def test_every_exercise_of_the_unit_has_a_bank():
    assert list(BANKS) == list(EXERCISES)


@pytest.mark.parametrize(("name", "title"), ROWS)
def test_bank(name, title):
    assert_always_judged(name, BANKS[name][title], GIVE_AWAYS)


@pytest.mark.parametrize(("name", "title"), MISBEHAVIOUR)
def test_ill_behaved(name, title):
    row = {**ANYWHERE, **ILL_BEHAVED}[title]
    assert_judged(name, row, GIVE_AWAYS, seconds=0.1 if row[0] == "hangs" else 6)


@pytest.mark.parametrize("name", BANKS)
def test_bank_has_three_more_styles_and_a_stub(name):
    assert_enough_rows(BANKS[name])


def test_every_diagnosis_is_hit_by_a_row():
    assert_every_diagnosis_has_a_row("mixed_batches", BANKS, at_least=50)


def test_mistakes_can_be_told_apart():
    """Each wrong formula differs visibly from the right one and from those with another name."""
    parts, case = Parts(batch(), SHARE, WEIGHT), answers(CELLS)
    tables = (
        [("right", factor(*SLIDE)), *((m.diagnosis, m.formula(*SLIDE)) for m in WRONG_FACTORS)],
        [("right", parts.of(right)), *((m.diagnosis, parts.of(m.mixture)) for m in WRONG_MIXTURES)],
        [("right", CELLS[2]), *((m.diagnosis, m.formula(*case)) for m in WRONG_COUNTS)],
    )
    for results in tables:
        for i, (one, a) in enumerate(results):
            for other, b in results[:i]:
                assert one == other or (torch.as_tensor(a) - torch.as_tensor(b)).abs().max() > 5e-3, (one, other)


@pytest.mark.parametrize(("share", "weight"), [(SHARE, WEIGHT), (0.0, 0.3), (1.0, 0.3), (0.4, 2.0)])
def test_the_closed_form_is_what_autograd_says(share, weight):
    case = batch(dtype=torch.float64)
    k = round(share * len(case.x))
    z = torch.cat([told(case.x[:k], case.y[:k]), case.x[k:]])
    loss = torch.nn.functional.cross_entropy(case.model(z), case.y, reduction="none")
    weights = torch.where(torch.arange(len(z)) < k, weight, 1.0).double()
    value = (weights * loss).sum() / weights.sum()
    slopes = torch.autograd.grad(value, list(case.model.parameters()))
    by_torch = torch.cat([value.detach().reshape(1), *(s.flatten() for s in slopes)])
    assert torch.allclose(by_torch, Parts(case, share, weight).of(right), atol=1e-9)


def test_the_closed_form_is_the_librarys_loss():
    case = batch()
    value = training.kurakin_loss(case.model, case.x, case.y, attack=attack, share=SHARE, weight=WEIGHT)
    assert value.item() == pytest.approx(Parts(case, SHARE, WEIGHT).of(right)[0].item(), rel=1e-5)


def test_the_rehearsed_attack_tells_labels_apart_and_hangs_on_the_weights():
    case = batch()
    z = attack(case.model, case.x, Untargeted(case.y))
    assert z.requires_grad and torch.allclose(z.detach(), told(case.x, case.y))
    guess = case.logits(case.x).argmax(1)
    assert 0 < int((guess[:3] != case.y[:3]).sum()) < 3, "among the attacked are examples of both kinds"
    other = [told(case.x, (case.y + turn) % 4) for turn in (1, 2, 3)]
    assert all(((z.detach() - o).abs() > 0.1).flatten(1).any(1).all() for o in other)


def test_every_kind_of_patient_is_there_twice_or_more():
    assert all(sum(patient.kind == kind for patient in PATIENTS) >= 2 for kind in KINDS)
