"""Whoever walks in a circle leaves the batch, and nothing else changes: compared with loops that know nothing of it."""

import itertools
from collections.abc import Callable

import pytest
import torch
from attack_table import seeded
from torch import Tensor, nn
from torch.nn import functional as F

from advcourse import L1, L2, Linf, Unbounded, Untargeted, checkpoints, iterative_fgsm, margin, pgd
from advcourse.asking import ignore
from advcourse.attacks.cycles import HERE, Walk
from advcourse.data import digits

DOUBLE = torch.float64


class Counted(nn.Module):
    """A model, and how many samples it was asked about at each forward."""

    def __init__(self, model: Callable[[Tensor], Tensor]):
        super().__init__()
        self.model, self.asked = model, []

    def forward(self, x):
        self.asked.append(len(x))
        return self.model(x)


def tiny(width: int, activation: type[nn.Module], seed: int = 0) -> nn.Module:
    net = nn.Sequential(nn.Linear(6, width), activation(), nn.Linear(width, 4)).double()
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            p.copy_(1.5 * torch.randn(p.shape, generator=seeded(seed + k), dtype=DOUBLE))
    return net


def some_digits(count: int) -> tuple[Tensor, Tensor]:
    _, test = digits()
    return test.x[:count].double(), test.y[:count]


def points(count: int) -> tuple[Tensor, Tensor]:
    return torch.rand(count, 6, generator=seeded(5), dtype=DOUBLE), torch.arange(count) % 4


WORLDS = {
    "tanh": lambda: (tiny(10, nn.Tanh), *points(24), 0.2),
    "relu": lambda: (tiny(16, nn.ReLU, 7), *points(24), 0.1),
    "digits_cnn": lambda: (checkpoints.load("digits_cnn").double(), *some_digits(10), 0.1),
    "digits_robust_2": lambda: (checkpoints.load("digits_robust_2").double(), *some_digits(10), 0.2),
}


def plain(model, start: Tensor, x: Tensor, y: Tensor, eps: float, steps: int, step_size: float) -> Tensor:
    """Every iterate of the loop as it is written: [steps + 1, N, ...]."""
    allowed, path = Linf(eps).around(x), [start]
    for _ in range(steps):
        z = path[-1].clone().requires_grad_()
        (g,) = torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z)
        path.append(allowed.project(path[-1] + step_size * g.sign()))
    return torch.stack(path)


# --- the same as without ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("steps", "share"), [(40, 4), (41, 4), (60, 2), (25, 10), (7, 2)])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_iterative_fgsm_is_where_the_plain_loop_is_at_every_step(world, steps, share):
    (model, x, y, eps), path = world(), []
    want = plain(model, x, x, y, eps, steps, eps / share)
    counted = Counted(model)
    z = iterative_fgsm(counted, x, Untargeted(y), Linf(eps), steps=steps, step_size=eps / share, trace=path.append)
    torch.testing.assert_close(torch.stack(path), want, rtol=0, atol=1e-9)
    assert torch.equal(z, path[-1])
    assert torch.equal(z, iterative_fgsm(model, x, Untargeted(y), Linf(eps), steps=steps, step_size=eps / share)), (
        "with no trace the circles are not walked, only counted"
    )
    assert sum(counted.asked) <= (0.8 if steps >= 40 else 1.0) * steps * len(x)


@pytest.mark.parametrize("restarts", [1, 3])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_pgd_sees_what_the_plain_loop_sees_and_keeps_the_best_of_it(world, restarts):
    (model, x, y, eps), path = world(), []
    settings = {"steps": 40, "step_size": eps / 4, "restarts": restarts}
    z = pgd(model, x, Untargeted(y), Linf(eps), **settings, generator=seeded(0), trace=path.append)
    copies = [1, *[1] * (x.ndim - 1)]
    copies[0] = restarts
    want = plain(model, path[0], x.repeat(*copies), y.repeat(restarts), eps, 40, eps / 4)
    torch.testing.assert_close(torch.stack(path), want, rtol=0, atol=1e-9)
    goal, seen = Untargeted(y), want.view(-1, *x.shape)
    with torch.no_grad():
        reached = torch.stack([goal.reached(model(p)) for p in seen])
        score = torch.stack([goal.score(model(p)) for p in seen])
        best = score.where(reached == reached.any(0), -torch.inf).amax(0)
        assert torch.equal(goal.reached(model(z)), reached.any(0))
        torch.testing.assert_close(goal.score(model(z)), best, rtol=0, atol=1e-9)
    again = pgd(model, x, Untargeted(y), Linf(eps), **settings, generator=seeded(0))
    assert torch.equal(again, z), "a trace changes nothing"


def test_in_single_precision_the_loss_is_the_same_up_to_what_a_smaller_batch_rounds():
    net, (_, test) = checkpoints.load("digits_cnn"), digits()
    x, y = test.x[:50], test.y[:50]
    goal, settings = Untargeted(y), {"steps": 40, "step_size": 0.025}
    z = iterative_fgsm(net, x, goal, Linf(0.1), **settings)
    want = plain(net, x, x, y, 0.1, 40, 0.025)[-1]
    assert (goal.score(net(z)) - goal.score(net(want))).abs().mean() <= 1e-3 * goal.score(net(want)).mean()


@pytest.mark.parametrize("threat", [L2(0.4), L1(0.8), Unbounded()], ids=repr)
def test_in_any_set_a_sample_walks_as_it_walks_alone(threat):
    model, (x, y), settings = tiny(10, nn.Tanh), points(12), {"steps": 40, "step_size": 0.1}
    together = iterative_fgsm(model, x, Untargeted(y), threat, **settings)
    alone = [iterative_fgsm(model, x[i : i + 1], Untargeted(y[i : i + 1]), threat, **settings) for i in range(12)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-9)


# --- circles of every length ------------------------------------------------------------------------------------------

LENGTHS = (1, 2, 3, 4, 5, 6, 7, 12)


def successor(k: int) -> int:
    """Numbers that first fall, then go round: 100 * length + place, from a tail at places 99, 98, ... of any length."""
    length, place = divmod(k, 100)
    return 100 * length + ((place + 1) % length if place < length else place - 1)


@pytest.mark.parametrize("steps", [30, 31, 32, 33, 34, 35])
@pytest.mark.parametrize("traced", [True, False])
def test_whatever_the_length_of_a_circle_everyone_stands_where_counting_says(steps, traced):
    start = torch.tensor([[100.0 * n + n + tail] for n in LENGTHS for tail in (0, 3, 11) for _ in range(2)])
    y, path = torch.zeros(len(start), dtype=torch.int64), []
    goal, allowed = Untargeted(y), Unbounded(0.0, 2000.0).around(start)
    asked = []

    def says(z: Tensor) -> Tensor:
        return torch.cat([z, -z], 1)

    walk = Walk(says, start, goal, allowed, steps, path.append if traced else ignore)
    for z, aim, part in walk:
        asked.append(len(z))
        assert len(aim.y) == len(part.lower) == len(walk.rows) == len(z)
        walk.to(torch.tensor([[float(successor(int(k)))] for k in z.flatten()]).view(-1, 1), says(z))
    want = [start.flatten().int().tolist()]
    for _ in range(steps):
        want.append([successor(k) for k in want[-1]])
    assert walk.end.flatten().int().tolist() == want[-1]
    assert not traced or [p.flatten().int().tolist() for p in path] == want
    # 5, 7 and 12 are no laps that are looked for; of the others hardly anybody is left.
    assert asked[-1] <= len(start) * 3 / len(LENGTHS) * 1.25 and asked[0] == len(start)


# --- a model that is no function --------------------------------------------------------------------------------------


def corners(x: Tensor) -> Tensor:
    """Two logits that climb towards a corner: every sample soon rests there."""
    s = (3 * x).sum(1)
    return torch.stack([0 * s, s], 1)


def all_asked(model, count: int = 5, steps: int = 40) -> bool:
    counted = Counted(model)
    x, y = torch.full((count, 6), 0.5, dtype=DOUBLE), torch.zeros(count, dtype=torch.int64)
    pgd(counted, x, Untargeted(y, margin), Linf(0.1), steps=steps, step_size=0.05, generator=seeded(0))
    return sum(counted.asked) == (steps + 1) * count


def test_who_rests_in_a_corner_is_asked_no_more():
    assert not all_asked(corners)


def test_noise_in_the_model_ends_the_search():
    own = seeded(3)
    assert all_asked(lambda x: corners(x) + 1e-9 * torch.randn(len(x), 2, dtype=DOUBLE))
    assert all_asked(lambda x: corners(x) + 1e-9 * torch.randn(len(x), 2, generator=own, dtype=DOUBLE))


def test_a_model_that_draws_random_numbers_is_trusted_by_no_repetition():
    """The noise is added so seldom that every answer seen is the same: only the drawing tells."""
    assert all_asked(lambda x: corners(x) + (torch.rand(()) < 1e-12))


def test_a_model_that_changes_while_it_is_watched_is_not_trusted():
    calls = itertools.count()
    assert all_asked(lambda x: corners(x) + next(calls))


def test_a_model_that_tosses_a_coin_of_its_own_is_caught_by_one_answer_that_differs():
    own = seeded(1)
    assert all_asked(lambda x: corners(x) + torch.randint(2, (), generator=own))


def test_a_model_that_holds_something_for_every_place_of_the_batch_keeps_the_whole_batch():
    x, y = points(8)
    tops = torch.rand(8, 6, generator=seeded(6), dtype=DOUBLE)

    def hills(z: Tensor) -> Tensor:
        s = -(z - tops).square().sum(1)
        return torch.stack([0 * s, s], 1)

    goal, settings = Untargeted(0 * y, margin), {"steps": 60, "step_size": 0.02}
    z = iterative_fgsm(hills, x, goal, Linf(0.9), **settings)
    assert ((z - Linf(0.9).around(x).project(tops)).abs() <= 0.021).all()
    assert hills(x[:1]).shape == (8, 2), "one alone would have been compared with the tops of all"


def test_a_model_that_looks_at_the_whole_batch_keeps_the_whole_batch():
    net, (x, y) = tiny(16, nn.ReLU, 7), points(24)

    def centred(z: Tensor) -> Tensor:
        return net(z - z.mean(0))

    z = iterative_fgsm(centred, x, Untargeted(y), Linf(0.1), steps=50, step_size=0.025)
    torch.testing.assert_close(z, plain(centred, x, x, y, 0.1, 50, 0.025)[-1], rtol=0, atol=1e-9)


def test_few_are_asked_alone_before_anybody_leaves_and_their_answers_compared():
    """Its answers in a small batch are others, but it repeats itself in the large one: only the asking tells."""

    def crowded(z: Tensor) -> Tensor:
        return (1 + (len(z) < 24)) * net(z)

    net, (x, y) = tiny(16, nn.ReLU, 7), points(24)
    counted = Counted(crowded)
    iterative_fgsm(counted, x, Untargeted(y), Linf(0.1), steps=50, step_size=0.025)
    assert counted.asked.count(24) == 50 and len(counted.asked) == 51


# --- the edges -------------------------------------------------------------------------------------------------------


def test_a_short_attack_looks_at_nobody():
    assert all_asked(corners, steps=HERE.first)


def test_of_one_sample_in_a_circle_nothing_is_asked_any_more():
    counted, path = Counted(corners), []
    x = torch.full((1, 6), 0.5, dtype=DOUBLE)
    goal = Untargeted(torch.zeros(1, dtype=torch.int64))
    z = pgd(counted, x, goal, Linf(0.1), steps=500, step_size=0.05, generator=seeded(0), trace=path.append)
    assert len(counted.asked) <= 20 and len(path) == 501
    torch.testing.assert_close(z, x + 0.1)
    assert len({p.data_ptr() for p in path}) == 501, "iterates share no memory"


def test_a_constant_model_is_asked_a_few_times():
    counted, x = Counted(lambda x: 0 * x[:, :2]), torch.rand(4, 6, generator=seeded(0))
    z = iterative_fgsm(counted, x, Untargeted(torch.zeros(4, dtype=torch.int64)), Linf(0.1), steps=100, step_size=0.01)
    assert torch.equal(z, x) and z.data_ptr() != x.data_ptr() and len(counted.asked) <= 20


def test_nobody_walks_nowhere():
    path, y = [], torch.zeros(0, dtype=torch.int64)
    z = iterative_fgsm(
        corners, torch.zeros(0, 6), Untargeted(y), Linf(0.1), steps=50, step_size=0.05, trace=path.append
    )
    assert z.shape == (0, 6) and len(path) == 1


def test_a_model_may_answer_with_one_number_a_sample():
    class Bright(Untargeted):
        def score(self, out):
            return out

        def reached(self, out):
            return out > 2

        def check(self, out):
            assert out.ndim == 1

    counted, x = Counted(lambda x: x.sum(1)), torch.rand(4, 6, generator=seeded(0), dtype=DOUBLE)
    goal = Bright(torch.zeros(4, dtype=torch.int64))
    z = pgd(counted, x, goal, Linf(0.1), steps=60, step_size=0.05, generator=seeded(0))
    torch.testing.assert_close(z, (x + 0.1).clamp(max=1))
    assert sum(counted.asked) < 100
