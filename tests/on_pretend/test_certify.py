"""Bounds on a device without float64: computed at home in double precision, and the same there as anywhere."""

import pytest
import torch
from pretend import NAME
from torch import Tensor, nn

from advcourse import L1, L2, Linf, certify, models
from advcourse.training import interval_loss

THREATS = [Linf(0.02), L2(0.1), L1(0.5)]
every_threat = pytest.mark.parametrize("threat", THREATS, ids=lambda threat: type(threat).__name__)


def world(device: str) -> tuple[nn.Module, Tensor, Tensor]:
    torch.manual_seed(0)
    model = models.cnn(shape=(1, 8, 8), classes=3, width=4).eval()
    x = (torch.rand(4, 1, 8, 8) * 1.4 - 0.2).clamp(0, 1)
    y = model(x).argmax(1)
    return model.to(device), x.to(device), y.to(device)


@pytest.mark.parametrize("by", [certify.intervals, certify.relaxation], ids=lambda by: by.__name__)
@every_threat
def test_the_device_certifies_what_the_cpu_does(threat, by):
    for ask in (certify.margins, certify.certified):
        there, here = (ask(*world(device), threat, by=by) for device in (NAME, "cpu"))
        assert there.device.type == NAME and torch.equal(there.cpu(), here)


def test_the_device_finds_the_same_radius():
    there, here = (certify.radius(*world(device), L2, tolerance=0.2) for device in (NAME, "cpu"))
    assert there.device.type == NAME and torch.equal(there.cpu(), here) and (here > 0).all()


@every_threat
def test_the_loss_of_bounds_is_computed_on_the_device(threat):
    there, here = (interval_loss(*world(device), threat=threat, share=0.5) for device in (NAME, "cpu"))
    assert there.device.type == NAME and torch.equal(there.cpu(), here)
