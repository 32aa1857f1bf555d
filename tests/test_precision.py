"""Sixteen bits, logits in another precision than x, another default, compiled networks: the same points as ever."""

import pytest
import torch
from attack_table import dice, every_attack, having
from torch import Tensor, nn

from advcourse import L1, L2, Linf, Untargeted, input_gradient, margin, standard_loss
from advcourse.training import descent_loss

smallest = having(lambda a, t: a.smallest and not a.oracle)
once = having(lambda a, t: t is a.threats[0])  # every attack in one of its sets, where only how it asks matters
HALF = [torch.bfloat16, torch.float16]

X, Y = torch.tensor([[0.6, 0.4], [0.7, 0.4], [0.35, 0.45]]), torch.tensor([0, 0, 1])
DISTANCE = (X[:, 0] - X[:, 1]).abs()  # from the diagonal, in l_1; halved in l_inf, over sqrt(2) in l_2


def network(dtype=torch.float32) -> nn.Module:
    """Logits 2 x: the classes meet on the diagonal."""
    model = nn.Linear(2, 2, bias=False).to(dtype)
    with torch.no_grad():
        model.weight.copy_(2 * torch.eye(2))
    return model


def exact(attack) -> tuple[type, Tensor]:
    norm = attack.settings.get("norm", L2)
    return norm, DISTANCE / {Linf: 2.0, L2: 2**0.5, L1: 1.0}[norm]


def found(attack, model, x: Tensor) -> Tensor:
    z = attack.call(model, x, Untargeted(Y), **{**attack.settings, "steps": 40})
    assert z.dtype == x.dtype and (model(z).argmax(1) != Y).all()
    return exact(attack)[0].size(z.double() - x.double())


@pytest.mark.parametrize(("dtype", "within"), [(torch.bfloat16, 0.01), (torch.float16, 0.002)], ids=str)
@smallest
def test_in_sixteen_bits_the_nearest_point_is_found_up_to_a_few_of_their_steps(attack, threat, device, dtype, within):
    distance = found(attack, network(dtype), X.to(dtype))
    assert ((distance - exact(attack)[1]).abs() <= within).all()


@pytest.mark.parametrize("dtype", HALF, ids=str)
@every_attack
def test_in_sixteen_bits_every_attack_returns_a_member_in_them_and_climbs(attack, threat, device, dtype):
    model, x, path = network(dtype), X.to(dtype), []
    z = attack.run(model, x, Untargeted(Y), threat, trace=path.append, **dice(attack))
    assert z.dtype == dtype and {v.dtype for v in path} == {dtype}
    assert threat.size(z.double() - x.double()).max() <= threat.eps * (1 + 1e-6) and z.min() >= 0 and z.max() <= 1
    gained = Untargeted(Y).score(model(z).float()) - Untargeted(Y).score(model(x).float())
    assert (gained > 0).all()


class Autocast(nn.Module):
    """Answers in bfloat16, as inside of `torch.autocast`."""

    def __init__(self):
        super().__init__()
        self.inner = network()

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.inner(x)


SINGLE, DOUBLE, SHORT = network(), network(torch.float64), network(torch.bfloat16)
OTHER_LOGITS = {
    "autocast": (Autocast(), X, 0.02),
    "double at the end": (lambda x: SINGLE(x).double(), X, 1e-3),
    "double inside": (lambda x: DOUBLE(x.double()), X, 1e-3),
    "single inside": (lambda x: SINGLE(x.float()), X.double(), 1e-3),
    "half inside": (lambda x: SHORT(x.bfloat16()).float(), X, 0.02),
}


@pytest.mark.parametrize(("model", "x", "within"), OTHER_LOGITS.values(), ids=OTHER_LOGITS)
@smallest
def test_logits_of_another_precision_than_x_lead_to_the_nearest_point(attack, threat, device, model, x, within):
    distance = found(attack, model, x)
    assert ((distance - exact(attack)[1]) >= -within / 2).all() and (distance <= exact(attack)[1] + within).all()


@pytest.mark.parametrize(("model", "x", "within"), OTHER_LOGITS.values(), ids=OTHER_LOGITS)
@every_attack
def test_logits_of_another_precision_than_x_are_no_obstacle(attack, threat, device, model, x, within):
    z = attack.run(model, x, Untargeted(Y), threat, **dice(attack))
    assert z.dtype == x.dtype and (Untargeted(Y).score(model(z)) > Untargeted(Y).score(model(x))).all()


@smallest
def test_a_single_network_that_ends_in_double_is_left_as_clearly_as_it_is_rounded(attack, threat, device):
    """Only so does success outlast another batch, in which float32 sums are rounded differently."""
    z = attack.call(OTHER_LOGITS["double at the end"][0], X, Untargeted(Y), **{**attack.settings, "steps": 40})
    logits = SINGLE(z).double()
    gap = margin(logits, Y) / logits.abs().amax(1)
    assert (gap >= 256 * torch.finfo(torch.float32).eps).all()


@every_attack
def test_another_default_changes_neither_the_type_nor_the_gain(attack, threat, device):
    model, was = network(), torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        z = attack.run(model, X, Untargeted(Y), threat, **dice(attack))
    finally:
        torch.set_default_dtype(was)
    assert z.dtype == X.dtype and (Untargeted(Y).score(model(z)) > Untargeted(Y).score(model(X))).all()


def rounded() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 4))


def compiled_function(model):
    return torch.compile(lambda x: model(x), backend="aot_eager")


COMPILED = {
    "whole": lambda model: torch.compile(model, backend="aot_eager"),
    "inside": lambda model: nn.Sequential(torch.compile(model, backend="aot_eager"), nn.Identity()),
    "a function": compiled_function,
}


@pytest.mark.parametrize("made", COMPILED.values(), ids=COMPILED)
@once
def test_compiled_networks_are_attacked_like_those_they_were_made_of(attack, threat, device, made):
    model = rounded()
    compiled = made(model)
    input_gradient(compiled, X, Untargeted(Y))  # compiled for a single backward pass
    goal = Untargeted(model(X).argmax(1))
    z, same = (attack.run(each, X, goal, threat, **dice(attack)) for each in (compiled, model))
    torch.testing.assert_close(z, same, rtol=0, atol=1e-5)
    assert compiled(X).requires_grad, "afterwards it is compiled as before"


def test_a_compiled_network_can_be_trained_on_several_maximisers():
    model = rounded()
    compiled = torch.compile(model, backend="aot_eager")
    y = torch.tensor([0, 1, 2])
    standard_loss(compiled, X, y).backward()  # compiled for a single backward pass
    model.zero_grad()
    gradients = []
    for network in (model, compiled):
        shifts = iter([0.0, 0.1])
        descent_loss(network, X, y, attack=lambda m, x, goal, s=shifts: x + next(s), candidates=2).backward()
        gradients.append(model[0].weight.grad.clone())
        model.zero_grad()
    torch.testing.assert_close(gradients[1], gradients[0])
