"""What goes wrong at a student's desk: every message says what was given, what is needed and the likely fix."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from attack_table import every_attack, having
from torch import Tensor, nn

from advcourse import (
    L1,
    L2,
    Linf,
    Targeted,
    Unbounded,
    Untargeted,
    fgsm,
    input_gradient,
    iterative_fgsm,
    pgd,
    standard_loss,
)
from advcourse.measure import accuracy

iterating_attacks = having(lambda a, t: a.iterates)
smallest_attacks = having(lambda a, t: a.smallest)

X = torch.rand(4, 1, 3, 3, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0])
BRIGHTEST = X.max() == X
THREATS = [Linf(0.1), L2(0.1), L1(0.1), Unbounded()]


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 3))


def attack(model=None, x=X, y=Y, threat=THREATS[0], **more):
    """PGD, two steps, with what the test spoils."""
    return pgd(model or network(), x, Untargeted(y), threat, **{"steps": 2, "step_size": 0.1, **more})


def refused(words: str):
    return pytest.raises(ValueError, match=words)


# --- the budget ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threat", [Linf, L2, L1])
@pytest.mark.parametrize("eps", [-0.1, -8 / 255, math.nan])
def test_a_radius_is_a_length(threat, eps):
    with refused(rf"eps must be a length >= 0.*got {threat.__name__}\({eps}\).*goal"):
        threat(eps)


def test_eps_in_grey_levels_is_answered_with_the_division():
    with refused(r"eps=8 is wider than the whole box \[0, 1\].*Did you mean Linf\(8/255\)\?"):
        Linf(8)


def test_the_largest_radius_is_the_box_itself():
    assert Linf(1.0).eps == 1.0 and Linf(5.0, lo=-2.0, hi=3.0).eps == 5.0
    with refused("wider than the whole box"):
        Linf(1.001)


@pytest.mark.parametrize(("threat", "diameter"), [(L2, "3"), (L1, "9")])
def test_an_l2_or_l1_radius_beyond_the_diagonal_is_said_with_the_diagonal(threat, diameter):
    with refused(rf"eps=10 is longer than the box is wide \({diameter} in this norm\).*pixels of \[0, 1\]"):
        threat(10.0).around(X)
    threat(float(diameter)).around(X)


@pytest.mark.parametrize("threat", [L2, L1, Linf])
def test_a_ball_without_end_is_the_bare_box(threat):
    with refused(r"eps must be finite.*Unbounded\(\)"):
        threat(math.inf)


@pytest.mark.parametrize(("lo", "hi"), [(1.0, 0.0), (0.5, 0.5), (math.nan, 1.0), (0.0, math.nan)])
@pytest.mark.parametrize("threat", [Linf, L2, L1, lambda _, **box: Unbounded(**box)], ids=["Linf", "L2", "L1", "box"])
def test_a_box_has_an_inside(threat, lo, hi):
    with refused(f"lo < hi; got lo={lo}, hi={hi}"):
        threat(0.1, lo=lo, hi=hi)


def channels(*values: float) -> Tensor:
    return torch.tensor(values)[:, None, None]


@pytest.mark.parametrize("threat", [Linf, L2, L1, lambda _, **box: Unbounded(**box)], ids=["Linf", "L2", "L1", "box"])
@pytest.mark.parametrize("end", ["lo", "hi"])
def test_a_box_of_its_own_for_every_channel_is_refused_with_what_to_do_instead(threat, end):
    ends = {"lo": channels(-2.1, -2.0, -1.8), "hi": channels(2.2, 2.4, 2.6)}
    with refused(rf"^{end} of .* is one number; got shape \[3, 1, 1\]:.*let the model normalise.*models\.Normalize"):
        threat(0.1, **{"lo": -2.1, "hi": 2.6, end: ends[end]})


@pytest.mark.parametrize(
    "eps", [torch.tensor([0.1, 0.2]), np.array([0.1, 0.2]), [0.1, 0.2], (0.1,), "0.1 or so"], ids=str
)
@pytest.mark.parametrize("threat", [Linf, L2, L1])
def test_a_radius_of_its_own_for_every_sample_is_refused_with_what_to_do_instead(threat, eps):
    with refused(rf"^eps of {threat.__name__} is one number; got .*samples of each radius by themselves.*goal\[rows\]"):
        threat(eps)


@pytest.mark.parametrize(
    "eps", [torch.tensor(0.25), np.float32(0.25), np.float64(0.25), torch.tensor([0.25])], ids=repr
)
def test_a_radius_that_is_a_tensor_of_one_number_is_that_number(eps):
    threat = Linf(eps, lo=torch.tensor(0.0), hi=np.int64(1))
    assert threat == Linf(0.25) and hash(threat) == hash(Linf(0.25)) and repr(threat) == repr(Linf(0.25))


# --- the images ------------------------------------------------------------------------------------------------------

BAD_IMAGES = {
    "bytes": ((255 * X).to(torch.uint8), r"floats in \[0, 1\]; got torch\.uint8.*x\.float\(\) / 255"),
    "integers": (X.long(), r"got torch\.int64"),
    "booleans": (X > 0.5, r"got torch\.bool"),
    "numpy": (X.numpy(), "got ndarray"),
    "list": (X.tolist(), "got list"),
    "0 to 255": (255 * X, r"must lie in \[0, 1\]; found min .*, max 2\d\d.*divide by 255"),
    "normalised": ((X - 0.5) / 0.5, r"found min -0\.\d+, max 0\.\d+: undo the normalisation.*lo and hi"),
    "a hair above": (X.masked_fill(BRIGHTEST, 1.001), "max 1.001.*undo the normalisation"),
    "a rounding above": (X.masked_fill(BRIGHTEST, 1 + 1.2e-7), r"max 1\.00000012: .*rounding.*x\.clamp\(0, 1\)"),
    "a few roundings above": (X.double().masked_fill(BRIGHTEST, 1 + 5e-6), r"max 1\.000005: .*x\.clamp\(0, 1\)"),
    "a rounding below": (X.masked_fill(BRIGHTEST, -3e-8), r"min -2\.99999989e-08.*rounding.*x\.clamp\(0, 1\)"),
    "a rounding in 16 bits": (X.bfloat16().masked_fill(BRIGHTEST, 1.0078), r"max 1\.0078125: .*x\.clamp\(0, 1\)"),
    "infinite": (X.masked_fill(BRIGHTEST, math.inf), "max inf"),
    "nan": (X.masked_fill(BRIGHTEST, math.nan), "NaN in 1 of 4 samples"),
    "all nan": (X * math.nan, "NaN in 4 of 4 samples"),
    "no batch": (X.flatten(), r"batch \[B, \.\.\.\]; got shape \[36\].*x\[None\]"),
    "a number": (X[0, 0, 0, 0], r"got shape \[\]"),
}


@pytest.mark.parametrize("threat", THREATS, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize(("x", "words"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_images_that_are_none_are_refused_by_every_set(x, words, threat):
    with refused(words):
        threat.around(x)
    with refused(words):
        attack(x=x, threat=threat)


def test_an_own_box_admits_normalised_inputs_up_to_its_ends_as_float32_writes_them():
    lo, hi = (0 - 0.1307) / 0.3081, (1 - 0.1307) / 0.3081
    x = (torch.tensor([[0.0, 1.0]]) - 0.1307) / 0.3081
    x = x.clamp(lo, hi)
    assert attack(nn.Linear(2, 3), x, Y[:1], Linf(0.1, lo, hi)).shape == x.shape


def test_a_single_image_without_batch_dimension_meets_its_labels():
    with refused(r"y must hold one label for each of the 3 samples, shape \[3\]; got \[1\].*x\[None\]"):
        attack(nn.Linear(3, 3), X[0, 0], Y[:1])


# --- the labels ------------------------------------------------------------------------------------------------------

BAD_LABELS = {
    "none": (None, "y must be an int64 tensor.*got NoneType: give the class of every sample"),
    "list": ([0, 1, 2, 0], r"got list: use torch\.as_tensor\(y\)\.long\(\)"),
    "floats": (Y.float(), r"got torch\.float32: use torch\.as_tensor\(y\)\.long\(\)"),
    "one-hot floats": (torch.eye(3)[Y], r"got torch\.float32: one-hot or soft labels.*y\.argmax\(1\)"),
    "soft": (torch.full((4, 3), 1 / 3), r"one-hot or soft labels.*y\.argmax\(1\), the likeliest"),
    "ages": (20.5 * Y, r"got torch\.float32: fractions are no classes.*goal of its own, see goals\.Goal"),
    "a column": (Y[:, None], r"shape \[4\]; got \[4, 1\]. Use y\.squeeze\(1\)"),
    "bytes": (Y.to(torch.uint8), r"got torch\.uint8"),
    "too few": (Y[:3], r"each of the 4 samples, shape \[4\]; got \[3\]"),
    "too many": (Y.repeat(2), r"each of the 4 samples, shape \[4\]; got \[8\]"),
    "one for all": (Y[0], r"each of the 4 samples, shape \[4\]; got \[\]"),
    "one-hot": (torch.eye(3).long()[Y], r"shape \[4\]; got \[4, 3\]. One-hot rows.*y\.argmax\(1\)"),
    "from one": (Y + 1, r"y must lie in 0\.\.2, the classes of the model; found 1\.\.3"),
    "negative": (Y - 1, r"0\.\.2.*found -1\.\.1"),
}


@pytest.mark.parametrize(("y", "words"), BAD_LABELS.values(), ids=BAD_LABELS)
@every_attack
def test_labels_that_do_not_fit_are_refused_by_every_attack(attack, threat, device, y, words):
    y = y.to(device) if isinstance(y, Tensor) else y
    with refused(words):
        attack.run(network().to(device), X.to(device), Untargeted(y), threat)


@pytest.mark.parametrize(("y", "words"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_labels_that_do_not_fit_are_refused_by_the_gradient(y, words):
    with refused(words):
        input_gradient(network(), X, Untargeted(y))


def test_a_target_is_called_t():
    with refused("^t must lie in"):
        fgsm(network(), X, Targeted(Y + 7), Linf(0.1))


def test_labels_elsewhere_are_refused_with_the_move():
    for restarts in (1, 2):
        with refused(r"y is on meta, x is on cpu: use y\.to\('cpu'\)"):
            attack(y=Y.to("meta"), restarts=restarts)
    with refused(r"y is on meta, the logits are on cpu: use y\.to\('cpu'\)"):
        fgsm(network(), X, Untargeted(Y.to("meta")), Linf(0.1))


# --- the model -------------------------------------------------------------------------------------------------------


def softmaxed() -> nn.Module:
    return nn.Sequential(network(), nn.Softmax(1))


@dataclass
class Answer:
    """What other libraries return: a record, in which the logits are not the first."""

    hidden: Tensor
    logits: Tensor


class Returns(nn.Module):
    """Does something else with the logits."""

    def __init__(self, change):
        super().__init__()
        self.net, self.change = network(), change

    def forward(self, x):
        return self.change(self.net(x))


BAD_MODELS = {
    "probabilities": (softmaxed(), "probabilities.*>= 0 and sums to 1.*need logits.*drop the model's last softmax"),
    "one number a sample": (Returns(lambda a: a[:, 0]), r"logits \[B, K\].*got \[4\].*zeros_like\(z\[:, None\]\)"),
    "one class": (
        Returns(lambda a: a[:, :1]),
        r"at least two classes; got \[4, 1\].*torch\.cat\(\[torch\.zeros_like\(z\), z\], 1\)",
    ),
    "a map of classes": (Returns(lambda a: a[..., None, None]), r"got \[4, 3, 1, 1\]"),
    "a tuple": (Returns(lambda a: (a, a)), r"got tuple: return the logits alone, as lambda z: model\(z\)\[0\]"),
    "a record": (Returns(lambda a: Answer(a, a)), r"got Answer: return the logits alone.*model\(z\)\.logits does"),
    "a dictionary": (Returns(lambda a: {"n": 1, "h": a, "logits": a}), r"got dict: .*model\(z\)\['logits'\] does"),
    "a flattened batch": (
        Returns(lambda a: a.flatten()[None]),
        r"1 answers, shape \[1, 12\], for 4 inputs.*batch dimension",
    ),
    "the mean": (Returns(lambda a: a.mean()), r"1 answers, shape \[\], for 4 inputs"),
    "no gradient": (Returns(lambda a: a.detach()), "no gradient with respect to its input.*detach.*oracle"),
    "a constant": (lambda x: torch.ones(len(x), 3), "no gradient with respect to its input"),
    "one-hot decisions": (Returns(lambda a: torch.eye(3)[a.argmax(1)]), "no gradient|probabilities"),
}


@pytest.mark.parametrize("restarts", [1, 2])
@pytest.mark.parametrize(("model", "words"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_answers_that_cannot_be_attacked_are_named(model, words, restarts):
    if restarts == 2:
        words = words.replace("4", "8").replace("12", "24")  # the restarts share a batch
    with refused(words):
        attack(model, restarts=restarts)


def test_images_of_another_precision_than_the_weights_are_named_with_both():
    for ask in (attack, lambda x: accuracy(network(), x, Y), lambda x: standard_loss(network(), x, Y)):
        with refused(r"x is torch\.float64, the model's weights are torch\.float32.*use x\.to\(torch\.float32\)"):
            ask(x=X.double())
    broken = Returns(lambda a: a @ torch.eye(7))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        attack(broken)


def test_a_model_elsewhere_is_refused_with_the_move_before_it_is_asked():
    with refused(r"x is on cpu, the model is on meta: use x\.to\('meta'\) or model\.to\(x\.device\)"):
        attack(network().to("meta"))
    with refused("model is on meta"):
        input_gradient(network().to("meta"), X, Untargeted(Y))


# --- what stands in whose place --------------------------------------------------------------------------------------

MIXED_UP = {
    "labels for the goal": (Y, Linf(0.1), r"goal has no score; got a tensor: use Untargeted\(y\), or Targeted\(t\)"),
    "a list for the goal": ([0, 1, 2, 0], Linf(0.1), r"got \[0, 1, 2, 0\]: use Untargeted\(y\)"),
    "the class of the goal": (Untargeted, Linf(0.1), "goal is the class Untargeted itself: it needs its brackets"),
    "a number for the threat": (Untargeted(Y), 0.1, r"threat has no around; got 0\.1: use Linf\(eps\), L2\(eps\)"),
    "the class of the threat": (Untargeted(Y), Linf, r"threat is the class Linf itself: .*brackets, as in Linf\(eps\)"),
    "the bare box": (Untargeted(Y), Unbounded, r"class Unbounded itself.*Unbounded\(\)"),
    "both swapped": (
        Linf(0.1),
        Untargeted(Y),
        "goal has no score; got Linf.*goal comes before the threat, they are swapped",
    ),
}


@pytest.mark.parametrize(("goal", "threat", "words"), MIXED_UP.values(), ids=MIXED_UP)
@pytest.mark.parametrize("call", [pgd, iterative_fgsm, fgsm])
def test_goal_and_threat_in_the_wrong_place_are_told_what_was_meant(call, goal, threat, words):
    more = {} if call is fgsm else {"steps": 2, "step_size": 0.1}
    with pytest.raises(TypeError, match=words):
        call(network(), X, goal, threat, **more)


@pytest.mark.parametrize("goal", [Y, Untargeted, Linf(0.1)], ids=["labels", "class", "threat"])
@smallest_attacks
def test_a_goal_that_is_none_is_told_what_was_meant_where_there_is_no_threat(attack, threat, device, goal):
    with pytest.raises(TypeError, match=r"^goal (has no score|is the class).*Untargeted\(y\)"):
        attack.run(network(), X, goal, threat)
    with pytest.raises(TypeError, match=r"^goal (has no score|is the class).*Untargeted\(y\)"):
        input_gradient(network(), X, goal)


@pytest.mark.parametrize("box", [Linf(0.01), L2(0.1), L1(1.0)])
@smallest_attacks
def test_a_ball_is_no_box(attack, threat, device, box):
    with refused(r"box=.*has a radius.*smallest distortion is looked for, however long.*Unbounded\(lo, hi\).*pgd"):
        attack.run(network(), X, Untargeted(Y), box)


@pytest.mark.parametrize("box", [(0, 1), Unbounded, None], ids=["pair", "class", "none"])
@smallest_attacks
def test_a_box_is_written_unbounded(attack, threat, device, box):
    with pytest.raises(TypeError, match=r"box .*Unbounded\(lo, hi\)"):
        attack.run(network(), X, Untargeted(Y), box)


# --- the numbers of an attack ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("steps", "step_size"), [(-1, 0.1), (2, -0.1), (2, math.nan), (2, math.inf)])
@iterating_attacks
def test_steps_are_counted_and_have_a_length(attack, threat, device, steps, step_size):
    words = rf"steps and step_size must be >= 0.*got steps={steps}, step_size={step_size}.*goal decides the direction"
    with refused("queries is a number.*got -" if attack.probes and steps < 0 else words):
        attack.run(network(), X, Untargeted(Y), threat, steps=steps, step_size=step_size)


@pytest.mark.parametrize("restarts", [0, -2])
def test_at_least_one_start(restarts):
    with refused(f"restarts={restarts}.*must be >= 1"):
        attack(restarts=restarts)


def test_restarts_from_the_same_point_would_be_the_same():
    with refused("restarts=3 with random_start=False.*random starts"):
        attack(restarts=3, random_start=False)


def test_one_step_needs_a_length():
    with refused(r"one step of length eps, and Unbounded\(.*\) has no radius: use Linf\(eps\), or iterative_fgsm"):
        fgsm(network(), X, Untargeted(Y), Unbounded())


@pytest.mark.parametrize("threat", [Linf, L2, L1])
def test_no_silent_radius(threat):
    with pytest.raises(TypeError, match="eps"):
        threat()


# --- nothing at all --------------------------------------------------------------------------------------------------


def test_an_empty_batch_has_an_empty_gradient():
    assert input_gradient(network(), X[:0], Untargeted(Y[:0])).shape == X[:0].shape


def test_an_empty_batch_with_labels_is_a_mistake():
    with refused(r"each of the 0 samples, shape \[0\]; got \[4\]"):
        attack(x=X[:0])
