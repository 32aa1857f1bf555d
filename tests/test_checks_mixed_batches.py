"""What the checks of unit 07 compare with: the closed form of the loss, and the rehearsed attack."""

from __future__ import annotations

import pytest
import torch

from advcourse import Untargeted, training
from advcourse.checks.closed_forms import logits
from advcourse.checks.mixed_batches.diagnose import KINDS, PATIENTS
from advcourse.checks.mixed_batches.kurakin_loss import right
from advcourse.checks.mixed_batches.rehearsal import SHARE, WEIGHT, attack, attacked_with, batch


@pytest.mark.parametrize(("share", "weight"), [(SHARE, WEIGHT), (0.0, 0.3), (1.0, 0.3), (0.4, 2.0)])
def test_the_closed_form_is_what_autograd_says(share, weight):
    model, x, y = batch(dtype=torch.float64)
    k = round(share * len(x))
    z = torch.cat([attacked_with(x[:k], y[:k]), x[k:]])
    loss = torch.nn.functional.cross_entropy(model(z), y, reduction="none")
    weights = torch.where(torch.arange(len(z)) < k, weight, 1.0).double()
    value = (weights * loss).sum() / weights.sum()
    slopes = torch.autograd.grad(value, list(model.parameters()))
    by_torch = torch.cat([value.detach().reshape(1), *(s.flatten() for s in slopes)])
    assert torch.allclose(by_torch, right(model, x, y, attack, share, weight), atol=1e-9)


def test_the_closed_form_is_the_librarys_loss():
    model, x, y = batch()
    value = training.kurakin_loss(model, x, y, attack=attack, share=SHARE, weight=WEIGHT)
    assert value.item() == pytest.approx(right(model, x, y, attack, SHARE, WEIGHT)[0].item(), rel=1e-5)


def test_the_rehearsed_attack_tells_labels_apart_and_hangs_on_the_weights():
    model, x, y = batch()
    z = attack(model, x, Untargeted(y))
    assert z.requires_grad and torch.allclose(z.detach(), attacked_with(x, y))
    guess = logits(model, x).argmax(1)
    assert 0 < int((guess[:3] != y[:3]).sum()) < 3, "among the attacked are examples of both kinds"
    other = [attacked_with(x, (y + turn) % 4) for turn in (1, 2, 3)]
    assert all(((z.detach() - o).abs() > 0.1).flatten(1).any(1).all() for o in other)


def test_every_kind_of_patient_is_there_twice_or_more():
    assert all(sum(patient.kind == kind for patient in PATIENTS) >= 2 for kind in KINDS)
