"""The gradient attacks against what is known exactly: linear models, differences, brute force, concave hills."""

import inspect
import itertools
import math
from functools import partial

import pytest
import torch
from attack_table import ATTACKS, dice, having, seeded
from torch import Tensor, nn

from advcourse import (
    L1,
    L2,
    Linf,
    Targeted,
    Unbounded,
    Untargeted,
    cross_entropy,
    fgsm,
    input_gradient,
    iterative_fgsm,
    least_likely,
    margin,
    pgd,
)

DOUBLE = torch.float64
LINF_DUAL = {Linf: lambda w: w.abs().sum(), L2: lambda w: w.norm(), L1: lambda w: w.abs().max()}


def linear(n: int, classes: int = 2, seed: int = 0) -> nn.Linear:
    model = nn.Linear(n, classes).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=seeded(seed), dtype=DOUBLE))
    return model


def smooth(n: int, classes: int = 3, seed: int = 0) -> nn.Module:
    return nn.Sequential(linear(n, 10, seed), nn.Tanh(), linear(10, classes, seed + 1))


def climbing_direction(model: nn.Linear) -> Tensor:
    """Of two linear classes, the gradient of the margin of class 0."""
    return (model.weight[1] - model.weight[0]).detach()


def zeros(count: int) -> Tensor:
    return torch.zeros(count, dtype=torch.int64)


# --- the gradient ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", [Untargeted, Targeted])
@pytest.mark.parametrize("loss", [cross_entropy, margin], ids=lambda f: f.__name__)
def test_the_input_gradient_is_the_central_difference_of_the_score(goal, loss):
    model, h = smooth(6), 1e-5
    x, aim = torch.rand(4, 6, generator=seeded(1), dtype=DOUBLE), goal(torch.tensor([0, 1, 2, 0]), loss)
    g = input_gradient(model, x, aim)
    with torch.no_grad():
        for k in range(6):
            e = torch.zeros(6, dtype=DOUBLE).index_fill(0, torch.tensor(k), h)
            slope = (aim.score(model(x + e)) - aim.score(model(x - e))) / (2 * h)
            torch.testing.assert_close(g[:, k], slope, rtol=1e-6, atol=1e-8)


def test_a_samples_gradient_does_not_depend_on_its_batch():
    model, x, y = smooth(6), torch.rand(5, 6, generator=seeded(1), dtype=DOUBLE), torch.tensor([0, 1, 2, 0, 1])
    ones = [input_gradient(model, x[i : i + 1], Untargeted(y[i : i + 1])) for i in range(5)]
    torch.testing.assert_close(input_gradient(model, x, Untargeted(y)), torch.cat(ones), rtol=1e-12, atol=0)


def test_the_gradient_is_detached_and_fills_nothing():
    model, x = smooth(6).train(), torch.rand(5, 6, dtype=DOUBLE, requires_grad=True)
    with torch.no_grad():
        g = input_gradient(model, x, Untargeted(zeros(5)))
    assert not g.requires_grad and x.grad is None and x.requires_grad
    assert all(p.grad is None and p.requires_grad for p in model.parameters()) and model.training


def test_the_gradient_is_that_of_evaluation_mode():
    model = nn.Sequential(linear(6, 8), nn.BatchNorm1d(8).double(), nn.Dropout(0.5), linear(8, 3))
    x, goal = torch.rand(4, 6, generator=seeded(3), dtype=DOUBLE), Untargeted(zeros(4))
    trained = input_gradient(model.train(), x, goal)
    assert model[1].num_batches_tracked == 0
    assert torch.equal(trained, input_gradient(model.eval(), x, goal))


# --- one step --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threat", [Linf, L2, L1])
def test_one_step_gains_eps_times_the_dual_norm_on_a_linear_model(threat):
    """Far from the box max over |d| <= eps of <w, d> is eps times the dual norm of w: the exact worst case."""
    for n in (1, 2, 9):
        model, x, eps = linear(n), torch.full((3, n), 0.5, dtype=DOUBLE), 0.25
        goal = Untargeted(zeros(3), margin)
        gain = goal.score(model(fgsm(model, x, goal, threat(eps)))) - goal.score(model(x))
        torch.testing.assert_close(gain, (eps * LINF_DUAL[threat](climbing_direction(model))).expand(3))


@pytest.mark.parametrize("goal", [Untargeted, Targeted])
@having(lambda a, t: isinstance(t, Linf) and not (a.oracle or a.stops), ["cpu"])
def test_no_corner_of_ball_and_box_is_worse_for_a_linear_model(attack, threat, device, goal):
    model, n, eps = linear(5), 5, 0.3
    x = torch.tensor([[0.0, 1.0, 0.1, 0.95, 0.5], [0.5, 0.2, 0.8, 0.0, 1.0]], dtype=DOUBLE)
    aim = goal(zeros(2), margin)
    z = attack.run(model, x, aim, Linf(eps), **dice(attack))
    lower, upper = (x - eps).clamp(min=0), (x + eps).clamp(max=1)
    best = torch.full((2,), -math.inf, dtype=DOUBLE)
    for pattern in itertools.product([False, True], repeat=n):
        best = torch.maximum(best, aim.score(model(torch.where(torch.tensor(pattern), upper, lower))))
    torch.testing.assert_close(aim.score(model(z)), best)


def test_fgsm_maximises_the_linearised_loss_over_all_sign_vectors():
    model, n, eps = smooth(7), 7, 0.2
    x = torch.rand(6, n, generator=seeded(5), dtype=DOUBLE)
    x[0, :3], x[1, :3] = 0.0, 1.0
    goal = Untargeted(torch.arange(6) % 3)
    g, z = input_gradient(model, x, goal), fgsm(model, x, goal, Linf(eps))
    for signs in itertools.product([-1.0, 0.0, 1.0], repeat=n):
        d = (x + eps * torch.tensor(signs, dtype=DOUBLE)).clamp(0, 1) - x
        assert (((z - x) * g).sum(1) >= (d * g).sum(1) - 1e-12).all()


def test_fgsm_is_the_formula():
    model, x = smooth(7), torch.rand(6, 7, generator=seeded(6), dtype=DOUBLE)
    y = torch.arange(6) % 3
    pixels = x.clone().requires_grad_()
    nn.functional.cross_entropy(model(pixels), y, reduction="sum").backward()
    torch.testing.assert_close(fgsm(model, x, Untargeted(y), Linf(0.1)), (x + 0.1 * pixels.grad.sign()).clamp(0, 1))
    torch.testing.assert_close(fgsm(model, x, Targeted(y), Linf(0.1)), (x - 0.1 * pixels.grad.sign()).clamp(0, 1))


def test_a_pixel_without_gradient_stays():
    model = linear(4)
    with torch.no_grad():
        model.weight[:, 2] = 0.0
    x = torch.rand(3, 4, generator=seeded(0), dtype=DOUBLE)
    z = fgsm(model, x, Untargeted(zeros(3)), Linf(0.1))
    assert torch.equal(z[:, 2], x[:, 2]) and (z[:, [0, 1, 3]] != x[:, [0, 1, 3]]).any()


def test_in_l1_one_step_moves_the_one_pixel_that_matters_most_and_has_room():
    model = linear(3)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.0, 0.0, 0.0], [1.0, 3.0, -2.0]]))
    x = torch.tensor([[0.5, 0.5, 0.5], [0.5, 1.0, 0.5]], dtype=DOUBLE)
    z = fgsm(model, x, Untargeted(zeros(2), margin), L1(0.2))
    torch.testing.assert_close(z - x, torch.tensor([[0.0, 0.2, 0.0], [0.0, 0.0, -0.2]], dtype=DOUBLE))


# --- many steps ------------------------------------------------------------------------------------------------------


def slide(model, x, y, steps, step_size, clip):
    """x_t = P(x_{t-1} + step_size sign(grad l(x_{t-1}, y))), written as on the slide, keeping every x_t."""
    path = [x]
    for _ in range(steps):
        pixels = path[-1].clone().requires_grad_()
        nn.functional.cross_entropy(model(pixels), y, reduction="sum").backward()
        path.append(clip(path[-1] + step_size * pixels.grad.sign()))
    return path


@pytest.mark.parametrize(
    ("threat", "clip"),
    [
        (Linf(0.15), lambda x: lambda z: z.clamp(x - 0.15, x + 0.15).clamp(0, 1)),
        (Unbounded(), lambda x: lambda z: z.clamp(0, 1)),
        (Unbounded(-1.0, 1.0), lambda x: lambda z: z.clamp(-1, 1)),
    ],
    ids=["ball and box", "box", "wider box"],
)
def test_iterative_fgsm_is_the_slides_formula_step_by_step(threat, clip):
    model, x, y, path = smooth(6), torch.rand(5, 6, generator=seeded(2), dtype=DOUBLE), torch.arange(5) % 3, []
    z = iterative_fgsm(model, x, Untargeted(y), threat, steps=7, step_size=0.05, trace=path.append)
    want = slide(model, x, y, 7, 0.05, clip(x))
    assert len(path) == 8
    for got, right in zip(path, want):
        torch.testing.assert_close(got, right)
    torch.testing.assert_close(z, want[-1])


def test_the_bare_box_lets_the_path_leave_the_ball_and_the_ball_does_not():
    model, x = linear(3), torch.full((1, 3), 0.5, dtype=DOUBLE)
    goal, steps = Untargeted(zeros(1)), {"steps": 4, "step_size": 0.1}
    for threat, reach in ((Linf(0.1), 0.1), (Linf(0.25), 0.25), (Unbounded(), 0.4)):
        z = iterative_fgsm(model, x, goal, threat, **steps)
        torch.testing.assert_close((z - x).abs(), torch.full((1, 3), reach, dtype=DOUBLE))


def test_the_last_iterate_is_returned_also_where_it_is_worse():
    """Iterative FGSM is the slide's x_T; keeping the best is what PGD adds."""

    def peak(x):
        s = -((x[:, 0] - 0.52) ** 2)
        return torch.stack([0 * s, s], 1)

    x, goal, path = torch.full((1, 1), 0.5, dtype=DOUBLE), Untargeted(zeros(1), margin), []
    steps = {"steps": 2, "step_size": 0.1}
    assert float(iterative_fgsm(peak, x, goal, Linf(0.2), **steps)) == pytest.approx(0.5)
    assert float(iterative_fgsm(peak, x, goal, Linf(0.2), **{**steps, "steps": 3})) == pytest.approx(0.6)
    kept = pgd(peak, x, goal, Linf(0.2), **{**steps, "steps": 3}, random_start=False, trace=path.append)
    assert float(kept) == 0.5 and [round(float(p), 9) for p in path] == [0.5, 0.6, 0.5, 0.6]


@pytest.mark.parametrize("threat", [Linf, L2, L1])
def test_one_step_of_iterative_fgsm_with_the_whole_radius_is_fgsm(threat):
    model, x, goal = smooth(6), torch.rand(5, 6, generator=seeded(2), dtype=DOUBLE), Untargeted(torch.arange(5) % 3)
    assert torch.equal(
        iterative_fgsm(model, x, goal, threat(0.2), steps=1, step_size=0.2), fgsm(model, x, goal, threat(0.2))
    )


def test_pgd_from_x_visits_the_iterates_of_iterative_fgsm():
    model, x, goal = smooth(6), torch.rand(5, 6, generator=seeded(2), dtype=DOUBLE), Untargeted(torch.arange(5) % 3)
    steps, one, other = {"steps": 5, "step_size": 0.05}, [], []
    iterative_fgsm(model, x, goal, Linf(0.1), **steps, trace=one.append)
    pgd(model, x, goal, Linf(0.1), **steps, random_start=False, trace=other.append)
    assert all(torch.equal(a, b) for a, b in zip(one, other)) and len(one) == len(other)


@pytest.mark.parametrize("threat", [L2(0.4), L1(0.9), Linf(0.2)], ids=repr)
def test_no_step_is_longer_than_the_step_size_in_the_threats_own_norm(threat):
    model, x, goal, path = smooth(6), torch.rand(5, 6, generator=seeded(2), dtype=DOUBLE), Untargeted(zeros(5)), []
    iterative_fgsm(model, x, goal, threat, steps=10, step_size=threat.eps / 4, trace=path.append)
    assert float(threat.size(path[1] - path[0]).max()) == pytest.approx(threat.eps / 4)
    # A projection onto a convex set shortens Euclidean lengths.
    if not isinstance(threat, L1):
        assert all((threat.size(b - a) <= threat.eps / 4 * (1 + 1e-9)).all() for a, b in itertools.pairwise(path))


# --- where PGD must arrive -------------------------------------------------------------------------------------------


def worst_case(w: Tensor, x: Tensor, threat) -> Tensor:
    """max <w, z> over ball and box, exactly: by corners, by bisection on the multiplier, by filling greedily."""
    room = torch.where(w > 0, threat.hi - x, x - threat.lo)
    if isinstance(threat, Linf):
        return (w * x).sum(1) + (w.abs() * room.clamp(max=threat.eps)).sum(1)
    if isinstance(threat, L2):
        low, high = torch.zeros(len(x), 1, dtype=DOUBLE), torch.full((len(x), 1), 1e6, dtype=DOUBLE)
        for _ in range(200):
            s = (low + high) / 2
            long = (torch.minimum(s * w.abs(), room)).norm(dim=1, keepdim=True) > threat.eps
            low, high = torch.where(long, low, s), torch.where(long, s, high)
        return (w * x).sum(1) + (w.abs() * torch.minimum(low * w.abs(), room)).sum(1)
    order = w.abs().argsort(descending=True)
    filled = room[:, order].cumsum(1).clamp(max=threat.eps).diff(dim=1, prepend=torch.zeros(len(x), 1, dtype=DOUBLE))
    return (w * x).sum(1) + (w.abs()[order] * filled).sum(1)


@pytest.mark.parametrize("threat", [Linf(0.2), L2(0.6), L1(1.5)], ids=repr)
@pytest.mark.parametrize("random_start", [False, True])
@pytest.mark.parametrize("n", [8, 50])
def test_on_a_linear_model_pgd_finds_the_exact_worst_case_of_ball_and_box(n, threat, random_start):
    """Where the box cuts the ball no single step is optimal: the radius has to be spent where there is room."""
    model, x = linear(n), torch.rand(20, n, generator=seeded(8), dtype=DOUBLE).mul(1.6).sub(0.3).clamp(0, 1)
    w, goal = climbing_direction(model), Untargeted(zeros(20), margin)
    z = pgd(
        model, x, goal, threat, steps=150, step_size=threat.eps / 10, random_start=random_start, generator=seeded(1)
    )
    gain = (w * (z - x)).sum(1)
    best = worst_case(w, x, threat) - (w * x).sum(1)
    assert (gain <= best * (1 + 1e-9)).all(), "more than the worst case: the oracle or the set is wrong"
    assert (gain >= 0.98 * best).all()


class Hill(nn.Module):
    """Two logits (0, -|x - top|^2): the margin of class 0 is a concave hill with a known summit."""

    def __init__(self, top: Tensor):
        super().__init__()
        self.top = top

    def forward(self, x):
        s = -(x - self.top).square().sum(1)
        return torch.stack([0 * s, s], 1)


@pytest.mark.parametrize("threat", [Linf(0.2), L2(0.4), L1(0.7), Unbounded()], ids=repr)
@pytest.mark.parametrize("far", [0.1, 3.0], ids=["summit inside", "summit outside"])
def test_pgd_climbs_a_concave_hill_to_its_highest_allowed_point(threat, far):
    """The highest point of -|z - top|^2 is the member nearest to the top."""
    x = torch.rand(10, 4, generator=seeded(9), dtype=DOUBLE)
    top = x + far * torch.randn(10, 4, generator=seeded(10), dtype=DOUBLE)
    step = 0.004
    z = pgd(Hill(top), x, Untargeted(zeros(10), margin), threat, steps=400, step_size=step, generator=seeded(0))
    summit = threat.around(x).project(top)
    height = -(z - top).square().sum(1)
    best = -(summit - top).square().sum(1)
    assert (height <= best + 1e-12).all()
    # Steps of one length circle the summit; the best of them is a few steps away at most.
    assert ((z - summit).norm(dim=1) <= 8 * step).all()


def test_pgd_is_at_least_as_strong_as_fgsm_on_every_sample_of_a_smooth_model():
    model, x, y = smooth(6), torch.rand(40, 6, generator=seeded(2), dtype=DOUBLE), torch.arange(40) % 3
    goal = Untargeted(y, margin)
    for threat in (Linf(0.3), L2(0.5)):
        once = goal.score(model(fgsm(model, x, goal, threat)))
        many = goal.score(
            model(pgd(model, x, goal, threat, steps=40, step_size=threat.eps / 8, restarts=3, generator=seeded(0)))
        )
        assert (many >= once - 1e-3).all()


def test_restarts_escape_a_local_maximum():
    """Two hills, the higher one far from x: without a random start the near one wins, with restarts the far one."""

    def hills(x):
        s = torch.maximum(0.1 - (x[:, 0] - 0.45) ** 2, 0.3 - 4 * (x[:, 0] - 0.9) ** 2) - 1
        return torch.stack([0 * s, s], 1)

    x, goal, steps = (
        torch.full((6, 1), 0.5, dtype=DOUBLE),
        Untargeted(zeros(6), margin),
        {"steps": 60, "step_size": 0.01},
    )
    near = pgd(hills, x, goal, Linf(0.5), **steps, random_start=False)
    far = pgd(hills, x, goal, Linf(0.5), **steps, restarts=12, generator=seeded(0))
    torch.testing.assert_close(near, torch.full_like(x, 0.45), rtol=0, atol=0.011)
    torch.testing.assert_close(far, torch.full_like(x, 0.9), rtol=0, atol=0.011)


def test_a_random_start_leaves_a_point_without_gradient():
    """At the bottom of a valley the gradient is zero: only a random start moves."""

    def valley(x):
        s = (x - 0.5).square().sum(1) - 1
        return torch.stack([0 * s, s], 1)

    x, goal = torch.full((5, 3), 0.5, dtype=DOUBLE), Untargeted(zeros(5), margin)
    steps = {"steps": 5, "step_size": 0.05}
    assert torch.equal(pgd(valley, x, goal, Linf(0.1), **steps, random_start=False), x)
    z = pgd(valley, x, goal, Linf(0.1), **steps, generator=seeded(0))
    torch.testing.assert_close((z - x).abs(), torch.full_like(x, 0.1))


@pytest.mark.parametrize("restarts", [1, 3])
def test_pgd_asks_one_forward_a_step_and_one_for_the_end(restarts):
    asked = []

    class Counted(nn.Module):
        def forward(self, x):
            asked.append((len(x), torch.is_grad_enabled()))
            return torch.stack([0 * x[:, 0], x[:, 0]], 1)

    x, goal = torch.full((2, 3), 0.5), Untargeted(zeros(2))
    pgd(Counted(), x, goal, Linf(0.1), steps=4, step_size=0.05, restarts=restarts)
    assert asked == [(2 * restarts, True)] * 4 + [(2 * restarts, False)]
    asked.clear()
    iterative_fgsm(Counted(), x, goal, Linf(0.1), steps=4, step_size=0.05)
    assert asked == [(2, True)] * 4
    asked.clear()
    fgsm(Counted(), x, goal, Linf(0.1))
    assert asked == [(2, True)]


# --- the least likely class ------------------------------------------------------------------------------------------


def test_the_least_likely_class_has_the_lowest_logit_in_evaluation_mode():
    model = nn.Sequential(linear(6, 8), nn.BatchNorm1d(8).double(), nn.Dropout(0.5), linear(8, 4)).train()
    x = torch.rand(30, 6, generator=seeded(3), dtype=DOUBLE)
    t = least_likely(model, x)
    assert all(m.training for m in model.modules()) and model[1].num_batches_tracked == 0
    assert t.dtype == torch.int64 and t.tolist() == model.eval()(x).argmin(1).tolist()
    assert least_likely(model, x[:0]).shape == (0,)


def test_a_targeted_attack_on_the_least_likely_class_makes_it_likelier():
    model, x = smooth(6), torch.rand(30, 6, generator=seeded(3), dtype=DOUBLE)
    t = least_likely(model, x)
    before = model(x).softmax(1)[torch.arange(30), t]
    for z in (
        fgsm(model, x, Targeted(t), Linf(0.02)),
        iterative_fgsm(model, x, Targeted(t), Linf(0.1), steps=10, step_size=0.02),
        pgd(model, x, Targeted(t), Linf(0.1), steps=10, step_size=0.02, generator=seeded(0)),
    ):
        assert (model(z).softmax(1)[torch.arange(30), t] > before).all()


# --- how they are called ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_options_are_named_and_a_budget_has_no_default(attack):
    arguments = inspect.signature(attack.call).parameters
    assert list(arguments)[:3] == ["model", "x", "goal"] and list(arguments)[3] in (
        "threat",
        "norm",
        "searches",
        "steps",
        "queries",
    )
    named = {name: p for name, p in arguments.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert set(arguments) - set(named) <= {"model", "x", "goal", "threat", "norm"}
    budget = {"queries"} if "queries" in named else {"steps", "step_size", "searches"}
    assert {name for name, p in named.items() if p.default is inspect.Parameter.empty} == budget & set(arguments)


def test_a_configured_attack_is_a_partial_that_prints_itself():
    attack = partial(pgd, threat=Linf(0.1), steps=3, step_size=0.05)
    assert "pgd" in repr(attack) and "Linf(eps=0.1" in repr(attack) and "steps=3" in repr(attack)
    assert attack(linear(2), torch.full((1, 2), 0.5, dtype=DOUBLE), Untargeted(zeros(1))).shape == (1, 2)
