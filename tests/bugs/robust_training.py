"""Unit 10: the attack inside the training step, and what comes of it."""

import torch

from advcourse import Linf, Untargeted, checkpoints, kurakin_loss, madry_loss, measure, pgd, standard_loss, train_step
from advcourse.measure.outcome import Outcome
from advcourse.training import Free
from bugs import Bug, Claim
from bugs.shared import HALF_THE_RADIUS, NO_SIGN, UNTARGETED_GOES_DOWN

LECTURE = "10_robust_training"


def no_step(f, model, x, y, optimizer, loss):
    return loss(model, x, y).item()


def gradients_add_up(f, model, x, y, optimizer, loss):
    value = loss(model, x, y)
    value.backward()
    optimizer.step()
    return value.item()


def all_attacked_for_half(f, model, x, y, *, attack, share, weight):
    return f(
        model,
        x,
        y,
        attack=lambda _, some, goal: attack(model, x, Untargeted(y))[: len(some)],
        share=share,
        weight=weight,
    )


CLEAN_BATCH = Bug("the clean batch", madry_loss, lambda f, *batch, attack: standard_loss(*batch))
UP = Bug("up", train_step, lambda f, *told: f(*told[:-1], lambda *batch: -told[-1](*batch)))
ONE_FOR_ALL = Bug("one network for all", checkpoints.load, lambda f, name: f("digits_standard"))
NOBODY_IS_TAKEN = Bug("whom evaluate fools survives", Outcome.take, lambda f, self, model, rows, z: 0)
THE_FOOLED = Bug("survivors of the worst case are the fooled", measure.worst_case, lambda f, *told: ~f(*told))


def only(*names):
    """Of the five networks these."""
    return {"networks": lambda recipes, checkpoints: {name: checkpoints.load(recipes[name]) for name in names}}


def shipped(checkpoints, measure, pgd, Untargeted, Linf, torch, test):
    """A network that was trained as usual, read as `live` reads those it trains."""
    net, some = checkpoints.load("digits_standard"), test[:100]
    z = pgd(net, some.x, Untargeted(some.y), Linf(0.1), steps=10, step_size=0.025)
    return torch.tensor([[measure.accuracy(net, images, some.y) for images in (some.x, z)]])


CLAIMS = [
    Claim(
        "G3 The library's step is the slide",
        CLEAN_BATCH,
        Bug(
            "a clean term", madry_loss, lambda f, *batch, attack: (f(*batch, attack=attack) + standard_loss(*batch)) / 2
        ),
        UP,
        Bug("no step", train_step, no_step),
    ),
    Claim(
        "G3 The inner maximum is solved for each sample",
        UNTARGETED_GOES_DOWN,
        Bug("the batch shares its steps", Linf.steepest, lambda f, g: f(g.mean(0, keepdim=True).expand_as(g))),
    ),
    Claim(
        "G3 On a linear model Madry's training",
        Bug("gradients add up", train_step, gradients_add_up),
        HALF_THE_RADIUS,
        NO_SIGN,
        smaller={"train": lambda train: train[:1000]},
    ),
    Claim("G3 The robust linear classifier", CLEAN_BATCH, smaller={"train": lambda train: train[:1000]}),
    Claim(
        "G3 Under PGD at eps 0.1 four epochs of free training",
        Bug("free training forgets its perturbation", Free._fitting, lambda f, self, x: torch.zeros_like(x)),
        smaller={"train": lambda train: train[:1300], "test": lambda test: test[:100], "usual": shipped},
    ),
    Claim("G3 One price", Bug("all are attacked, half are used", kurakin_loss, all_attacked_for_half)),
    Claim("G3 One call", THE_FOOLED, smaller=only("free") | {"some": lambda test: test[:40]}),
    Claim(
        "G3 At eps 0.2 all attacks together",
        THE_FOOLED,
        smaller=only("standard", "Madry", "fast", "free") | {"some": lambda test: test[:30]},
    ),
    Claim(
        "G3 A mixed batch defends against its own attack",
        Bug("many steps are none", pgd, lambda f, *told, steps, **set: f(*told, steps=0, **set)),
        smaller=only("mixed") | {"some": lambda test: test[:50]},
    ),
    Claim(
        "G3 Three attacks flatter", NOBODY_IS_TAKEN, smaller=only("mixed", "fast") | {"some": lambda test: test[:60]}
    ),
    Claim("G3 Of these five networks", ONE_FOR_ALL, smaller=only("fast", "free") | {"some": lambda test: test[:60]}),
    Claim("G3 A robust network's gradient", ONE_FOR_ALL, smaller={"some": lambda test: test[:40]}),
    Claim("G3 Trained alike", ONE_FOR_ALL),
    Claim("G3 Trained like these three", ONE_FOR_ALL),
    Claim("G3 On this network a step down", UP),
    Claim(
        "G3 Madry's training at eps 0.3 has not begun",
        CLEAN_BATCH,
        smaller={
            "begun": lambda beginning, far, standard_loss: {
                name: [beginning(loss, 0)] for name, loss in (("Madry", far), ("standard", standard_loss))
            }
        },
    ),
]
