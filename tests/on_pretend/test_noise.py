"""Networks with dice on a second device: the numbers are drawn on the CPU, so both devices see the same."""

import torch
from pretend import NAME
from torch import nn

from advcourse import Common, Draw, certify, expected, models, variational_loss
from advcourse.models import stochastic

X = torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0])


def network(device: str) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        stochastic.GaussianNoise((1, 1, 1), std=0.2),
        stochastic.GaussianConv2d(1, 4, 3, std=0.1, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        stochastic.MonteCarloDropout(0.3),
        stochastic.GaussianLinear(144, 3, std=0.1),
    ).to(device)


def close(there: torch.Tensor, here: torch.Tensor) -> None:
    assert there.device.type == NAME
    torch.testing.assert_close(there.cpu(), here)


def test_a_draw_is_the_same_network_on_both():
    close(*(Draw(network(device), 3)(X.to(device)).detach() for device in (NAME, "cpu")))
    close(*(expected(network(device), draws=Common(3, seed=1))(X.to(device)).detach() for device in (NAME, "cpu")))


def test_the_variational_loss_is_the_same_on_both():
    losses = []
    for device in (NAME, "cpu"):
        model = network(device)
        torch.manual_seed(1)
        losses.append(variational_loss(model, X.to(device), Y.to(device), prior=0.5, samples=10).detach())
    close(*losses)


def test_a_vote_has_the_same_radius_on_both():
    votes = []
    for device in (NAME, "cpu"):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3)).to(device)
        dice = torch.Generator().manual_seed(2)
        votes.append(certify.smoothed(model, X.to(device), sigma=0.1, draws=40, first=10, generator=dice))
    close(votes[0].radius, votes[1].radius)
    close(votes[0].label, votes[1].label)


def test_the_doubt_of_a_last_layer_is_the_same_on_both():
    answers = []
    for device in (NAME, "cpu"):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3)).to(device)
        unsure = models.laplace(model, X.to(device), Y.to(device), prior=0.5)
        answers.append(Draw(unsure, 5)(X.to(device)).detach())
    close(*answers)
