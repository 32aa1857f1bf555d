"""The pretend device itself: it computes like the CPU, and refuses what a device refuses."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch
from pretend import NAME, Pretend
from torch import nn
from torch.nn import functional as F

SENT_ELSEWHERE = "Expected all tensors to be on the same device"


@pytest.fixture
def a():
    return torch.arange(6.0).view(2, 3).to(NAME)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.tensor([[1.0, 2.0]], device=NAME),
        lambda: torch.as_tensor(np.ones(2, dtype=np.float32), device=NAME),
        lambda: torch.asarray([1.0], device=NAME),
        lambda: torch.ones(2, device=f"{NAME}:0"),
        lambda: torch.eye(3, device=NAME),
        lambda: torch.rand(3, device=NAME),
        lambda: torch.ones(2).to(NAME).new_tensor([1.0]),
        lambda: torch.zeros_like(torch.ones(2), device=NAME),
        lambda: torch.linspace(0, 1, 5, device=NAME)[[0, 1]],
    ],
)
def test_every_way_to_make_a_tensor_makes_it_there(make):
    made = make()
    assert isinstance(made, Pretend) and made.device == torch.device(NAME, 0)
    assert not isinstance(made.cpu(), Pretend) and made.cpu().device.type == "cpu"
    assert made.cpu().shape == made.shape


@pytest.mark.parametrize(
    "read",
    [
        lambda a: a.tolist(),
        lambda a: a[0, 1].item(),
        lambda a: f"{a[0, 1]:.3f}",
        lambda a: a[[1, 0]].tolist(),
        lambda a: a[[0, 1], [2, 1]].tolist(),
        lambda a: a[np.array([1])].tolist(),
        lambda a: a[range(2), range(2)].tolist(),
        lambda a: a[a.cpu() > 2].tolist(),
        lambda a: a[:, None, ..., -1].tolist(),
        lambda a: a.quantile(0.3).item(),
        lambda a: torch.tensor([(a[0, 1], a[1, 2]), (a.sum(), 3.0)]).tolist(),
        lambda a: torch.eye(3, device=a.device)[1:].tolist(),
        lambda a: torch.cov(a).tolist(),
        lambda a: (a + torch.tensor(2.0)).tolist(),
        lambda a: len(a),
    ],
)
def test_what_is_read_from_it_is_what_the_cpu_says(a, read):
    assert read(a) == read(a.cpu())


def test_writing_into_it_changes_it_and_its_views(a):
    row = a[0]
    a[0, 0], a[:, 1], a[[1]] = 9.0, torch.ones(2).to(NAME), 7.0
    a[a == 2.0] = 5.0
    assert row.tolist() == [9.0, 1.0, 5.0] and a[1].tolist() == [7.0] * 3
    assert a.add_(1) is a


@pytest.mark.parametrize(
    ("mix", "error", "words"),
    [
        (lambda a: a + a.cpu(), RuntimeError, SENT_ELSEWHERE),
        (lambda a: a.cpu() @ a.T, RuntimeError, SENT_ELSEWHERE),
        (lambda a: torch.cat([a, a.cpu()]), RuntimeError, SENT_ELSEWHERE),
        (lambda a: torch.where(a.cpu() > 1, a, a), RuntimeError, SENT_ELSEWHERE),
        (lambda a: a.cpu().sum().add_(a.sum()), RuntimeError, SENT_ELSEWHERE),
        (lambda a: nn.Linear(3, 2)(a), RuntimeError, SENT_ELSEWHERE),
        (lambda a: F.cross_entropy(a, torch.zeros(2, dtype=torch.int64)), RuntimeError, SENT_ELSEWHERE),
        (lambda a: a.gather(1, torch.zeros(2, 1, dtype=torch.int64)), RuntimeError, SENT_ELSEWHERE),
        (lambda a: a.cpu()[a > 2], RuntimeError, "indices should be"),
        (lambda a: a.numpy(), TypeError, "Use Tensor.cpu"),
        (lambda a: np.asarray(a), TypeError, "Use Tensor.cpu"),
        (lambda a: torch.rand(2, device=NAME, generator=torch.Generator()), RuntimeError, "generator"),
        (lambda a: a.normal_(generator=torch.Generator()), RuntimeError, "generator"),
    ],
)
def test_what_cuda_refuses_is_refused(a, mix, error, words):
    with pytest.raises(error, match=words):
        mix(a)


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a.double(),
        lambda a: a.cpu().double().to(NAME),
        lambda a: a.to("cpu", torch.float64),
        lambda a: torch.zeros(2, 3, dtype=torch.float64).copy_(a),
        lambda a: torch.ones(2, dtype=torch.float64, device=NAME),
        lambda a: torch.tensor([1.0], dtype=torch.float64, device=NAME),
        lambda a: torch.as_tensor(np.ones(2), device=NAME),
        lambda a: torch.linalg.vector_norm(a, dtype=torch.float64),
        lambda a: torch.mul(a, torch.tensor(1.0, dtype=torch.float64)),
    ],
)
def test_float64_is_refused_there(a, convert):
    with pytest.raises(TypeError, match="float64"):
        convert(a)


def test_float64_is_at_home_on_the_cpu_and_comes_back_rounded(a):
    third = a.cpu().double() / 3
    assert third.to(a).dtype == torch.float32 and torch.equal(third.to(a).cpu(), third.float())
    assert (a * 2.5).dtype == torch.float32


def network():
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    return nn.Sequential(features, nn.Linear(12, 4))


@pytest.mark.parametrize("optimiser", [torch.optim.SGD, torch.optim.Adam])
def test_a_network_trains_there_as_on_the_cpu(optimiser):
    x, y = torch.rand(8, 1, 6, 6), torch.arange(8) % 4
    ends = []
    for device in ("cpu", NAME):
        model = network().to(device)
        step = optimiser(model.parameters(), lr=0.1)
        for _ in range(3):
            step.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            step.step()
        ends.append(model.to("cpu").state_dict())
    torch.testing.assert_close(*ends)


def test_a_network_there_can_be_copied_saved_and_loaded():
    model = network().to(NAME)
    model(torch.rand(2, 1, 6, 6).to(NAME)).sum().backward()
    twin = copy.deepcopy(model)
    for one, other in zip(model.parameters(), twin.parameters()):
        assert isinstance(other, nn.Parameter) and other.device == one.device and other is not one
        assert torch.equal(one, other) and torch.equal(one.grad, other.grad)
    twin[1].weight.data.add_(1)
    assert not torch.equal(model[1].weight, twin[1].weight)
    twin.load_state_dict(network().state_dict())
    assert torch.equal(model[1].weight, twin[1].weight)


def test_it_comes_before_the_first_backward_pass_or_says_so(root):
    late = "import torch; torch.ones(1, requires_grad=True).sum().backward(); import pretend; pretend.start()"
    ran = subprocess.run([sys.executable, "-c", late], cwd=root / "tests", capture_output=True, text=True)
    assert ran.returncode and "before the first backward pass" in ran.stderr
