"""Losses that widen margins: exact on linear models, the SVM's there, and their gradients those of differences."""

import math
from functools import partial

import pytest
import torch
from sklearn.svm import LinearSVC
from torch import nn

from advcourse import L1, L2, Linf, Unbounded, Untargeted, deepfool, measure, pgd, standard_loss
from advcourse.training import boundary_points, first_order_margins, large_margin_loss, mma_loss
from advcourse.training.margins import DUAL

NORMS = [L2, Linf, L1]
BOX = {"lo": -99.0, "hi": 99.0}


def linear_model(d=5, classes=4, seed=0):
    """A linear classifier in double precision and samples of it, some of them wrong."""
    torch.manual_seed(seed)
    model = nn.Linear(d, classes).double()
    x = torch.randn(30, d, dtype=torch.float64)
    y = torch.where(torch.arange(30) % 5 == 0, torch.arange(30) % classes, model(x).argmax(1))
    return model, x, y


def exact_margins(model, x, y, norm):
    """min_k <w_y - w_k, x> + b_y - b_k over |w_y - w_k|_dual, class by class: the distance to the boundary, signed."""
    margins = []
    for x_i, y_i in zip(x, y.tolist()):
        others = [k for k in range(len(model.bias)) if k != y_i]
        w = [model.weight[y_i] - model.weight[k] for k in others]
        b = [model.bias[y_i] - model.bias[k] for k in others]
        margins.append(min((w_k @ x_i + b_k) / w_k.norm(p=DUAL[norm]) for w_k, b_k in zip(w, b)))
    return torch.stack(margins).detach()


def small_network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4)).double()


def samples(n=7, d=3, classes=4, seed=1):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=draw, dtype=torch.float64), torch.arange(n) % classes


# The first-order margin -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMS)
def test_on_a_linear_model_the_first_order_margin_is_the_distance_of_the_dual_norm(norm):
    model, x, y = linear_model()
    exact = exact_margins(model, x, y, norm)
    assert torch.allclose(first_order_margins(model, x, y, norm=norm, rivals=3), exact, rtol=1e-9)
    assert (exact < 0).any() and torch.equal(exact > 0, model(x).argmax(1) == y)


@pytest.mark.parametrize("norm", NORMS)
def test_no_smaller_step_crosses_and_a_little_larger_one_does(norm):
    """Brute force, against the formula: the steepest step of the margin's length, and random ones of it."""
    model, x, y = linear_model(classes=2)
    distance = first_order_margins(model, x, y, norm=norm)
    right, unit = distance > 0, norm.steepest(model.weight[1:] - model.weight[:1])
    toward = torch.where(y[:, None] == 0, unit, -unit).detach()
    for share, same in ((0.99, True), (1.01, False)):
        says = model(x + share * distance[:, None] * toward).argmax(1)
        assert ((says == y) == same)[right].all()
    ways = torch.randn(200, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ways = ways / norm.size(ways)[:, None]
    z = x[right][:, None] + 0.999 * distance[right][:, None, None] * ways
    assert (model(z).argmax(2) == y[right][:, None]).all()


@pytest.mark.parametrize("norm", NORMS)
def test_the_hinge_of_a_linear_model_is_that_of_its_exact_margins(norm):
    model, x, y = linear_model()
    exact = exact_margins(model, x, y, norm)
    gamma = exact.median().item() + 0.1
    loss = large_margin_loss(model, x, y, norm=norm, gamma=gamma, rivals=3)
    assert loss.item() == pytest.approx((gamma - exact).clamp(min=0).mean().item(), rel=1e-9)


def test_with_fewer_rivals_the_nearest_class_may_be_missed_and_the_margin_is_never_smaller():
    model, x, y = linear_model(classes=6)
    few, all_ = (first_order_margins(model, x, y, norm=Linf, rivals=k) for k in (1, 5))
    assert (few >= all_).all() and (few > all_).any()
    assert torch.equal(all_, first_order_margins(model, x, y, norm=Linf, rivals=99)), "no more than there are"


def test_a_factor_on_the_logits_and_a_constant_change_nothing():
    model, x, y = linear_model()
    margins = first_order_margins(model, x, y, norm=L2)
    assert torch.allclose(first_order_margins(lambda x: 1e-30 * model(x), x, y, norm=L2), margins)
    assert torch.allclose(first_order_margins(lambda x: 1e4 * model(x) + 7, x, y, norm=L2), margins)


@pytest.mark.parametrize("norm", NORMS)
def test_without_a_gradient_the_difference_of_logits_stands_for_the_margin(norm):
    """Neither NaN nor infinity: a wrong sample where the network is dead would end the training."""
    model, y = nn.Linear(3, 2), torch.tensor([0, 1])
    with torch.no_grad():
        model.weight.zero_()
        model.bias.copy_(torch.tensor([0.0, 0.5]))
    x = torch.rand(2, 3)
    assert first_order_margins(model, x, y, norm=norm).tolist() == [-0.5, 0.5]
    loss = large_margin_loss(model, x, y, norm=norm, gamma=1.0)
    assert loss.item() == pytest.approx((1.5 + 0.5) / 2)
    assert all(g.isfinite().all() for g in torch.autograd.grad(loss, list(model.parameters())))


# Its gradient ---------------------------------------------------------------------------------------------------------


def moved(model, weights, way, step):
    with torch.no_grad():
        for p, w, d in zip(model.parameters(), weights, way):
            p.copy_(w + step * d)


def difference_quotient(model, value):
    """The slope of value() in a random direction of the weights, by central differences, and the direction."""
    weights = [p.detach().clone() for p in model.parameters()]
    draw = torch.Generator().manual_seed(3)
    way = [torch.randn(p.shape, generator=draw, dtype=p.dtype) for p in weights]
    there = []
    for step in (1e-6, -1e-6):
        moved(model, weights, way, step)
        there.append(value())
    moved(model, weights, way, 0.0)
    return (there[0] - there[1]) / 2e-6, way


def along(loss, model, way):
    return sum((g * d).sum().item() for g, d in zip(torch.autograd.grad(loss, list(model.parameters())), way))


@pytest.mark.parametrize("norm", NORMS)
def test_the_gradient_is_that_of_the_hinge_with_the_denominator_held_constant(norm):
    model, (x, y) = small_network(), samples()
    leads = lambda: -Untargeted(y).margins(model(x)).amax(1)  # noqa: E731
    slope = (leads() / first_order_margins(model, x, y, norm=norm)).detach()
    held = lambda: (0.8 - leads() / slope).clamp(min=0).mean().item()  # noqa: E731
    loss = partial(large_margin_loss, model, x, y, norm=norm, gamma=0.8)
    expected, way = difference_quotient(model, held)
    assert loss().item() == pytest.approx(held(), rel=1e-9)
    assert along(loss(), model, way) == pytest.approx(expected, rel=1e-5)
    whole, _ = difference_quotient(model, lambda: loss().item())
    assert abs(whole - expected) > 0.01 * abs(expected), "the whole derivative is another number"


def test_in_hidden_layers_the_margin_is_that_of_the_rest_of_the_network():
    model, (x, y) = small_network(), samples()
    loss = large_margin_loss(model, x, y, norm=L2, gamma=0.9, rivals=3, layers=["1", "3"])
    stages = [(model, x), (model[2:], model[:2](x)), (model[4:], model[:4](x))]
    by_hand = [large_margin_loss(rest, at.detach(), y, norm=L2, gamma=0.9, rivals=3) for rest, at in stages]
    assert loss.item() == pytest.approx(sum(part.item() for part in by_hand) / 3, rel=1e-9)
    assert len({round(part.item(), 6) for part in by_hand}) == 3
    assert all((g != 0).any() for g in torch.autograd.grad(loss, list(model.parameters())))


def test_the_share_is_the_weight_of_the_margins_against_the_clean_loss():
    model, (x, y) = small_network(), samples()
    pure, clean = large_margin_loss(model, x, y, norm=L2, gamma=0.9), standard_loss(model, x, y)
    mixed = large_margin_loss(model, x, y, norm=L2, gamma=0.9, share=0.3)
    assert mixed.item() == pytest.approx(0.3 * pure.item() + 0.7 * clean.item())


# It is the SVM's ------------------------------------------------------------------------------------------------------


def two_clouds(n=60, seed=0):
    draw = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    return torch.randn(n, 2, generator=draw, dtype=torch.float64) + torch.tensor([1.6, 0.7]) * (2 * y[:, None] - 1), y


@pytest.mark.parametrize("c", [0.01, 0.3])
def test_on_a_linear_model_it_finds_the_support_vector_machines_direction(c):
    """Same stationary points: with |w| constant the margin is the SVM's, in units of |w|, at gamma = 1 / |w_svm|.

    The SVM is of scikit-learn; its offset is one more weight, and is shrunk as the others are.
    """
    x, y = two_clouds()
    svm = LinearSVC(loss="hinge", C=c, dual=True, tol=1e-8, max_iter=1_000_000).fit(x.numpy(), y.numpy())
    w = torch.tensor([*svm.coef_[0], *svm.intercept_])
    gamma = 1 / w[:2].norm().item()
    assert ((2 * y - 1) * (x @ w[:2] + w[2]) < 1).sum() >= 5, "a soft margin, which some points are inside of"
    model = nn.Linear(2, 2).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.0, -1.0], [0.0, 1.0]]))
        model.bias.zero_()
    for t in range(500):
        slopes = torch.autograd.grad(large_margin_loss(model, x, y, norm=L2, gamma=gamma), [model.weight, model.bias])
        with torch.no_grad():
            size = (model.weight[1] - model.weight[0]).norm()
            for p, g in zip((model.weight, model.bias), slopes):
                p.sub_(0.5 / (1 + t / 30) * g).div_(size / 2)  # only the direction is sought: kept at length 2
    found = torch.cat([model.weight[1] - model.weight[0], model.bias[1:] - model.bias[:1]]).detach()
    assert torch.cosine_similarity(found, w, dim=0) > 0.9998
    assert measure.correct(model, x, y).tolist() == (svm.predict(x.numpy()) == y.numpy()).tolist()


# MMA ------------------------------------------------------------------------------------------------------------------

WIDE = Unbounded(-99.0, 99.0)
MINIMAL = {norm: partial(deepfool, norm=norm, steps=10, box=WIDE) for norm in NORMS}


def straight(model, x, goal, *, norm, length):
    """The steepest step of a linear model with two classes, too long: only its direction is right."""
    unit = norm.steepest(model.weight[1:] - model.weight[:1])
    return x + length * torch.where(goal.y[:, None] == 0, unit, -unit).detach()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", ["minimal", "too far"])
def test_on_a_linear_model_the_smallest_distortion_is_exact(norm, attack):
    model, x, y = linear_model(classes=2 if attack == "too far" else 4)
    ways = {"minimal": (MINIMAL[norm], 0), "too far": (partial(straight, norm=norm, length=40.0), 40)}
    how, halvings = ways[attack]
    z, counts = boundary_points(model, x, y, attack=how, norm=norm, largest=99.0, halvings=halvings)
    exact = exact_margins(model, x, y, norm)
    assert counts.all()
    assert torch.allclose(norm.size(z - x), exact.clamp(min=0), rtol=2e-3, atol=1e-9)
    assert torch.equal(z[exact < 0], x[exact < 0]), "a wrong sample is asked where it is"


def cross_entropies(model, z, y):
    return nn.functional.cross_entropy(model(z), y, reduction="none")


@pytest.mark.parametrize("norm", NORMS)
def test_it_moves_the_right_samples_that_are_nearer_than_the_largest_and_leaves_the_wrong_ones(norm):
    model, x, y = linear_model()
    exact = exact_margins(model, x, y, norm)
    largest = exact.quantile(0.6).item()
    settings = {"attack": MINIMAL[norm], "norm": norm, "largest": largest, "halvings": 0}
    z, counts = boundary_points(model, x, y, **settings)
    wrong, near = exact < 0, (exact >= 0) & (exact < 0.99 * largest)
    assert wrong.any() and near.any() and torch.equal(counts, exact < largest)
    each = torch.where(wrong, cross_entropies(model, x, y), cross_entropies(model, z, y)) * counts
    for share in (0.0, 0.4, 1.0):
        loss = mma_loss(model, x, y, **settings, share=share)
        by_hand = share * each.mean() + (1 - share) * standard_loss(model, x, y)
        assert loss.item() == pytest.approx(by_hand.item(), rel=1e-9)


def test_halving_ends_at_the_first_change_of_mind_on_the_way():
    """From far behind the boundary back to it: 2^-n of the way is left, on the side of the other class."""
    model, x, y = linear_model(classes=2)
    attack = partial(straight, norm=L2, length=40.0)
    exact = exact_margins(model, x, y, L2)
    right = exact > 0
    for halvings in (0, 4, 12):
        z, _ = boundary_points(model, x, y, attack=attack, norm=L2, largest=99.0, halvings=halvings)
        over = (L2.size(z - x) - exact)[right]
        assert (over >= 0).all() and (over <= 40 * 2.0**-halvings).all()
        assert (model(z).argmax(1) != y).all()


def test_whom_the_attack_did_not_fool_counts_as_far_away():
    model, x, y = linear_model()
    idle = {"attack": lambda model, x, goal: x, "norm": L2, "largest": 99.0, "halvings": 3}
    _, counts = boundary_points(model, x, y, **idle)
    assert torch.equal(counts, model(x).argmax(1) != y)
    assert mma_loss(model, x, y, **idle, share=1.0).item() == pytest.approx(
        (cross_entropies(model, x, y) * counts).mean().item()
    )


class Disc(nn.Module):
    """Class 1 inside of a circle: logits -+f / 2 of f = r^2 - |x - c|^2. The nearest points of it are known."""

    def __init__(self):
        super().__init__()
        self.c, self.r = (nn.Parameter(torch.tensor(v, dtype=torch.float64)) for v in ([0.4, 0.3], 0.9))

    def forward(self, x):
        f = self.r**2 - (x - self.c).square().sum(1)
        return torch.stack([-f, f], 1) / 2

    def distance(self, x, norm):
        """Of x inside: in l_2 what is left of the radius, in l_inf the way along the diagonal."""
        v = (x - self.c)[0]
        if norm is L2:
            return self.r - v.norm()
        p = v.abs().sum() / 2
        return -p + (p**2 - (v.square().sum() - self.r**2) / 2).sqrt()


@pytest.mark.parametrize("norm", [L2, Linf])
def test_its_gradient_is_along_that_of_the_distance(norm):
    """Ding et al.: at the nearest point of the boundary a step down the loss there is a step up for the distance."""
    model, x, y = Disc(), torch.tensor([[0.6, 0.7]], dtype=torch.float64), torch.tensor([1])
    attack = partial(deepfool, norm=norm, steps=50, overshoot=1e-6, box=WIDE)
    settings = {"attack": attack, "norm": norm, "largest": 99.0, "halvings": 0}
    z, _ = boundary_points(model, x, y, **settings)
    assert norm.size(z - x).item() == pytest.approx(model.distance(x, norm).item(), rel=1e-3)

    def slopes(value):
        return torch.cat([g.flatten() for g in torch.autograd.grad(value, [model.c, model.r])])

    widening = -slopes(mma_loss(model, x, y, **settings, share=1.0))
    assert torch.cosine_similarity(widening, slopes(model.distance(x, norm)), dim=0) > 0.9999
    assert torch.cosine_similarity(-slopes(standard_loss(model, x, y)), widening, dim=0) < 0.95


# Both -----------------------------------------------------------------------------------------------------------------

LOSSES = {
    "large margin": partial(large_margin_loss, norm=Linf, gamma=0.2, rivals=2),
    "mma": partial(
        mma_loss,
        attack=partial(pgd, threat=Linf(0.3), steps=3, step_size=0.2, random_start=False),
        norm=Linf,
        largest=0.3,
        halvings=5,
        share=0.5,
    ),
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("which", ["large margin", "mma"])
def test_a_narrow_separation_is_widened(norm, which):
    """Two columns of points 0.6 apart: every line between them separates, the widest with a margin of 0.3."""
    x = torch.cartesian_prod(torch.tensor([0.2, 0.8]), torch.linspace(0.1, 0.9, 9)).double()
    y = (x[:, 0] > 0.5).long()
    model = nn.Linear(2, 2).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[-0.5, -0.3], [0.5, 0.3]]))
        model.bias.copy_(torch.tensor([0.4, -0.4]))
    loss = {
        "large margin": partial(large_margin_loss, norm=norm, gamma=0.4),
        "mma": partial(mma_loss, attack=MINIMAL[norm], norm=norm, largest=0.4, halvings=0, share=1.0),
    }[which]
    narrow = exact_margins(model, x, y, norm).min()
    for step in range(40):
        slopes = torch.autograd.grad(loss(model, x, y), [model.weight, model.bias])
        with torch.no_grad():
            for p, g in zip((model.weight, model.bias), slopes):
                p.sub_(0.5 / (1 + step / 10) * g)
    assert 0 < narrow < 0.061 and 2 * narrow < exact_margins(model, x, y, norm).min() < 0.3 + 1e-9


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_nothing_of_the_network_is_changed_and_no_gradient_is_left(loss):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.0), nn.Linear(8, 3)).train()
    model[0].requires_grad_(False)
    x, y = torch.rand(6, 3), torch.arange(6) % 3
    before, given = [p.clone() for p in model.parameters()], x.clone()
    value = loss(model, x, y)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before)) and torch.equal(x, given)
    assert all(p.grad is None for p in model.parameters()) and not x.requires_grad
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())
    with torch.no_grad():
        assert loss(model, x, y).item() == pytest.approx(value.item())


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_it_is_the_mean_over_the_samples(loss):
    model, (x, y) = small_network(), samples()
    x = x.sigmoid()
    alone = [loss(model, x[i : i + 1], y[i : i + 1]).item() for i in range(len(x))]
    assert loss(model, x, y).item() == pytest.approx(sum(alone) / len(x), rel=1e-6)


BAD = [
    ({"norm": L2(0.1)}, r"norm must be L2, Linf or L1 itself.*norm=Linf"),
    ({"gamma": 0.0}, r"gamma.*positive.*gamma=0\.0"),
    ({"gamma": math.inf}, "gamma=inf"),
    ({"rivals": 0}, "rivals=0"),
    ({"share": 1.5}, r"share.*in \[0, 1\]; got 1\.5"),
]
BAD_MMA = [
    ({"norm": Unbounded}, r"norm must be L2, Linf or L1 itself"),
    ({"largest": 0.0}, r"largest.*> 0.*largest=0\.0"),
    ({"largest": math.nan}, "largest=nan"),
    ({"halvings": -1}, "halvings=-1"),
    ({"share": -0.1}, r"share.*in \[0, 1\]; got -0\.1"),
]


def test_a_layer_that_is_asked_twice_or_never_has_no_margin_of_its_own():
    twice = nn.Linear(3, 3).double()
    model = nn.Sequential(twice, nn.Tanh(), twice, nn.Linear(3, 4).double())
    with pytest.raises(ValueError, match=r"layers 0 were asked 2 times.*once for a batch"):
        large_margin_loss(model, *samples(), norm=L2, gamma=1.0, layers=["0"])
    with pytest.raises(AttributeError, match="hidden"):
        large_margin_loss(model, *samples(), norm=L2, gamma=1.0, layers=["hidden"])
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("given, says", [*BAD, *BAD_MMA], ids=str)
def test_what_cannot_be_is_refused(given, says):
    loss = LOSSES["large margin" if (given, says) in BAD else "mma"]
    with pytest.raises(ValueError, match=says):
        loss(small_network(), *samples(), **given)
