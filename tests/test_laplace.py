"""The Laplace approximation of a last layer against brute force, and what its doubt is worth off the data."""

import pytest
import torch
from torch import nn

from advcourse import models
from advcourse.measure import probabilities
from advcourse.models.expectation import Common, Draw, expected
from advcourse.models.last_layer import Unsure

DRAW = torch.Generator().manual_seed(0)
X = torch.randn(40, 3, generator=DRAW)
Y = (
    X @ torch.tensor([[1.0, -1.0, 0.2], [0.3, 0.5, -1.0], [-1.0, 0.4, 0.6]]).T + torch.randn(40, 3, generator=DRAW)
).argmax(1)


def logistic(classes: int = 3) -> nn.Sequential:
    """Logistic regression at its trained weights; the head is all there is of it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Identity(), nn.Linear(3, classes))
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(X), Y, reduction="sum") + penalty(model, 1.0)
        loss.backward()
        return loss

    optimizer.step(closure)
    return model.eval()


def penalty(model, prior):
    return sum(p.square().sum() for p in model[-1].parameters()) / (2 * prior**2)


def covariance(model) -> torch.Tensor:
    factor = model[-1].factor.double()
    return factor @ factor.T


def test_its_covariance_is_the_inverse_of_the_brute_force_hessian():
    model, prior = logistic().double(), 0.7
    weight, bias = (p.detach() for p in model[-1].parameters())

    def negative_log_posterior(theta):
        w, b = theta[:9].view(3, 3), theta[9:]
        fit = nn.functional.cross_entropy(X.double() @ w.T + b, Y, reduction="sum")
        return fit + theta.square().sum() / (2 * prior**2)

    hessian = torch.autograd.functional.hessian(negative_log_posterior, torch.cat([weight.flatten(), bias]))
    found = covariance(models.laplace(model, X.double(), Y, prior=prior))
    torch.testing.assert_close(found, torch.linalg.inv(hessian), rtol=1e-8, atol=1e-10)


def test_for_numbers_it_is_bayesian_linear_regression():
    """Exact there: the posterior's covariance is (H^T H / noise^2 + 1 / prior^2)^-1, an answer's variance h^T C h."""
    layer = models.Age(3).double()
    model = nn.Sequential(nn.Identity(), layer)
    ages = 45 + 10 * X[:, 0].double()
    unsure = models.laplace(model, X.double(), ages, prior=0.5, noise=4.0)
    h = 25 * torch.cat([X.double(), torch.ones(40, 1).double()], 1)
    want = torch.linalg.inv(h.T @ h / 16 + torch.eye(4) / 0.25)
    torch.testing.assert_close(covariance(unsure), want, rtol=1e-8, atol=1e-10)
    far = torch.tensor([[4.0, -3.0, 8.0]]).double()
    answers = torch.stack([Draw(unsure, seed)(far) for seed in Common(3000, seed=0).seeds()])
    row = 25 * torch.tensor([4.0, -3.0, 8.0, 1.0]).double()
    assert answers.var(0).item() == pytest.approx((row @ want @ row).item(), rel=0.12)
    assert answers.mean(0).item() == pytest.approx(
        model(far).item(), abs=4.5 * (row @ want @ row).item() ** 0.5 / 3000**0.5
    )


def test_more_data_make_it_surer_and_a_wide_prior_less_sure():
    """Of a difference of two classes: what moves all logits alike no data can tell."""
    model = logistic()
    apart = torch.zeros(12).double().scatter(0, torch.tensor([0, 3]), torch.tensor([1.0, -1.0]).double())
    few, many, wide = (
        apart @ covariance(models.laplace(model, x, y, prior=prior)) @ apart
        for x, y, prior in ((X, Y, 1.0), (X.repeat(50, 1), Y.repeat(50), 1.0), (X, Y, 10.0))
    )
    assert many < few / 10 < few < wide


def test_batches_do_not_matter_and_the_network_stays_as_it_was(monkeypatch):
    model = logistic().train()
    model[1].bias.requires_grad_(False)
    before = [p.clone() for p in model.parameters()]
    whole = covariance(models.laplace(model, X, Y, prior=1.0))
    monkeypatch.setattr(models.last_layer, "AT_ONCE", 7)
    torch.testing.assert_close(covariance(models.laplace(model, X, Y, prior=1.0)), whole)
    assert model.training and all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert [p.requires_grad for p in model.parameters()] == [True, False]


def test_far_from_the_data_its_entropy_rises_where_the_trained_network_is_surest():
    """Along rays away from the data of two classes a ReLU network gets ever surer; the mean over the last layers it
    may have had stays in doubt."""
    generator = torch.Generator().manual_seed(1)
    y = torch.arange(80) % 2
    x = 0.3 * torch.randn(80, 2, generator=generator) + (2.0 * y[:, None] - 1) * torch.tensor([0.6, 0.3])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(300):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    mean = expected(models.laplace(model, x, y, prior=30.0), draws=Common(300, seed=0))
    angle = torch.linspace(0, 6.2832, 25)[:-1]
    away = 30 * torch.stack([angle.cos(), angle.sin()], 1)
    sure, doubt = entropy(model, away), entropy(mean, away)
    assert sure.median() < 1e-3 < entropy(model, x).max()
    assert doubt.min() > entropy(mean, x).median() and doubt.median() > 1.2 * entropy(mean, x).median()


def entropy(model, x):
    p = probabilities(model, x)
    return -(p * p.clamp_min(1e-30).log()).sum(1)


def test_the_new_layer_is_in_a_copy():
    model = logistic()
    unsure = models.laplace(model, X, Y, prior=1.0)
    assert isinstance(unsure[-1], Unsure) and isinstance(model[-1], nn.Linear) and not unsure.training
    with torch.no_grad():
        unsure[-1].layer.weight.zero_()
    assert model[-1].weight.abs().sum() > 0


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"prior": 0.0}, "prior is a standard deviation.*got 0"),
        ({"prior": 1.0, "noise": -1.0}, "noise is a standard deviation.*got -1"),
    ],
)
def test_deviations_are_positive(told, says):
    with pytest.raises(ValueError, match=says):
        models.laplace(logistic(), X, Y, **told)


def test_labels_have_to_fit():
    with pytest.raises(ValueError, match=r"0\.\.2"):
        models.laplace(logistic(), X, Y + 1, prior=1.0)
