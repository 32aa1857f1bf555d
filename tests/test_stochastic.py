"""Networks with dice: what is drawn, what a draw is, and the mean over draws, against closed forms."""

from functools import partial

import pytest
import torch
from torch import nn

from advcourse import Linf, Untargeted, defences, pgd, standard_loss
from advcourse.attacks.gradient import input_gradient
from advcourse.models import stochastic
from advcourse.models.expectation import Common, Draw, Fresh, expected, voted
from advcourse.training import entropy_loss, noise_loss, variational_loss

X = torch.rand(5, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0, 1])
MANY = Common(4000, seed=1)


def network() -> nn.Sequential:
    """One layer of every kind, and logits of three classes."""
    torch.manual_seed(0)
    return nn.Sequential(
        stochastic.GaussianNoise((1, 1, 1), std=0.2),
        stochastic.GaussianConv2d(1, 4, 3, std=0.1, padding=1),
        nn.Tanh(),
        nn.Flatten(),
        stochastic.MonteCarloDropout(0.3),
        stochastic.GaussianLinear(144, 3, std=0.1),
    ).eval()


LAYERS = {
    "noise": lambda: nn.Sequential(stochastic.GaussianNoise((1, 6, 6), std=0.3), nn.Flatten()),
    "weights": lambda: nn.Sequential(nn.Flatten(), stochastic.GaussianLinear(36, 3, std=0.3)),
    "kernels": lambda: nn.Sequential(stochastic.GaussianConv2d(1, 2, 3, std=0.3, stride=2), nn.Flatten()),
    "dropout": lambda: nn.Sequential(nn.Flatten(), stochastic.MonteCarloDropout(0.3)),
}
every_layer = pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)


# What is drawn --------------------------------------------------------------------------------------------------------


def test_weights_noise_and_dropout_have_their_mean_and_variance():
    """Of w . x + b the variance is std^2 |x|^2, of noise std^2, of dropout p / (1 - p) x^2."""
    x, wide = X[:1], [Common(3000, seed=2).seeds(), {"rtol": 0, "atol": 0}]
    expected_of = {
        "noise": (x.flatten(1), torch.full((1, 36), 0.09)),
        "weights": (None, torch.full((1, 3), 0.09 * float(x.square().sum()))),
        "dropout": (x.flatten(1), 0.3 / 0.7 * x.flatten(1).square()),
    }
    for name, (mean, variance) in expected_of.items():
        torch.manual_seed(0)
        model = LAYERS[name]().eval()
        out = torch.stack([Draw(model, seed)(x) for seed in wide[0]]).detach()
        if mean is None:
            mean = nn.functional.linear(x.flatten(1), model[1].weight, model[1].bias).detach()
        spread = (variance / 3000).sqrt() + 1e-6
        assert ((out.mean(0) - mean).abs() < 4.5 * spread).all(), name
        assert ((out.var(0) - variance).abs() <= 0.16 * variance + 1e-6).all(), name


@pytest.mark.parametrize("name", ["noise", "weights", "kernels"])
def test_a_gradient_reaches_mean_and_deviation(name):
    model = LAYERS[name]()
    model(X).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@every_layer
def test_a_live_network_answers_anew_and_torchs_seed_decides(build):
    model = build().eval()
    answers = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        answers.append(model(X))
    assert torch.equal(answers[0], answers[1]) and not torch.equal(answers[0], answers[2])


def test_every_sample_has_noise_of_its_own_while_it_lives_and_a_draw_has_one_for_all():
    same = X[:1].expand(4, -1, -1, -1)
    for name in ("noise", "dropout"):
        model = LAYERS[name]().eval()
        assert not torch.equal(model(same)[0], model(same)[1])
        one = Draw(model, 7)(same)
        assert torch.equal(one[0], one[3])


# A draw ---------------------------------------------------------------------------------------------------------------


def test_a_draw_is_a_function_of_each_sample():
    model = network()
    one = Draw(model, 5)
    whole = one(X)
    assert torch.equal(whole, one(X)) and not torch.equal(whole, Draw(model, 6)(X))
    torch.testing.assert_close(torch.cat([one(x[None]) for x in X]), whole)
    assert one(X[:0]).shape == (0, 3)
    torch.testing.assert_close(Draw(network().double(), 5)(X.double()), whole.double(), rtol=1e-4, atol=1e-5)


def test_a_draw_leaves_layers_and_the_global_dice_as_they_were_also_when_the_network_raises():
    model = network()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    Draw(model, 5)(X)
    with pytest.raises(RuntimeError):
        Draw(model, 5)(X[:, :, :3])
    assert torch.equal(torch.get_rng_state(), before)
    assert all(m.dice is None for m in model.modules() if isinstance(m, stochastic.Random))


def test_a_network_of_somebody_else_with_torchs_dice_is_held_still_too():
    model = defences.Noisy(nn.Sequential(nn.Flatten(), nn.Linear(36, 3)), std=0.5).eval()
    mean = expected(model, draws=Common(3, seed=0))
    assert torch.equal(mean(X), mean(X)) and not torch.equal(model(X), model(X))
    assert not torch.equal(Draw(model, 0)(X), Draw(model, 1)(X))


def test_fewer_common_draws_are_the_first_of_more():
    assert Common(64, seed=3).seeds()[:5] == Common(5, seed=3).seeds() != Common(5, seed=4).seeds()
    assert len(set(Common(64, seed=3).seeds())) == 64


def test_fresh_draws_come_from_their_generator():
    one, other = (Fresh(4, torch.Generator().manual_seed(0)) for _ in range(2))
    first = one.seeds()
    assert first == other.seeds() and first != one.seeds()


@pytest.mark.parametrize("draws", [lambda: Common(0, seed=1), lambda: Fresh(-1)])
def test_a_mean_needs_draws(draws):
    with pytest.raises(ValueError, match="one or more; got n="):
        draws()


# The mean -------------------------------------------------------------------------------------------------------------


def test_the_softmax_of_the_mean_is_the_mean_of_the_softmaxes():
    model, draws = network(), Common(6, seed=2)
    out = torch.stack([Draw(model, seed)(X) for seed in draws.seeds()])
    mean = expected(model, draws=draws)
    torch.testing.assert_close(mean(X).softmax(1), out.softmax(2).mean(0))
    torch.testing.assert_close(mean(X).log_softmax(1).exp(), out.softmax(2).mean(0))


def test_one_draw_comes_out_as_it_is_and_so_does_a_network_without_dice():
    model, plain = network(), nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    seed = Common(1, seed=4).seeds()[0]
    assert torch.equal(expected(model, draws=Common(1, seed=4))(X), Draw(model, seed)(X))
    for scale in (1e-20, 1.0, 1e4):
        assert torch.equal(expected(lambda z, s=scale: s * plain(z), draws=Common(5, seed=0))(X), scale * plain(X))


def test_the_mean_of_numbers_is_their_mean():
    def age(z):
        return 30 + 5 * network_of_one(z)[:, 0]

    network_of_one = nn.Sequential(nn.Flatten(), stochastic.GaussianLinear(36, 1, std=0.1)).eval()
    draws = Common(7, seed=0)
    by_hand = torch.stack([Draw(age, seed)(X) for seed in draws.seeds()]).mean(0)
    torch.testing.assert_close(expected(age, draws=draws)(X), by_hand)


def test_noise_on_the_logits_of_a_linear_model_has_a_known_expectation():
    """E softmax of two logits (0, s) with s ~ N(m, v): brute force over a grid of s."""
    model = nn.Sequential(nn.Linear(2, 2), stochastic.GaussianNoise((2,), std=1.0)).eval()
    x = torch.tensor([[0.4, 0.9]])
    s, grid = model[0](x).diff(dim=1).item(), torch.linspace(-9, 9, 4001, dtype=torch.float64)
    weight = (-grid.square() / 4).exp()  # the difference of two noises of variance 1
    want = float((weight * (s + grid).sigmoid()).sum() / weight.sum())
    assert expected(model, draws=MANY)(x).softmax(1)[0, 1].item() == pytest.approx(want, abs=0.01)


def test_the_gradient_of_the_mean_is_that_of_the_loss_of_the_mean_probability():
    """Against finite differences, in double precision."""
    model, draws = network().double(), Common(5, seed=1)
    mean, x = expected(model, draws=draws), X[:2].double()
    g = input_gradient(mean, x, Untargeted(Y[:2]))
    step = torch.zeros_like(x)
    step[:, 0, 2, 3] = 1e-6
    with torch.no_grad():
        up, down = (Untargeted(Y[:2]).score(mean(x + sign * step)) for sign in (1, -1))
    torch.testing.assert_close(g[:, 0, 2, 3], (up - down) / 2e-6, rtol=1e-5, atol=1e-8)


def test_a_vote_counts_draws():
    model, draws = network(), Common(9, seed=3)
    by_hand = torch.stack([Draw(model, seed)(X).argmax(1) for seed in draws.seeds()])
    share = voted(model, draws=draws)(X)
    assert share.sum(1).tolist() == pytest.approx([1] * 5)
    counted = torch.stack([(by_hand == k).float().mean(0) for k in range(3)], 1)
    torch.testing.assert_close(share, counted)


def test_an_attack_through_common_draws_is_repeatable_and_climbs_their_mean():
    model = network().train()
    mean = expected(model, draws=Common(8, seed=0))
    attack = partial(pgd, steps=5, step_size=0.05, random_start=False)
    z, again = (attack(mean, X, Untargeted(Y), Linf(0.1)) for _ in range(2))
    assert torch.equal(z, again) and model.training
    model.eval()
    assert (Untargeted(Y).score(mean(z)) > Untargeted(Y).score(mean(X))).all()
    ones = torch.cat([attack(mean, x[None], Untargeted(y[None]), Linf(0.1)) for x, y in zip(X, Y)])
    torch.testing.assert_close(ones, z)


# What is learnt -------------------------------------------------------------------------------------------------------


def test_the_divergence_is_torchs():
    model = network()
    want = sum(
        torch.distributions.kl_divergence(
            torch.distributions.Normal(layer.weight, layer.std), torch.distributions.Normal(0.0, 0.5)
        ).sum()
        for layer in (model[1], model[5])
    )
    assert stochastic.divergence(model, 0.5).item() == pytest.approx(want.item(), rel=1e-5)


def test_the_entropy_is_torchs():
    model = network()
    layers = [layer for layer in model if isinstance(layer, stochastic.Gaussian)]
    want = sum(torch.distributions.Normal(0.0, layer.std).entropy().sum() for layer in layers)
    assert stochastic.entropy(model).item() == pytest.approx(want.item(), rel=1e-5)


def test_noise_on_the_inputs_has_its_deviation():
    """Each sample's own, and not kept in the box."""
    seen = []

    def model(z):
        seen.append(z)
        return torch.zeros(len(z), 3)

    noise_loss(model, X, Y, sigma=0.3)
    off = seen[0] - X
    assert off.std().item() == pytest.approx(0.3, rel=0.15) and off.mean().abs() < 0.08
    assert not torch.equal(off[0], off[1])


def test_the_variational_loss_is_the_likelihood_of_a_draw_and_the_divergence_a_sample():
    model = network()
    torch.manual_seed(2)
    fit = standard_loss(model, X, Y)
    torch.manual_seed(2)
    whole = variational_loss(model, X, Y, prior=0.5, samples=50)
    assert whole.item() == pytest.approx((fit + stochastic.divergence(model, 0.5) / 50).item(), rel=1e-5)


def test_without_data_weights_go_to_the_prior_and_noise_grows_for_entropy():
    """The data say nothing: x is zero. Every weight becomes N(0, prior^2); entropy at any price has no end."""
    model = nn.Sequential(stochastic.GaussianLinear(3, 2, std=0.05))
    x, y = torch.zeros(4, 3), torch.tensor([0, 1, 0, 1])
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    for _ in range(200):
        optimizer.zero_grad()
        variational_loss(model, x, y, prior=0.3, samples=4).backward()
        optimizer.step()
    assert model[0].weight.abs().max() < 0.02 and (model[0].std - 0.3).abs().max() < 0.02
    slope = torch.autograd.grad(entropy_loss(model, x, y, weight=0.1), model[0].log_std)[0]
    torch.testing.assert_close(slope, torch.full_like(slope, -0.1 / 6))


def test_bayesian_linear_regression_is_found_by_its_mean_field():
    """Of one weight the mean field is exact: posterior precision = samples * x^2 / noise^2 + 1 / prior^2, here by
    hand for a squared loss, whose minimum has a closed form."""
    layer = stochastic.GaussianLinear(1, 1, std=0.1)
    nn.init.zeros_(layer.bias)
    x, y = torch.tensor([[1.0], [2.0], [-1.0]]), torch.tensor([[2.0], [3.0], [-1.0]])
    optimizer = torch.optim.Adam([layer.weight, layer.log_std], 0.02)
    for _ in range(800):
        optimizer.zero_grad()
        # E (y - w x)^2 / 2 = (y - m x)^2 / 2 + s^2 x^2 / 2
        square = (y - x * layer.weight).square().sum() + layer.std.square().sum() * x.square().sum()
        (square / 2 + layer.divergence(0.5)).backward()
        optimizer.step()
    precision = 6 + 4
    assert layer.std.item() == pytest.approx(precision**-0.5, abs=1e-3)
    assert layer.weight.item() == pytest.approx(9 / precision, abs=1e-3)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (
            lambda m: variational_loss(m, X, Y, prior=0.5, samples=5),
            "no weight of Sequential.*GaussianLinear.*entropy_loss",
        ),
        (lambda m: entropy_loss(m, X, Y, weight=0.1), "learned Gaussian.*models.stochastic"),
        (lambda m: variational_loss(network(), X, Y, prior=0.0, samples=5), "prior is the deviation.*got 0"),
        (lambda m: variational_loss(network(), X, Y, prior=0.5, samples=0), "training set.*got 0"),
    ],
)
def test_what_has_no_dice_cannot_be_regularised(ask, says):
    with pytest.raises(ValueError, match=says):
        ask(nn.Sequential(nn.Flatten(), nn.Linear(36, 3)))
