"""The minimum-norm attacks against distances that are known: half-spaces, polyhedra in a box, circles and ellipses."""

import math
from functools import partial

import pytest
import torch
from scipy.optimize import linprog, minimize
from torch import Tensor, nn

from advcourse import (
    L1,
    L2,
    Linf,
    Targeted,
    Unbounded,
    Untargeted,
    checkpoints,
    data,
    ddn,
    deepfool,
    lbfgs,
    margin,
    measure,
)

DOUBLE = torch.float64
WIDE = Unbounded(-100.0, 100.0)
ENDLESS = Unbounded(-math.inf, math.inf)
ATTACKS = {
    "lbfgs": (partial(lbfgs, searches=6, steps=20), L2),
    "deepfool": (partial(deepfool, steps=20), L2),
    "deepfool in l_inf": (partial(deepfool, norm=Linf, steps=20), Linf),
    "deepfool in l_1": (partial(deepfool, norm=L1, steps=20), L1),
    "ddn": (partial(ddn, steps=100), L2),
}
DUAL = {Linf: 1, L2: 2, L1: math.inf}
every_attack = pytest.mark.parametrize(("attack", "norm"), ATTACKS.values(), ids=ATTACKS)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear(n: int, classes: int, dtype=DOUBLE, seed: int = 0) -> nn.Linear:
    model = nn.Linear(n, classes)
    with torch.no_grad():
        model.weight.copy_(torch.randn(classes, n, generator=seeded(seed)))
        model.bias.copy_(-model.weight.sum(1) / 2)  # the classes meet in the middle of the box
    return model.to(dtype).requires_grad_(False)


def points(batch: int, n: int, dtype=DOUBLE, seed: int = 1) -> Tensor:
    return torch.rand(batch, n, generator=seeded(seed), dtype=DOUBLE).to(dtype)


def answers(model, x: Tensor) -> Tensor:
    return model(x).argmax(1)


def with_clear_answers(model, x: Tensor) -> Tensor:
    """Without points almost on the boundary, where a ratio of distances would say more about rounding."""
    best, second = model(x).topk(2, dim=1).values.unbind(1)
    return x[best - second > 0.05]


def half_space_distance(model: nn.Linear, x: Tensor, y: Tensor, norm) -> Tensor:
    """min over rivals k of (a_y - a_k) / |w_y - w_k| in the dual norm: exact without a box."""
    out = model(x)
    gaps = out.gather(1, y[:, None]) - out
    normals = (model.weight[y][:, None] - model.weight).norm(p=DUAL[norm], dim=2)
    return (gaps / normals).scatter(1, y[:, None], torch.inf).amin(1)


# --- a linear model --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE], ids=str)
@pytest.mark.parametrize("classes", [2, 3, 10])
@every_attack
def test_without_a_box_the_distance_to_linear_classes_is_the_closed_form(attack, norm, classes, dtype):
    model = linear(20, classes, dtype)
    x = with_clear_answers(model, points(24, 20, dtype))
    y = answers(model, x)
    z = attack(model, x, Untargeted(y), box=WIDE)
    assert (answers(model, z) != y).all()
    ratio = norm.size(z - x) / half_space_distance(model, x, y, norm)
    assert len(x) >= 18 and ratio.min() >= 1 - 1e-6 and ratio.max() <= 1.005


def polyhedron_distance(x: Tensor, normals: Tensor, gaps: Tensor, norm) -> float:
    """Smallest |d| with <normals[r], d> >= gaps[r] for all r and x + d in [0, 1]: a linear or quadratic program."""
    x, w, f = x.numpy(), normals.numpy(), gaps.numpy()
    room = list(zip(-x, 1 - x))
    if norm is Linf:
        # min t with -t <= d_i <= t: the variables are (d, t).
        eye, ones = torch.eye(len(x)).numpy(), torch.ones(len(x), 1).numpy()
        above = [[*-row, 0.0] for row in w] + [[*r, -1.0] for r in eye] + [[*-r, -1.0] for r in eye]
        best = linprog([0.0] * len(x) + [1.0], above, [*-f] + [0.0] * (2 * len(ones)), bounds=[*room, (0, None)])
        return best.fun if best.success else math.inf
    if norm is L1:
        # min sum_i (u_i + v_i) with d = u - v and u, v >= 0.
        ways = [*[(0, up) for _, up in room], *[(0, -down) for down, _ in room]]
        best = linprog([1.0] * 2 * len(x), [[*-row, *row] for row in w], -f, bounds=ways)
        return best.fun if best.success else math.inf
    constraints = {"type": "ineq", "fun": lambda d: w @ d - f, "jac": lambda d: w}
    best = minimize(
        lambda d: (d @ d, 2 * d), 0 * x, jac=True, bounds=room, constraints=constraints, options={"ftol": 1e-14}
    )
    return math.sqrt(best.fun) if best.success and (w @ best.x - f).min() > -1e-8 else math.inf


def nearest_rival_distance(model: nn.Linear, x: Tensor, y: int, norm) -> float:
    gaps = model(x)[y] - model(x)
    rivals = [k for k in range(len(gaps)) if k != y]
    normals = model.weight - model.weight[y]
    return min(polyhedron_distance(x, normals[k : k + 1], gaps[k : k + 1], norm) for k in rivals)


@pytest.mark.parametrize("kind", ["anywhere", "mostly at the ends", "black and white"])
@pytest.mark.parametrize("classes", [2, 4])
@every_attack
def test_in_the_box_the_distance_is_that_of_the_exact_program(attack, norm, classes, kind):
    model, x = linear(6, classes, seed=2), points(24, 6)
    x = {"anywhere": x, "mostly at the ends": (2 * x - 0.5).clamp(0, 1), "black and white": x.round()}[kind]
    x = with_clear_answers(model, x)
    y = answers(model, x)
    z = attack(model, x, Untargeted(y))
    exact = torch.tensor([nearest_rival_distance(model, a, int(b), norm) for a, b in zip(x, y)], dtype=DOUBLE)
    assert torch.equal(answers(model, z) != y, exact.isfinite()) and exact.isfinite().sum() >= 10
    assert z.min() >= 0 and z.max() <= 1
    ratio = (norm.size(z - x) / exact)[exact.isfinite()]
    assert ratio.min() >= 1 - 1e-5
    assert ratio.max() <= (1.001 if attack.func is deepfool else 1.01)


@pytest.mark.parametrize("attack", [ATTACKS["lbfgs"][0], ATTACKS["ddn"][0]], ids=["lbfgs", "ddn"])
def test_a_target_is_reached_not_much_farther_than_the_exact_program_does(attack):
    model, x = linear(6, 4, seed=2), points(16, 6)
    t = (answers(model, x) + 1) % 4
    exact = []
    for a, k in zip(x, t):
        others = [j for j in range(4) if j != k]
        gaps = (model(a) - model(a)[k])[others]
        exact.append(polyhedron_distance(a, (model.weight[k] - model.weight)[others], gaps, L2))
    exact = torch.tensor(exact, dtype=DOUBLE)
    distance = measure.distances(model, x, attack(model, x, Targeted(t)), Targeted(t), L2)
    assert exact.isfinite().sum() >= 10 and torch.equal(distance.isfinite(), exact.isfinite())
    ratio = (distance / exact)[exact.isfinite()]
    assert ratio.min() >= 1 - 1e-5 and ratio.max() <= 1.3 and ratio.median() <= 1.1


@every_attack
def test_a_target_among_two_classes_is_the_other_class(attack, norm):
    model = linear(8, 2)
    x = with_clear_answers(model, points(12, 8))
    y = answers(model, x)
    away, near = (attack(model, x, goal, box=WIDE) for goal in (Untargeted(y), Targeted(1 - y)))
    assert (answers(model, near) != y).all()
    torch.testing.assert_close(norm.size(near - x), norm.size(away - x), rtol=1e-3, atol=0)


@every_attack
def test_deepfool_shows_its_steps_and_all_show_start_and_result(attack, norm):
    model = linear(8, 3)
    x = with_clear_answers(model, points(6, 8))
    path = []
    z = attack(model, x, Untargeted(answers(model, x)), box=WIDE, trace=path.append)
    assert torch.equal(path[0], x) and torch.equal(path[-1], z)
    rough = torch.stack([answers(model, seen) != answers(model, x) for seen in path[1:-1]])
    assert rough.any(0).all(), "what was found before the polish is seen as well"
    if attack.func is deepfool:
        over = norm.size(path[1] - x) / half_space_distance(model, x, answers(model, x), norm)
        torch.testing.assert_close(over, torch.full_like(over, 1.02), rtol=1e-6, atol=0)


# --- curved boundaries in the plane ----------------------------------------------------------------------------------


def disc(x: Tensor, stretch: float = 1.0) -> Tensor:
    """Class 1 inside of the ellipse (x_0 / stretch)^2 + x_1^2 = 1."""
    f = 1 - (x[:, 0] / stretch) ** 2 - x[:, 1] ** 2
    return torch.stack([0 * f, 3 * f], 1)


@pytest.mark.parametrize("box", [WIDE, ENDLESS], ids=["wide", "endless"])
@pytest.mark.parametrize("name", ["lbfgs", "deepfool", "ddn"])
def test_the_nearest_point_of_a_circle_is_radial(name, box):
    x = torch.tensor([[0.5, 0.0], [0.0, -0.7], [0.3, 0.4], [2.0, 1.0], [-3.0, 0.1]], dtype=DOUBLE)
    y = answers(disc, x)
    z = ATTACKS[name][0](disc, x, Untargeted(y), box=box)
    assert (answers(disc, z) != y).all()
    torch.testing.assert_close(L2.size(z - x), (1 - x.norm(dim=1)).abs(), rtol=1e-3, atol=0)


@pytest.mark.parametrize(("name", "at_most"), [("lbfgs", 1.01), ("deepfool", 1.06), ("ddn", 1.01)])
def test_the_nearest_point_of_an_ellipse_is_found_from_outside(name, at_most):
    """Every single step of DeepFool is the smallest; their sum need not be. So its end is moved along the edge."""
    model = partial(disc, stretch=2.0)
    x = 1.6 * torch.tensor([[1.9, 0.7], [-1.2, 1.2], [0.3, 1.4], [2.2, -0.4]], dtype=DOUBLE)
    angle = torch.linspace(0, 2 * math.pi, 20_001, dtype=DOUBLE)
    curve = torch.stack([2 * angle.cos(), angle.sin()], 1)
    z = ATTACKS[name][0](model, x, Untargeted(answers(model, x)), box=WIDE)
    ratio = measure.distances(model, x, z, Untargeted(answers(model, x)), L2) / torch.cdist(x, curve).amin(1)
    assert ratio.min() >= 1 - 1e-6 and ratio.max() <= at_most


# --- samples that are done, and samples that cannot be ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE], ids=str)
@every_attack
def test_a_sample_that_reaches_the_goal_stays_bit_for_bit_among_others_that_move(attack, norm, dtype):
    model, x = linear(6, 3, dtype), points(12, 6, dtype)
    y = answers(model, x)
    y[::2] = (y[::2] + 1) % 3
    for goal in (Untargeted(y), Targeted(torch.where(torch.arange(12) % 2 == 0, answers(model, x), y.roll(1)))):
        done = goal.reached(model(x))
        z = attack(model, x, goal)
        assert torch.equal(z[done], x[done]) and done.sum() >= 6
        assert (measure.distances(model, x, z, goal, norm)[done] == 0).all()
        assert (z[~done] != x[~done]).any(1).all()
        assert z.data_ptr() != x.data_ptr()


@every_attack
def test_a_batch_that_is_done_entirely_is_a_copy(attack, norm):
    model, x = linear(6, 3), points(5, 6)
    z = attack(model, x, Untargeted((answers(model, x) + 1) % 3))
    assert torch.equal(z, x) and z.data_ptr() != x.data_ptr()


@pytest.mark.parametrize("box", [Unbounded(), ENDLESS], ids=["pixels", "endless"])
@every_attack
def test_a_class_without_rivals_is_left_where_it_is(attack, norm, box):
    def stubborn(x):
        return torch.stack([0 * x.sum(1) + 5, 0 * x.sum(1)], 1)

    x = points(4, 6)
    z = attack(stubborn, x, Untargeted(torch.zeros(4, dtype=torch.int64)), box=box)
    assert torch.equal(z, x)
    assert measure.distances(stubborn, x, z, Untargeted(torch.zeros(4, dtype=torch.int64)), norm).isinf().all()


@every_attack
def test_a_goal_beyond_the_box_is_not_reached_and_not_claimed(attack, norm):
    def far(x):
        return torch.stack([0 * x.sum(1), x.sum(1) - 50], 1)

    x, goal = points(4, 6), Untargeted(torch.zeros(4, dtype=torch.int64))
    z = attack(far, x, goal)
    assert z.min() >= 0 and z.max() <= 1
    assert measure.distances(far, x, z, goal, norm).isinf().all()


@pytest.mark.parametrize(
    "run", [partial(deepfool, steps=0), partial(ddn, steps=0), partial(lbfgs, searches=0, steps=9)]
)
def test_no_steps_are_no_change_and_fewer_are_refused(run):
    model, x = linear(6, 3), points(4, 6)
    goal = Untargeted(answers(model, x))
    assert torch.equal(run(model, x, goal), x)
    with pytest.raises(ValueError, match="must be >= 0; got -1"):
        run(model, x, goal, steps=-1)


@pytest.mark.parametrize("norm", [L2(0.5), Unbounded, "l2", 2], ids=repr)
def test_a_norm_that_deepfool_does_not_know_is_refused(norm):
    model, x = linear(6, 3), points(4, 6)
    with pytest.raises(ValueError, match=r"norm must be L2, Linf or L1 itself, without a radius; got .*: use norm=L2"):
        deepfool(model, x, Untargeted(answers(model, x)), norm, steps=2)


def test_samples_that_are_done_leave_deepfools_batch():
    asked = []

    def bent(x):
        """Sample 0 is at a flat boundary, the others see a cubic one that takes many steps."""
        asked.append(len(x))
        f = torch.where(x[:, 0] > 5, x[:, 0] - 6, (x[:, 0] - 0.5) ** 3 - 1e-6)
        return torch.stack([0 * f, f], 1)

    x = torch.tensor([[0.0, 0.0], [5.5, 0.0], [5.7, 0.0]], dtype=DOUBLE)
    path = []
    deepfool(bent, x, Untargeted(torch.zeros(3, dtype=torch.int64)), steps=30, box=WIDE, trace=path.append)
    assert len(path) > 6 and asked.count(1) >= 6


def test_only_as_many_rivals_are_asked_for_as_wanted():
    model, x = linear(20, 10), points(16, 20)
    goal = Untargeted(answers(model, x))
    sizes = [measure.distances(model, x, deepfool(model, x, goal, steps=50, rivals=r), goal, L2) for r in (1, 9)]
    assert sizes[0].isfinite().all() and (sizes[1] <= sizes[0] * 1.001).all() and (sizes[1] < 0.99 * sizes[0]).any()


# --- the digits ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    """A trained network and images that it reads correctly."""
    model, (_, test) = checkpoints.load("digits_cnn"), data.digits()
    right = measure.logits(model, test.x[:70]).argmax(1) == test.y[:70]
    return model, test.x[:70][right][:60], test.y[:70][right][:60]


def test_on_digits_all_succeed_and_ddn_comes_nearer_than_deepfool(digits):
    model, x, y = digits
    goal = Untargeted(y)
    far = measure.distances(model, x, deepfool(model, x, goal, steps=50), goal, L2)
    near = measure.distances(model, x, ddn(model, x, goal, steps=100), goal, L2)
    assert far.isfinite().all() and near.isfinite().all()
    assert near.median() <= far.median() <= 1.3 * near.median()
    flat = measure.distances(model, x, deepfool(model, x, goal, Linf, steps=50), goal, Linf)
    assert flat.isfinite().all() and flat.median() < 0.2


def test_lbfgs_is_as_near_as_ddn_also_for_a_target(digits):
    model, x, y = (part[:6] if isinstance(part, Tensor) else part for part in digits)
    for goal in (Untargeted(y), Targeted((y + 1) % 10)):
        z = lbfgs(model, x, goal, searches=6, steps=20), ddn(model, x, goal, steps=100)
        slow, fast = (measure.distances(model, x, each, goal, L2) for each in z)
        assert slow.isfinite().all() and slow.median() <= 1.05 * fast.median()


@every_attack
def test_success_outlasts_another_batch(attack, norm, digits):
    """Sums are rounded differently in batches of other sizes: a point exactly on the boundary would come back."""
    model, x, y = (part[:8] if isinstance(part, Tensor) else part for part in digits)
    z = attack(model, x, Untargeted(y))
    for size in (1, 3, 8):
        assert (measure.logits(model, z, batch=size).argmax(1) != y).all()


@pytest.mark.parametrize("loss", [nn.functional.cross_entropy, margin], ids=["cross_entropy", "margin"])
@every_attack
def test_black_and_white_images_can_be_attacked(attack, norm, loss, digits):
    model, x, _ = (part[:8] if isinstance(part, Tensor) else part for part in digits)
    x = x.round()
    y = measure.logits(model, x).argmax(1)
    goal = Untargeted(y, margin) if loss is margin else Untargeted(y)
    z = attack(model, x, goal)
    assert measure.distances(model, x, z, goal, norm).isfinite().all() and z.min() >= 0 and z.max() <= 1


# --- what is measured ------------------------------------------------------------------------------------------------


def test_distances_are_infinite_where_a_fresh_forward_does_not_reach_the_goal():
    model, x = linear(6, 3), points(5, 6)
    y = answers(model, x)
    z = deepfool(model, x, Untargeted(y), steps=20, box=WIDE)
    z[1] = x[1] + 1e-9
    found = measure.distances(model, x, z, Untargeted(y), L2)
    assert found.isinf().tolist() == [False, True, False, False, False]
    torch.testing.assert_close(found[[0, 2]], (z - x)[[0, 2]].norm(dim=1))
    assert (measure.distances(model, x, z, Untargeted(y), Linf)[[0, 2]] < found[[0, 2]]).all()
