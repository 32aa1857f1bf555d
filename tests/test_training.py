"""Training: the loss is the formula, a step is the formula, and a broken step changes nothing."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from advcourse import L2, Linf, Targeted, Untargeted, data, fgsm, iterative_fgsm, models, pgd
from advcourse.training import (
    Free,
    Replayed,
    descent_loss,
    fit,
    interval_loss,
    kurakin_loss,
    madry_loss,
    on_predictions,
    passes,
    standard_loss,
    train_step,
)


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
    fit(model, batches, sgd(model), standard_loss, epochs=15, log=history.append)
    assert [record.epoch for record in history] == list(range(1, 16)), "epochs are counted from 1"
    assert history[-1].loss < history[0].loss / 2
    assert (model(x).argmax(1) == y).double().mean() > 0.97


def test_the_logged_loss_is_the_mean_over_the_batches():
    x, y = blobs(6)
    model, logged = nn.Linear(2, 2), []
    halves = [(x[:3], y[:3]), (x[3:], y[3:])]
    expected = sum(standard_loss(model, *half).item() for half in halves) / 2
    fit(model, halves, sgd(model, 0.0), standard_loss, epochs=1, log=logged.append)
    assert [record.loss for record in logged] == [pytest.approx(expected)]


def test_the_network_trains_in_training_mode_and_is_handed_back_in_evaluation_mode():
    modes = []

    def loss(model, x, y):
        modes.append(model.training)
        return standard_loss(model, x, y)

    model = network().eval()
    logged = []
    returned = fit(model, [blobs(8)] * 2, sgd(model), loss, epochs=2, log=lambda _: logged.append(model.training))
    assert returned is model and not model.training
    assert modes == [True] * 4, "also in the second epoch"
    assert logged == [False, False], "what is measured between epochs is measured in evaluation mode"


def test_the_schedule_says_before_each_epoch_what_is_minimised_in_it():
    x, y = blobs(8)
    model = network().eval()
    optimizer, asked, logged = sgd(model, 0.0), [], []

    def schedule(epoch, loss):
        asked.append((epoch, model.training, len(logged)))
        optimizer.param_groups[0]["lr"] = 0.1 * (epoch == 2)
        return lambda model, x, y: epoch * loss(model.eval(), x, y)

    fit(model, [(x, y)], optimizer, standard_loss, epochs=3, log=logged.append, schedule=schedule)
    assert asked == [(1, False, 0), (2, False, 1), (3, False, 2)]
    first, second, third = (record.loss / record.epoch for record in logged)
    assert first == pytest.approx(second, rel=1e-6) and third < second, "it learns in the second epoch alone"


def test_a_training_goes_on_after_what_is_done():
    happened = []

    def told(by):
        return lambda record: happened.append((by, record.epoch))

    model = network()
    fit(model, [blobs(8)], sgd(model), standard_loss, epochs=4, done=2, log=told("log"), checkpoint=told("kept"))
    assert happened == [("kept", 3), ("log", 3), ("kept", 4), ("log", 4)], "kept first: a log may be interrupted"


def test_no_epochs_change_nothing():
    model = network()
    before = weights(model)
    assert not fit(model, [blobs(8)], sgd(model), standard_loss, epochs=0).training
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize("stream", [[], "generator"], ids=["nothing", "a generator used up after one epoch"])
def test_data_that_gives_no_batches_is_refused(stream):
    batches = (blobs(8) for _ in range(2)) if stream == "generator" else stream
    model = network()
    with pytest.raises(ValueError, match=r"no batches.*list or data\.Batches"):
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


WIDE = Linf(0.5, lo=-20, hi=20)


def two_classes(n=40, d=6, seed=0):
    """Points in float64, labels 0 and 1, and a linear classifier with logits (0, w.x + b); w [d + 1], b last."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    y = (x @ torch.linspace(-1, 1, d, dtype=torch.float64) + 0.3 > 0).long()
    model = nn.Linear(d, 2).double()
    with torch.no_grad():
        model.weight.copy_(torch.randn(2, d, generator=generator))
    w = torch.cat([model.weight[1] - model.weight[0], model.bias[1:] - model.bias[:1]]).detach()
    return model, x, y, w


def robust_logistic(w, x, y, eps, dual):
    """Mean of log(1 + exp(-(m - eps |w|_dual))), m = +-(w.x + b): the maximum over the ball around each x."""
    sign = 2 * y.double() - 1
    m = sign * (x @ w[:-1] + w[-1])
    return nn.functional.softplus(-(m - eps * w[:-1].norm(dual))).mean()


@pytest.mark.parametrize("threat, dual", [(Linf(0.3, lo=-99, hi=99), 1), (L2(0.5, lo=-99, hi=99), 2)])
def test_the_robust_loss_of_a_linear_model_is_the_logistic_loss_of_the_margin_less_eps_times_the_dual_norm(
    threat, dual
):
    model, x, y, w = two_classes()
    loss = madry_loss(model, x, y, attack=partial(fgsm, threat=threat)).item()
    assert loss == pytest.approx(robust_logistic(w, x, y, threat.eps, dual).item(), rel=1e-6)
    wrong = {1: torch.inf, 2: 1}[dual]
    assert abs(loss - robust_logistic(w, x, y, threat.eps, wrong).item()) > 0.05, "another norm is another number"
    random = threat.around(x).sample(torch.Generator().manual_seed(0))
    assert standard_loss(model, random, y).item() < loss, "no member of the ball is worse"


@pytest.mark.parametrize("threat, dual", [(Linf(0.3, lo=-99, hi=99), 1), (L2(0.5, lo=-99, hi=99), 2)])
def test_the_interval_loss_of_a_linear_model_is_madrys_whose_attack_is_exact(threat, dual):
    model, x, y, w = two_classes()
    for share in (0.0, 0.3, 1.0):
        loss = interval_loss(model, x, y, threat=threat, share=share)
        by_hand = share * robust_logistic(w, x, y, threat.eps, dual) + (1 - share) * robust_logistic(w, x, y, 0, dual)
        assert loss.item() == pytest.approx(by_hand.item(), rel=1e-6)
    attacked = madry_loss(model, x, y, attack=partial(fgsm, threat=threat))
    for a, b in zip(*(torch.autograd.grad(each, list(model.parameters())) for each in (loss, attacked))):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


def test_the_interval_loss_is_more_than_any_attack_makes_of_the_loss():
    train, _ = data.digits()
    x, y, threat = train.x[:20], train.y[:20], Linf(0.05)
    torch.manual_seed(0)
    model = models.cnn(width=4)
    attack = partial(iterative_fgsm, threat=threat, steps=10, step_size=0.01)
    attacked = madry_loss(model, x, y, attack=attack).item()
    clean = standard_loss(model, x, y).item()
    bounded = [interval_loss(model, x, y, threat=threat, share=share).item() for share in (0.0, 0.5, 1.0)]
    assert bounded[0] == pytest.approx(clean) and bounded[1] == pytest.approx((clean + bounded[2]) / 2)
    assert clean < attacked < bounded[2]
    assert all(p.grad is None for p in model.parameters()) and model.training


def test_a_step_down_the_interval_loss_lowers_it():
    """The gradient of the bound is that of a finite difference."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)).double()
    x, y = torch.rand(6, 3, dtype=torch.float64), torch.arange(6) % 3
    loss = partial(interval_loss, threat=Linf(0.1), share=0.7)
    for p in model.parameters():
        (slope,) = torch.autograd.grad(loss(model, x, y), p)
        way, there = torch.randn_like(p), []
        for step in (1e-6, -2e-6):
            with torch.no_grad():
                p += step * way
            there.append(loss(model, x, y).item())
        with torch.no_grad():
            p += 1e-6 * way
        assert (there[0] - there[1]) / 2e-6 == pytest.approx((slope * way).sum().item(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("share", [-0.1, 1.5, math.nan])
def test_a_share_of_bounds_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=rf"share.*in \[0, 1\]; got {share}"):
        interval_loss(network(), *blobs(4), threat=Linf(0.1), share=share)


def test_madrys_training_of_a_linear_model_is_gradient_descent_on_the_closed_form():
    """Step by step; the two rows of the weight move by opposite amounts, so their difference moves twice as far."""
    model, x, y, w = two_classes()
    threat, rate = Linf(0.2, lo=-99, hi=99), 0.1
    loss = partial(madry_loss, attack=partial(fgsm, threat=threat))
    optimizer = sgd(model, rate)
    for _ in range(25):
        w.requires_grad_()
        expected = robust_logistic(w, x, y, threat.eps, 1)
        (slope_of_w,) = torch.autograd.grad(expected, w)
        assert train_step(model, x, y, optimizer, loss) == pytest.approx(expected.item(), rel=1e-6)
        w = (w - 2 * rate * slope_of_w).detach()
        difference = torch.cat([model.weight[1] - model.weight[0], model.bias[1:] - model.bias[:1]]).detach()
        assert torch.allclose(difference, w, atol=1e-6)


def nudge(model, x, goal):
    return x + 1


@pytest.mark.parametrize("m, k, weight", [(32, 16, 0.3), (10, 3, 2.0), (7, 0, 0.3), (7, 7, 0.3), (4, 2, 0.0)])
def test_kurakins_loss_is_the_lectures_formula_with_k_samples_replaced(m, k, weight):
    x, y = blobs(m)
    model = network().eval()

    def each(x):
        return nn.functional.cross_entropy(model(x), y, reduction="none")

    by_hand = (each(x)[k:].sum() + weight * each(x + 1)[:k].sum()) / ((m - k) + weight * k)
    loss = kurakin_loss(model, x, y, attack=nudge, share=k / m, weight=weight)
    assert loss.item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_the_normaliser_keeps_the_size_of_the_loss():
    """On samples that all cost the same the mixed loss is that cost; the slide's other reading: 1.77 times that."""
    x, y = torch.ones(32, 2), torch.zeros(32, dtype=torch.long)
    model = nn.Linear(2, 2)
    mixed = kurakin_loss(model, x, y, attack=lambda model, x, goal: x, share=0.5, weight=0.3).item()
    one = standard_loss(model, x, y).item()
    assert mixed == pytest.approx(one, rel=1e-5)
    assert (32 * one + 0.3 * 16 * one) / ((32 - 16) + 0.3 * 16) == pytest.approx(1.77 * mixed, rel=1e-2)


def test_kurakins_attack_is_told_the_true_labels_of_the_samples_it_replaces():
    x, y = blobs(8)
    seen = []

    def attack(model, x, goal):
        seen.append((len(x), goal.y))
        return x

    kurakin_loss(network(), x, y, attack=attack, share=0.25, weight=1.0)
    assert seen[0][0] == 2 and torch.equal(seen[0][1], y[:2])


def test_on_predictions_no_label_reaches_the_attack():
    x, y = blobs(8)
    model = network().eval()
    attack = lambda model, x, goal: goal.y  # noqa: E731
    assert torch.equal(on_predictions(model, x, Untargeted(1 - y), attack=attack), model(x).argmax(1))
    assert torch.equal(on_predictions(model, x, Targeted(y), attack=attack), model(x).argmax(1))


@pytest.mark.parametrize("share, weight", [(-0.1, 1), (1.1, 1), (0.5, -1), (0.5, math.inf), (1, 0), (math.nan, 1)])
def test_a_mixture_that_is_none_is_refused(share, weight):
    with pytest.raises(ValueError, match=r"share|counts"):
        kurakin_loss(network(), *blobs(8), attack=nudge, share=share, weight=weight)


def slope(loss, model):
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(model.parameters()))])


def test_the_descent_loss_steps_down_for_every_maximiser_where_madrys_step_need_not():
    """Robust logistic regression on x = (0, 1.5), eps = 1, w = (0, 1): both ends of the ball's side are maximisers."""
    x, y = torch.tensor([[0.0, 1.5]]), torch.tensor([1])
    model = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.0, 0.0], [0.0, 1.0]]))
    ends = [torch.tensor([[-1.0, 0.5]]), torch.tensor([[1.0, 0.5]])]
    gradients = [slope(standard_loss(model, z, y), model) for z in ends]
    turn = iter(ends)
    mixed = slope(descent_loss(model, x, y, attack=lambda *_: next(turn), candidates=2), model)
    assert all(mixed @ g > 0 for g in gradients)
    assert mixed.norm() <= min(g.norm() for g in gradients)
    assert gradients[0] @ gradients[1] < 0, "and Madry's step down for one leads up for the other"


def test_with_one_candidate_the_descent_loss_is_madrys():
    x, y = blobs(8)
    model = network().eval()
    mixed, plain = descent_loss(model, x, y, attack=nudge, candidates=1), madry_loss(model, x, y, attack=nudge)
    assert mixed.item() == pytest.approx(plain.item()) and torch.allclose(slope(mixed, model), slope(plain, model))
    with pytest.raises(ValueError, match="candidates=0"):
        descent_loss(model, x, y, attack=nudge, candidates=0)


# Free -----------------------------------------------------------------------------------------------------------------


def test_the_first_free_loss_is_the_clean_one_and_the_second_that_of_fgsm():
    """From delta = 0 one step of length eps is FGSM on the weights before the step."""
    x, y = blobs(8)
    model = network().eval()
    loss = Free(WIDE, step_size=WIDE.eps)
    first = loss(model, x, y)
    assert first.item() == pytest.approx(standard_loss(model, x, y).item())
    first.backward()
    assert loss(model, x, y).item() == pytest.approx(
        madry_loss(model, x, y, attack=lambda *asked: fgsm(*asked, WIDE)).item()
    )


def test_on_frozen_weights_free_training_is_projected_gradient_ascent():
    x, y = blobs(8)
    model = network().eval()
    loss = Free(WIDE, step_size=0.2)
    history = [train_step(model, *batch, sgd(model, 0.0), loss) for batch in Replayed([(x, y)], 6)]
    path = []
    iterative_fgsm(model, x, Untargeted(y), WIDE, steps=5, step_size=0.2, trace=path.append)
    assert history == pytest.approx([standard_loss(model, z, y).item() for z in path], rel=1e-5)


def test_free_perturbations_stay_in_the_threats_set():
    x, y = torch.rand(16, 1, 28, 28), torch.arange(16) % 10
    x[:4] = x[:4].round()
    model = models.linear()
    threat = Linf(0.1)
    loss = Free(threat, step_size=0.3)
    seen = []
    model[0].register_forward_hook(lambda module, inputs, out: seen.append(inputs[0].detach()))
    for _ in range(5):
        train_step(model, x, y, sgd(model), loss)
    assert all(z.min() >= 0 and z.max() <= 1 and (z - x).abs().max() <= 0.1 + 1e-6 for z in seen)
    assert (seen[-1] - x).abs().max() > 0.09, "and use it"


def test_a_smaller_last_batch_uses_its_part_and_the_kept_perturbation_stays_one_of_a_batch():
    x, y = blobs(8)
    model = network().eval()
    loss = Free(WIDE, step_size=0.2)
    for size in (8, 3, 8):
        assert math.isfinite(train_step(model, x[:size], y[:size], sgd(model), loss))


@pytest.mark.parametrize("step_size", [0, -1, math.inf, math.nan])
def test_a_free_step_that_is_no_step_is_refused(step_size):
    with pytest.raises(ValueError, match="step_size"):
        Free(WIDE, step_size=step_size)


def test_batches_are_replayed_one_after_the_other():
    assert list(Replayed([1, 2], 3)) == [1, 1, 1, 2, 2, 2]
    with pytest.raises(ValueError, match="at least once"):
        Replayed([1], 0)


# What it costs --------------------------------------------------------------------------------------------------------


def test_passes_are_what_one_counts_on_ones_fingers():
    """A forward pass is a third. PGD's iterates are compared at the end, which takes no way back."""
    x, y = blobs(8)
    steps = {"threat": Linf(0.1), "steps": 3, "step_size": 0.05}
    costs = {
        1: standard_loss,
        2: partial(madry_loss, attack=partial(fgsm, threat=Linf(0.1))),
        1.5: partial(kurakin_loss, attack=partial(fgsm, threat=Linf(0.1)), share=0.5, weight=1.0),
        4: partial(madry_loss, attack=partial(iterative_fgsm, **steps)),
        13 / 3: partial(madry_loss, attack=partial(pgd, **steps)),
    }
    for cost, loss in costs.items():
        assert passes(network(), x.sigmoid(), y, loss) == pytest.approx(cost), loss


def test_counting_changes_neither_weights_nor_gradients_nor_the_mode():
    x, y = blobs(8)
    model = network().eval()
    before = weights(model)
    passes(model, x, y, standard_loss)
    assert torch.equal(weights(model), before) and not model.training
    assert all(p.grad is None for p in model.parameters()) and not model._forward_hooks
