"""Answers to `least_likely_fgsm(model, x, eps)`."""

import torch
import torch.nn.functional as F

import advcourse as adv

from .pieces import gradient, gradient_of, lengths, predicted


def rank(model, x, k):
    """The class of rank `k` of every sample, 0 the likeliest."""
    with torch.no_grad():
        return model(x).argsort(1, descending=True)[:, k]


def toward(model, x, t, eps):
    return (x - eps * gradient(model, x, t).sign()).clamp(0, 1)


def reference(model, x, eps):
    with torch.no_grad():
        t = model(x).argmin(1)
    return toward(model, x, t, eps)


def climbs_the_negative_loss(model, x, eps):
    z = x.clone().requires_grad_()
    logits = model(z)
    goal = -F.cross_entropy(logits, logits.argmin(dim=1))
    (g,) = torch.autograd.grad(goal, z)
    return torch.clamp(x + eps * torch.sign(g), 0, 1)


def one_forward_backward(network, images, budget):
    z = images.clone().requires_grad_()
    p = network(z).log_softmax(-1)
    p.min(dim=-1).values.sum().backward(inputs=[z])
    return torch.clip(images + budget * z.grad.sign(), 0, 1)


def by_sorting(model, x, eps):
    return toward(model, x, model(x).softmax(1).sort(1).indices[:, 0], eps)


def stub_of_the_target(model, x, eps):
    t = ...
    return toward(model, x, t, eps)


def one_target(model, x, eps):
    with torch.no_grad():
        t = model(x).softmax(1).mean(0).argmin().expand(len(x))
    return toward(model, x, t, eps)


def target_of_the_first(model, x, eps):
    return toward(model, x, rank(model, x, -1)[:1].expand(len(x)), eps)


def looks_along_the_batch(model, x, eps):
    with torch.no_grad():
        t = model(x).argmin(0)
    return toward(model, x, t, eps)


def next_class(model, x, eps):
    return toward(model, x, (predicted(model, x) + 1) % model(x).shape[1], eps)


def away_from_the_next_class(model, x, eps):
    return toward(model, x, (predicted(model, x) + 1) % model(x).shape[1], -eps)


def target_logit(model, x, eps):
    t = rank(model, x, -1)
    return (x + eps * gradient_of(lambda v: model(v).gather(1, t[:, None]).sum(), x).sign()).clamp(0, 1)


def direction(model, x):
    return -gradient(model, x, rank(model, x, -1)).sign()


def l2_normalised(model, x, eps):
    g = gradient(model, x, rank(model, x, -1))
    return (x - eps * g / lengths(g)).clamp(0, 1)


def fills_grads(model, x, eps):
    z = x.clone().requires_grad_()
    logits = model(z)
    F.cross_entropy(logits, logits.argmin(1)).backward()
    return (x - eps * z.grad.sign()).clamp(0, 1)


BANK = {
    "the reference": ("ok", reference),
    "climbs the negative loss": ("ok", climbs_the_negative_loss),
    "one forward and backward, other names": ("ok", one_forward_backward),
    "by sorting": ("ok", by_sorting),
    "the stub": ("not-attempted", lambda model, x, eps: ...),
    "a stub for the target": ("not-attempted", stub_of_the_target),
    "one target for the batch": ("one-target", one_target),
    "target of the first": ("one-target", target_of_the_first),
    "looks along the batch": ("raises", looks_along_the_batch),
    "the next class": ("wrong-target", next_class),
    "away from the next class": ("wrong-target", away_from_the_next_class),
    "target's logit": ("label-logit", target_logit),
    "no box": ("no-box", lambda m, x, e: x + e * direction(m, x)),
    "raw gradient": ("no-sign", lambda m, x, e: (x - e * gradient(m, x, rank(m, x, -1))).clamp(0, 1)),
    "L2 normalised": ("l2-normalised", l2_normalised),
    "perturbation only": ("returns-perturbation", lambda m, x, e: e * direction(m, x)),
    "two steps": ("double-step", lambda m, x, e: (x + 2 * e * direction(m, x)).clamp(0, 1)),
    "returns the target too": ("returns-tuple", lambda m, x, e: (reference(m, x, e), rank(m, x, -1))),
    "the library's": (
        "ok",
        lambda m, x, e: adv.fgsm(m, x, adv.Targeted(adv.least_likely(m, x)), adv.Linf(e)),
    ),
    "in float64": ("ok", lambda m, x, e: reference(m, x, e).double()),
    "the first image only": ("couples-samples", lambda m, x, e: torch.cat([reference(m, x, e)[:1], x[1:]])),
    "backward fills the weights' .grad": ("fills-model-grads", fills_grads),
}
