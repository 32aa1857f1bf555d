"""Unit 07: batches of clean and attacked samples, and labels that leak through a one-step attack."""

from dataclasses import replace
from functools import partial

import torch

from advcourse import Untargeted, checkpoints, cross_entropy, data, fgsm, kurakin_loss, measure, pgd, standard_loss
from advcourse.training import on_predictions
from bugs import Bug, Claim
from bugs.shared import HALF_A_STEP, NO_STEP, ONE_STEP_BACK, WEIGHTS_ARE_NOT_LOADED

LECTURE = "07_mixed_batches"


def divided_by_m(f, *told, share, weight, **set):
    return f(*told, share=share, weight=weight, **set) * (1 - share + weight * share)


def weight_on_the_clean(f, model, x, y, *, attack, share, weight):
    k, m = round(share * len(x)), len(x)
    attacked = cross_entropy(model(attack(model, x[:k], Untargeted(y[:k]))), y[:k]).sum()
    return (attacked + weight * cross_entropy(model(x[k:]), y[k:]).sum()) / (m - k + weight * k)


def appended(f, model, x, y, *, attack, share, weight):
    """All m stay in the sum, and the divisor is that of replaced ones."""
    k, m = round(share * len(x)), len(x)
    attacked = standard_loss(model, attack(model, x[:k], Untargeted(y[:k])), y[:k]) * k
    return (weight * attacked + standard_loss(model, x, y) * m) / (m - k + weight * k)


def told_the_attack(attack):
    return lambda f, *told, **set: f(*told, **{**set, "attack": attack(set["attack"])})


def noise(f, model, x, goal, threat):
    return threat.around(x).sample(torch.Generator().manual_seed(0))


LEAKS = {"faint": lambda faint: faint[:300], "leaky": lambda checkpoints: [checkpoints.load("faint_mixed_0")]}
ONE_OF_THREE = {
    "test": lambda test: test[:100],
    "nets": lambda checkpoints: {
        "standard": [checkpoints.load("digits_cnn")],
        "mixed": [checkpoints.load("digits_mixed_0")],
    },
}

USUAL = {"usual": lambda checkpoints: [checkpoints.load("digits_cnn")]}
OVERFITTED = {"plain": lambda checkpoints: [checkpoints.load("digits_overfitted_0")]}
BLACK_AND_WHITE = Bug("black and white", data.faint_digits, lambda f: data.digits())

CLAIMS = [
    Claim(
        "E1 The loss is the weighted mean",
        Bug("the divisor is m", kurakin_loss, divided_by_m),
        Bug("the weight on the clean", kurakin_loss, weight_on_the_clean),
        Bug("nobody is attacked", kurakin_loss, told_the_attack(lambda attack: lambda model, x, goal: x)),
        Bug(
            "the attack is told predictions",
            kurakin_loss,
            told_the_attack(lambda attack: partial(on_predictions, attack=attack)),
        ),
    ),
    Claim(
        "E2 Replacing k of m fits the divisor",
        Bug("all m stay in the sum", kurakin_loss, appended),
        Bug("the divisor forgets the weight", kurakin_loss, divided_by_m),
        Bug("half the weight", kurakin_loss, lambda f, *told, weight, **set: f(*told, weight=weight / 2, **set)),
    ),
    Claim("E3 Mixed batches protect", NO_STEP, smaller=ONE_OF_THREE),
    Claim(
        "E4 Against ten steps they protect less",
        Bug("many steps are none", pgd, lambda f, *told, steps, **set: f(*told, steps=0, **set)),
        smaller=ONE_OF_THREE,
    ),
    Claim(
        "E5 Leaking: attacked accuracy exceeds clean",
        Bug(
            "predictions for labels",
            measure.readings,
            lambda f, model, x, y, *told, **set: replace(
                (seen := f(model, x, y, *told, **set)), one_step=seen.one_step_predicted
            ),
        ),
        Bug(
            "labels for predictions",
            measure.readings,
            lambda f, *told, **set: replace((seen := f(*told, **set)), one_step_predicted=seen.one_step),
        ),
        Bug("a noisy image for an attacked one", fgsm, noise),
        HALF_A_STEP,
        ONE_STEP_BACK,
        BLACK_AND_WHITE,
        WEIGHTS_ARE_NOT_LOADED,
        smaller=LEAKS,
    ),
    Claim(
        "E5 One step told the label gains",
        Bug("predictions are the truth", on_predictions, lambda f, model, x, goal, *, attack: attack(model, x, goal)),
        Bug("many steps are none", pgd, lambda f, *told, steps, **set: f(*told, steps=0, **set)),
        Bug(
            "the guessing networks are others",
            checkpoints.load,
            lambda f, name: f(name.replace("predicted", "in_steps")),
        ),
        # The seed on which predictions and true labels differ most.
        smaller=USUAL
        | {
            "leaky": lambda checkpoints: [checkpoints.load("faint_mixed_2")],
            "guessing": lambda checkpoints: [checkpoints.load("faint_predicted_2")],
            "stepping": lambda checkpoints: [checkpoints.load("faint_in_steps_2")],
            "faint": lambda faint: faint[:300],
            "faint_train": lambda faint_train: faint_train[:500],
        },
    ),
    Claim("E5 The label is read off the attack", NO_STEP, smaller=LEAKS | USUAL),
    Claim(
        "E5 The same recipe on black-and-white digits",
        BLACK_AND_WHITE,
        NO_STEP,
        smaller=LEAKS | OVERFITTED | {"test": lambda test: test[:200]},
    ),
    Claim(
        "E5 Fashion-MNIST leaks",
        NO_STEP,
        smaller={
            "fashion": lambda data: [data.fashion()[1][:150]],
            "dressers": lambda checkpoints: [checkpoints.load("fashion_mixed_0")],
        },
    ),
    Claim(
        "E5 Not the same",
        Bug(
            "no gradient is zero",
            measure.readings,
            lambda f, *told, **set: replace(f(*told, **set), zero_gradients=0.0),
        ),
        smaller=LEAKS
        | OVERFITTED
        | {
            "test": lambda test: test[:100],
            "mixers": lambda checkpoints: [checkpoints.load("digits_mixed_0")],
        },
    ),
    Claim(
        "E5 Even an ordinary mixed network",
        Bug("many steps are none", pgd, lambda f, *told, steps, **set: f(*told, steps=0, **set)),
        smaller=LEAKS | OVERFITTED | {"test": lambda test: test[:100]},
    ),
]
