"""Auto-PGD against a slow walk of one sample, closed forms, hills, other units of the logits, and fixed step sizes."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from attack_table import seeded
from torch import Tensor, nn

from advcourse import (
    L1,
    L2,
    Linf,
    Unbounded,
    Untargeted,
    apgd,
    checkpoints,
    cross_entropy,
    input_gradient,
    logit_ratio,
    margin,
    measure,
    pgd,
)
from advcourse.attacks.apgd import checkpoints as checkpoints_of
from advcourse.data import digits

DOUBLE = torch.float64
STILL = {"random_start": False}
SETS = [Linf(0.2), L2(0.4), Unbounded()]


def smooth(n: int = 6, classes: int = 4, seed: int = 0) -> nn.Module:
    net = nn.Sequential(nn.Linear(n, 10), nn.Tanh(), nn.Linear(10, classes)).double()
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            p.copy_(1.5 * torch.randn(p.shape, generator=seeded(seed + k), dtype=DOUBLE))
    return net


def points(count: int, n: int = 6) -> tuple[Tensor, Tensor]:
    return torch.rand(count, n, generator=seeded(9), dtype=DOUBLE), torch.arange(count) % 4


def one_by_one(model, x: Tensor, y: Tensor, loss, threat, steps: int) -> list[Tensor]:
    """The walk of one sample x [1, n] as the paper's algorithm has it, with numbers and branches; every iterate."""
    goal, allowed = Untargeted(y, loss), threat.around(x)

    def f(z: Tensor) -> float:
        return goal.score(model(z)).item()

    def move(z: Tensor) -> Tensor:
        return allowed.project(z + size * allowed.steepest(input_gradient(model, z, goal)))

    size = 2 * threat.eps if math.isfinite(threat.eps) else threat.hi - threat.lo
    shares = [Fraction(0), Fraction(22, 100)]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - Fraction(3, 100), Fraction(6, 100)))
    marks = [math.ceil(share * steps) for share in shares]
    path, z, before, top, rises, tops, halved = [x], x, x, x, 0, f(x), False
    last = f(x)
    for k in range(steps):
        if k in marks[1:]:
            stretch = k - marks[marks.index(k) - 1]
            over = rises < 0.75 * stretch or (not halved and f(top) <= tops)
            if over:
                size, z, last = size / 2, top, f(top)
            halved, tops, rises = over, f(top), 0
        there = move(z)
        if k:
            there = allowed.project(z + 0.75 * (there - z) + 0.25 * (z - before))
        z, before = there, z
        rises, last = rises + (f(z) > last), f(z)
        top = z if f(z) > f(top) else top
        path.append(z)
    return path


@pytest.mark.parametrize("loss", [cross_entropy, margin, logit_ratio], ids=lambda f: f.__name__)
@pytest.mark.parametrize("threat", SETS, ids=repr)
def test_every_sample_walks_as_if_it_were_alone_and_the_algorithm_written_out(threat, loss):
    net, (x, y), path = smooth(), points(8), []

    def model(z):
        return net((6 * z).sin())  # many hills, so that every rule about the sizes is met

    apgd(model, x, Untargeted(y, loss), threat, steps=33, **STILL, trace=path.append)
    for i in range(8):
        want = one_by_one(model, x[i : i + 1], y[i : i + 1], loss, threat, 33)
        torch.testing.assert_close(torch.stack([p[i] for p in path]), torch.cat(want), rtol=0, atol=1e-6)


def test_the_sizes_are_looked_at_as_in_the_paper():
    assert sorted(checkpoints_of(100)) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints_of(0) == {0} and all(0 < k <= 7 for k in checkpoints_of(7))


def test_the_worst_corner_of_a_linear_model_is_found():
    model, x = nn.Linear(5, 2).double(), torch.rand(8, 5, generator=seeded(1), dtype=DOUBLE)
    x[0, :2], x[1, 2:] = 0.0, 1.0
    goal = Untargeted(torch.arange(8) % 2, margin)
    for threat, eps in ((Linf(0.3), 0.3), (Unbounded(), 1.0)):
        best = torch.full((8,), -math.inf, dtype=DOUBLE)
        for pattern in itertools.product([False, True], repeat=5):
            corner = torch.where(torch.tensor(pattern), (x + eps).clamp(max=1), (x - eps).clamp(min=0))
            best = torch.maximum(best, goal.score(model(corner)))
        z = apgd(model, x, goal, threat, steps=20, generator=seeded(0))
        torch.testing.assert_close(goal.score(model(z)), best)


def test_in_l2_a_linear_margin_grows_by_the_radius_times_the_length_of_its_gradient():
    model, x = nn.Linear(5, 2).double(), torch.full((4, 5), 0.5, dtype=DOUBLE)
    goal = Untargeted(torch.arange(4) % 2, margin)
    z = apgd(model, x, goal, L2(0.25), steps=20, generator=seeded(0))
    gain = 0.25 * (model.weight[1] - model.weight[0]).detach().norm()
    torch.testing.assert_close(goal.score(model(z)) - goal.score(model(x)), gain.expand(4))


class Hill(nn.Module):
    """Two logits, (0, -|x - top|^2)."""

    def __init__(self, top: Tensor):
        super().__init__()
        self.top = top

    def forward(self, x):
        s = -(x - self.top).square().sum(1)
        return torch.stack([0 * s, s], 1)


@pytest.mark.parametrize("threat", SETS, ids=repr)
def test_steps_that_get_shorter_come_nearer_to_a_summit_than_any_fixed_step(threat):
    x, _ = points(10)
    top = threat.around(x).project(x + 0.05 * torch.randn(10, 6, generator=seeded(2), dtype=DOUBLE))
    goal = Untargeted(torch.zeros(10, dtype=torch.int64), margin)
    z = apgd(Hill(top), x, goal, threat, steps=100, generator=seeded(0))
    width = 2 * threat.eps if math.isfinite(threat.eps) else 1.0
    fixed = [
        pgd(Hill(top), x, goal, threat, steps=100, step_size=width / k, generator=seeded(0)) for k in (4, 10, 20, 50)
    ]
    gaps = torch.stack([(end - top).norm(dim=1) for end in fixed])
    assert ((z - top).norm(dim=1) < gaps.amin(0)).all()


@pytest.mark.parametrize("loss", [margin, logit_ratio], ids=lambda f: f.__name__)
@pytest.mark.parametrize("threat", SETS, ids=repr)
def test_a_factor_on_the_logits_changes_no_step(threat, loss):
    model, (x, y) = smooth(), points(8)

    def walked(factor: float) -> Tensor:
        path, goal = [], Untargeted(y, loss)
        apgd(lambda z: factor * model(z), x, goal, threat, steps=20, generator=seeded(0), trace=path.append)
        return torch.stack(path)

    plain = walked(1.0)
    assert torch.equal(walked(2.0**14), plain), "a power of two does not even round"
    torch.testing.assert_close(walked(1e4), plain, rtol=0, atol=1e-6)


def test_a_sure_network_hides_from_the_cross_entropy_and_not_from_the_logit_ratio():
    net, (_, test) = checkpoints.load("digits_robust_2"), digits()
    x, y = test.x[:60], test.y[:60]
    left = {}
    for factor in (1.0, 1e4):
        for loss in (cross_entropy, logit_ratio):
            z = apgd(lambda z, f=factor: f * net(z), x, Untargeted(y, loss), Linf(0.2), steps=20, **STILL)
            left[factor, loss] = measure.accuracy(net, z, y)
    assert left[1e4, logit_ratio] == left[1.0, logit_ratio] <= left[1.0, cross_entropy] + 0.02
    assert left[1e4, cross_entropy] >= left[1.0, cross_entropy] + 0.05


def test_without_a_step_size_it_is_as_strong_as_pgd_with_the_best_one_of_four():
    net, (_, test) = checkpoints.load("digits_robust_2"), digits()
    x, y = test.x[:100], test.y[:100]
    goal = Untargeted(y)
    z = apgd(net, x, goal, Linf(0.2), steps=20, generator=seeded(0))
    height = goal.score(net(z)).mean()
    for k in (2, 4, 8, 16):
        other = pgd(net, x, goal, Linf(0.2), steps=20, step_size=0.2 / k, generator=seeded(0))
        assert measure.accuracy(net, z, y) <= measure.accuracy(net, other, y) + 0.01
        assert height >= goal.score(net(other)).mean() - 0.01


@pytest.mark.parametrize(
    ("threat", "more", "words"),
    [
        (L1(0.5), {}, r"for l_inf and l_2; got L1\(eps=0\.5.*falls? behind pgd with step_size = eps / 4"),
        (Unbounded(0.0, math.inf), {}, r"as long as the set is wide; Unbounded.*has no end: give it a finite box"),
        (Linf(0.1), {"steps": -1}, "steps must be >= 0; got -1"),
        (Linf(0.1), {"restarts": 0}, "restarts=0.*must be >= 1"),
        (Linf(0.1), {"restarts": 2, **STILL}, "differ only by their random starts"),
    ],
    ids=["l_1", "endless box", "steps", "no start", "same start"],
)
def test_what_it_cannot_do_is_said(threat, more, words):
    model, (x, y) = smooth(), points(4)
    with pytest.raises(ValueError, match=words):
        apgd(model, x, Untargeted(y), threat, **{"steps": 3, **more})
