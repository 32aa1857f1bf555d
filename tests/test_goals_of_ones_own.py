"""Goals are open: a third kind, of outputs that are no logits, works in every attack for which it makes sense."""

import inspect
import textwrap
from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from advcourse import (
    L1,
    L2,
    Linf,
    Unbounded,
    ddn,
    deepfool,
    fgsm,
    goals,
    input_gradient,
    iterative_fgsm,
    lbfgs,
    measure,
    pgd,
)

DOUBLE = torch.float64
WIDE = Unbounded(-100.0, 100.0)


@dataclass(frozen=True, eq=False)
class Aligned:
    """An embedding that points where the target [B, D] points; it knows no border."""

    target: Tensor

    def score(self, out: Tensor) -> Tensor:
        return (out * self.target).sum(1)

    def reached(self, out: Tensor) -> Tensor:
        return nn.functional.cosine_similarity(out, self.target) > 0.99

    def check_batch(self, x: Tensor) -> None:
        if len(x) != len(self.target):
            raise ValueError(f"{len(self.target)} targets for {len(x)} inputs")

    def check(self, out: Tensor) -> None:
        if out.shape != self.target.shape:
            raise ValueError(f"answers {list(out.shape)}, targets {list(self.target.shape)}")

    def __getitem__(self, index: Tensor) -> "Aligned":
        return replace(self, target=self.target[index])


@dataclass(frozen=True, eq=False)
class Above:
    """A regressor that answers more than the limit [B]: out is one number a sample, [B]."""

    limit: Tensor

    def score(self, out: Tensor) -> Tensor:
        return out

    def reached(self, out: Tensor) -> Tensor:
        return out > self.limit

    def check_batch(self, x: Tensor) -> None:
        if len(x) != len(self.limit):
            raise ValueError(f"{len(self.limit)} limits for {len(x)} inputs")

    def check(self, out: Tensor) -> None:
        if out.shape != self.limit.shape:
            raise ValueError(f"one number a sample; got {list(out.shape)}")

    def __getitem__(self, index: Tensor) -> "Above":
        return replace(self, limit=self.limit[index])

    def margins(self, out: Tensor) -> Tensor:
        return (out - self.limit)[:, None]

    def smooth_margin(self, out: Tensor) -> Tensor:
        return out - self.limit


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


W = torch.randn(5, 6, generator=seeded(0), dtype=DOUBLE)
X = 0.3 + 0.4 * torch.rand(7, 6, generator=seeded(1), dtype=DOUBLE)


def embed(x: Tensor) -> Tensor:
    """[B, 6] -> [B, 5]."""
    return x @ W.T


def age(x: Tensor) -> Tensor:
    """[B, 6] -> [B]."""
    return x @ W[0]


DIRECTION = torch.randn(7, 5, generator=seeded(2), dtype=DOUBLE)
KINDS = {
    "an embedding": (embed, Aligned(DIRECTION), DIRECTION @ W),
    "a number": (age, Above(age(X) + 1), W[:1].expand(7, -1)),
}
FEW = {"steps": 8, "step_size": 0.03}
IN_A_BALL = {
    "fgsm": fgsm,
    "iterative_fgsm": partial(iterative_fgsm, **FEW),
    "pgd": partial(pgd, **FEW, generator=seeded(0)),
    "pgd with 3 restarts": partial(pgd, **FEW, restarts=3, generator=seeded(0)),
}
NEAREST = {
    "lbfgs": (partial(lbfgs, searches=6, steps=20), L2, 2),
    "deepfool": (partial(deepfool, steps=20), L2, 2),
    "deepfool in l_inf": (partial(deepfool, norm=Linf, steps=20), Linf, 1),
    "deepfool in l_1": (partial(deepfool, norm=L1, steps=20), L1, torch.inf),
    "ddn": (partial(ddn, steps=100), L2, 2),
}


@pytest.mark.parametrize(("model", "goal", "gradient"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("attack", IN_A_BALL.values(), ids=IN_A_BALL)
def test_a_linear_score_of_any_outputs_is_climbed_to_the_corner_of_the_ball(attack, model, goal, gradient):
    torch.testing.assert_close(input_gradient(model, X, goal), gradient)
    corner = X + 0.1 * gradient.sign()
    torch.testing.assert_close(attack(model, X, goal, Linf(0.1)), corner)
    one = torch.tensor([3])
    torch.testing.assert_close(attack(model, X[one], goal[one], Linf(0.1)), corner[one])


@pytest.mark.parametrize(("attack", "norm", "dual"), NEAREST.values(), ids=NEAREST)
def test_a_goal_with_margins_is_reached_at_the_closed_form_distance(attack, norm, dual):
    goal = Above(age(X) + torch.linspace(-0.5, 2.0, 7, dtype=DOUBLE))
    exact = (goal.limit - age(X)).clamp(min=0) / W[0].norm(p=dual)
    z = attack(age, X, goal, box=WIDE)
    distance = measure.distances(age, X, z, goal, norm)
    assert torch.equal(z[:2], X[:2]), "two answer more than their limit already"
    assert (distance >= exact * (1 - 1e-9)).all() and (distance <= exact * 1.005).all()
    for i in range(7):
        torch.testing.assert_close(attack(age, X[i : i + 1], goal[torch.tensor([i])], box=WIDE), z[i : i + 1])


@pytest.mark.parametrize(("attack", "norm", "dual"), NEAREST.values(), ids=NEAREST)
def test_a_goal_without_margins_is_refused_with_what_is_missing_and_what_works(attack, norm, dual):
    name = attack.func.__name__
    with pytest.raises(TypeError, match=rf"^{name} .*goal\.margins\(out\), which Aligned does not have.*fgsm.*pgd"):
        attack(embed, X, Aligned(DIRECTION))


def test_the_goal_that_is_shown_where_goals_are_explained_works():
    """On a regressor that answers with numbers, up to the corner of the ball."""
    lines = inspect.getdoc(goals.Goal).splitlines()
    names = {"dataclass": dataclass, "Tensor": Tensor}
    exec(textwrap.dedent("\n".join(line for line in lines if line.startswith("    ") or not line)), names)
    goal = names["Above"](age(X) + 1)
    torch.testing.assert_close(pgd(age, X, goal, Linf(0.1), **FEW), X + 0.1 * W[:1].sign().expand(7, -1))
    with pytest.raises(ValueError, match=r"must answer with numbers \[7\]"):
        pgd(lambda x: age(x)[:, None], X, goal, Linf(0.1), **FEW)
    with pytest.raises(ValueError, match="3 limits for 7 inputs"):
        pgd(age, X, goal[torch.arange(3)], Linf(0.1), **FEW)


def test_only_lbfgs_asks_for_a_smooth_margin():
    class Kinked(Above):
        smooth_margin = property()  # hasattr says no

    goal = Kinked(age(X) + 1)
    for name, (attack, _, _) in NEAREST.items():
        if name == "lbfgs":
            with pytest.raises(TypeError, match=r"lbfgs .*goal\.smooth_margin\(out\), which Kinked does not have"):
                attack(age, X, goal, box=WIDE)
        else:
            assert goal.reached(age(attack(age, X, goal, box=WIDE))).all()


@pytest.mark.parametrize(("model", "goal", "gradient"), KINDS.values(), ids=KINDS)
def test_its_path_can_be_measured(model, goal, gradient):
    path = []
    iterative_fgsm(model, X, goal, Linf(0.1), **FEW, trace=path.append)
    seen = measure.along(model, path, goal, Linf(0.1))
    assert seen.score.shape == seen.reached.shape == seen.distance.shape == (9, 7)
    assert (seen.score.diff(dim=0) >= -1e-12).all() and (seen.score[-1] > seen.score[0]).all()
    torch.testing.assert_close(seen.score[-1] - seen.score[0], 0.1 * gradient.abs().sum(1))


@pytest.mark.parametrize(("model", "goal", "gradient"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("attack", IN_A_BALL.values(), ids=IN_A_BALL)
def test_its_own_words_refuse_what_does_not_fit(attack, model, goal, gradient):
    with pytest.raises(ValueError, match=r"for 7 inputs|answers|one number a sample"):
        attack(model, X, goal[torch.arange(3)], Linf(0.1))
    with pytest.raises(ValueError, match=r"answers|one number a sample"):
        attack(lambda x: model(x)[:, None], X, goal, Linf(0.1))


def test_what_one_goal_has_reached_is_not_shown_to_the_next_attack_whatever_the_goal():
    goal = Above(age(X) + torch.linspace(-0.5, 2.0, 7, dtype=DOUBLE))
    attacks = [fgsm, lambda model, x, goal, threat: deepfool(model, x, goal, Linf, steps=20, box=WIDE)]
    z = measure.in_turn(age, X, goal, Linf(0.1), attacks=attacks)
    assert goal.reached(age(z)).all()
