"""Answers that do not fit are refused by every loss and measurement with a cure, and the cure gives the right value."""

from functools import partial

import pytest
import torch
from torch import nn

from advcourse import Linf, Untargeted, ddn, fgsm, kurakin_loss, madry_loss, measure, pgd, predicted, standard_loss
from advcourse.asking import least_likely
from advcourse.training import Free, absolute_loss, descent_loss, large_margin_loss, mma_loss

X = torch.tensor([[0.1], [0.2], [0.4], [0.6], [0.8], [0.9]])
Y = torch.tensor([0, 0, 1, 1, 1, 1])  # the third is read wrongly
ATTACK = partial(fgsm, threat=Linf(0.05))


def single(x):
    """One logit, above zero for class 1: [B, 1]."""
    return 4 * (x - 0.5)


def cured(x):
    z = single(x)
    return torch.cat([torch.zeros_like(z), z], 1)


LOSSES = {
    "standard_loss": standard_loss,
    "kurakin_loss": partial(kurakin_loss, attack=lambda m, x, g: x, share=0.5, weight=1.0),
    "madry_loss": partial(madry_loss, attack=lambda m, x, g: x),
    "descent_loss": partial(descent_loss, attack=lambda m, x, g: x, candidates=1),
    "large_margin_loss": partial(large_margin_loss, norm=Linf, gamma=0.1),
    "mma_loss": partial(mma_loss, attack=lambda m, x, g: x, norm=Linf, largest=0.1, halvings=1, share=0.5),
    "free": Free(Linf(0.05), step_size=0.01),
}
MEASURES = {
    "accuracy": measure.accuracy,
    "worst_case": partial(measure.worst_case, attacks=[ATTACK]),
    "robustness_curve": partial(measure.robustness_curve, attack=fgsm, threats=[Linf(0.05)]),
    "readings": partial(measure.readings, threat=Linf(0.05), steps=4),
}
ASKERS = {
    "predicted": lambda model, x, y: predicted(model, x),
    "least_likely": lambda model, x, y: least_likely(model, x),
    "probabilities": lambda model, x, y: measure.probabilities(model, x),
}
CURE = r"at least two classes; got .*two classes are the logits 0 and z, torch\.cat\(\[torch\.zeros_like"


@pytest.mark.parametrize("model", [single, lambda x: single(x).squeeze(1)], ids=["[B, 1]", "[B]"])
@pytest.mark.parametrize("ask", (LOSSES | MEASURES | ASKERS).values(), ids=LOSSES | MEASURES | ASKERS)
def test_one_logit_is_refused_with_its_cure(ask, model):
    with pytest.raises(ValueError, match=CURE):
        ask(model, X, Y)


def test_the_cure_for_one_logit_is_the_logistic_loss():
    assert measure.accuracy(cured, X, Y) == pytest.approx(5 / 6)
    binary = nn.functional.binary_cross_entropy_with_logits(single(X).squeeze(1), Y.float())
    torch.testing.assert_close(standard_loss(cured, X, Y), binary)
    z = pgd(cured, X, Untargeted(Y), Linf(0.05), steps=3, step_size=0.05)
    torch.testing.assert_close(z, X + 0.05 * torch.where(Y == 1, -1.0, 1.0)[:, None])


@pytest.mark.parametrize("y", [Y + 1, Y - 1], ids=["from one", "negative"])
@pytest.mark.parametrize("ask", (LOSSES | MEASURES).values(), ids=LOSSES | MEASURES)
def test_labels_that_no_class_has_are_refused(ask, y):
    with pytest.raises(ValueError, match=r"y must lie in 0\.\.1, the classes of the model"):
        ask(cured, X, y)


@pytest.mark.parametrize("y", [torch.eye(2)[Y], Y[:, None], Y.float()], ids=["one-hot", "column", "float"])
@pytest.mark.parametrize("ask", (LOSSES | MEASURES).values(), ids=LOSSES | MEASURES)
def test_labels_that_are_no_labels_are_refused(ask, y):
    with pytest.raises(ValueError, match="y must"):
        ask(cured, X, y)


@pytest.mark.parametrize("ask", (LOSSES | MEASURES | ASKERS).values(), ids=LOSSES | MEASURES | ASKERS)
def test_a_dictionary_is_refused_with_what_takes_the_logits_out(ask):
    with pytest.raises(
        ValueError, match=r"got dict: return the logits alone, as lambda z: model\(z\)\['logits'\] does"
    ):
        ask(lambda x: {"logits": cured(x)}, X, Y)


ATTACKERS = {
    "pgd": lambda model, x, y: pgd(model, x, Untargeted(y), Linf(0.05), steps=2, step_size=0.05),
    "ddn": lambda model, x, y: ddn(model, x, Untargeted(y), steps=8),
    "absolute_error": lambda model, x, y: measure.absolute_error(lambda x: model(x)[:, 1], x, y),
}
WITHOUT_NAN = MEASURES | ATTACKERS | {"predicted": ASKERS["predicted"], "least_likely": ASKERS["least_likely"]}


@pytest.mark.parametrize("ask", WITHOUT_NAN.values(), ids=WITHOUT_NAN)
def test_answers_that_are_no_numbers_are_no_wrong_answers(ask):
    with pytest.raises(ValueError, match="answered NaN for 2 of 6 samples"):
        ask(lambda x: cured(torch.where(x > 0.7, torch.nan, x)), X, Y)


def test_a_class_that_is_ruled_out_is_an_answer():
    def masked(x):
        return torch.cat([cured(x), torch.full_like(x, -torch.inf)], 1)

    assert measure.accuracy(masked, X, Y) == measure.accuracy(cured, X, Y)
    z = pgd(masked, X, Untargeted(Y), Linf(0.05), steps=3, step_size=0.05)
    torch.testing.assert_close(z, X + 0.05 * torch.where(Y == 1, -1.0, 1.0)[:, None])


# Numbers --------------------------------------------------------------------------------------------------------------

AGES = torch.tensor([1.0, 2.0, 4.0, 6.0, 8.0, 9.0])


@pytest.mark.parametrize("ask", [absolute_loss, measure.absolute_error])
@pytest.mark.parametrize(
    ("model", "y", "cure"),
    [
        (lambda x: 10 * x, AGES, r"\[6, 1\] and \[6\]: let the model end in \.squeeze\(1\)"),
        (lambda x: 10 * x[:, 0], AGES[:, None], r"\[6\] and \[6, 1\]: use y\.squeeze\(1\)"),
        (lambda x: 10 * x, AGES[:, None], r"squeeze\(1\).*and use y\.squeeze\(1\)"),
        (lambda x: 10 * x[:, 0], AGES[:1], "one number for each input"),
        (lambda x: 10 * x[:, 0], 4.0, "got .* and float: give one number for each input"),
        (lambda x: x.expand(6, 6), AGES, r"got \[6, 6\] and \[6\]"),
    ],
    ids=["column", "column of labels", "columns", "one label", "a number", "a table"],
)
def test_numbers_that_would_be_spread_over_all_others_are_refused(ask, model, y, cure):
    with pytest.raises(ValueError, match=cure):
        ask(model, X, y)


def test_a_perfect_regressor_has_no_error():
    assert measure.absolute_error(nn.Sequential(nn.Flatten(0)), X, X[:, 0]) == 0
    assert absolute_loss(lambda x: 10 * x.squeeze(1), X, AGES + 1).item() == pytest.approx(1.0)
