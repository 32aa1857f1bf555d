"""Every exercise can be graded: models, attacks, optimizers and generators reach the answer in its own process."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from handed_in import NEEDS_FORK
from through_the_line import through_the_line

from advcourse.checks import EXERCISES
from advcourse.course.grading.extract import Cell, lines_of
from advcourse.course.grading.judging import graded
from advcourse.course.grading.processes import Zygote
from advcourse.course.grading.room import Limits

pytestmark = NEEDS_FORK


def bank(name: str) -> dict[str, tuple]:
    return importlib.import_module(f"banks.{name}").BANK


# What goes over the line in a way of its own: (exercise, row).
DELICATE = [
    ("robust_step", "attached"),
    ("robust_step", "stale"),
    ("robust_step", "flips-mode"),
    ("smallest_eps", "asks-beyond-high"),
    ("fgsm", "fills-model-grads"),
    ("fgsm", "leaves-requires-grad"),
    ("fgsm", "mutates-input"),
    ("shuffle_pixels", "ignores-generator"),
]


@pytest.fixture(scope="module")
def zygote():
    one = Zygote(Limits(), [], ["torch._dynamo"])
    yield one
    one.close()


# Of every unit the first; `make grading-test` asks every answer of every exercise so.
FIRST = {Path(exercise.check.words.file).parent: name for name, exercise in reversed(EXERCISES.items())}


@pytest.mark.parametrize("name", FIRST.values())
def test_a_right_answer_passes_in_its_own_process_too(zygote, name):
    title = next(title for title, (expected, _) in bank(name).items() if expected == "ok")
    assert through_the_line(zygote, name, title).diagnosis == "ok"


@pytest.mark.parametrize(("name", "diagnosis"), DELICATE)
def test_what_a_call_leaves_behind_is_seen_from_outside(zygote, name, diagnosis):
    title = next(title for title, (expected, _) in bank(name).items() if expected == diagnosis)
    assert through_the_line(zygote, name, title).diagnosis == diagnosis


def of(zygote: Zygote, name: str, source: str):
    """The verdict on the function that this cell defines."""
    cells = [Cell(1, "import torch\nimport torch.nn.functional as F\nimport advcourse as adv"), Cell(2, source)]
    return graded(zygote, name, cells, lines_of(cells))


KURAKIN = """def kurakin_loss(model, x, y, attack, share, weight):
    k = round(share * len(x))
    z = attack(model, x[:k], adv.Untargeted(y[:k])){}
    c = torch.where(torch.arange(len(x)) < k, weight, 1.0)
    each = F.cross_entropy(model(torch.cat([z, x[k:]])), y, reduction="none")
    return (c * each).sum() / c.sum()"""


@pytest.mark.parametrize(("cut", "diagnosis"), [(".detach()", "ok"), ("", "through-the-attack")])
def test_gradients_flow_through_an_attack_that_is_asked_here(zygote, cut, diagnosis):
    assert of(zygote, "kurakin_loss", KURAKIN.format(cut)).diagnosis == diagnosis


@pytest.mark.parametrize("own", ["torch.nn.Sequential(model)", "lambda images: model(images)"])
def test_a_network_without_weights_may_be_attacked_here(zygote, own):
    source = KURAKIN.format(".detach()").replace("attack(model,", f"attack({own},")
    assert of(zygote, "kurakin_loss", source).diagnosis == "ok"


def test_what_is_asked_here_keeps_its_secrets(zygote):
    found = of(zygote, "smallest_eps", "def smallest_eps(fooled, high, tolerance):\n    return fooled.threshold")
    assert (found.diagnosis, "threshold" in found.message) == ("raises", True)


def test_a_model_of_ones_own_may_be_attacked(zygote):
    """The attack here asks a network that exists there alone."""
    source = """def robust_accuracy(model, x, y, attacks):
    alive = model(x).argmax(1) == y
    for attack in attacks:
        alive &= model(attack(torch.nn.Sequential(model), x, adv.Untargeted(y))).argmax(1) == y
    return alive.double().mean().item()"""
    assert of(zygote, "robust_accuracy", source).diagnosis == "ok"
