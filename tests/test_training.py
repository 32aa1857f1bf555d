"""Training: the loss is the formula, a step is the formula, and a broken step changes nothing."""

import math

import pytest
import torch
from torch import nn

from advcourse import data, models
from advcourse.training import fit, madry_loss, standard_loss, train_step


def blobs(n=64, seed=0):
    """Two classes of points, far apart."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    return torch.randn(n, 2, generator=generator) + 6 * y[:, None], y


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))


def sgd(model, rate=0.1):
    return torch.optim.SGD(model.parameters(), rate)


def weights(model):
    return torch.cat([p.detach().flatten().clone() for p in model.parameters()])


# One step -------------------------------------------------------------------------------------------------------------


def test_the_standard_loss_is_the_mean_cross_entropy():
    x, y = blobs(5)
    model = network().eval()
    a = model(x).double()
    by_hand = sum(-a[i, y[i]] + a[i].exp().sum().log() for i in range(5)) / 5
    assert standard_loss(model, x, y).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_one_step_on_a_linear_model_is_the_step_on_paper():
    """The gradient of the mean cross entropy of W x + b: (p - onehot) x^T and (p - onehot), averaged."""
    x, y = blobs(6)
    model = nn.Linear(2, 2)
    w, b = model.weight.detach().clone(), model.bias.detach().clone()
    wrong = (x @ w.T + b).softmax(1) - nn.functional.one_hot(y, 2)
    before = standard_loss(model, x, y).item()
    assert train_step(model, x, y, sgd(model, 0.3), standard_loss) == pytest.approx(before), "the loss before the step"
    assert torch.allclose(model.weight, w - 0.3 * wrong.T @ x / 6, atol=1e-6)
    assert torch.allclose(model.bias, b - 0.3 * wrong.mean(0), atol=1e-6)


def test_gradients_of_an_earlier_step_are_forgotten():
    x, y = blobs(6)
    models_ = [network().eval(), network().eval()]
    models_[1](x).sum().backward()
    for model in models_:
        train_step(model, x, y, sgd(model), standard_loss)
    assert torch.equal(weights(models_[0]), weights(models_[1]))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_refused_and_the_weights_stay(value):
    x, y = blobs(4)
    model = network()
    before = weights(model)
    with pytest.raises(FloatingPointError, match=r"training loss is -?(nan|inf).*learning rate.*NaN in the inputs"):
        train_step(model, x, y, sgd(model), lambda model, x, y: standard_loss(model, x, y) * 0 + value)
    assert torch.equal(weights(model), before)


def test_nan_in_the_inputs_stops_training_before_it_reaches_the_weights():
    x, y = blobs(8)
    model = network()
    before = weights(model)
    x[3] = math.nan
    with pytest.raises(FloatingPointError):
        fit(model, [(x, y)], sgd(model), standard_loss, epochs=3)
    assert torch.equal(weights(model), before)


# Epochs ---------------------------------------------------------------------------------------------------------------


def test_the_loss_falls_and_the_classes_are_learnt():
    x, y = blobs()
    history = []
    model = network()
    batches = data.Batches(x, y, 16, torch.Generator().manual_seed(0))
    fit(model, batches, sgd(model), standard_loss, epochs=15, log=lambda *entry: history.append(entry))
    assert [epoch for epoch, _ in history] == list(range(1, 16)), "epochs are counted from 1"
    assert history[-1][1] < history[0][1] / 2
    assert (model(x).argmax(1) == y).double().mean() > 0.97


def test_the_logged_loss_is_the_mean_over_the_batches():
    x, y = blobs(6)
    model, logged = nn.Linear(2, 2), []
    halves = [(x[:3], y[:3]), (x[3:], y[3:])]
    expected = sum(standard_loss(model, *half).item() for half in halves) / 2
    fit(model, halves, sgd(model, 0.0), standard_loss, epochs=1, log=lambda epoch, loss: logged.append(loss))
    assert logged == [pytest.approx(expected)]


def test_the_network_trains_in_training_mode_and_is_handed_back_in_evaluation_mode():
    modes = []

    def loss(model, x, y):
        modes.append(model.training)
        return standard_loss(model, x, y)

    model = network().eval()
    logged = []
    returned = fit(model, [blobs(8)] * 2, sgd(model), loss, epochs=2, log=lambda *_: logged.append(model.training))
    assert returned is model and not model.training
    assert modes == [True] * 4, "also in the second epoch"
    assert logged == [False, False], "what is measured between epochs is measured in evaluation mode"


def test_no_epochs_change_nothing():
    model = network()
    before = weights(model)
    assert not fit(model, [blobs(8)], sgd(model), standard_loss, epochs=0).training
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize("stream", [[], "generator"], ids=["nothing", "a generator used up after one epoch"])
def test_data_that_gives_no_batches_is_refused(stream):
    batches = (blobs(8) for _ in range(2)) if stream == "generator" else stream
    model = network()
    with pytest.raises(ValueError, match=r"no batches in epoch [12].*list or data\.Batches"):
        fit(model, batches, sgd(model), standard_loss, epochs=2)


def test_long_work_shows_a_progress_bar_with_the_loss(capsys):
    model = network()
    fit(model, [blobs(8)], sgd(model), standard_loss, epochs=3)
    shown = capsys.readouterr()
    assert "training" in shown.err and "3/3" in shown.err and "loss=" in shown.err and not shown.out


def test_the_same_seeds_train_the_same_network():
    def trained(seed):
        x, y = blobs()
        model = network(seed)
        batches = data.Batches(x, y, 16, torch.Generator().manual_seed(seed))
        return weights(fit(model, batches, sgd(model), standard_loss, epochs=3))

    assert torch.equal(trained(0), trained(0)) and not torch.equal(trained(0), trained(1))


def test_a_robust_loss_is_one_argument_away():
    """Any function (model, x, y) -> scalar trains: here noise on the inputs."""
    train = data.digits()[0][:200]
    model = models.linear()
    noisy = []

    def noisy_loss(model, x, y):
        noisy.append(len(x))
        return standard_loss(model, (x + 0.1 * torch.randn_like(x)).clamp(0, 1), y)

    fit(model, [(train.x, train.y)], sgd(model), noisy_loss, epochs=2)
    assert noisy == [200, 200]


# Robust losses --------------------------------------------------------------------------------------------------------


def test_madrys_loss_is_the_loss_at_what_the_attack_returns():
    x, y = blobs(8)
    model, seen = network().eval(), []

    def attack(model, x, goal):
        seen.append(goal.y)
        return x + 1

    assert torch.equal(madry_loss(model, x, y, attack=attack), standard_loss(model, x + 1, y))
    assert torch.equal(seen[0], y), "the inner maximisation climbs the loss of the true class"


def test_madrys_gradient_is_taken_at_a_constant_point():
    """Danskin: the maximiser moves with the weights, but the slope of the maximum does not see it."""
    x, y = blobs(8)
    model = network().eval()
    weight = model[0].weight
    moving = x + weight.sum()
    by_hand = torch.autograd.grad(standard_loss(model, moving.detach(), y), weight)[0]
    assert torch.equal(torch.autograd.grad(madry_loss(model, x, y, attack=lambda *_: moving), weight)[0], by_hand)
    assert not torch.equal(torch.autograd.grad(standard_loss(model, moving, y), weight)[0], by_hand)
