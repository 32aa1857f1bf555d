"""Answers to `iterative_fgsm(model, x, y, eps, steps, step_size)`."""

import torch
import torch.nn.functional as F

from .pieces import gradient, gradient_of, lengths, predicted
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


def drifting(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = project(ascend(model, z, y, step_size), z, eps)
    return z


def ball_only(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = torch.clamp(ascend(model, z, y, step_size), x - eps, x + eps)
    return z


def lower_wall(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = torch.clamp(ascend(model, z, y, step_size), x - eps, x + eps).clamp(min=0)
    return z


def box_only(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = ascend(model, z, y, step_size).clamp(0, 1)
    return z


def twice_the_ball(model, x, y, eps, steps, step_size):
    return reference(model, x, y, 2 * eps, steps, step_size)


def clean_gradient(model, x, y, eps, steps, step_size):
    z, direction = x, gradient(model, x, y).sign()
    for _ in range(steps):
        z = project(z + step_size * direction, x, eps)
    return z


def accumulates(model, x, y, eps, steps, step_size):
    z = x.clone().requires_grad_()
    for _ in range(steps):
        F.cross_entropy(model(z), y).backward(inputs=[z])
        with torch.no_grad():
            z.copy_(project(z + step_size * z.grad.sign(), x, eps))
    return z.detach()


def one_big_step(model, x, y, eps, steps, step_size):
    return project(ascend(model, x, y, step_size), x, eps)


def starts_at_x_each_time(model, x, y, eps, steps, step_size):
    for _ in range(steps):
        z = project(ascend(model, x, y, step_size), x, eps)
    return z


def eps_per_step(model, x, y, eps, steps, step_size):
    return reference(model, x, y, eps, steps, eps)


def eps_over_steps(model, x, y, eps, steps, step_size):
    return reference(model, x, y, eps, steps, eps / steps)


def swapped_sizes(model, x, y, step_size, steps, eps):
    return reference(model, x, y, eps, steps, step_size)


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


def current_prediction(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = project(ascend(model, z, predicted(model, z), step_size), x, eps)
    return z


def prediction_from_the_second_step_on(model, x, y, eps, steps, step_size):
    z, label = x, y
    for _ in range(steps):
        z = project(ascend(model, z, label, step_size), x, eps)
        label = predicted(model, z)
    return z


def random_start(model, x, y, eps, steps, step_size):
    z = project(x + eps * (2 * torch.rand_like(x) - 1), x, eps)
    for _ in range(steps):
        z = project(ascend(model, z, y, step_size), x, eps)
    return z


def projects_at_the_end(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = ascend(model, z, y, step_size)
    return project(z, x, eps)


def box_at_the_end(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = torch.clamp(ascend(model, z, y, step_size), x - eps, x + eps)
    return z.clamp(0, 1)


def ball_at_the_end(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        z = ascend(model, z, y, step_size).clamp(0, 1)
    return torch.clamp(z, x - eps, x + eps)


def returns_the_best(model, x, y, eps, steps, step_size):
    z = best = x
    for _ in range(steps):
        z = project(ascend(model, z, y, step_size), x, eps)
        with torch.no_grad():
            losses = [F.cross_entropy(model(v), y, reduction="none") for v in (z, best)]
        better = (losses[0] > losses[1]).view(-1, *[1] * (x.dim() - 1))
        best = torch.where(better, z, best)
    return best


def stops_when_fooled(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        fooled = (predicted(model, z) != y).view(-1, *[1] * (x.dim() - 1))
        z = torch.where(fooled, z, project(ascend(model, z, y, step_size), x, eps))
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


def softmax_twice(model, x, y, eps, steps, step_size):
    z = x
    for _ in range(steps):
        g = gradient_of(lambda v: F.cross_entropy(model(v).softmax(1), y), z)
        z = project(z + step_size * g.sign(), x, eps)
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


BANK = {
    "the reference": ("ok", reference),
    "backward, in place on a clone": ("ok", backward_in_place),
    "by delta, other names": ("ok", by_delta),
    "bounds once, while loop": ("ok", bounds_once_while),
    "recursive": ("ok", recursive),
    "backward with zero_grad": ("ok", backward_with_zero_grad),
    "the stub": ("not-attempted", lambda model, x, y, eps, steps, step_size: ...),
    "a stub in the loop": ("not-attempted", stub_in_the_loop),
    "ball around the previous iterate": ("drifting-ball", drifting),
    "ball only": ("no-box", ball_only),
    "lower wall only": ("half-box", lower_wall),
    "box only": ("no-ball", box_only),
    "eps ignored": ("no-ball", lambda m, x, y, eps, n, a: reference(m, x, y, 1.0, n, a)),
    "a larger ball": ("outside-the-ball", twice_the_ball),
    "gradient at the clean x": ("clean-gradient", clean_gradient),
    "gradients add up": ("accumulates", accumulates),
    "one step only": ("single-step", one_big_step),
    "starts at x each time": ("single-step", starts_at_x_each_time),
    "a step too few": ("one-step-too-few", lambda m, x, y, eps, n, a: reference(m, x, y, eps, n - 1, a)),
    "a step too many": ("one-step-too-many", lambda m, x, y, eps, n, a: reference(m, x, y, eps, n + 1, a)),
    "steps of eps": ("ignores-step-size", eps_per_step),
    "steps of eps over their number": ("ignores-step-size", eps_over_steps),
    "steps of eps, no ball": (
        "ignores-step-size",
        lambda m, x, y, eps, n, a: box_only(m, x, y, 1.0, n, eps),
    ),
    "half steps": ("wrong-size", half_steps),
    "double steps": ("double-step", lambda m, x, y, eps, n, a: reference(m, x, y, eps, n, 2 * a)),
    "minus sign": ("minus-sign", downhill),
    "raw gradient": ("no-sign", raw_gradient),
    "L2 steps": ("l2-normalised", l2_steps),
    "current prediction": ("predicted-label", current_prediction),
    "current prediction from the second step on": ("predicted-label", prediction_from_the_second_step_on),
    "softmax twice": ("double-softmax", softmax_twice),
    "random start": ("random-start", random_start),
    "projects at the end": ("projects-at-the-end", projects_at_the_end),
    "box at the end": ("projects-at-the-end", box_at_the_end),
    "ball at the end": ("projects-at-the-end", ball_at_the_end),
    "returns the best": ("returns-best", returns_the_best),
    "stops when fooled": ("stops-early", stops_when_fooled),
    "momentum": ("wrong-path", momentum),
    "one gradient for the batch, later": ("couples-samples", one_gradient_for_the_batch),
    "one gradient for the batch": ("couples-samples", batch_from_the_start),
    "two signs only": ("moves-flat-pixels", two_signs),
    "x unchanged": ("unchanged", lambda m, x, y, eps, n, a: x.clone()),
    "perturbation only": ("returns-perturbation", lambda m, x, y, eps, n, a: reference(m, x, y, eps, n, a) - x),
    "a box within the box": ("wrong-at-the-edge", tight_box),
    "half steps for points": ("wrong-elsewhere", linear_only),
    "writes into x": ("mutates-input", writes_into_x),
    "backward fills the weights' .grad": ("fills-model-grads", fills_grads),
    "attached": ("attached", attached),
    "eps and step_size swapped": ("swapped-sizes", swapped_sizes),
}
