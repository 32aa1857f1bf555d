"""Two Gaussian classes and a logistic classifier: its optimum, and its confidence in closed form."""

import pytest
import torch
import torch.nn.functional as F

from advcourse.density import fit_classes
from advcourse.toys.outlier import Logistic, logistic, two_gaussians


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_classes_come_in_turn_and_touch():
    x, y = two_gaussians(drawn(), 400)
    assert x.shape == (400, 2) and y.tolist() == [0, 1] * 200
    assert torch.allclose(x[y == 1].mean(0), torch.tensor([1.6, 0.7]), atol=0.2)
    right = (logistic(x, y).score(x) > 0) == y.bool()
    assert 0.85 < right.double().mean() < 1


def test_the_fit_is_a_stationary_point_of_its_loss():
    x, y = two_gaussians(drawn(1))
    found = logistic(x, y, decay=0.01)
    w, b = found.w.clone().requires_grad_(), found.b.clone().requires_grad_()
    loss = F.binary_cross_entropy_with_logits(x.double() @ w + b, y.double()) + 0.005 * w.square().sum()
    loss.backward()
    assert w.grad.abs().max() < 1e-8 and b.grad.abs() < 1e-8


@pytest.mark.parametrize("seed", range(5))
def test_separable_classes_have_an_answer_too(seed):
    x, y = two_gaussians(drawn(seed))
    apart = logistic(x + 20.0 * (2 * y[:, None] - 1), y)
    assert apart.w.isfinite().all() and ((apart.score(x + 20.0 * (2 * y[:, None] - 1)) > 0) == y.bool()).all()


def test_with_much_data_it_finds_what_bayes_rule_gives():
    """Classes of one shape: w = S^-1 (m1 - m0)."""
    x, y = two_gaussians(drawn(), 50_000)
    shape = torch.tensor([[1.21, 0.44], [0.44, 1.16]])
    expected = torch.linalg.solve(shape, torch.tensor([3.2, 1.4]))
    assert torch.allclose(logistic(x, y, decay=0.0).w.float(), expected, atol=0.1)


def test_confidence_is_the_larger_probability_and_a_function_of_the_distance_alone():
    classifier = Logistic(torch.tensor([3.0, 4.0]), torch.tensor(-5.0))
    x = torch.tensor([[1.0, 0.5], [3.0, 4.0], [-3.0, -4.0]])  # on the line, 4 above it, 6 below it
    assert classifier.margin(x).tolist() == pytest.approx([0, 4, 6])
    p = torch.sigmoid(classifier.score(x))
    assert torch.allclose(classifier.confidence(x), torch.maximum(p, 1 - p))
    along = x + torch.tensor([4.0, -3.0])
    assert torch.allclose(classifier.confidence(along), classifier.confidence(x))


@pytest.mark.parametrize("seed", range(5))
def test_far_out_it_is_surer_than_anywhere_among_the_data_and_the_density_knows_better(seed):
    x, y = two_gaussians(drawn(seed))
    classifier, density = logistic(x, y), fit_classes(x, y)
    far = x.mean(0) + 8 * (classifier.w / classifier.w.norm()).float()
    assert classifier.confidence(far[None]) > classifier.confidence(x).max()
    assert density.log_density(far[None]) < density.log_density(x).min() - 5
