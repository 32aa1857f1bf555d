"""Answers to `robust_step(model, x, y, attack, optimizer)`."""

import copy

import torch
import torch.nn.functional as F

from advcourse import Targeted, Untargeted


def reference(model, x, y, attack, optimizer):
    z = attack(model, x, Untargeted(y)).detach()
    loss = F.cross_entropy(model(z), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def zero_first(net, images, labels, adversary, opt):
    opt.zero_grad()
    worst = adversary(net, images, Untargeted(labels)).data
    objective = -net(worst).log_softmax(1).gather(1, labels[:, None]).mean()
    objective.backward()
    opt.step()
    return float(objective)


def with_autograd(model, x, y, attack, optimizer):
    with torch.no_grad():
        z = attack(model, x, Untargeted(y))
    loss = F.cross_entropy(model(z), y)
    weights = list(model.parameters())
    for w, g in zip(weights, torch.autograd.grad(loss, weights)):
        w.grad = g
    optimizer.step()
    return loss.detach()


def forgets_afterwards_too(model, x, y, attack, optimizer):
    value = reference(model, x, y, attack, optimizer)
    optimizer.zero_grad()
    return value


def attacks_in_evaluation_mode(model, x, y, attack, optimizer):
    was = model.training
    z = attack(model.eval(), x, Untargeted(y)).detach()
    model.train(was)
    optimizer.zero_grad(set_to_none=False)
    loss = F.cross_entropy(model(z), y, reduction="sum") / len(y)
    loss.backward()
    optimizer.step()
    return loss.detach().numpy()


def closure(model, x, y, attack, optimizer):
    z = attack(copy.deepcopy(model), x, Untargeted(y)).detach()

    def evaluate():
        for group in optimizer.param_groups:
            for w in group["params"]:
                w.grad = None
        loss = F.cross_entropy(model(z), y)
        loss.backward()
        return loss

    return optimizer.step(evaluate).item()


def step_on(loss_of):
    """A step of which only the loss is another: loss_of(model, x, y, z)."""

    def step(model, x, y, attack, optimizer):
        z = attack(model, x, Untargeted(y)).detach()
        loss = loss_of(model, x, y, z)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def told(goal_of):
    """A step of which only the goal is another."""

    def step(model, x, y, attack, optimizer):
        z = attack(model, x, goal_of(model, x, y)).detach()
        loss = F.cross_entropy(model(z), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def ce(model, x, y):
    return F.cross_entropy(model(x), y)


def zero_grad_too_late(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def no_step(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def two_steps(model, x, y, attack, optimizer):
    value = reference(model, x, y, attack, optimizer)
    reference(model, x, y, attack, optimizer)
    return value


def clean_step_first(model, x, y, attack, optimizer):
    optimizer.zero_grad()
    ce(model, x, y).backward()
    optimizer.step()
    return reference(model, x, y, attack, optimizer)


def never_attacks(model, x, y, attack, optimizer):
    return reference(model, x, y, lambda model, x, goal: x, optimizer)


def reports_with_graph(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def turns_training_on(model, x, y, attack, optimizer):
    return reference(model.train(), x, y, attack, optimizer)


def stays_in_evaluation_mode(model, x, y, attack, optimizer):
    model.eval()
    return reference(model, x, y, attack, optimizer)


def by_hand(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    weights = list(model.parameters())
    with torch.no_grad():
        for w, g in zip(weights, torch.autograd.grad(loss, weights)):
            w -= 0.5 * g
    return loss.item()


def an_optimizer_of_its_own(model, x, y, attack, optimizer):
    return reference(model, x, y, attack, torch.optim.SGD(model.parameters(), optimizer.param_groups[0]["lr"]))


def attacked_once(model, x, y, attack, optimizer):
    if not hasattr(model, "attacked"):
        model.attacked = attack(model, x, Untargeted(y)).detach()
    return reference(model, x, y, lambda *_: model.attacked, optimizer)


def attacks_an_old_copy(model, x, y, attack, optimizer):
    if not hasattr(model, "old"):
        model.old = [copy.deepcopy(model)]  # in a list, where the model's own weights do not count it
    return reference(model, x, y, lambda _, *rest: attack(model.old[0], *rest), optimizer)


def trains_a_copy(model, x, y, attack, optimizer):
    return reference(copy.deepcopy(model), x, y, attack, optimizer)


def attacks_each_alone(model, x, y, attack, optimizer):
    z = torch.cat([attack(model, x[i : i + 1], Untargeted(y[i : i + 1])) for i in range(len(x))])
    return reference(model, x, y, lambda *_: z, optimizer)


def attacks_the_attacked(model, x, y, attack, optimizer):
    once = attack(model, x, Untargeted(y)).detach()
    return reference(model, once, y, attack, optimizer)


BANK = {
    "the reference": ("ok", reference),
    "zero first, other names": ("ok", zero_first),
    "autograd's gradients, attack without a graph": ("ok", with_autograd),
    "forgets afterwards too": ("ok", forgets_afterwards_too),
    "attacks in evaluation mode": ("ok", attacks_in_evaluation_mode),
    "attacks one by one": ("ok", attacks_each_alone),
    "a closure, param_groups, a copy attacked": ("ok", closure),
    "the stub": ("not-attempted", lambda model, x, y, attack, optimizer: ...),
    "a stub for the loss": ("not-attempted", step_on(lambda model, x, y, z: ...)),
    "never attacks": ("never-attacks", never_attacks),
    "clean step first": ("steps-before-the-attack", clean_step_first),
    "zero_grad too late": ("no-gradient-at-the-step", zero_grad_too_late),
    "no step": ("no-step", no_step),
    "two steps": ("two-steps", two_steps),
    "smooth labels": ("wrong-step", step_on(lambda m, x, y, z: F.cross_entropy(m(z), y, label_smoothing=0.1))),
    "on predictions": ("attacks-predictions", told(lambda model, x, y: Untargeted(model(x).argmax(1)))),
    "toward the labels": ("targeted-goal", told(lambda model, x, y: Targeted(y))),
    "labels for a goal": ("goal-is-no-goal", told(lambda model, x, y: y)),
    "one label for all": ("goal-for-others", told(lambda model, x, y: Untargeted(y[:1]))),
    "labels in reverse": ("labels-of-others", told(lambda model, x, y: Untargeted(y.flip(0)))),
    "attacks the attacked": ("attacks-the-attacked", attacks_the_attacked),
    "reports a rounded loss": ("reports-another-loss", lambda *args: round(reference(*args), 2)),
    "reports with the graph": ("attached", reports_with_graph),
    "stays in evaluation mode": ("flips-mode", stays_in_evaluation_mode),
    "turns training on": ("flips-mode", turns_training_on),
    "a rate of its own": ("steps-by-hand", by_hand),
    "an optimizer of its own": ("steps-by-hand", an_optimizer_of_its_own),
    "attacked once": ("stale", attacked_once),
    "attacks an old copy": ("attacks-other-weights", attacks_an_old_copy),
    "trains a copy": ("no-gradient-at-the-step", trains_a_copy),
    "a loss that knows the batch": ("wrong-elsewhere", lambda *args: reference(*args) * (1 + (len(args[1]) == 1))),
    "returns nothing": ("returns-none", lambda *args: reference(*args) and None),
}
