"""A function around a network is a model too: its network is found, asked in evaluation mode and put back as it was."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from advcourse import Linf, Untargeted, ddn, input_gradient, measure, pgd
from advcourse.behind import networks

NET = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3))
OTHER = nn.Linear(4, 3)
ENSEMBLE = [NET, nn.Sequential(nn.Flatten(), OTHER)]
X, Y = torch.rand(5, 1, 2, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1])


def named(z):
    return NET(z)


def around(network):
    return lambda z: network(z)


def with_default(z, network=NET):
    return network(z)


def kept_in_a_list(z):
    return torch.stack([network(z) for network in ENSEMBLE]).mean(0)


def through_another(z):
    return named(z) + 0.0


class Holds:
    def __init__(self, network):
        self.inner = SimpleNamespace(network=network)

    def __call__(self, z):
        return self.inner.network(z)

    def forward(self, z):
        return self(z)


def first(network, z):
    return network(z)


FUNCTIONS = {
    "the network": NET,
    "a global": named,
    "closed over": around(NET),
    "a default": with_default,
    "an object": Holds(NET),
    "a method": Holds(NET).forward,
    "partial": partial(first, NET),
    "its own method": NET.forward,
    "an ensemble": kept_in_a_list,
    "two functions": through_another,
    "a function in a function": around(around(NET)),
    "a lambda with a part of the answer": lambda z: {"logits": NET(z)}["logits"],
}


@pytest.mark.parametrize("model", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_network_is_found(model):
    assert NET in networks(model)


def test_a_plain_formula_and_a_library_have_none_and_a_long_list_is_not_gone_through():
    data = [NET] * 1000
    for model in (lambda z: z.flatten(1), pgd, torch.relu, lambda z: z + len(data), None):
        assert networks(model) == []


def test_each_is_found_once_also_in_a_circle():
    one = Holds(NET)
    one.self = one
    assert networks([one, named, NET]) == [NET]


ASK = {
    "pgd": lambda model: pgd(model, X, Untargeted(Y), Linf(0.1), steps=2, step_size=0.1),
    "ddn": lambda model: ddn(model, X, Untargeted(Y), steps=4),
    "input_gradient": lambda model: input_gradient(model, X, Untargeted(Y)),
    "accuracy": lambda model: measure.accuracy(model, X, Y),
}


@pytest.mark.parametrize("model", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_asking_moves_no_statistics_and_puts_the_mode_back(ask, model):
    NET.train()
    NET[1].weight.requires_grad_(False)
    before = {k: v.clone() for k, v in NET.state_dict().items()}
    ask(model)
    assert all(torch.equal(v, before[k]) for k, v in NET.state_dict().items())
    assert [m.training for m in NET.modules()] == [True] * 4
    assert [p.requires_grad for p in NET.parameters()] == [False, True, True, True]
    NET[1].weight.requires_grad_(True)


def test_a_function_gives_what_its_network_gives():
    NET.train()
    torch.testing.assert_close(input_gradient(named, X, Untargeted(Y)), input_gradient(NET, X, Untargeted(Y)))
