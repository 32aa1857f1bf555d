"""Certified is certified: bounds lie below what is true, meet it where that is known, and no attack refutes them."""

import functools
import math

import pytest
import torch
from attack_table import dice, having, seeded
from torch import Tensor, nn

from advcourse import L1, L2, Linf, Unbounded, Untargeted, certify, checkpoints, data, deepfool, margin, pgd, square
from advcourse.certify import regions, steps
from advcourse.certify.question import Question
from advcourse.certify.rounding import Arithmetic
from advcourse.certify.samples import rounded_down
from advcourse.checkpoints import RECIPES
from advcourse.models import Normalize
from advcourse.threats import Threat

DICE = {"digits_variational"}  # whose layers draw their weights: nothing is certified of one answer
DIGITS = sorted(name for name, recipe in RECIPES.items() if recipe.images is data.digits and name not in DICE)
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
    "nested": lambda: [nn.Sequential(*conv(2, 2), nn.Dropout2d()), nn.Identity(), nn.Sequential(*top(60))],
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
    model, test = checkpoints.load(name), data.digits()[1][:5]
    radius = certify.radius(model, test.x, test.y, tolerance=0.3)
    threat = Linf(float(radius.median()))
    sure = certify.certified(model, test.x, test.y, threat)
    assert 2 <= sure.sum() < 5
    x, goal = test.x[sure], Untargeted(test.y[sure])
    z = pgd(model, x, goal, threat, steps=20, step_size=threat.eps / 5, restarts=2)
    assert not goal.reached(model(z)).any()
    z = deepfool(model, test.x, Untargeted(test.y), Linf, steps=20)
    assert (Linf.size(z - test.x) >= radius).all()


# Any picture will do, for a network that was shown clothes as well: its own answers are what is certified.
SET_FOR = {  # a set in which a proof of two of three answers, or more, takes a moment
    "fashion_mlp": (Linf(0.005), L2(0.1)),
    "fashion_cnn": (Linf(0.005),),
    "fashion_robust": (Linf(0.02), L2(0.1)),
    "digits_robust_2": (Linf(0.02),),
    "digits_certified_1": (Linf(0.05), L2(0.1)),
}


@pytest.mark.parametrize(("name", "threat"), [(name, threat) for name, sets in SET_FOR.items() for threat in sets])
def test_no_certified_answer_is_ever_turned_by_steps_or_by_squares(name, threat):
    model, x = checkpoints.load(name), data.digits()[1].x[:3]
    sure = certify.certified(model, x, model(x).argmax(1), threat)
    assert sure.sum() >= 2
    x, goal = x[sure], Untargeted(model(x[sure]).argmax(1))
    for z in (
        pgd(model, x, goal, threat, steps=8, step_size=threat.eps / 4, generator=seeded()),
        square(model, x, goal, threat, queries=30, generator=seeded()),
    ):
        assert (threat.size(z - x) > 0).all() and not goal.reached(model(z)).any()


@functools.cache
def proven(name: str, norm: type) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """A network, four digits, and up to where each of them is certified."""
    model, test = checkpoints.load(name), data.digits()[1][:4]
    return model, test.x, test.y, certify.radius(model, test.x, test.y, norm, tolerance=0.3)


@functools.cache
def sure(name: str, norm: type) -> tuple[Threat, Tensor]:
    """A radius at which some of the four are certified, and which."""
    model, x, y, radius = proven(name, norm)
    threat = norm(float(radius.median()))
    return threat, certify.certified(model, x, y, threat)


def assert_stands(name: str, attack, norm: type) -> None:
    model, x, y, _ = proven(name, norm)
    threat, certain = sure(name, norm)
    assert certain.sum() >= 2
    goal = Untargeted(y[certain])
    z = attack.run(model, x[certain], goal, threat, **dice(attack))
    assert not goal.reached(model(z)).any()


@having(lambda attack, threat: not attack.smallest and math.isfinite(threat.eps))
def test_no_attack_fools_what_is_certified(attack, threat, device):
    assert_stands("digits_robust_1", attack, type(threat))


@having(lambda attack, threat: isinstance(threat, Linf))
def test_no_attack_fools_what_is_certified_of_the_network_that_was_trained_for_it(attack, threat, device):
    assert_stands("digits_certified_1", attack, Linf)


def assert_no_nearer(name: str, attack, norm: type, box: Unbounded) -> None:
    model, x, y, radius = proven(name, norm)
    z = attack.run(model, x, Untargeted(y), box, **dice(attack))
    assert (radius > 0).sum() >= 3 and (norm.size(z - x) >= radius).all()


@having(lambda attack, threat: attack.smallest)
def test_no_smallest_distortion_is_smaller_than_what_is_certified(attack, threat, device):
    assert_no_nearer("digits_robust_1", attack, attack.settings.get("norm", L2), threat)


@having(lambda attack, threat: attack.settings.get("norm") is Linf)
def test_nor_of_the_network_that_was_trained_for_it(attack, threat, device):
    assert_no_nearer("digits_certified_1", attack, Linf, threat)


def test_what_is_wrong_or_tied_is_not_certified_and_has_no_radius():
    model, x = nn.Linear(2, 2, bias=False).eval(), torch.tensor([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]])
    with torch.no_grad():
        model.weight.copy_(2 * torch.eye(2))
    y = torch.zeros(3, dtype=torch.int64)
    assert model(x).argmax(1).tolist() == [0, 0, 1]
    assert certify.certified(model, x, y, Linf(0.0)).tolist() == [True, False, False]
    assert certify.radius(model, x, y, tolerance=1e-4).tolist() == pytest.approx([0.4, 0, 0], rel=1e-4)


def test_a_constant_network_is_certified_up_to_the_whole_box():
    model = nn.Sequential(nn.Flatten(), nn.Linear(60, 3))
    with torch.no_grad():
        model[1].weight.zero_()
        model[1].bias.copy_(torch.tensor([0.0, 1.0, 0.5]))
    y = torch.tensor([1, 1, 0])
    assert certify.certified(model, images().float(), y, Unbounded()).tolist() == [True, True, False]
    for norm, whole in ((Linf, 1.0), (L2, 60**0.5), (L1, 60.0)):
        assert certify.radius(model, images().float(), y, norm).tolist() == pytest.approx([whole, whole, 0])


@pytest.mark.parametrize("tolerance", [0.3, 0.01])
def test_the_radius_is_the_largest_that_is_certified_up_to_its_tolerance(tolerance):
    model, x = spread(perceptron(), 7).double(), torch.rand(8, 2, dtype=torch.float64)
    y = model(x).argmax(1)
    radius = certify.radius(model, x, y, tolerance=tolerance)
    assert (radius > 0).all() and (radius < 0.7).sum() >= 4
    for x1, y1, r in zip(x[:, None], y[:, None], radius.tolist()):
        assert certify.certified(model, x1, y1, Linf(r))
        assert r > 0.7 or not certify.certified(model, x1, y1, Linf(1.001 * r / (1 - tolerance)))


# What the network's arithmetic rounds ---------------------------------------------------------------------------------


def test_a_margin_that_rounding_may_eat_up_is_not_certified():
    model, x, y = nn.Linear(1, 2, bias=False), torch.ones(1, 1), torch.tensor([0])
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1 + 2**-23], [1.0]]))
    assert certify.margins(model, x, y, Linf(0.0))[0, 1] > 0
    assert not certify.certified(model, x, y, Linf(0.0))
    assert certify.certified(model.double(), x.double(), y, Linf(0.0))


@every_network
def test_what_is_left_for_rounding_covers_it_and_not_much_more(layers):
    """Single precision against double, at points of the set."""
    single = spread(nn.Sequential(*layers()))
    x = images(8).float()
    question = Question(single, x, torch.zeros(8, dtype=torch.int64), Linf(0.1))
    left = question.rounded(certify.intervals(question.steps, regions.region(question.x, Linf(0.1))).boxes)
    z = Linf(0.1).around(x).sample(torch.Generator().manual_seed(0))
    answer = single(z).double()
    off = (answer - single.double()(z.double())).abs()
    assert (off <= left).all() and off.max() > 0
    assert (left < 1e-2 * answer.abs().amax()).all()


def test_a_bound_in_single_precision_is_a_bound():
    exact = torch.randn(1000, dtype=torch.float64)
    low = rounded_down(exact, torch.zeros(1))
    assert low.dtype == torch.float32 and (low.double() <= exact).all()
    assert (torch.nextafter(low, torch.full_like(low, torch.inf)).double() > exact).all()


def test_tf32_of_a_gpu_is_left_more_room():
    fine, coarse = Arithmetic(2.0**-24), Arithmetic(2.0**-24, product=2.0**-9)
    assert fine.share(100) == pytest.approx(100 * 2.0**-24, rel=1e-4) and coarse.share(100) >= 2.0**-9
    assert Arithmetic(2.0**-9).share(1000) == math.inf, "so many sums in 16 bits may be off by anything"


# What can be read, and what is refused --------------------------------------------------------------------------------


class Shifted(nn.Linear):
    """Another forward than the class it is made from."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) + 1


UNREAD = {
    "a layer": (nn.Tanh(), r"no bounds are known for the layer 1\.0, a Tanh; known are Linear, Conv2d.*certified"),
    "a subclass": (Shifted(60, 60), r"layer 1\.0, a Shifted"),
    "statistics of the batch": (nn.BatchNorm1d(60, track_running_stats=False), r"1\.0.*no running mean"),
    "another padding": (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), "needs zeros around the image"),
    "a rounded size": (nn.MaxPool2d(2, ceil_mode=True), "without ceil_mode"),
    "parts of windows": (nn.AvgPool2d(2, padding=1, count_include_pad=False), "divided by its size"),
}


@pytest.mark.parametrize(("layer", "words"), UNREAD.values(), ids=UNREAD)
def test_a_layer_without_bounds_is_named(layer, words):
    model = nn.Sequential(nn.Flatten(), nn.Sequential(layer), nn.Linear(60, 3))
    with pytest.raises(ValueError, match=words):
        certify.certified(model, images().float(), torch.tensor([0, 1, 2]), Linf(0.1))


def test_a_function_is_refused_with_what_to_give_instead():
    model = spread(nn.Sequential(nn.Flatten(), nn.Linear(60, 3)))
    with pytest.raises(ValueError, match=r"got function: give the nn\.Module itself"):
        certify.margins(lambda x: model(x), images().float(), torch.tensor([0, 1, 2]), Linf(0.1))


def test_a_network_that_answers_otherwise_than_its_layers_say_is_refused():
    model = spread(nn.Sequential(nn.Flatten(), nn.Linear(60, 3)))
    model[1].register_forward_hook(lambda module, given, out: out + 0.01)
    with pytest.raises(ValueError, match=r"0\.01 away from what its layers say: a hook"):
        certify.certified(model, images().float(), torch.tensor([0, 1, 2]), Linf(0.1))


@pytest.mark.parametrize("ask", [certify.margins, certify.certified])
def test_bad_inputs_and_labels_get_the_same_words_as_everywhere(ask):
    model, x, y = spread(nn.Sequential(nn.Flatten(), nn.Linear(60, 3))), images().float(), torch.tensor([0, 1, 2])
    for bad, words in [
        ((255 * x, y), "divide by 255"),
        ((x, y[:2]), "one label"),
        ((x, y + 1), r"y must lie in 0\.\.2"),
    ]:
        with pytest.raises(ValueError, match=words):
            ask(model, *bad, Linf(0.1))
    with pytest.raises(ValueError, match=r"weights are torch\.float32"):
        ask(model, x.double(), y, Linf(0.1))


class Cross(Linf):
    """A set of its own making."""


def test_sets_that_bounds_do_not_know_are_refused():
    x, y = torch.rand(2, 2), torch.tensor([0, 1])
    with pytest.raises(ValueError, match="no bounds are known for a set of Cross: use Linf, L2, L1"):
        certify.certified(perceptron(), x, y, Cross(0.1))
    with pytest.raises(TypeError, match="threat is the class Linf itself"):
        certify.margins(perceptron(), x, y, Linf)
    with pytest.raises(ValueError, match="no bounds are known for a set of Cross"):
        certify.radius(perceptron(), x, y, Cross)


@pytest.mark.parametrize("tolerance", [0, 1, -0.1, math.nan])
def test_a_tolerance_is_a_share(tolerance):
    with pytest.raises(ValueError, match=f"share of the radius, between 0 and 1; got {tolerance}"):
        certify.radius(perceptron(), torch.rand(2, 2), torch.tensor([0, 1]), tolerance=tolerance)


def test_a_radius_is_looked_for_in_a_box_that_ends():
    with pytest.raises(ValueError, match="must be finite; got Unbounded"):
        certify.radius(perceptron(), torch.rand(2, 2), torch.tensor([0, 1]), box=Unbounded(-math.inf, math.inf))


# Manners --------------------------------------------------------------------------------------------------------------


@every_way
@every_network
def test_a_batch_is_its_samples_and_nothing_is_changed(layers, by):
    model, x, y = spread(nn.Sequential(*layers())), images(4).float(), torch.tensor([0, 1, 2, 0])
    model.train()
    model[0].eval()
    modes = [m.training for m in model.modules()]
    before = [v.clone() for v in (x, y, *model.state_dict().values())]
    together = certify.margins(model, x, y, Linf(0.03), by=by, batch=3)
    singly = [certify.margins(model, x[[i]], y[[i]], Linf(0.03), by=by) for i in range(4)]
    torch.testing.assert_close(together, torch.cat(singly), rtol=1e-6, atol=1e-7)
    assert together.dtype == x.dtype and not together.requires_grad
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(a, b) for a, b in zip(before, (x, y, *model.state_dict().values())))
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


@every_way
@every_network
def test_no_samples_are_no_trouble(layers, by):
    model, x, y = spread(nn.Sequential(*layers())), images().float()[:0], torch.zeros(0, dtype=torch.int64)
    assert certify.margins(model, x, y, L2(0.1), by=by).shape == (0, 3)
    assert certify.certified(model, x, y, Linf(0.1), by=by).shape == (0,)
    assert certify.radius(model, x, y, by=by).shape == (0,)
