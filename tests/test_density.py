"""Densities against closed forms: distances, heights, Bayes' rule, and what makes a fit impossible."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from advcourse import density
from advcourse.density import Gaussian, Mixture, fit, fit_classes, texture


@pytest.fixture
def draw() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def slanted() -> Gaussian:
    return Gaussian(torch.tensor([1.0, -2.0]), torch.tensor([[4.0, 1.5], [1.5, 1.0]]))


def test_distances_known_by_hand():
    bell = Gaussian(torch.tensor([1.0, 0.0]), torch.diag(torch.tensor([4.0, 0.25])))
    x = torch.tensor([[1.0, 0.0], [5.0, 0.0], [1.0, 1.0], [3.0, 0.5]])
    assert bell.distance(x).tolist() == pytest.approx([0, 2, 2, math.sqrt(2)])


def test_distance_is_the_quadratic_form(slanted, draw):
    x = torch.randn(50, 2, generator=draw, dtype=torch.float64)
    away = x - slanted.mean
    form = torch.einsum("nd,de,ne->n", away, torch.linalg.inv(slanted.covariance.double()), away)
    assert torch.allclose(slanted.distance(x), form.sqrt())


def test_distance_does_not_see_a_change_of_coordinates(slanted, draw):
    x, turn = torch.randn(9, 2, generator=draw), torch.tensor([[2.0, 1.0], [0.5, -3.0]])
    moved = Gaussian(turn @ slanted.mean, turn @ slanted.covariance @ turn.T)
    assert torch.allclose(moved.distance(x @ turn.T), slanted.distance(x), atol=1e-5)


def test_log_density_is_torchs_and_stays_finite_far_away(slanted, draw):
    x = 3 * torch.randn(50, 2, generator=draw, dtype=torch.float64)
    other = MultivariateNormal(slanted.mean.double(), slanted.covariance.double())
    assert torch.allclose(slanted.log_density(x), other.log_prob(x))
    assert slanted.log_density(torch.tensor([[1e6, 0.0]])).isfinite().all()


def test_a_density_has_volume_one(slanted):
    ticks = torch.linspace(-20, 20, 801, dtype=torch.float64)
    grid = torch.cartesian_prod(ticks, ticks)
    mixed = Mixture(torch.tensor([0.3, 0.7]), (slanted, Gaussian(torch.tensor([-5.0, 5.0]), torch.eye(2))))
    for bell in (slanted, mixed):
        assert (bell.log_density(grid).exp().sum() * 0.05**2).item() == pytest.approx(1, abs=1e-6)


def test_a_fit_finds_what_the_data_came_from(slanted, draw):
    factor = torch.linalg.cholesky(slanted.covariance)
    x = slanted.mean + torch.randn(20_000, 2, generator=draw) @ factor.T
    found = fit(x)
    assert torch.allclose(found.mean.float(), slanted.mean, atol=0.05)
    assert torch.allclose(found.covariance.float(), slanted.covariance, atol=0.1)
    assert found.distance(x).square().mean().item() == pytest.approx(2, rel=1e-3), "E d^2 = D on the data itself"


def test_a_ridge_lifts_every_variance_by_its_share_of_the_average(draw):
    x = torch.randn(100, 3, generator=draw) * torch.tensor([1.0, 2.0, 3.0])
    plain, lifted = fit(x).covariance, fit(x, ridge=0.5).covariance
    assert torch.allclose(lifted - plain, 0.5 * plain.diagonal().mean() * torch.eye(3, dtype=torch.float64))


def test_one_dimension(draw):
    x = torch.randn(100, 1, generator=draw)
    bell = fit(x)
    assert torch.allclose(bell.distance(x), ((x[:, 0] - x.mean()) / x.std()).abs().double(), atol=1e-5)


@pytest.mark.parametrize(
    "x",
    [torch.ones(10, 2), torch.arange(20.0).view(10, 2), torch.eye(5)[:3]],
    ids=["constant", "in line", "fewer samples than features"],
)
def test_a_flat_cloud_needs_a_ridge(x):
    with pytest.raises(ValueError, match="fit with a ridge, such as 1e-3"):
        fit(x)
    if x.std() > 0 and x.var(0).any():
        assert fit(x, ridge=1e-3).distance(x).isfinite().all()


@pytest.mark.parametrize("x", [torch.zeros(3), torch.zeros(1, 2), torch.zeros(2, 2, 2)])
def test_what_cannot_be_fitted_is_refused(x):
    with pytest.raises(ValueError, match=r"two or more rows \[N, D\]"):
        fit(x)


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match=r"got \[3\] and \[2, 2\]"):
        Gaussian(torch.zeros(3), torch.eye(2))


def test_the_posterior_of_two_classes_of_one_shape_is_a_logistic_classifier(draw):
    """The closed form: w = S^-1 (m1 - m0), so that Bayes' rule on *right* densities is as sure of itself far away."""
    shape = torch.tensor([[1.0, 0.4], [0.4, 0.6]], dtype=torch.float64)
    means = torch.tensor([[-1.0, 0.0], [1.0, 0.5]], dtype=torch.float64)
    both = Mixture(torch.tensor([0.5, 0.5]), tuple(Gaussian(m, shape) for m in means))
    w = torch.linalg.solve(shape, means[1] - means[0])
    x = 5 * torch.randn(40, 2, generator=draw, dtype=torch.float64)
    assert torch.allclose(both.posterior(x)[:, 1], torch.sigmoid((x - means.mean(0)) @ w))


def test_one_gaussian_a_class_with_its_share(draw):
    y = torch.tensor([0] * 300 + [1] * 100)
    x = torch.randn(400, 2, generator=draw) + 4.0 * y[:, None]
    both = fit_classes(x, y)
    assert both.share.tolist() == [0.75, 0.25]
    assert torch.allclose(both.parts[1].mean, x[y == 1].double().mean(0))
    by_hand = (0.75 * both.parts[0].log_density(x).exp() + 0.25 * both.parts[1].log_density(x).exp()).log()
    assert torch.allclose(both.log_density(x), by_hand)
    assert both.log_density(torch.full((1, 2), 1e4)).isfinite().all(), "though every part underflows"


def test_texture_forgets_where(draw):
    h = torch.rand(4, 3, 5, 6, generator=draw)
    shuffled = h.flatten(2)[:, :, torch.randperm(30, generator=draw)].view_as(h)
    assert texture(h).shape == (4, 6) and torch.allclose(texture(h), texture(shuffled), atol=1e-6)
    assert torch.allclose(texture(h)[:, :3], h.mean((2, 3)))
    assert not torch.allclose(texture(h), texture(1 - h))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_the_gpu(draw):
    x = torch.randn(100, 3, generator=draw).cuda()
    assert density.fit(x, ridge=1e-3).distance(x).is_cuda
    assert fit_classes(x, torch.arange(100).cuda() % 2).posterior(x).is_cuda
