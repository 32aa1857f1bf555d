"""The signatures that other people's code calls: every line is a call as it is written there, with no argument more."""

import dataclasses
import inspect

import pytest
import torch
from attack_table import seeded
from test_attack_contract import inputs, network
from torch import nn

from advcourse import (
    L1,
    L2,
    Decisions,
    Linf,
    Scores,
    Targeted,
    Unbounded,
    Untargeted,
    apgd,
    boundary,
    certify,
    convex,
    cross_entropy,
    ddn,
    deepfool,
    fgsm,
    fit,
    hopskipjump,
    iterative_fgsm,
    judge,
    kurakin_loss,
    lbfgs,
    madry_loss,
    margin,
    measure,
    mismatch,
    nes,
    pgd,
    square,
    standard_loss,
    train_step,
)

SHAPE, EPS = (2, 6, 5), 0.1
MODEL, X = network(SHAPE, dtype=torch.float32), inputs(4, SHAPE, dtype=torch.float32)
Y = MODEL(X).argmax(1)
READABLE = nn.Sequential(MODEL[0], MODEL[1], nn.ReLU(), MODEL[3])  # of layers of which bounds are known
GOALS = [kind((Y + other) % 3, *loss) for kind, other in ((Untargeted, 0), (Targeted, 1)) for loss in ((), (margin,))]


def named(goal: Untargeted | Targeted) -> str:
    return f"{type(goal).__name__}, {goal.loss.__name__}"


every_goal = pytest.mark.parametrize("goal", [*GOALS, Untargeted(Y, loss=cross_entropy)], ids=named)
every_norm = pytest.mark.parametrize("norm", [Linf, L2, L1])


def ignored(z):
    """What a trace does where nobody looks."""


@every_norm
def test_a_threat_is_a_value_and_knows_its_set(norm):
    threat = norm(8 / 255)
    assert (threat.eps, threat.lo, threat.hi) == (8 / 255, 0.0, 1.0) and threat == norm(8 / 255, lo=0.0, hi=1.0)
    assert norm.__name__ in repr(threat) and dataclasses.replace(threat, eps=0.1) == norm(0.1)
    allowed = threat.around(X)
    for z in (allowed.project(X + 1), allowed.sample(seeded()), allowed.sample(None)):
        assert z.shape == X.shape and (threat.size(z - X) <= threat.eps * (1 + 1e-6)).all()
    torch.testing.assert_close(threat.size(allowed.steepest(torch.ones_like(X))), torch.ones(4))


def test_the_bare_box_needs_no_radius():
    assert Unbounded().around(X).project(X + 1).max() == 1


@every_goal
def test_a_goal_is_climbed_and_says_when_it_is_reached(goal):
    out = MODEL(X)
    assert goal.score(out).shape == (4,) and goal.reached(out).dtype == torch.bool and not goal.reached(out).any()


WHITE = {
    "fgsm": lambda *told: fgsm(*told),
    "fgsm, traced": lambda *told: fgsm(*told, trace=ignored),
    "iterative_fgsm": lambda *told: iterative_fgsm(*told, steps=3, step_size=0.1),
    "iterative_fgsm, traced": lambda *told: iterative_fgsm(*told, steps=3, step_size=0.1, trace=ignored),
    "pgd": lambda *told: pgd(*told, steps=3, step_size=0.1),
    "pgd, all of it": lambda *told: pgd(
        *told, steps=3, step_size=0.1, restarts=2, random_start=True, generator=None, trace=ignored
    ),
    "apgd": lambda *told: apgd(*told, steps=3),
}
BLACK = {
    "nes": lambda *told: nes(*told, queries=30, generator=seeded()),
    "nes, without a generator": lambda *told: nes(*told, queries=30),
    "square": lambda *told: square(*told, queries=30, generator=seeded()),
    "square, without a generator": lambda *told: square(*told, queries=30),
}


@pytest.mark.parametrize("goal", GOALS[1:3], ids=named)
@pytest.mark.parametrize("threat", [Linf(EPS), L2(0.3)], ids=repr)
@pytest.mark.parametrize("attack", [*WHITE, *BLACK])
def test_attacks_in_a_set(attack, threat, goal):
    z = {**WHITE, **BLACK}[attack](Scores(MODEL) if attack in BLACK else MODEL, X, goal, threat)
    assert z.shape == X.shape and (threat.size(z - X) <= threat.eps * (1 + 1e-6)).all() and not torch.equal(z, X)


SMALLEST = {
    "lbfgs": lambda goal: lbfgs(MODEL, X, goal, searches=2, steps=4),
    "deepfool": lambda goal: deepfool(MODEL, X, goal, steps=5),
    "ddn": lambda goal: ddn(MODEL, X, goal, steps=10),
    "boundary": lambda goal: boundary(Decisions(MODEL), X, goal, queries=60, generator=seeded()),
    "hopskipjump": lambda goal: hopskipjump(Decisions(MODEL), X, goal, queries=60, start=None, generator=seeded()),
}


@pytest.mark.parametrize("attack", SMALLEST.values(), ids=SMALLEST)
@pytest.mark.parametrize("goal", GOALS[:2], ids=named)
def test_attacks_that_look_for_the_smallest_distortion(attack, goal):
    z = attack(goal)
    assert z.shape == X.shape and z.min() >= 0 and z.max() <= 1


@pytest.mark.parametrize("attack", [boundary, hopskipjump])
def test_a_walk_by_decisions_may_be_given_its_start(attack):
    start = X.flip(0)
    fooled = Targeted(MODEL(start).argmax(1))
    z = attack(Decisions(MODEL), X, fooled, queries=20, start=start, generator=seeded())
    assert fooled.reached(MODEL(z)).all()


@pytest.mark.parametrize("threat", [Linf(EPS), L2(0.3), L1(0.6), Unbounded()], ids=repr)
def test_who_gives_nes_nothing_but_a_budget_gets_to_the_end_of_the_set(threat):
    model, x = nn.Sequential(nn.Flatten(), nn.Linear(60, 2, bias=False)), torch.full((4, *SHAPE), 0.5)
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[-1.0], [1.0]]).expand(2, 60))
    brighter = Targeted(torch.zeros(4, dtype=torch.int64), lambda out, t: out[:, 0])  # never reached
    z = nes(Scores(model), x, brighter, threat, queries=200, generator=seeded())
    assert (threat.size(z - x) >= 0.9 * min(threat.eps, threat.size(torch.full((1, 60), 0.5)).item())).all()


def test_mismatch():
    z = mismatch(lambda z: z.mean((2, 3)), X, X.flip(0), Linf(EPS), steps=2, step_size=0.1)
    assert z.shape == X.shape


def test_an_evaluation_is_a_report():
    report = measure.evaluate(READABLE, X, READABLE(X).argmax(1), Linf(0.01))
    assert 0 < report.certified <= report.robust <= 1 and report.sanity
    assert all(len(interval) == 2 for interval in (report.interval, report.certified_interval))
    assert "robust, at most" in str(report) and "<" in report._repr_html_()


def test_what_is_certified():
    assert certify.certified(READABLE, X, Y, Linf(EPS)).dtype == torch.bool
    assert certify.margins(READABLE, X, Y, Linf(EPS)).shape == (4, 3)


def weak(model, x, goal):
    return fgsm(model, x, goal, Linf(EPS))


LOSSES = {
    "standard_loss": standard_loss,
    "kurakin_loss": lambda *told: kurakin_loss(*told, attack=weak, share=0.5, weight=0.3),
    "madry_loss": lambda *told: madry_loss(*told, attack=weak),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_training_differs_by_one_argument(loss):
    model, history = network(SHAPE, dtype=torch.float32), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert loss(model, X, Y).shape == ()
    assert isinstance(train_step(model, X, Y, optimizer, loss), float)
    fit(model, [(X, Y)], optimizer, loss, epochs=2, log=history.append)
    assert [record.epoch for record in history] == [1, 2] and all(record.loss > 0 for record in history)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_maximum_of_functions(dtype):
    f = convex.MaxOf([lambda w: w[0], lambda w: w[1], lambda w: w.sum() - 5])
    w = torch.ones(3, dtype=dtype)
    d = f.steepest_descent(w)
    assert f.value(w) == 1 and f.active_set(w).tolist() == [0, 1] and f.subgradients(w).shape == (2, 3)
    torch.testing.assert_close(f.min_norm(w), torch.tensor([0.5, 0.5, 0.0], dtype=dtype))
    assert d.shape == (3,) and f.directional_derivative(w, d) < 0


def test_a_judge_gives_a_verdict():
    verdict = judge("fgsm", lambda *told: ..., seconds=5)
    assert (verdict.status, verdict.diagnosis) == ("not attempted", "not-attempted") and verdict.message


def test_options_are_named_as_they_are_written():
    want = {
        nes: "queries generator",
        square: "queries generator",
        boundary: "queries start generator",
        hopskipjump: "queries start generator",
        pgd: "steps step_size restarts random_start generator trace",
        kurakin_loss: "attack share weight",
        fit: "epochs log",
        judge: "seconds",
    }
    for function, names in want.items():
        parameters = inspect.signature(function).parameters
        assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in names.split()), function
