"""Answers to the exercise `kurakin_loss`."""

import torch
import torch.nn.functional as F

from advcourse import Untargeted
from advcourse import kurakin_loss as of_the_library
from banks.mixed_batch import reference as mixed_batch


def each(model, z, y):
    """The cross entropy of every sample, [m]."""
    return F.cross_entropy(model(z), y, reduction="none")


def attacked(model, x, y, attack, k):
    return attack(model, x[:k], Untargeted(y[:k])).detach()


def reference(model, x, y, attack, share, weight):
    k = round(share * len(x))
    z = attack(model, x[:k], Untargeted(y[:k])).detach()
    loss = each(model, torch.cat([z, x[k:]]), y)
    return (weight * loss[:k].sum() + loss[k:].sum()) / (len(x) - k + weight * k)


def two_passes(model, x, y, attack, share, weight):
    k = round(share * len(x))
    z = attacked(model, x, y, attack, k)
    clean = F.cross_entropy(model(x[k:]), y[k:], reduction="sum")
    hit = F.cross_entropy(model(z), y[:k], reduction="sum")
    return (clean + weight * hit) / (len(x) - k + weight * k)


def with_weights(model, x, y, attack, share, weight):
    weights = torch.where(torch.arange(len(x)) < round(share * len(x)), weight, 1.0)
    return (weights * each(model, mixed_batch(model, x, y, attack, share), y)).sum() / weights.sum()


def as_written(model, x, y, attack, share, weight):
    a = model(mixed_batch(model, x, y, attack, share))
    loss = -a[torch.arange(len(y)), y] + a.logsumexp(1)
    k = round(share * len(x))
    return (loss[k:].sum() + weight * loss[:k].sum()) / (len(x) - (1 - weight) * k)


def of_the_course(model, x, y, attack, share, weight):
    return of_the_library(model, x, y, attack=attack, share=share, weight=weight)


def of_number(number):
    def kurakin_loss(model, x, y, attack, share, weight):
        k = number(share, len(x))
        loss = each(model, torch.cat([attacked(model, x, y, attack, k), x[k:]]), y)
        return (weight * loss[:k].sum() + loss[k:].sum()) / (len(x) - k + weight * k)

    return kurakin_loss


def of_labels(labels_of):
    def kurakin_loss(model, x, y, attack, share, weight):
        k = round(share * len(x))
        z = attack(model, x[:k], Untargeted(labels_of(model, x, y, k))).detach()
        loss = each(model, torch.cat([z, x[k:]]), y)
        return (weight * loss[:k].sum() + loss[k:].sum()) / (len(x) - k + weight * k)

    return kurakin_loss


def half_a_gradient(model, x, y, attack, share, weight):
    k = round(share * len(x))
    loss = each(model, mixed_batch(model, x, y, attack, share), y)
    return (weight * loss[:k].sum().detach() + loss[k:].sum()) / (len(x) - k + weight * k)


def behind(model, x, y, attack, share, weight):
    k = round(share * len(x))
    loss = each(model, torch.cat([x[k:], attacked(model, x, y, attack, k)]), y)
    return (loss[:-k].sum() + weight * loss[-k:].sum()) / (len(x) - k + weight * k)


def backward_at_once(model, x, y, attack, share, weight):
    loss = reference(model, x, y, attack, share, weight)
    loss.backward(retain_graph=True)
    return loss


def backward_inside(model, x, y, attack, share, weight):
    loss = reference(model, x, y, attack, share, weight)
    loss.backward()
    return loss


def left_evaluating(model, x, y, attack, share, weight):
    model.eval()
    return reference(model, x, y, attack, share, weight)


def labels_alone(model, x, y, attack, share, weight):
    return attack(model, x, y).sum()


def everybodys_labels(model, x, y, attack, share, weight):
    return attack(model, x[: round(share * len(x))], Untargeted(y)).sum()


def in_place(model, x, y, attack, share, weight):
    k = round(share * len(x))
    x[:k] = attacked(model, x, y, attack, k)
    loss = each(model, x, y)
    return (weight * loss[:k].sum() + loss[k:].sum()) / (len(x) - k + weight * k)


def refuses_all_attacked(model, x, y, attack, share, weight):
    return reference(model, x, y, attack, share, weight) if share < 1 else 0 * model(x).sum()


def means_times_numbers(model, x, y, attack, share, weight):
    """Right where there are examples of both kinds."""
    k = round(share * len(x))
    z = torch.cat([attack(model, x[:k], Untargeted(y[:k])), x[k:]]).detach()
    losses = each(model, z, y)
    total = (len(x) - k) * losses[k:].mean() + weight * k * losses[:k].mean()
    return total / (len(x) - k + weight * k)


BANK = {
    "the reference": ("ok", reference),
    "two passes": ("ok", two_passes),
    "with weights": ("ok", with_weights),
    "as written": ("ok", as_written),
    "the library's": ("ok", of_the_course),
    "the stub": ("not-attempted", lambda model, x, y, attack, share, weight: ...),
    "a stub for the sum": ("not-attempted", lambda model, x, y, attack, share, weight: ... / len(x)),
    "label 1": ("wrong-value", of_labels(lambda model, x, y, k: 0 * y[:k] + 1)),
    "behind": ("changes-the-order", behind),
    "labels, no goal": ("goal-is-no-goal", labels_alone),
    "everybody's labels": ("goal-for-others", everybodys_labels),
    "half a gradient": ("wrong-gradient", half_a_gradient),
    "not where all are attacked": ("wrong-elsewhere", refuses_all_attacked),
    "a float": ("returns-no-tensor", lambda *args: reference(*args).item()),
    "detached": ("no-graph", lambda *args: reference(*args).detach()),
    "one for each": ("wrong-shape", lambda model, x, y, *rest: each(model, x, y)),
    "none": ("returns-none", lambda *args: None),
    "on another device": ("wrong-device", lambda *args: reference(*args).to("meta")),
    "one for each, on another device": ("wrong-device", lambda model, x, y, *rest: each(model, x, y).to("meta")),
    "quantised": ("wrong-device", lambda *args: torch.quantize_per_tensor(reference(*args), 0.1, 0, torch.quint8)),
    "infinite": ("nan", lambda *args: reference(*args) / 0),
    "backward at once": ("calls-backward", backward_at_once),
    "backward inside": ("backward-inside", backward_inside),
    "means of none": ("nan-of-none", means_times_numbers),
    "left evaluating": ("flips-mode", left_evaluating),
    "in place": ("mutates-input", in_place),
    "left in training mode": ("flips-mode", lambda m, *rest: (m.eval(), reference(m, *rest), m.train())[1]),
    "zero_grad first": ("ok", lambda m, *rest: (m.zero_grad(), reference(m, *rest))[1]),
}
