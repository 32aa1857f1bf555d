"""Points in the plane: the data, the six ways to learn them, and the distance to the boundary against closed forms."""

import math

import pytest
import torch
from torch import nn

from advcourse import L2, Linf, toys

BOX = {"lo": -1.0, "hi": 1.0}
L2_BOX, LINF_BOX = L2(0.1, **BOX), Linf(0.1, **BOX)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def trained():
    """Every recipe on two data sets: {data: (points, labels, {recipe: model})}."""
    found = {}
    for name in ("moons", "spirals"):
        x, y = toys.DATA[name](dice())
        found[name] = x, y, {recipe: recipe(x, y, dice(1)) for recipe in toys.RECIPES}
    return found


def straight(w, b):
    """The linear classifier of the sign of <w, x> + b."""
    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.weight.copy_(torch.stack([torch.zeros(2), torch.tensor(w)]))
        model.bias.copy_(torch.tensor([0.0, b]))
    return model


def right(model, x, y):
    return (toys.ask(model, x).argmax(1) == y).double().mean().item()


# Data -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", toys.DATA)
def test_data_are_points_of_the_box_in_two_equal_classes_and_repeatable(name):
    x, y = toys.DATA[name](dice(), n=100)
    again, other = toys.DATA[name](dice(), n=100)[0], toys.DATA[name](dice(1), n=100)[0]
    assert x.shape == (100, 2) and x.dtype == torch.float32 and y.dtype == torch.int64
    assert x.abs().max() <= 0.95 and y.bincount().tolist() == [50, 50]
    assert torch.equal(x, again) and not torch.equal(x, other)


@pytest.mark.parametrize("name", toys.DATA)
def test_the_classes_leave_a_gap_that_a_robust_classifier_can_use(name):
    for seed in range(5):
        x, y = toys.DATA[name](dice(seed))
        between = torch.cdist(x[y == 0], x[y == 1]).amin(1)
        assert between.median() > 0.25


# The smallest perturbation --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("w", "b"), [([3.0, 1.0], 0.2), ([1.0, -1.0], -0.1), ([0.0, 2.0], 0.3)])
@pytest.mark.parametrize(("threat", "dual"), [(L2_BOX, 2), (LINF_BOX, 1)])
def test_of_a_linear_classifier_it_is_the_closed_form(w, b, threat, dual):
    """|<w, x> + b| / |w|_dual, wherever that point lies in the box."""
    x = torch.rand(300, 2, generator=dice()) * 1.2 - 0.6
    w = torch.tensor(w)
    f = x @ w + b
    z, distance = toys.smallest(straight(w.tolist(), b), x, (f > 0).long(), threat)
    expected = f.abs() / w.norm(p=dual)
    way = w / w.norm() if dual == 2 else w.sign()
    inside = (x - f.sign()[:, None] * expected[:, None] * way).abs().amax(1) < 1
    assert inside.sum() > 250
    assert torch.allclose(distance[inside], expected[inside], rtol=1e-3, atol=2e-4)
    assert (distance >= expected - 1e-6).all() and z.abs().max() <= 1


def test_of_a_circle_it_is_the_difference_of_radii():
    class Disc(nn.Module):
        def forward(self, x):
            f = 0.5 - x.norm(dim=1)
            return torch.stack([-f, f], 1)

    x = torch.rand(200, 2, generator=dice()) * 1.2 - 0.6
    radius = x.norm(dim=1)
    _, distance = toys.smallest(Disc(), x, (radius < 0.5).long(), L2_BOX)
    assert torch.allclose(distance, (radius - 0.5).abs(), rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("recipe", [toys.wide_net, toys.robust_net], ids=lambda r: r.name)
def test_brute_force_finds_nothing_much_nearer(trained, recipe):
    """On a grid four times as fine no point of another class is nearer, but for a fortieth of a cell; one almost is."""
    x, y, models = trained["spirals"]
    x, y = x[:15], y[:15]
    coarse, grid = toys.Boundary(models[recipe], -1, 1, cells=150), toys.lattice(-1, 1, 600)
    said = toys.ask(models[recipe], grid).argmax(1)
    for threat in (L2_BOX, LINF_BOX):
        for point, label, d in zip(x, y, coarse.smallest(x, y, threat)[1]):
            brute = threat.size(grid[said != label] - point).min()
            assert d <= brute + 5e-4 and brute <= d + 2 * 2 / 600


@pytest.mark.parametrize("threat", [L2_BOX, LINF_BOX])
def test_what_is_found_fools_the_model_and_lies_in_the_box(trained, threat):
    for x, y, models in trained.values():
        for model in models.values():
            z, distance = toys.smallest(model, x, y, threat)
            assert (toys.ask(model, z).argmax(1) != y).all() and z.abs().max() <= 1
            assert torch.equal(distance, threat.size(z - x))


def test_a_wrong_point_is_at_distance_zero_and_where_there_is_no_other_class_it_is_infinite():
    x = torch.tensor([[0.5, 0.0], [-0.5, 0.0]])
    z, distance = toys.smallest(straight([1.0, 0.0], 0.0), x, torch.tensor([0, 0]), L2_BOX)
    assert distance[0] == 0 and torch.equal(z[0], x[0]) and distance[1].item() == pytest.approx(0.5, abs=1e-4)
    z, distance = toys.smallest(straight([0.0, 0.0], 1.0), x, torch.tensor([1, 0]), L2_BOX)
    assert torch.equal(z, x) and z.data_ptr() != x.data_ptr() and distance.tolist() == [math.inf, 0]


def test_a_boundary_outside_the_box_is_none():
    x, y = torch.tensor([[0.0, 0.0]]), torch.tensor([1])
    assert toys.smallest(straight([1.0, 0.0], 1.5), x, y, L2_BOX)[1].item() == math.inf


def test_three_classes():
    model = nn.Linear(2, 3)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
        model.bias.zero_()
    x = torch.rand(100, 2, generator=dice()) * 0.8 - 0.4
    out = toys.ask(model, x)
    y = out.argmax(1)
    gaps = out.gather(1, y[:, None]) - out
    lengths = (model.weight[y][:, None] - model.weight).norm(dim=2).clamp(min=1e-9)
    expected = (gaps / lengths).scatter(1, y[:, None], math.inf).amin(1)
    assert torch.allclose(toys.smallest(model, x, y, L2_BOX)[1], expected.detach(), rtol=1e-3, atol=2e-4)


def test_the_model_is_left_as_it_was(trained):
    x, y, models = trained["moons"]
    model = models[toys.smooth_net].train()
    toys.smallest(model, x, y, L2_BOX)
    assert model.training and all(p.requires_grad and p.grad is None for p in model.parameters())
    model.eval()


@pytest.mark.parametrize(
    ("x", "y", "threat", "message"),
    [
        (torch.zeros(2, 3), torch.zeros(2).long(), L2_BOX, r"points of the plane, \[B, 2\]; got \[2, 3\]"),
        (torch.zeros(2, 2), torch.zeros(3).long(), L2_BOX, "one label for each of the 2 samples"),
        (torch.zeros(2, 2), torch.zeros(2).long(), L2(0.1), "give both the same box"),
    ],
)
def test_what_cannot_be_asked_says_why(x, y, threat, message):
    with pytest.raises(ValueError, match=message):
        toys.Boundary(straight([1.0, 0.0], 0.0), -1, 1, cells=8).smallest(x, y, threat)


def test_susceptibility_counts_what_is_strictly_nearer():
    assert toys.susceptibility(torch.tensor([0.0, 0.1, 0.2, math.inf]), 0.2) == 0.5


# Learning -------------------------------------------------------------------------------------------------------------


def test_all_but_the_line_get_almost_every_point_right(trained):
    for x, y, models in trained.values():
        assert all(right(model, x, y) >= 0.97 for recipe, model in models.items() if recipe is not toys.linear)
    x, y = toys.blobs(dice())
    assert right(toys.linear(x, y, dice(1)), x, y) >= 0.97


def test_and_yet_they_differ_in_how_near_the_boundary_is(trained):
    """Adversarially trained < weight decay < wide; slack is a half of the gap measured over five seeds."""
    for x, y, models in trained.values():
        distance = {recipe: toys.smallest(model, x, y, L2_BOX)[1] for recipe, model in models.items()}
        share = {recipe: toys.susceptibility(d, 0.1) for recipe, d in distance.items()}
        wide = distance[toys.wide_net].median()
        others = (toys.smooth_net, toys.decayed_net, toys.robust_net, toys.widest_margin)
        assert all(wide < 0.85 * distance[recipe].median() for recipe in others)
        assert share[toys.wide_net] > share[toys.decayed_net] + 0.15
        assert share[toys.decayed_net] > share[toys.robust_net] + 0.05


@pytest.mark.parametrize("recipe", toys.RECIPES, ids=lambda r: r.name)
def test_a_generator_repeats_a_training_and_the_callers_randomness_stays(recipe):
    x, y = toys.moons(dice(), n=40)
    short = toys.Recipe(**{**vars(recipe), "steps": 5})
    before = torch.get_rng_state()
    one, same, other = (toys.ask(short(x, y, dice(seed)), x) for seed in (0, 0, 1))
    assert torch.equal(one, same) and torch.equal(before, torch.get_rng_state())
    assert recipe is toys.widest_margin or not torch.equal(one, other)


def test_a_log_sees_the_model_on_its_way():
    x, y = toys.moons(dice(), n=40)
    seen = []
    model = toys.smooth_net(x, y, dice(), log=lambda stage: seen.append((stage.share, toys.ask(stage.model, x))))
    shares = [share for share, _ in seen]
    assert 25 <= len(seen) <= 35 and shares == sorted(shares) and shares[-1] == 1
    assert torch.equal(seen[-1][1], toys.ask(model, x)) and not torch.equal(seen[0][1], seen[-1][1])


def test_refining_follows_a_point_that_has_moved():
    x, y = toys.blobs(dice())
    model = toys.wide_net(x, y, dice())
    i = int((x - torch.tensor([0.42, 0.32])).norm(dim=1).argmin())
    x[i] = torch.tensor([-0.8, 0.8])
    for _ in range(20):
        toys.wide_net.refine(model, x, y, steps=5)
    assert right(model, x, y) >= 0.97 and toys.ask(model, x[i : i + 1]).argmax() == y[i]


def test_the_support_vector_machine_is_almost_optimal():
    """The hinge loss is convex in its weights: its gradient vanishes at the best of all of them."""
    x, y = toys.moons(dice())
    model = toys.widest_margin(x, y, dice())
    loss = toys.widest_margin.loss
    value = loss(model, x, y)
    best = toys.Recipe(**{**vars(toys.widest_margin), "steps": 3000})(x, y, dice())
    assert value.item() < 1.5 * loss(best, x, y).item() + 1e-3


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.full((4, 2), 2.0), torch.tensor([0, 1, 0, 1]), r"in \[-1, 1\]\^2"),
        (torch.zeros(4, 3), torch.tensor([0, 1, 0, 1]), r"got \[4, 3\]"),
        (torch.zeros(4, 2), torch.tensor([0, 1, 2, 1]), "0 or 1"),
        (torch.zeros(0, 2), torch.zeros(0).long(), "must be points to learn from"),
        (torch.zeros(4, 2), torch.tensor([0, 1]), "one label for each of the 4"),
    ],
)
def test_data_that_cannot_be_learnt_says_why(x, y, message):
    with pytest.raises(ValueError, match=message):
        toys.linear(x, y, dice())
