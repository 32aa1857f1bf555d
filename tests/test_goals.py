"""What the attacker wants: scores against their formulas, signs, success, stability, indexing."""

import math

import pytest
import torch
from torch import Tensor

from advcourse import Targeted, Untargeted, cross_entropy, logit_ratio, margin, probability_margin

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0], [-5.0, -2.0, -9.0], [1.0, 4.0, 4.5]], dtype=torch.float64)
Y = torch.tensor([0, 1, 1, 2])


def slow_cross_entropy(a: list[float], y: int) -> float:
    top = max(a)
    return -a[y] + top + math.log(math.fsum(math.exp(v - top) for v in a))


def slow_margin(a: list[float], y: int) -> float:
    return max(v for k, v in enumerate(a) if k != y) - a[y]


def slow_logit_ratio(a: list[float], y: int) -> float:
    ranked = sorted(a, reverse=True)
    low = ranked[2:4] if len(a) > 3 else ranked[1:]
    return slow_margin(a, y) / (ranked[0] - math.fsum(low) / 2 if len(a) > 2 else 1.0)


def slow_probability_margin(a: list[float], y: int) -> float:
    p = [math.exp(-slow_cross_entropy(a, k)) for k in range(len(a))]
    return slow_margin(p, y)


LOSSES = [
    (cross_entropy, slow_cross_entropy),
    (margin, slow_margin),
    (logit_ratio, slow_logit_ratio),
    (probability_margin, slow_probability_margin),
]
losses = pytest.mark.parametrize(("loss", "slow"), LOSSES, ids=[loss.__name__ for loss, _ in LOSSES])


def written_out(slow, logits: Tensor, y: Tensor) -> Tensor:
    return torch.tensor([slow(a, k) for a, k in zip(logits.tolist(), y.tolist())], dtype=torch.float64)


@losses
def test_a_loss_is_its_formula_sample_by_sample(loss, slow):
    logits = 4 * torch.randn(50, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for a, y in ((LOGITS, Y), *((logits[:, :k], torch.arange(50) % k) for k in (2, 3, 4, 5))):
        got = loss(a, y)
        assert got.shape == (len(a),)
        torch.testing.assert_close(got, written_out(slow, a, y), rtol=1e-12, atol=1e-12)


@losses
@pytest.mark.parametrize("shift", [1e4, -1e4, -100.0])
def test_a_loss_ignores_a_constant_added_to_all_logits(loss, slow, shift):
    torch.testing.assert_close(loss(LOGITS + shift, Y), loss(LOGITS, Y), rtol=0, atol=1e-10)


@losses
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("scale", [1e4, -1e4, 1e-20])
def test_a_loss_and_its_gradient_are_finite_for_logits_of_any_size(loss, slow, scale, dtype):
    logits = (LOGITS * scale).to(dtype).requires_grad_()
    value = loss(logits, Y)
    (g,) = torch.autograd.grad(value.sum(), logits)
    assert value.isfinite().all() and g.isfinite().all()
    torch.testing.assert_close(value.double(), written_out(slow, logits.detach().double(), Y), rtol=1e-6, atol=1e-6)


@losses
def test_the_gradient_of_a_loss_is_its_central_difference(loss, slow):
    logits, h = LOGITS.clone().requires_grad_(), 1e-5
    (g,) = torch.autograd.grad(loss(logits, Y).sum(), logits)
    for i in range(len(LOGITS)):
        for k in range(3):
            up, down = LOGITS[i].tolist(), LOGITS[i].tolist()
            up[k] += h
            down[k] -= h
            assert float(g[i, k]) == pytest.approx((slow(up, int(Y[i])) - slow(down, int(Y[i]))) / (2 * h), abs=1e-6)


def test_the_margins_gradient_is_one_up_one_down_however_confident_the_model():
    logits = (1e4 * LOGITS).requires_grad_()
    (g,) = torch.autograd.grad(margin(logits, Y).sum(), logits)
    # The strongest other class up, the labelled one down.
    assert g.tolist() == [[-1, 0, 1], [0, -1, 1], [1, -1, 0], [0, 1, -1]]


def test_a_confident_models_cross_entropy_has_no_gradient_which_is_why_the_margin_exists():
    logits = (1e4 * LOGITS[:1]).float().requires_grad_()
    (g,) = torch.autograd.grad(cross_entropy(logits, Y[:1]).sum(), logits)
    assert not g.any()


@pytest.mark.parametrize("loss", [margin, logit_ratio, probability_margin], ids=lambda f: f.__name__)
@pytest.mark.parametrize("classes", [2, 3, 4, 7])
def test_a_margin_in_any_unit_is_positive_exactly_where_the_label_loses(loss, classes):
    logits = torch.randn(200, classes, generator=torch.Generator().manual_seed(1))
    y = torch.arange(200) % classes
    assert torch.equal(loss(logits, y) > 0, logits.argmax(1) != y)


@pytest.mark.parametrize("classes", [3, 4, 7])
@pytest.mark.parametrize("factor", [1e4, 1e-20])
def test_the_logit_ratio_has_no_unit(classes, factor):
    logits = torch.randn(50, classes, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    y = torch.arange(50) % classes
    torch.testing.assert_close(logit_ratio(factor * logits, y), logit_ratio(logits, y), rtol=1e-9, atol=0)
    big = (factor * logits).requires_grad_()
    (g,) = torch.autograd.grad(logit_ratio(big, y).sum(), big)
    # One direction for both, shorter the larger the logits; and across it, along the logits, nothing changes.
    logits.requires_grad_()
    (same,) = torch.autograd.grad(logit_ratio(logits, y).sum(), logits)
    torch.testing.assert_close(factor * g, same, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close((same * logits).sum(1), torch.zeros(50, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 4, 7])
def test_the_logit_ratio_of_no_rank_is_flat(classes):
    """With the third largest logit alone below, as untargeted in the paper, a class of rank three has no gradient."""
    ranks = torch.arange(classes)
    logits = torch.linspace(3.0, -1.0, classes, dtype=torch.float64).repeat(classes, 1).requires_grad_()
    (g,) = torch.autograd.grad(logit_ratio(logits, ranks).sum(), logits)
    assert (g[ranks, ranks] < 0).all()
    if classes > 2:
        third = (margin(logits, ranks) / (logits[:, 0] - logits[:, 2]))[2]
        assert not torch.autograd.grad(third, logits)[0].any()


def test_equal_logits_have_no_ratio_and_no_nan():
    flat = torch.full((2, 5), 7.0, requires_grad=True)
    loss = logit_ratio(flat, Y[:2])
    assert not loss.any() and torch.autograd.grad(loss.sum(), flat)[0].isfinite().all()


def test_the_probability_margins_gradient_is_exact_where_the_model_is_sure():
    """p_y rounds to 1 in float32, but its gradient must not round to 0: 1 - p_y is a small number, and exact."""
    sure = torch.tensor([[20.0, 0.0, -1.0]], requires_grad=True)
    (g,) = torch.autograd.grad(probability_margin(sure, Y[:1]).sum(), sure)
    exact = sure.detach().double().requires_grad_()
    (want,) = torch.autograd.grad(margin(exact.softmax(1), Y[:1]).sum(), exact)
    torch.testing.assert_close(g.double(), want, rtol=1e-5, atol=0)


def test_untargeted_climbs_the_loss_of_the_true_class_by_default_its_cross_entropy():
    torch.testing.assert_close(Untargeted(Y).score(LOGITS), written_out(slow_cross_entropy, LOGITS, Y))
    torch.testing.assert_close(Untargeted(Y, margin).score(LOGITS), written_out(slow_margin, LOGITS, Y))


def test_targeted_descends_the_loss_of_the_target():
    torch.testing.assert_close(Targeted(Y).score(LOGITS), -written_out(slow_cross_entropy, LOGITS, Y))
    torch.testing.assert_close(Targeted(Y, margin).score(LOGITS), -written_out(slow_margin, LOGITS, Y))


def test_reached_is_another_class_or_exactly_the_target():
    # The answers are 0, 2, 1, 2.
    assert Untargeted(Y).reached(LOGITS).tolist() == [False, True, False, False]
    assert Targeted(Y).reached(LOGITS).tolist() == [True, False, True, True]
    assert Untargeted(Y).reached(LOGITS).dtype == torch.bool


def test_with_two_classes_targeting_the_other_is_leaving_this_one():
    logits = torch.randn(40, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    y = torch.arange(40) % 2
    torch.testing.assert_close(Untargeted(y, margin).score(logits), Targeted(1 - y, margin).score(logits))
    assert torch.equal(Untargeted(y).reached(logits), Targeted(1 - y).reached(logits))


@pytest.mark.parametrize("goal", [Untargeted, Targeted])
@pytest.mark.parametrize("index", [[2], [3, 0], [0, 0, 1, 1, 1]], ids=str)
def test_a_goal_for_some_samples_also_repeated(goal, index):
    index = torch.tensor(index)
    some = goal(Y, margin)[index]
    assert type(some) is goal and some.loss is margin
    torch.testing.assert_close(some.score(LOGITS[index]), goal(Y, margin).score(LOGITS)[index])
    assert torch.equal(some.reached(LOGITS[index]), goal(Y).reached(LOGITS)[index])
    assert torch.equal(goal(Y)[Y == 1].reached(LOGITS[Y == 1]), goal(Y).reached(LOGITS)[Y == 1])


def test_a_goal_of_ones_own_kind_stays_of_that_kind_when_indexed():
    class Louder(Untargeted):
        def score(self, out):
            return 2 * super().score(out)

    assert type(Louder(Y)[torch.tensor([0])]) is Louder


def test_any_function_of_logits_and_labels_is_a_loss():
    goal = Untargeted(Y, loss=lambda logits, y: -logits.gather(1, y[:, None]).squeeze(1))
    assert goal.score(LOGITS).tolist() == [-2.0, 0.0, 2.0, -4.5]


def test_a_goal_is_frozen():
    with pytest.raises(AttributeError):
        Untargeted(Y).y = Y


@pytest.mark.parametrize("goal", [Untargeted, Targeted])
def test_outputs_that_fit_pass(goal):
    assert goal(Y).check(LOGITS) is None
    assert goal(Y[:0]).check(LOGITS[:0]) is None
    assert goal(Y).check(torch.zeros(4, 3)) is None, "a constant model returns logits"
    assert goal(Y).check(LOGITS.log_softmax(1)) is None, "log-probabilities are logits"


@pytest.mark.parametrize(("goal", "name"), [(Untargeted, "y"), (Targeted, "t")])
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (None, "NoneType: give the class of every sample"),
        ([0, 1, 1, 2], r"list: use torch\.as_tensor\(.\)\.long\(\)"),
        (torch.tensor([0.0, 1.0, 1.0, 2.0]), "float32"),
        (torch.tensor([0, 1, 1, 2], dtype=torch.int32), "int32"),
        (torch.tensor([0, 1, 1]), r"each of the 4 samples, shape \[4\]; got \[3\]"),
        (torch.tensor([[0], [1], [1], [2]]), r"shape \[4\]; got \[4, 1\]"),
        (torch.tensor(1), r"shape \[4\]; got \[\].*batch dimension: x\[None\]"),
        (torch.tensor([0, 1, 3, 2]), r"must lie in 0\.\.2.*found 0\.\.3"),
        (torch.tensor([0, 1, -1, 2]), r"must lie in 0\.\.2.*found -1\.\.2"),
        (torch.zeros(4, dtype=torch.int64, device="meta"), r"on meta, the logits are on cpu: use .\.to\('cpu'\)"),
    ],
    ids=["none", "list", "float", "int32", "short", "column", "single", "too large", "negative", "elsewhere"],
)
def test_labels_that_do_not_fit_are_named(goal, name, labels, words):
    with pytest.raises(ValueError, match=f"^{name} .*{words}"):
        goal(labels).check(LOGITS)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (LOGITS.softmax(1), "probabilities.*logits.*drop the model's last softmax"),
        (LOGITS.float().softmax(1), "probabilities"),
        (torch.eye(3)[Y], "probabilities"),
        (LOGITS[:, 0], r"logits \[B, K\].*got \[4\]"),
        (LOGITS[:, :1], r"at least two classes; got \[4, 1\]"),
        (LOGITS[..., None], r"got \[4, 3, 1\]"),
        ((LOGITS,), "one tensor.*got tuple: return the logits alone"),
        (LOGITS.numpy(), "got ndarray"),
    ],
    ids=["softmax", "softmax32", "one-hot", "rank 1", "one class", "rank 3", "tuple", "numpy"],
)
def test_outputs_that_are_no_logits_are_named(out, words):
    with pytest.raises(ValueError, match=words):
        Untargeted(Y).check(out)


def test_probabilities_in_some_rows_only_are_not_taken_for_a_softmax():
    assert Untargeted(Y[:2]).check(torch.tensor([[0.5, 0.5, 0.0], [2.0, 0.0, 1.0]])) is None


def test_a_batch_is_compared_before_a_goal_is_repeated():
    x = torch.zeros(4, 2)
    assert Untargeted(Y).check_batch(x) is None and Targeted(Y).check_batch(x) is None
    for goal, name in ((Untargeted, "y"), (Targeted, "t")):
        with pytest.raises(ValueError, match=rf"^{name} must hold one label for each of the 4 samples.*got \[8\]"):
            goal(Y.repeat(2)).check_batch(x)
        with pytest.raises(ValueError, match=rf"^{name} is on cpu, x is on meta"):
            goal(Y).check_batch(x.to("meta"))
