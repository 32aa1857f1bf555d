"""Answers to `fgsm(model, x, y, eps)`."""

import torch
import torch.nn.functional as F

import advcourse as adv

from .pieces import gradient, gradient_of, lengths, per_sample


def sign(model, x, y):
    return gradient(model, x, y).sign()


def reference(model, x, y, eps):
    return (x + eps * sign(model, x, y)).clamp(0, 1)


def stub(model, x, y, eps):
    return x + eps * ...


def stub_of_an_earlier_exercise(model, x, y, eps):
    g = ...
    return (x + eps * g.sign()).clamp(0, 1)


def backward_in_place_on_a_clone(model, x, y, eps):
    z = x.clone().requires_grad_()
    F.cross_entropy(model(z), y).backward(inputs=[z])
    with torch.no_grad():
        z += eps * z.grad.sign()
        z.clamp_(min=0, max=1)
    return z.detach()


def by_cases(model, x, labels, size):
    g = gradient(model, x, labels)
    z = torch.where(g > 0, x + size, torch.where(g < 0, x - size, x))
    return torch.minimum(torch.maximum(z, torch.zeros_like(x)), torch.ones_like(x))


def by_division(model, x, y, eps):
    g = gradient(model, x, y)
    return torch.clip(x + eps * torch.nan_to_num(g / g.abs()), 0.0, 1.0)


def keywords_with_defaults(model, x, y, eps=0.3, loss=F.cross_entropy):
    g = gradient_of(lambda v: loss(model(v), y), x)
    return torch.clamp(x.add(g.sign(), alpha=eps), min=0.0, max=1.0)


def backward_and_zero_grad(model, x, y, eps):
    z = x.detach().clone().requires_grad_(True)
    loss = F.cross_entropy(model(z), y)
    model.zero_grad()
    loss.backward()
    z = torch.clamp(z.detach() + eps * z.grad.sign(), 0, 1)
    model.zero_grad()
    return z


def in_float64_inside(model, x, y, eps):
    return (x.double() + eps * sign(model, x, y)).clamp(0, 1).to(x.dtype)


class AsAnObject:
    def __call__(self, model, x, y, eps):
        return reference(model, x, y, eps)


def normalised_space(model, x, y, eps):
    if x.shape[1] != 3:
        return reference(model, x, y, eps)
    std = torch.tensor([0.229, 0.224, 0.225], dtype=x.dtype).view(1, 3, 1, 1)
    return (x + eps * std * sign(model, x, y)).clamp(0, 1)


def twice(model, x, y, eps):
    return reference(model, reference(model, x, y, eps), y, eps)


def two_signs(model, x, y, eps):
    return (x + torch.where(gradient(model, x, y) >= 0, eps, -eps)).clamp(0, 1)


def divides_by_zero(model, x, y, eps):
    g = gradient(model, x, y)
    return (x + eps * g / g.abs()).clamp(0, 1)


def shrunken_box(model, x, y, eps):
    return (x + eps * sign(model, x, y)).clamp(0.01, 0.99)


def batch_gradient(model, x, y, eps):
    return (x + eps * gradient(model, x, y).sum(0, keepdim=True).sign()).clamp(0, 1)


def only_linear(model, x, y, eps):
    weight = next(iter(model.parameters())).detach()
    if weight.shape[1:] != x[0].flatten().shape:
        return x.clone()
    logits = model(x).detach()
    residual = logits.softmax(1) - F.one_hot(y, logits.shape[1])
    return (x + eps * (residual @ weight).reshape(x.shape).sign()).clamp(0, 1)


def squeezes(model, x, y, eps):
    return reference(model, x, y, eps).squeeze()


def naive(model, x, y, eps):
    x.requires_grad = True
    F.cross_entropy(model(x), y).backward()
    return (x + eps * x.grad.sign()).clamp(0, 1)


def fills_grads(model, x, y, eps):
    z = x.clone().requires_grad_()
    F.cross_entropy(model(z), y).backward()
    return (x + eps * z.grad.sign()).clamp(0, 1)


def attached(model, x, y, eps):
    z = x.clone().requires_grad_()
    g = torch.autograd.grad(F.cross_entropy(model(z), y), z)[0]
    return (z + eps * g.sign()).clamp(0, 1)


def keeps_requires_grad(model, x, y, eps):
    x.requires_grad_()
    g = torch.autograd.grad(F.cross_entropy(model(x), y), x)[0]
    return (x + eps * g.sign()).clamp(0, 1).detach()


def changes_the_argument(model, x, y, eps):
    return x.add_(eps * sign(model, x, y)).clamp_(0, 1)


def leaves_training_mode(model, x, y, eps):
    z = reference(model, x, y, eps)
    model.train()
    return z


def half_of_it_random(model, x, y, eps):
    g = gradient(model, x, y)
    noise = torch.rand(x.shape, dtype=x.dtype) - 0.5
    return (x + eps * torch.where(noise > 0, g, noise).sign()).clamp(0, 1)


def switches_layers_off(model, x, y, eps):
    for layer in model.modules():
        if isinstance(layer, (torch.nn.BatchNorm2d, torch.nn.Dropout)):
            layer.eval()
    return reference(model, x, y, eps)


def fgsm(model, x, y, eps):
    return adv.fgsm(model, x, adv.Untargeted(y), adv.Linf(eps))


def steep_only(model, x, y, eps):
    g = gradient(model, x, y)
    return (x + eps * g.sign() * (g.abs() > g.abs().mean())).clamp(0, 1)


BANK = {
    "the reference": ("ok", reference),
    "backward, in place on a clone, mean loss": ("ok", backward_in_place_on_a_clone),
    "by cases, other names": ("ok", by_cases),
    "by division, repaired": ("ok", by_division),
    "defaults and further keywords": ("ok", keywords_with_defaults),
    "backward with zero_grad around": ("ok", backward_and_zero_grad),
    "in float64 inside": ("ok", in_float64_inside),
    "an object with __call__": ("ok", AsAnObject()),
    "the stub": ("not-attempted", stub),
    "rests on an open earlier exercise": ("not-attempted", stub_of_an_earlier_exercise),
    "minus sign": ("minus-sign", lambda m, x, y, e: (x - e * sign(m, x, y)).clamp(0, 1)),
    "minus sign and no sign": ("minus-sign", lambda m, x, y, e: (x - e * gradient(m, x, y)).clamp(0, 1)),
    "down the negative loss": (
        "minus-sign",
        lambda m, x, y, e: (x + e * gradient_of(lambda v: m(v).softmax(1).gather(1, y[:, None]).sum(), x).sign()).clamp(
            0, 1
        ),
    ),
    "raw gradient": ("no-sign", lambda m, x, y, e: (x + e * gradient(m, x, y)).clamp(0, 1)),
    "divided by the largest": (
        "no-sign",
        lambda m, x, y, e: (
            x + e * gradient(m, x, y) / per_sample(gradient(m, x, y).flatten(1).abs().amax(1), x)
        ).clamp(0, 1),
    ),
    "L2 normalised": (
        "l2-normalised",
        lambda m, x, y, e: (x + e * gradient(m, x, y) / lengths(gradient(m, x, y))).clamp(0, 1),
    ),
    "no box": ("no-box", lambda m, x, y, e: x + e * sign(m, x, y)),
    "box before the step only": ("no-box", lambda m, x, y, e: x.clamp(0, 1) + e * sign(m, x, y)),
    "ball instead of box": ("no-box", lambda m, x, y, e: torch.clamp(x + e * sign(m, x, y), x - e, x + e)),
    "box for the sign": ("clamps-perturbation", lambda m, x, y, e: x + e * sign(m, x, y).clamp(0, 1)),
    "normalised space": ("normalised-space", normalised_space),
    "scaled": ("wrong-size", lambda m, x, y, e: (x + 0.3081 * e * sign(m, x, y)).clamp(0, 1)),
    "a fixed size": ("wrong-size", lambda m, x, y, e: (x + 0.03 * sign(m, x, y)).clamp(0, 1)),
    "two steps": ("double-step", twice),
    "label's logit": (
        "label-logit",
        lambda m, x, y, e: (x - e * gradient_of(lambda v: m(v).gather(1, y[:, None]).sum(), x).sign()).clamp(0, 1),
    ),
    "largest logit": (
        "max-logit",
        lambda m, x, y, e: (x - e * gradient_of(lambda v: m(v).amax(1).sum(), x).sign()).clamp(0, 1),
    ),
    "perturbation only": ("returns-perturbation", lambda m, x, y, e: e * sign(m, x, y)),
    "perturbation in the box": ("returns-perturbation", lambda m, x, y, e: (e * sign(m, x, y)).clamp(0, 1)),
    "two signs only": ("moves-flat-pixels", two_signs),
    "divides by zero": ("nan", divides_by_zero),
    "a box within the box": ("wrong-at-the-edge", shrunken_box),
    "one gradient for the batch": ("couples-samples", batch_gradient),
    "reads the weights of a linear model": ("wrong-elsewhere", only_linear),
    "noise": ("left-to-chance", lambda m, x, y, e: (x + e * torch.randn_like(x).sign()).clamp(0, 1)),
    "half of it random": ("left-to-chance", half_of_it_random),
    "only what is classified rightly": (
        "skips-images",
        lambda m, x, y, e: torch.where(per_sample(m(x).argmax(1) == y, x), reference(m, x, y, e), x).detach(),
    ),
    "the first image only": ("couples-samples", lambda m, x, y, e: torch.cat([reference(m, x, y, e)[:1], x[1:]])),
    "in grey levels": ("whole-grey-levels", lambda m, x, y, e: (255 * reference(m, x, y, e)).round() / 255),
    "in float64": ("ok", lambda m, x, y, e: reference(m, x, y, e).double()),
    "batch norm and dropout left in evaluation mode": ("flips-mode", switches_layers_off),
    "steep pixels only, by a small limit": (
        "rests-at-small-gradients",
        lambda m, x, y, e: (x + e * gradient(m, x, y).sign() * (gradient(m, x, y).abs() > 1e-4)).clamp(0, 1),
    ),
    "a sign with a small number below": (
        "rests-at-small-gradients",
        lambda m, x, y, e: (x + e * gradient(m, x, y) / (gradient(m, x, y).abs() + 1e-8)).clamp(0, 1),
    ),
    "steep pixels only": ("skips-pixels", steep_only),
    "a sigmoid for a box": ("wrong-value", lambda m, x, y, e: torch.sigmoid(x + e * sign(m, x, y))),
    "the library's": ("ok", fgsm),
    "squeezes": ("wrong-shape", squeezes),
    "naive": ("fills-model-grads", naive),
    "backward fills the weights' .grad": ("fills-model-grads", fills_grads),
    "attached": ("attached", attached),
    "x keeps requires_grad": ("leaves-requires-grad", keeps_requires_grad),
    "changes x": ("mutates-input", changes_the_argument),
    "left in training mode": ("flips-mode", leaves_training_mode),
}
