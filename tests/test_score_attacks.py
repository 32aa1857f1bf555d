"""What only the attacks by score promise: budgets kept to the query, the gradient in the mean, nothing made worse."""

from functools import partial

import pytest
import torch
from attack_table import seeded
from test_attack_contract import inputs, network
from torch import Tensor, nn

from advcourse import (
    L1,
    L2,
    Decisions,
    Linf,
    Scores,
    Targeted,
    Unbounded,
    Untargeted,
    input_gradient,
    margin,
    nes,
    nes_gradient,
    square,
)
from advcourse.attacks import draws, windows

SHAPE = (2, 6, 5)
X, MODEL = inputs(5, SHAPE), network(SHAPE, 4)
Y = MODEL(X).argmax(1)
NES = {"samples": 6, "sigma": 1e-2, "step_size": 0.1}
ATTACKS = {
    "nes": partial(nes, threat=Linf(0.1), **NES),
    "square": partial(square, threat=Linf(0.1)),
    "square in l_2": partial(square, threat=L2(0.3)),
}
every_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


def linear() -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(60, 3)).double()
    with torch.no_grad():
        model[1].weight.copy_(torch.randn(3, 60, generator=seeded(3), dtype=torch.float64))
    return model


class Out(nn.Module):
    """A class that nothing reaches: the third logit is far below."""

    def forward(self, x: Tensor) -> Tensor:
        out = MODEL(x)
        return torch.cat([out, out[:, :1] * 0 - 1e3], 1)


NEVER = Targeted(torch.full((5,), 4), margin)


# --- the budget ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queries", [0, 1, 2, 3, 4, 8, 9, 29, 71])
@pytest.mark.filterwarnings("ignore:steps")
@every_attack
def test_no_sample_is_asked_about_more_often_than_its_budget(attack, queries):
    oracle = Scores(Out(), budget=queries)
    attack(oracle, X, NEVER, queries=queries, generator=seeded())
    asked = oracle.queries.tolist() if queries else [0] * 5
    # Of NES, what makes no pair and its check is left.
    assert asked == [queries] * 5 or (attack is ATTACKS["nes"] and {queries - v for v in asked} <= {1, 2})


@every_attack
def test_who_has_reached_the_goal_is_asked_about_no_more_and_stays(attack):
    y = Y.clone()
    y[1] = (y[1] + 1) % 4
    oracle, path = Scores(MODEL), []
    z = attack(oracle, X, Untargeted(y), queries=60, generator=seeded(), trace=path.append)
    assert oracle.queries[1] == 1 and torch.equal(z[1], X[1])
    reached = torch.stack([Untargeted(y).reached(MODEL(p)) for p in path])
    assert (reached.int().diff(dim=0) >= 0).all(), "whoever has reached it stays there"
    assert reached[-1].sum() >= 2 and (oracle.queries[reached[-1]] < 60).all()
    assert oracle.total == oracle.queries.sum()


@every_attack
def test_a_batch_is_as_many_batches_of_one_with_the_same_generator(attack):
    whole = attack(MODEL, X, Untargeted(Y), queries=40, generator=seeded(2))
    same = seeded(2)
    ones = [attack(MODEL, X[i : i + 1], Untargeted(Y[i : i + 1]), queries=40, generator=same) for i in range(5)]
    torch.testing.assert_close(whole, torch.cat(ones), rtol=0, atol=1e-12)


# --- the estimate of the gradient ------------------------------------------------------------------------------------


def test_of_a_linear_score_the_mean_of_estimates_is_the_gradient_at_any_sigma():
    model, goal = linear(), Targeted(torch.tensor([0, 1, 2, 0, 1]), lambda out, t: -out.gather(1, t[:, None])[:, 0])
    exact = input_gradient(model, X, goal)
    for sigma in (1e-2, 10.0):
        g = nes_gradient(model, X, goal, queries=8000, sigma=sigma, generator=seeded())
        # Each coordinate of the mean has the variance (|g|^2 + g_i^2) / 4000.
        error = (g - exact) * (4000 / (exact.flatten(1).square().sum(1)[:, None, None, None] + exact**2)).sqrt()
        assert error.abs().max() < 4.5 and 0.9 < error.square().mean() < 1.1


def test_one_pair_is_the_central_difference_in_its_own_direction():
    goal = Untargeted(Y)
    u = draws.Draws(5, seeded(4)).normal(torch.arange(5), 1, *SHAPE)[:, 0].double()
    rise = (goal.score(MODEL(X + 0.1 * u)) - goal.score(MODEL(X - 0.1 * u))) / 0.2
    g = nes_gradient(MODEL, X, goal, queries=2, sigma=0.1, generator=seeded(4))
    torch.testing.assert_close(g, u * rise[:, None, None, None])


def test_more_queries_agree_better_with_the_true_gradient_whatever_fits_into_memory(monkeypatch):
    goal, agreement = Untargeted(Y), []
    true = input_gradient(MODEL, X, goal).flatten(1)
    for queries in (10, 100, 1000):
        g = nes_gradient(MODEL, X, goal, queries=queries, sigma=1e-3, generator=seeded())
        agreement.append(nn.functional.cosine_similarity(g.flatten(1), true).min().item())
    assert agreement == sorted(agreement) and agreement[-1] > 0.9
    oracle = Scores(MODEL, budget=100)
    monkeypatch.setattr(draws, "PROBES", 7)
    nes_gradient(oracle, X, goal, queries=100, sigma=1e-3)
    assert oracle.queries.tolist() == [100] * 5


def test_probes_stay_in_the_box_of_the_threat():
    seen = []

    def model(x):
        seen.append(x)
        return MODEL(x)

    nes(model, X, Untargeted(Y), Linf(0.1), queries=50, **{**NES, "sigma": 0.5}, generator=seeded())
    z = torch.cat(seen)
    assert z.min() == 0 and z.max() == 1


# --- random search ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.5), Unbounded()], ids=lambda t: type(t).__name__)
def test_no_query_makes_a_sample_worse_and_some_make_it_better(threat):
    path = []
    z = square(Out(), X, NEVER, threat, queries=80, generator=seeded(), trace=path.append)
    assert len(path) == 80 and torch.equal(path[-1], z)
    scores = torch.stack([NEVER.score(Out()(p)) for p in path])
    assert (scores.diff(dim=0) >= 0).all() and (scores[-1] > scores[0]).all()


def test_on_a_linear_model_most_of_what_the_best_corner_gains_is_found():
    model = linear()
    y = model(X).argmax(1)
    goal = Untargeted(y, lambda out, y: -out.gather(1, y[:, None])[:, 0])
    w = -model[1].weight[y].view(5, *SHAPE).detach()
    best = torch.where(w > 0, (X + 0.02).clamp(0, 1), (X - 0.02).clamp(0, 1))
    z = square(model, X, goal, Linf(0.02), queries=400, generator=seeded())
    assert (model(z).argmax(1) == y).all(), "the goal is out of reach, so that all queries are spent"
    gained, most = ((v - X).mul(w).flatten(1).sum(1) for v in (z, best))
    assert (gained / most).min() > 0.5 and (gained / most).mean() > 0.65


def test_every_query_moves_a_window_of_each_sample_by_itself():
    seen = []

    def model(x):
        seen.append(x.clone())
        return torch.stack([x.flatten(1).sum(1) * 0, x.flatten(1).sum(1) * 0 - 1], 1)

    x = torch.full((6, 1, 8, 8), 0.5)
    square(model, x, Untargeted(torch.zeros(6, dtype=torch.int64)), Linf(0.1), queries=30, generator=seeded())
    assert len(seen) == 30
    for p in seen[2:]:
        moved = p != x
        assert moved.flatten(1).any(1).all()
        rows, columns = moved.any(3).sum(2), moved.any(2).sum(2)
        assert torch.equal(rows * columns, moved.flatten(1).sum(1)[:, None]), "a window is a rectangle"
        assert len({tuple(m.flatten().tolist()) for m in moved}) > 1, "all samples have the same window"


def test_windows_shrink_from_nearly_all_to_a_pixel_and_fit_into_every_picture():
    for height, width in ((28, 28), (1, 2), (1, 1), (5, 7), (1, 9)):
        sizes = [windows.window(windows.share(1.0, done), height, width) for done in (0, 0.01, 0.1, 0.5, 0.9)]
        areas = [h * w for h, w in sizes]
        assert areas == sorted(areas, reverse=True) and areas[-1] >= 1
        assert all(1 <= h <= height and 1 <= w <= width for h, w in sizes)
        assert areas[0] < height * width or height * width == 1
    assert windows.window(0.25, 28, 28) == (14, 14)


# --- what is refused -------------------------------------------------------------------------------------------------


@every_attack
def test_decisions_are_not_enough(attack):
    with pytest.raises(TypeError, match=r"asks Scores, and got Decisions.*boundary and hopskipjump"):
        attack(Decisions(MODEL), X, Untargeted(Y), queries=5)


@every_attack
def test_a_budget_is_a_number_of_questions(attack):
    with pytest.raises(ValueError, match="queries is a number of questions for each sample, >= 0; got -3"):
        attack(MODEL, X, Untargeted(Y), queries=-3)


@pytest.mark.parametrize(("samples", "sigma"), [(0, 0.1), (3, 0.1), (4, 0.0), (4, -1.0), (4, torch.inf)])
def test_probes_come_in_pairs_and_at_a_distance(samples, sigma):
    with pytest.raises(ValueError, match=rf"pairs of probes.*even number.*got {samples} and sigma={sigma}"):
        nes(MODEL, X, Untargeted(Y), Linf(0.1), queries=9, samples=samples, sigma=sigma, step_size=0.1)
    with pytest.raises(ValueError, match="pairs of probes"):
        nes_gradient(MODEL, X, Untargeted(Y), queries=samples, sigma=sigma)


def test_square_knows_no_windows_in_l1_and_says_who_does():
    with pytest.raises(ValueError, match=r"windows of Linf, L2 and Unbounded; got L1\(eps=0.5.*in l_1 use nes"):
        square(MODEL, X, Untargeted(Y), L1(0.5), queries=5)


@pytest.mark.parametrize("area", [0.0, -0.1, 1.5])
def test_a_window_covers_a_share_of_the_picture(area):
    with pytest.raises(ValueError, match=rf"area is the share.*\(0, 1\]; got {area}"):
        square(MODEL, X, Untargeted(Y), Linf(0.1), queries=5, area=area)
