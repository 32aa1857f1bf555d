"""Answers to `iterative_fgsm(model, x, y, eps, steps, step_size)`."""

import torch
import torch.nn.functional as F

import advcourse as adv

from .pieces import gradient, lengths
from .project import reference as project


def ascend(model, z, y, step_size):
    return z + step_size * gradient(model, z, y).sign()


def reference(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = project(ascend(model, z, y, step_size), x, eps)
    return z


def backward_in_place(model, x, y, eps, steps, step_size):
    z = x.clone().requires_grad_()
    for _ in range(steps):
        F.cross_entropy(model(z), y).backward(inputs=[z])
        with torch.no_grad():
            z += step_size * z.grad.sign()
            z.clamp_(x - eps, x + eps).clamp_(0, 1)
        z.grad = None
    return z.detach()


def by_delta(net, images, labels, radius, number, alpha):
    delta = torch.zeros_like(images)
    for _ in range(number):
        delta.requires_grad_()
        (g,) = torch.autograd.grad(F.cross_entropy(net(images + delta), labels, reduction="sum"), delta)
        delta = (delta.detach() + alpha * g.sign()).clamp(-radius, radius)
        delta = (images + delta).clamp(0, 1) - images
    return images + delta


def bounds_once_while(model, x, y, eps, steps, step_size):
    low, high = (x - eps).clamp(min=0), (x + eps).clamp(max=1)
    z = x.detach()
    while steps > 0:
        z = torch.max(torch.min(ascend(model, z, y, step_size), high), low)
        steps -= 1
    return z


def recursive(model, x, y, eps, steps, step_size):
    if steps == 0:
        return x.clone()
    return project(ascend(model, recursive(model, x, y, eps, steps - 1, step_size), y, step_size), x, eps)


def backward_with_zero_grad(model, x, y, eps, steps, step_size):
    z = x.clone()
    for _ in range(steps):
        z = z.detach().requires_grad_()
        model.zero_grad()
        F.cross_entropy(model(z), y).backward()
        z = project(z + step_size * z.grad.sign(), x, eps)
    model.zero_grad()
    return z.detach()


def stub_in_the_loop(model, x, y, eps, steps, step_size):
    z = x.clone()
    for _ in range(steps):
        z = ...
    return z


def ball_only(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = torch.clamp(ascend(model, z, y, step_size), x - eps, x + eps)
    return z


def twice_the_ball(model, x, y, eps, steps, step_size):
    return reference(model, x, y, 2 * eps, steps, step_size)


def half_steps(model, x, y, eps, steps, step_size):
    return reference(model, x, y, eps, steps, step_size / 2)


def downhill(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = project(z - step_size * gradient(model, z, y).sign(), x, eps)
    return z


def raw_gradient(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = project(z + step_size * gradient(model, z, y), x, eps)
    return z


def l2_steps(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        g = gradient(model, z, y)
        z = project(z + step_size * g / lengths(g), x, eps)
    return z


def random_start(model, x, y, eps, steps, step_size):
    z = project(x + eps * (2 * torch.rand_like(x) - 1), x, eps)
    for _ in range(steps):
        z = project(ascend(model, z, y, step_size), x, eps)
    return z


def momentum(model, x, y, eps, steps, step_size):
    z, velocity = x, torch.zeros_like(x)
    for _ in range(steps):
        g = gradient(model, z, y)
        velocity = 0.9 * velocity + g / lengths(g)
        z = project(z + step_size * velocity.sign(), x, eps)
    return z


def one_gradient_for_the_batch(model, x, y, eps, steps, step_size):
    z = x
    for i in range(steps):
        g = gradient(model, z, y)
        if i:
            g = g.sum(0, keepdim=True).expand_as(g)
        z = project(z + step_size * g.sign(), x, eps)
    return z


def batch_from_the_start(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = project(z + step_size * gradient(model, z, y).sum(0, keepdim=True).sign(), x, eps)
    return z


def two_signs(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = project(z + torch.where(gradient(model, z, y) >= 0, step_size, -step_size), x, eps)
    return z


def writes_into_x(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z += step_size * gradient(model, z, y).sign()
        z.clamp_(0, 1)
    return z


def fills_grads(model, x, y, eps, steps, step_size):
    z = x.clone()
    for _ in range(steps):
        z = z.detach().requires_grad_()
        F.cross_entropy(model(z), y).backward()
        z = project(z + step_size * z.grad.sign(), x, eps)
    return z.detach()


def attached(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = z.detach().requires_grad_()
        g = torch.autograd.grad(F.cross_entropy(model(z), y), z)[0]
        z = project(z + step_size * g.sign(), x, eps)
    return z


def tight_box(model, x, y, eps, steps, step_size):
    return reference(model, x, y, eps, steps, step_size).clamp(0.01, 0.99)


def linear_only(model, x, y, eps, steps, step_size):
    return reference(model, x, y, eps, steps, step_size if x.dim() == 4 else step_size / 2)


def library(model, x, y, eps, steps, step_size):
    return adv.iterative_fgsm(model, x, adv.Untargeted(y), adv.Linf(eps), steps=steps, step_size=step_size)


def projected_by_the_library(model, x, y, eps, steps, step_size):
    z, allowed = x, adv.Linf(eps).around(x)
    for _ in range(steps):
        z = allowed.project(ascend(model, z, y, step_size))
    return z


def best_of_the_batch(model, x, y, eps, steps, step_size):
    z, best, highest = x, x, 0
    for _ in range(steps):
        z = project(ascend(model, z, y, step_size), x, eps)
        if (mean := F.cross_entropy(model(z), y).item()) > highest:
            best, highest = z, mean
    return best


BANK = {
    "the reference": ("ok", reference),
    "backward, in place on a clone": ("ok", backward_in_place),
    "by delta, other names": ("ok", by_delta),
    "bounds once, while loop": ("ok", bounds_once_while),
    "recursive": ("ok", recursive),
    "backward with zero_grad": ("ok", backward_with_zero_grad),
    "the stub": ("not-attempted", lambda model, x, y, eps, steps, step_size: ...),
    "a stub in the loop": ("not-attempted", stub_in_the_loop),
    "ball only": ("no-box", ball_only),
    "a larger ball": ("outside-the-ball", twice_the_ball),
    "half steps": ("wrong-size", half_steps),
    "double steps": ("double-step", lambda m, x, y, eps, n, a: reference(m, x, y, eps, n, 2 * a)),
    "minus sign": ("minus-sign", downhill),
    "raw gradient": ("no-sign", raw_gradient),
    "L2 steps": ("l2-normalised", l2_steps),
    "random start": ("random-start", random_start),
    "momentum": ("wrong-path", momentum),
    "one gradient for the batch, later": ("couples-samples", one_gradient_for_the_batch),
    "one gradient for the batch": ("couples-samples", batch_from_the_start),
    "two signs only": ("moves-flat-pixels", two_signs),
    "perturbation only": ("returns-perturbation", lambda m, x, y, eps, n, a: reference(m, x, y, eps, n, a) - x),
    "a box within the box": ("wrong-at-the-edge", tight_box),
    "half steps for points": ("wrong-elsewhere", linear_only),
    "the library's": ("ok", library),
    "the library's projection": ("ok", projected_by_the_library),
    "best batch so far": ("returns-best", best_of_the_batch),
    "writes into x": ("mutates-input", writes_into_x),
    "backward fills the weights' .grad": ("fills-model-grads", fills_grads),
    "attached": ("attached", attached),
}
