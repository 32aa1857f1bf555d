"""What only the attacks by decision promise: budgets kept to the query, and distances that come near closed forms."""

import pytest
import torch
from attack_table import seeded
from test_attack_contract import inputs
from torch import Tensor, nn

from advcourse import (
    L2,
    Decisions,
    Scores,
    Targeted,
    Unbounded,
    Untargeted,
    boundary,
    deepfool,
    hopskipjump,
    measure,
)
from advcourse.asking import ignore
from advcourse.attacks import draws
from advcourse.attacks.decision import _begun

DOUBLE = torch.float64
SHAPE = (1, 6, 5)
X = inputs(6, SHAPE)
ATTACKS = {"boundary": boundary, "hopskipjump": hopskipjump}
every_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


def linear(classes: int = 3, seed: int = 3) -> nn.Module:
    """Linear classes that meet in the middle of the box."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(30, classes)).double().requires_grad_(False)
    model[1].weight.copy_(torch.randn(classes, 30, generator=seeded(seed), dtype=DOUBLE))
    model[1].bias.copy_(-model[1].weight.sum(1) / 2)
    return model


MODEL = linear()
Y = MODEL(X).argmax(1)


def reached(z: Tensor) -> Tensor:
    return MODEL(z).argmax(1) != Y


# --- the budget ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queries", [1, 2, 3, 9, 10, 14, 15, 16, 40, 101])
@every_attack
def test_exactly_the_budget_is_asked_about_every_sample(attack, queries):
    oracle = Decisions(MODEL, budget=queries)
    z = attack(oracle, X, Untargeted(Y), queries=queries, generator=seeded())
    assert oracle.queries.tolist() == [queries] * 6
    assert torch.equal(z != X, (z != X) & reached(z)[:, None, None, None]), "what is returned reaches the goal, or is x"


@every_attack
def test_no_query_returns_a_copy_of_x_and_asks_nothing(attack):
    oracle = Decisions(MODEL, budget=0)
    z = attack(oracle, X, Untargeted(Y), queries=0)
    assert torch.equal(z, X) and z.data_ptr() != X.data_ptr() and oracle.total == 0


@every_attack
def test_who_reaches_the_goal_already_is_asked_about_once_and_stays_bit_for_bit(attack):
    y = Y.clone()
    y[2] = (y[2] + 1) % 3
    oracle = Decisions(MODEL)
    z = attack(oracle, X, Untargeted(y), queries=50, generator=seeded())
    assert oracle.queries.tolist() == [50, 50, 1, 50, 50, 50] and torch.equal(z[2], X[2])


@every_attack
def test_a_batch_is_as_many_batches_of_one_with_the_same_generator(attack):
    whole = attack(MODEL, X, Untargeted(Y), queries=60, generator=seeded(2))
    same = seeded(2)
    ones = [attack(MODEL, X[i : i + 1], Untargeted(Y[i : i + 1]), queries=60, generator=same) for i in range(6)]
    torch.testing.assert_close(whole, torch.cat(ones), rtol=0, atol=1e-9)


@every_attack
def test_how_many_probes_are_made_at_once_changes_no_budget(attack, monkeypatch):
    monkeypatch.setattr(draws, "PROBES", 3)
    oracle = Decisions(MODEL, budget=90)
    assert reached(attack(oracle, X, Untargeted(Y), queries=90, generator=seeded())).all()
    assert oracle.queries.tolist() == [90] * 6


# --- how near --------------------------------------------------------------------------------------------------------


TWO = linear(classes=2)  # of more classes a walk may find the face of another than the nearest
NORMAL = TWO[1].weight[1] - TWO[1].weight[0]
CLOSE = [(boundary, 1200, 1.1), (hopskipjump, 1200, 1.06)]


@pytest.mark.parametrize(("attack", "queries", "within"), CLOSE, ids=ATTACKS)
def test_on_a_linear_model_the_distance_comes_near_the_closed_form(attack, queries, within):
    out = TWO(X)
    goal = Untargeted(out.argmax(1))
    z = attack(TWO, X, goal, queries=queries, box=Unbounded(-50.0, 50.0), generator=seeded())
    exact = (out[:, 0] - out[:, 1]).abs() / NORMAL.norm()
    ratio = measure.distances(TWO, X, z, goal, L2) / exact
    assert ratio.min() >= 1 - 1e-9 and ratio.max() <= within, ratio


@every_attack
def test_a_target_is_reached_in_the_box_not_much_farther_than_with_the_gradient(attack):
    goal = Targeted((Y + 1) % 3)
    z = attack(MODEL, X, goal, queries=700, generator=seeded())
    white = deepfool(MODEL, X, goal, steps=30)
    distance, best = (measure.distances(MODEL, X, v, goal, L2) for v in (z, white))
    assert z.min() >= 0 and z.max() <= 1 and (distance <= best * 1.3).all(), distance / best


@every_attack
def test_every_round_comes_nearer_or_stays_and_is_on_the_goals_side(attack):
    path = []
    z = attack(MODEL, X, Untargeted(Y), queries=300, generator=seeded(), trace=path.append)
    assert torch.equal(path[0], X) and torch.equal(path[-1], z) and len(path) > 5
    distance = torch.stack([L2.size(p - X) for p in path[1:]])
    assert (distance.diff(dim=0) <= 1e-9).all() and (distance[-1] < 0.8 * distance[0]).all()
    assert all(reached(p).all() for p in path[1:])


@every_attack
def test_a_start_that_reaches_the_goal_is_where_the_walk_begins(attack):
    t = (Y + 1) % 3
    start = deepfool(MODEL, X, Targeted(t), steps=30)
    far = X + 3 * (start - X)  # may leave the box, so does the walk's
    box, path = Unbounded(-5.0, 5.0), []
    oracle = Decisions(MODEL, budget=9)
    attack(oracle, X, Targeted(t), queries=9, box=box, start=far, trace=path.append)
    way = (path[1] - X).flatten(1)
    along = nn.functional.cosine_similarity(way, (far - X).flatten(1))
    torch.testing.assert_close(along, torch.ones(6, dtype=DOUBLE))
    assert (MODEL(path[1]).argmax(1) == t).all() and (way.norm(dim=1) < (far - X).flatten(1).norm(dim=1)).all()


@every_attack
def test_a_start_that_does_not_reach_the_goal_costs_a_query_and_is_replaced(attack):
    oracle = Decisions(MODEL, budget=80)
    z = attack(oracle, X, Untargeted(Y), queries=80, start=X.clone(), generator=seeded())
    assert reached(z).all() and oracle.queries.tolist() == [80] * 6


@every_attack
def test_where_nothing_reaches_the_goal_x_comes_back_and_the_budget_is_kept(attack):
    oracle = Decisions(lambda z: torch.ones(len(z), 3).cumsum(1), budget=100)
    z = attack(oracle, X, Untargeted(torch.full((6,), 2)), queries=100, generator=seeded())
    assert torch.equal(z, X) and z.data_ptr() != X.data_ptr() and oracle.queries.tolist() == [100] * 6


def test_the_estimate_points_along_the_normal_the_more_the_more_is_asked():
    """What hopskipjump turns towards, on a plane boundary through the middle between two points."""
    y, agreement = TWO(X).argmax(1), []
    normal = torch.where(y[:, None] == 0, NORMAL, -NORMAL)
    for probes in (10, 100, 1000):
        walk = _begun(TWO, X, Untargeted(y), 2000, None, Unbounded(), seeded(), ignore)
        g = walk.estimate(probes, 0.3 * L2.size(walk.z - X)).flatten(1)
        agreement.append(nn.functional.cosine_similarity(g, normal).min().item())
    assert agreement == sorted(agreement) and agreement[-1] > 0.9


# --- what is refused -------------------------------------------------------------------------------------------------


@every_attack
def test_scores_are_another_oracle(attack):
    with pytest.raises(TypeError, match="asks Decisions, and got Scores"):
        attack(Scores(MODEL), X, Untargeted(Y), queries=5)


@every_attack
def test_bad_numbers_and_starts_are_told_what_is_needed(attack):
    with pytest.raises(ValueError, match="queries is a number of questions for each sample, >= 0; got -1"):
        attack(MODEL, X, Untargeted(Y), queries=-1)
    with pytest.raises(ValueError, match=r"for each of x, shape \[6, 1, 6, 5\]; got \[1, 1, 6, 5\].*expand_as"):
        attack(MODEL, X, Untargeted(Y), queries=5, start=X[:1])
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        attack(MODEL, X, Untargeted(Y), queries=5, start=X + 1)


@every_attack
def test_an_image_of_sixteen_bits_is_asked_about_as_it_is_returned(attack):
    model, x = MODEL.float(), X.to(torch.bfloat16)
    seen = []

    def asked(z: Tensor) -> Tensor:
        seen.append(z)
        return model(z.float())

    y = model(x.float()).argmax(1)
    z = attack(asked, x, Untargeted(y), queries=60, generator=seeded())
    MODEL.double()
    assert z.dtype == torch.bfloat16 and {v.dtype for v in seen} == {torch.bfloat16}
    every = torch.cat(seen).flatten(1)
    assert all((every == row).all(1).any() for row in z.flatten(1))
