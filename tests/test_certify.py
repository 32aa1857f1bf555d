"""Certified is certified: bounds lie below what is true, meet it where that is known, and no attack refutes them."""

import pytest
import torch
from torch import Tensor, nn

from advcourse import L1, L2, Linf, Unbounded, Untargeted, certify, checkpoints, data, deepfool, margin, pgd
from advcourse.certify import regions, steps
from advcourse.checkpoints import RECIPES
from advcourse.models import Normalize

DIGITS = sorted(name for name, recipe in RECIPES.items() if recipe.images is data.digits)
WAYS = [certify.intervals, certify.relaxation]
every_way = pytest.mark.parametrize("by", WAYS, ids=lambda way: way.__name__)
THREATS = [Linf(0.1), L2(0.3), L1(0.6), Linf(0.4, lo=-0.5, hi=1.5), Unbounded()]
every_threat = pytest.mark.parametrize("threat", THREATS, ids=repr)


def spread(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model with weights drawn so wide that many units may be on or off."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator) / max(1, p[0].numel()) ** 0.5 * 1.5)
        for name, b in model.named_buffers():
            if "running" in name:
                b.copy_(torch.rand(b.shape, generator=generator) + 0.5)
    return model.eval()


def perceptron(inputs: int = 2, width: int = 8, classes: int = 3) -> nn.Sequential:
    layers = [nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, classes)]
    return nn.Sequential(*layers)


HALF = Normalize([0.4, 0.5], [0.3, 0.2])
# By what is in them: networks on images [B, 2, 6, 5], every kind of layer that can be read.
IMAGES = {
    "linear": lambda: [nn.Flatten(), nn.Linear(60, 3)],
    "two linear layers": lambda: [nn.Flatten(), nn.Linear(60, 7), nn.Linear(7, 3)],
    "normalised": lambda: [
        Normalize([0.4, 0.5], [0.3, 0.2]),
        nn.Flatten(),
        nn.Linear(60, 9),
        nn.ReLU(),
        nn.Linear(9, 3),
    ],
    "strided": lambda: [nn.Conv2d(2, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 4, (3, 2), (2, 1)), nn.ReLU(), *top(8)],
    "padded and deep": lambda: [*conv(2, 3), *conv(3, 3), *conv(3, 3), *top(90)],
    "dilated in groups": lambda: [nn.Conv2d(2, 4, 2, dilation=2, groups=2, bias=False), nn.ReLU(), *top(48)],
    "largest": lambda: [*conv(2, 3), nn.MaxPool2d(2, 1, padding=1), *conv(3, 3), nn.MaxPool2d((3, 2), 2), *top(27)],
    "largest of pixels": lambda: [nn.MaxPool2d(2), nn.Conv2d(2, 3, 2), nn.ReLU(), *top(6)],
    "averaged": lambda: [*conv(2, 3), nn.AvgPool2d(2, 1, padding=1), *conv(3, 4), nn.AdaptiveAvgPool2d(1), *top(4)],
    "batch norm": lambda: [nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(48, 6), *normed()],
    "nested": lambda: [nn.Sequential(*conv(2, 2), nn.Dropout2d()), nn.Identity(), nn.Sequential(*top(60)), nn.ReLU()],
}


def conv(channels: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU()]


def top(features: int) -> list[nn.Module]:
    return [nn.Flatten(), nn.Dropout(), nn.Linear(features, 6), nn.ReLU(), nn.Linear(6, 3)]


def normed() -> list[nn.Module]:
    return [nn.BatchNorm1d(6, affine=False), nn.ReLU(), nn.Linear(6, 3)]


every_network = pytest.mark.parametrize("layers", IMAGES.values(), ids=IMAGES)


def images(samples: int = 3, seed: int = 0) -> Tensor:
    """Some pixels exactly black or white."""
    x = torch.rand(samples, 2, 6, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (1.4 * x - 0.2).clamp(0, 1)


def differences(model: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    """a_y - a_k at every z: [N, ...], [N] -> [N, K]."""
    with torch.no_grad():
        out = model(z)
    return out.gather(1, y[:, None]) - out


def attained(model: nn.Module, x: Tensor, y: Tensor, threat, tries: int = 50) -> Tensor:
    """The least a_y - a_k seen at random members, at corners, and after climbing with the gradient: [B, K]."""
    generator, allowed = torch.Generator().manual_seed(1), threat.around(x)
    spreads = [allowed.sample(generator) for _ in range(tries)]
    spreads += [allowed.project(x + 9 * torch.randn(x.shape, generator=generator, dtype=x.dtype)) for _ in range(tries)]
    for k in range(model(x).shape[1]):
        for start in [x, spreads[0]]:
            z = start.clone()
            for _ in range(15):
                z.requires_grad_()
                (g,) = torch.autograd.grad((model(z)[:, k] - model(z).gather(1, y[:, None])[:, 0]).sum(), z)
                z = allowed.project(z.detach() + 0.5 * allowed.steepest(g))
                spreads.append(z)
    return torch.stack([differences(model, z.detach(), y) for z in spreads]).amin(0)


def assert_sound(model: nn.Module, x: Tensor, threat) -> None:
    """intervals <= relaxation <= whatever is attained within the set."""
    y = model(x).argmax(1)
    rough, fine = (certify.margins(model, x, y, threat, by=by) for by in WAYS)
    slack = 1e-9 * (1 + rough.abs())
    assert (rough <= fine + slack).all()
    assert (fine <= attained(model, x, y, threat) + slack).all()


# Below what is true ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threat", [Linf(0.05), L2(0.2), L1(0.5)], ids=repr)
@every_network
def test_bounds_lie_below_all_that_is_attained_and_the_relaxation_nearer(layers, threat):
    assert_sound(spread(nn.Sequential(*layers())).double(), images(), threat)


@pytest.mark.parametrize("seed", range(4))
@every_threat
def test_in_the_plane_no_point_of_a_grid_lies_below_the_bound(threat, seed):
    model = spread(perceptron(), seed).double()
    x = torch.rand(4, 2, dtype=torch.float64)
    y = model(x).argmax(1)
    line = torch.linspace(-0.5, 1.5, 161, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    for x1, y1 in zip(x[:, None], y[:, None]):
        near = grid[(threat.size(grid - x1) <= threat.eps) & (grid >= threat.lo).all(1) & (grid <= threat.hi).all(1)]
        least = differences(model, torch.cat([near, x1]), y1.expand(len(near) + 1)).amin(0)
        rough, fine = (certify.margins(model, x1, y1, threat, by=by)[0] for by in WAYS)
        assert (rough <= fine + 1e-9).all() and (fine <= least + 1e-9).all()


def shut(self, given):
    """A lower slope of zero, and the upper one as well."""
    zero = torch.zeros_like(given.lower)
    return lambda rows: rows.through_slopes(zero, zero, zero)


def without_its_width(self, rows):
    return rows.constant + (rows.a * rows.of(self.lower)).flatten(1).sum(1)


def chord_from_below(self, given):
    """The chord taken for both sides."""
    chord = given.upper.clamp(min=0) / (given.upper.clamp(min=0) - given.lower.clamp(max=0))
    return lambda rows: rows.through_slopes(chord, chord, 0 * chord)


PLANTED = {
    "a dead unit": (steps.Relu, "pull", shut),
    "a chord without its constant": (steps.Relu, "pull", chord_from_below),
    "only one end of a box": (regions.Box, "lowest", without_its_width),
    "a ball that is forgotten": (regions.BallL2, "_gain", lambda self, slope, room, eps: 0.9 * (slope * eps).amax(1)),
}


@pytest.mark.parametrize(("where", "name", "bug"), PLANTED.values(), ids=PLANTED)
def test_a_bound_that_does_not_hold_is_seen(where, name, bug, monkeypatch):
    model, threat = spread(nn.Sequential(*IMAGES["strided"]())).double(), L2(1.0)
    assert_sound(model, images(), threat)
    monkeypatch.setattr(where, name, bug)
    with pytest.raises(AssertionError):
        assert_sound(model, images(), threat)


# Where the truth is known ---------------------------------------------------------------------------------------------


@every_way
@every_threat
def test_on_a_linear_model_the_bound_is_the_least_value_itself(threat, by):
    """The point that minimises <w, z> over a convex set is the projection of one far away along -w."""
    model = spread(
        nn.Sequential(Normalize([0.4, 0.5], [0.3, 0.2]), nn.Flatten(), nn.Linear(60, 4), nn.Linear(4, 3))
    ).double()
    x, y = images(5), torch.tensor([0, 1, 2, 0, 1])
    found, weight = certify.margins(model, x, y, threat, by=by), torch.autograd.functional.jacobian(model, x[:1])
    for k in range(3):
        normal = (weight[0, y, 0] - weight[0, k, 0]).view_as(x)
        far = threat.around(x).project(x - 1e6 * normal)
        torch.testing.assert_close(found[:, k], differences(model, far, y)[:, k], rtol=0, atol=1e-6)


@pytest.mark.parametrize("norm", [L2, L1])
def test_inside_of_the_box_it_is_the_dual_norm(norm):
    model = spread(nn.Linear(6, 2)).double()
    x, y = torch.full((1, 6), 0.5, dtype=torch.float64), torch.tensor([1])
    w = (model.weight[1] - model.weight[0]).detach()
    dual = {L2: w.norm(), L1: w.abs().max()}[norm]
    found = certify.margins(model, x, y, norm(0.2))[0, 0]
    torch.testing.assert_close(found, differences(model, x, y)[0, 0] - 0.2 * dual)


@every_way
@pytest.mark.parametrize("norm", [Linf, L2, L1])
@every_network
def test_at_radius_zero_the_bounds_are_the_margins(layers, norm, by):
    model, x = spread(nn.Sequential(*layers())).double(), images()
    y = torch.tensor([0, 1, 2])
    found = certify.margins(model, x, y, norm(0.0), by=by)
    torch.testing.assert_close(found, differences(model, x, y), rtol=0, atol=1e-12)
    clear = (found + torch.eye(3)[y]).gt(1e-9).all(1)
    assert torch.equal(certify.certified(model, x, y, norm(0.0), by=by), clear)


def test_the_least_margin_is_the_negative_of_goals_margin():
    model, x = spread(perceptron()), torch.rand(20, 2)
    y = torch.randint(3, (20,))
    rivals = certify.margins(model, x, y, Linf(0.0)).scatter(1, y[:, None], torch.inf).amin(1)
    torch.testing.assert_close(-rivals, margin(model(x), y))


@pytest.mark.parametrize("norm", [Linf, L2, L1])
def test_on_a_linear_model_radius_and_distance_meet(norm):
    model, test = checkpoints.load("digits_linear").double(), data.digits()[1][:20]
    x, goal = test.x.double(), Untargeted(test.y)
    distance = norm.size(deepfool(model, x, goal, norm, steps=20, overshoot=1e-5) - x)
    found = certify.radius(model, x, test.y, norm, tolerance=1e-3)
    assert (found <= distance + 1e-6).all() and (found >= 0.99 * distance - 1e-6).all()


# More is less ---------------------------------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("norm", [Linf, L2, L1])
def test_a_larger_radius_certifies_no_more(norm, by):
    model, test = checkpoints.load("digits_cnn"), data.digits()[1][:2]
    radii = torch.tensor([0.0, 0.004, 0.012, 0.03]) * {Linf: 1, L2: 15, L1: 60}[norm]
    bounds = [certify.margins(model, test.x, test.y, norm(eps), by=by) for eps in radii]
    sure = [certify.certified(model, test.x, test.y, norm(eps), by=by) for eps in radii]
    for i in range(len(radii) - 1):
        assert (bounds[i] >= bounds[i + 1]).all() and (sure[i] >= sure[i + 1]).all()
    assert torch.equal(sure[0], model(test.x).argmax(1) == test.y)


# No attack proves them wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIGITS)
def test_no_certified_digit_is_ever_fooled(name):
    """At a radius at which some of them are certified and some are not."""
    model, test = checkpoints.load(name), data.digits()[1][:6]
    radius = certify.radius(model, test.x, test.y, tolerance=0.3)
    threat = Linf(float(radius.median()))
    sure = certify.certified(model, test.x, test.y, threat)
    assert 2 <= sure.sum() < 6
    x, goal = test.x[sure], Untargeted(test.y[sure])
    z = pgd(model, x, goal, threat, steps=20, step_size=threat.eps / 5, restarts=2)
    assert not goal.reached(model(z)).any()
    z = deepfool(model, test.x, Untargeted(test.y), Linf, steps=20)
    assert (Linf.size(z - test.x) >= radius).all()
