"""The goal of matching a descriptor, in every attack: closed forms in the plane, one sample and many."""

import math
from functools import partial

import pytest
import torch

from advcourse import (
    L1,
    L2,
    Linf,
    MatchDescriptor,
    Unbounded,
    apgd,
    ddn,
    deepfool,
    fgsm,
    iterative_fgsm,
    lbfgs,
    measure,
    pgd,
)
from advcourse.descriptors import cosine_distance, histogram_distance, tensor_distance

DOUBLE = torch.float64
WIDE = Unbounded(-100.0, 100.0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


W = torch.randn(5, 6, generator=seeded(0), dtype=DOUBLE)
X, T = 0.2 + 0.6 * torch.rand(2, 7, 6, generator=seeded(1), dtype=DOUBLE)


def embed(x):
    """[B, 6] -> [B, 5]."""
    return x @ W.T


def maps(x):
    """[B, 6] -> feature maps [B, 2, 2, 3] of the same numbers and their squares."""
    return torch.stack([x, x * x], 1).view(-1, 2, 2, 3)


FEW = {"steps": 10, "step_size": 0.02}
IN_A_BALL = {
    "fgsm": fgsm,
    "iterative_fgsm": partial(iterative_fgsm, **FEW),
    "pgd": partial(pgd, **FEW, random_start=False),
    "apgd": partial(apgd, steps=10, random_start=False),
    "pgd with 3 restarts": partial(pgd, **FEW, restarts=3),
}
NEAREST = {
    "lbfgs": (partial(lbfgs, searches=8, steps=30), L2),
    "deepfool": (partial(deepfool, steps=20), L2),
    "deepfool in l_inf": (partial(deepfool, norm=Linf, steps=20), Linf),
    "deepfool in l_1": (partial(deepfool, norm=L1, steps=20), L1),
    "ddn": (partial(ddn, steps=100), L2),
}
KINDS = {
    "cosine": (embed, cosine_distance),
    "tensor": (maps, tensor_distance),
    "histogram": (maps, histogram_distance),
}
kinds = pytest.mark.parametrize(("model", "loss"), KINDS.values(), ids=KINDS)


@kinds
def test_it_climbs_the_negative_loss_and_is_reached_above_its_threshold(model, loss):
    out, target = model(X), model(T)
    distance = loss(out, target)
    threshold = float(1 - distance.sort().values[3:5].mean())  # between the fourth and the fifth
    goal = MatchDescriptor(target, loss, threshold)
    assert torch.equal(goal.score(out), -distance)
    assert torch.equal(goal.reached(out), 1 - distance > threshold) and int(goal.reached(out).sum()) == 4
    assert goal.margins(out).shape == (7, 1) and torch.equal(goal.margins(out) > 0, goal.reached(out)[:, None])
    assert MatchDescriptor(target, loss).reached(target).all()


@kinds
@pytest.mark.parametrize("index", [[2], [3, 0], [0, 0, 1, 1, 1]], ids=str)
def test_a_goal_for_some_samples_also_repeated(model, loss, index):
    goal, index = MatchDescriptor(model(T), loss, 0.7), torch.tensor(index)
    some = goal[index]
    assert type(some) is MatchDescriptor and some.loss is loss and some.threshold == 0.7
    torch.testing.assert_close(some.score(model(X)[index]), goal.score(model(X))[index])


@kinds
@pytest.mark.parametrize("attack", IN_A_BALL.values(), ids=IN_A_BALL)
def test_attacks_in_a_ball_bring_the_descriptors_together_one_by_one_or_all_at_once(attack, model, loss):
    goal, threat = MatchDescriptor(model(T), loss), Linf(0.02)
    start = {"generator": seeded(0)} if "restarts" in getattr(attack, "keywords", {}) else {}
    z = attack(model, X, goal, threat, **start)
    assert (loss(model(z), goal.target) < loss(model(X), goal.target)).all()
    assert (threat.size(z - X) <= 0.02 + 1e-9).all() and z.min() >= 0 and z.max() <= 1
    if not start:
        for i in range(7):
            torch.testing.assert_close(attack(model, X[i : i + 1], goal[torch.tensor([i])], threat), z[i : i + 1])


def test_the_targets_own_graph_is_left_alone():
    target = embed(T.clone().requires_grad_())
    goal = MatchDescriptor(target)
    assert torch.equal(
        iterative_fgsm(embed, X, goal, Linf(0.1), **FEW),
        iterative_fgsm(embed, X, MatchDescriptor(target.detach()), Linf(0.1), **FEW),
    )


def at(degrees):
    """Points of the plane at these angles, [B, 2]."""
    angle = torch.tensor(degrees, dtype=DOUBLE).deg2rad()
    return torch.stack([angle.cos(), angle.sin()], 1)


@pytest.mark.parametrize(("attack", "norm"), NEAREST.values(), ids=NEAREST)
def test_the_smallest_distortion_turns_a_vector_to_the_edge_of_the_cone(attack, norm):
    """Of all vectors within 30 degrees of the target the nearest lies on the cone's edge, |x| sin(angle - 30) away."""
    x, target = at([0.0, 0.0, 0.0, 10.0, -20.0]), at([20.0, 45.0, 60.0, 80.0, 50.0])
    goal = MatchDescriptor(target, threshold=math.cos(math.radians(30)))
    beyond = torch.tensor([-10.0, 15.0, 30.0, 40.0, 40.0], dtype=DOUBLE)
    if norm is L2:
        exact = beyond.clamp(min=0).deg2rad().sin()
    else:  # the nearest point of the line through the edge of the cone, in the dual norm
        edge = at((torch.tensor([20.0, 45.0, 60.0, 80.0, 50.0]) - 30).tolist())
        normal = torch.stack([-edge[:, 1], edge[:, 0]], 1)
        exact = -(normal * x).sum(1) / normal.norm(p=1 if norm is Linf else torch.inf, dim=1)
        exact = torch.where(beyond > 0, exact.abs(), 0.0)
    z = attack(lambda v: v, x, goal, box=WIDE)
    distance = measure.distances(lambda v: v, x, z, goal, norm)
    assert torch.equal(z[0], x[0]), "it is inside already"
    assert (distance >= exact * (1 - 1e-9)).all() and (distance <= exact * 1.01 + 1e-9).all()
    for i in range(5):
        torch.testing.assert_close(attack(lambda v: v, x[i : i + 1], goal[torch.tensor([i])], box=WIDE), z[i : i + 1])


def test_its_path_can_be_measured():
    path, goal = [], MatchDescriptor(embed(T))
    iterative_fgsm(embed, X, goal, Linf(0.1), **FEW, trace=path.append)
    seen = measure.along(embed, path, goal, Linf(0.1))
    assert seen.score.shape == (11, 7) and (seen.score[-1] > seen.score[0]).all()


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (MatchDescriptor(embed(T)[:3]), r"each of the 7 samples, \[7, \.\.\.\]; got \[3, 5\].*target\.expand\(7"),
        (MatchDescriptor(embed(T)[0]), r"each of the 7 samples.*got \[5\]"),
        (MatchDescriptor([1.0]), "got list"),
        (MatchDescriptor(embed(T)[:, :4]), r"one shape.*got \[7, 5\] and \[7, 4\]"),
        (MatchDescriptor(embed(T), histogram_distance), "before they are pooled"),
        (MatchDescriptor(embed(T), lambda out, t: (out - t).square().sum()), r"one distance a sample, \[7\]; got \[\]"),
        (MatchDescriptor(embed(T).to("meta")), "target is on meta"),
    ],
    ids=["too few", "one", "list", "width", "pooled", "one loss", "elsewhere"],
)
def test_targets_that_do_not_fit_are_named(goal, words):
    with pytest.raises(ValueError, match=words):
        pgd(embed, X, goal, Linf(0.1), **FEW)
