"""Answers to `robust_step(model, x, y, attack, optimizer)`."""

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
    model.eval()
    z = attack(model, x, Untargeted(y)).detach()
    model.train()
    optimizer.zero_grad(set_to_none=False)
    loss = F.cross_entropy(model(z), y, reduction="sum") / len(y)
    loss.backward()
    optimizer.step()
    return loss.detach().numpy()


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


def no_zero_grad(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def zero_grad_too_late(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def no_backward(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    optimizer.step()
    return loss.item()


def no_step(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def no_detach(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
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


def reports_after(model, x, y, attack, optimizer):
    z = attack(model, x, Untargeted(y)).detach()
    reference(model, x, y, lambda *_: z, optimizer)
    return ce(model, z, y).item()


def reports_clean(model, x, y, attack, optimizer):
    clean = ce(model, x, y).item()
    reference(model, x, y, attack, optimizer)
    return clean


def reports_with_graph(model, x, y, attack, optimizer):
    loss = ce(model, attack(model, x, Untargeted(y)).detach(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def reports_sum(model, x, y, attack, optimizer):
    return len(x) * reference(model, x, y, attack, optimizer)


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
    "the stub": ("not-attempted", lambda model, x, y, attack, optimizer: ...),
    "a stub for the loss": ("not-attempted", step_on(lambda model, x, y, z: ...)),
    "never attacks": ("never-attacks", never_attacks),
    "clean step first": ("steps-before-the-attack", clean_step_first),
    "up": ("ascends", step_on(lambda model, x, y, z: -ce(model, z, y))),
    "the clean batch": ("clean-batch", step_on(lambda model, x, y, z: ce(model, x, y))),
    "clean and attacked": ("adds-a-clean-term", step_on(lambda model, x, y, z: ce(model, x, y) + ce(model, z, y))),
    "half and half": ("adds-a-clean-term", step_on(lambda m, x, y, z: ce(m, torch.cat([x, z]), torch.cat([y, y])))),
    "summed": ("sums-over-the-batch", step_on(lambda model, x, y, z: len(x) * ce(model, z, y))),
    "no zero_grad": ("old-gradients", no_zero_grad),
    "zero_grad too late": ("no-gradient-at-the-step", zero_grad_too_late),
    "no backward": ("no-backward", no_backward),
    "no step": ("no-step", no_step),
    "no detach": ("through-the-attack", no_detach),
    "two steps": ("two-steps", two_steps),
    "labels of its own": ("trains-on-predictions", step_on(lambda m, x, y, z: ce(m, z, m(x).argmax(1)))),
    "adds the attacked": ("adds-to-the-image", step_on(lambda model, x, y, z: ce(model, x + z, y))),
    "softmax twice": ("wrong-step", step_on(lambda model, x, y, z: F.cross_entropy(model(z).softmax(1), y))),
    "on predictions": ("attacks-predictions", told(lambda model, x, y: Untargeted(model(x).argmax(1)))),
    "toward the labels": ("targeted-goal", told(lambda model, x, y: Targeted(y))),
    "labels for a goal": ("goal-is-no-goal", told(lambda model, x, y: y)),
    "one label for all": ("goal-for-others", told(lambda model, x, y: Untargeted(y[:1]))),
    "labels in reverse": ("labels-of-others", told(lambda model, x, y: Untargeted(y.flip(0)))),
    "attacks the attacked": ("attacks-the-attacked", attacks_the_attacked),
    "reports the loss afterwards": ("loss-after-the-step", reports_after),
    "reports the clean loss": ("reports-the-clean-loss", reports_clean),
    "reports a sum": ("reports-another-loss", reports_sum),
    "reports with the graph": ("attached", reports_with_graph),
    "stays in evaluation mode": ("flips-mode", stays_in_evaluation_mode),
    "a rate of its own": ("wrong-elsewhere", by_hand),
    "returns nothing": ("returns-none", lambda *args: reference(*args) and None),
}
