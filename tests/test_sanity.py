"""The sanity lines: each broken defence raises its own alarm, sound networks raise none, and what each line counts."""

import math
from functools import cache

import pytest
import torch
from torch import nn

from advcourse import Linf, certify, checkpoints, data, defences
from advcourse.attacks.falling import falling
from advcourse.measure import evaluate, evaluation, sanity, schedule

EPS = Linf(0.1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def digits():
    _, test = data.digits()
    return test.x[:30], test.y[:30]


@pytest.fixture(scope="module")
def standard():
    return checkpoints.load("digits_cnn")


@pytest.fixture(scope="module")
def report_on(digits, standard):
    """What is said of the standard network behind a defence, evaluated once."""
    return cache(lambda defence: evaluate(defence(standard).eval(), *digits, EPS, generator=seeded()))


LUCK = {"beats one step", "beats noise", "restarts", "more steps", "monotone"}  # asked again, dice answer differently
DEFENCES = {  # the wrapper: its own alarm, and what else follows from it
    defences.Probabilities: ("logits", set()),
    defences.Scaled: ("scale", set()),
    defences.GradientKiller: ("gradients", {"wide ball", "black box"}),
    defences.Quantised: ("continuity", {"wide ball", "black box"}),
    defences.Noisy: ("repeatable", {*LUCK, "black box"}),
    defences.DropoutLeftOn: ("dropout", {*LUCK, "repeatable", "black box"}),
    defences.BatchNormTraining: ("batch", {"state"}),
}


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda d: d.__name__)
def test_a_broken_defence_raises_its_own_alarm(report_on, defence):
    own, follow = DEFENCES[defence]
    report = report_on(defence)
    assert report.clean > 0.8, "nothing is seen in the clean accuracy"
    assert own in report.alarms and set(report.alarms) <= {own} | follow
    line = next(line for line in report.sanity if line.name == own)
    assert line.cure in str(report) and line.found in str(report)


def test_the_alarms_tell_the_seven_apart():
    assert len({own for own, _ in DEFENCES.values()}) == 7


@pytest.mark.parametrize("name, eps", [("digits_cnn", 0.1), ("digits_madry_2", 0.2), ("digits_linear", 0.05)])
def test_a_sound_network_raises_none(digits, name, eps):
    report = evaluate(checkpoints.load(name), *digits, Linf(eps), generator=seeded())
    assert report.alarms == () and 0 < report.robust < report.clean
    assert all(line.sound is not None or line.name in ("twin", "transfer", "beats noise") for line in report.sanity)


def test_the_scaled_and_the_softmaxed_network_are_as_robust_as_the_network(digits, standard, report_on):
    """No defence at all: what fools one fools the other."""
    bare = evaluate(standard, *digits, EPS, generator=seeded()).survived
    wrapped = (report_on(defence).survived for defence in (defences.Probabilities, defences.Scaled))
    assert all(int((one != bare).sum()) <= 1 for one in wrapped)


def test_an_undefended_network_falls_to_nothing_at_once(digits, standard):
    report = evaluate(standard, *digits, Linf(0.3), generator=seeded())
    assert report.robust == 0 and sum(stage.shown for stage in report.stages[4:]) <= 10


def test_an_evaluation_leaves_a_model_as_it_was(digits, standard):
    model = defences.BatchNormTraining(standard).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    report = evaluate(model, *digits, EPS, generator=seeded())
    assert "state" in report.alarms
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert model.training and model.norm.training and all(p.requires_grad for p in model.parameters())
    assert not any(m._forward_hooks for m in model.modules())


# Single lines ---------------------------------------------------------------------------------------------------------


def told(lines):
    return {line.name: line for line in lines}


def test_a_layer_that_varies_is_named(digits, standard):
    inner = nn.Sequential(nn.Identity(), defences.DropoutLeftOn(standard))
    lines = told(sanity.answers(inner, digits[0]))
    assert "1.dropout (Dropping)" in lines["repeatable"].found and "1.dropout" in lines["dropout"].found
    lines = told(sanity.answers(nn.Sequential(defences.Noisy(standard)), digits[0]))
    assert "0 (Noisy)" in lines["repeatable"].found and lines["dropout"].sound
    assert lines["batch"].sound is None, "whose answers vary cannot be compared"


class Cut(nn.Module):
    """A network whose gradient a no_grad inside has cut off altogether."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, z):
        with torch.no_grad():
            return self.network(z)


def test_where_there_is_no_gradient_at_all_scores_are_asked(digits, standard):
    report = evaluate(Cut(standard), *digits, EPS, generator=seeded())
    assert "gradients" in report.alarms and report.robust < report.clean
    assert report.backwards == 0 and {stage.name for stage in report.stages} == {"questions", "noise", "black box"}


class FlatAt(nn.Module):
    """A network whose gradient is gone at some points x, and nowhere else."""

    def __init__(self, network, x):
        super().__init__()
        self.network, self.x = network, x

    def forward(self, z):
        with torch.no_grad():
            at = (z[:, None] - self.x).abs().flatten(2).amax(2).amin(1) < 1e-4
        return self.network(torch.where(at.view(-1, 1, 1, 1), z.detach(), z))


def test_where_only_the_start_has_no_gradient_restarts_take_whom_no_walk_took(digits, standard):
    report = evaluate(FlatAt(standard, digits[0]), *digits, EPS, generator=seeded())
    assert {"gradients", "restarts"} <= set(report.alarms)
    assert "restart more often" in str(report)


def test_an_attack_that_gives_up_in_a_wide_ball_is_found_out_in_a_smaller_one(digits, standard, monkeypatch):
    def shy(model, x, goal, threat, **how):
        return falling(model, x, goal, threat, **how) if threat.eps < 0.15 else x.clone()

    honest = told(evaluate(standard, *digits, Linf(0.2), generator=seeded()).sanity)["monotone"]
    monkeypatch.setattr(schedule, "falling", shy)
    report = evaluate(standard, *digits, Linf(0.2), queries=1, generator=seeded())
    assert "monotone" in report.alarms and honest.sound is not False
    z = report.z[report.taken_by == [stage.name for stage in report.stages].index("half the radius")]
    assert len(z) > 5, "they are fooled, and are counted so"


def test_slopes_are_those_of_finite_differences(digits, standard):
    """A gradient three times as long as the true one is wrong; one that is a tenth off is not."""

    class Stretched(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def forward(self, z):
            out = standard(z)
            return self.factor * out + (1 - self.factor) * out.detach()

    for factor, wrong in ((1.0, False), (1.1, False), (3.0, True), (-1.0, True)):
        seen = sanity.slopes(Stretched(factor), *digits, EPS)
        assert bool((seen.wrong.float().mean() > 0.5).item()) is wrong and not seen.still.any()


def test_the_logarithm_undoes_a_softmax_up_to_a_constant(digits, standard):
    out = sanity.Logarithms(defences.Probabilities(standard))(digits[0]).detach()
    want = standard(digits[0]).log_softmax(1).detach()
    torch.testing.assert_close(out, want.clamp(min=math.log(torch.finfo(torch.float32).tiny)), atol=1e-3, rtol=0)
    assert sanity.look_like_probabilities(out.exp()) and not sanity.look_like_probabilities(want)


def test_the_undefended_twin_falls_and_what_fooled_it_is_shown_to_the_model(digits, standard):
    report = evaluate(checkpoints.load("digits_madry_2"), *digits, Linf(0.2), twin=standard, generator=seeded())
    lines = told(report.sanity)
    assert lines["twin"].sound and lines["transfer"].sound
    same = evaluate(standard, *digits, EPS, twin=checkpoints.load("digits_robust_3"), generator=seeded())
    assert "twin" in same.alarms, "a twin that stands where the model falls is none"


def test_proven_is_at_most_robust_and_a_refuted_proof_raises_an_alarm(digits, monkeypatch):
    model = checkpoints.load("digits_linear")
    report = evaluate(model, *digits, Linf(0.02), generator=seeded())
    assert report.bound is not None and (report.bound <= report.survived).all() and report.certified > 0
    assert torch.equal(report.bound, certify.certified(model, *digits, Linf(0.02), by=certify.intervals))
    monkeypatch.setattr(evaluation, "certified", lambda model, x, y, threat, by: torch.ones_like(y, dtype=torch.bool))
    refuted = evaluate(model, *digits, EPS, generator=seeded())
    assert refuted.alarms == ("proof",) and refuted.certified == 1 > refuted.robust


def test_where_no_bound_is_known_the_report_says_why(report_on):
    report = report_on(defences.Scaled)
    assert report.certified is None and report.certified_interval is None
    assert "no bounds are known for the layer" in report.why and report.why in str(report)
