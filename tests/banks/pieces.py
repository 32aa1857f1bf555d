"""What many answers are made of, done cleanly: so that each wrong answer shows one mistake alone."""

import torch
import torch.nn.functional as F


def gradient_of(value, x):
    """Of `value(x)`, a scalar."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(value(x), x)[0]


def gradient(model, x, y):
    return gradient_of(lambda v: F.cross_entropy(model(v), y, reduction="sum"), x)


def predicted(model, x):
    with torch.no_grad():
        return model(x).argmax(1)


def per_sample(values, x):
    """`values` [B] shaped to multiply `x`."""
    return values.reshape(-1, *[1] * (x.dim() - 1))


def lengths(g):
    """The L2 length of every sample, shaped to divide `g`."""
    return per_sample(g.flatten(1).norm(dim=1), g)
