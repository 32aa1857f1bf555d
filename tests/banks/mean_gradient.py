"""Answers to `mean_gradient(draws, x, y)`."""

import copy

import torch
import torch.nn.functional as F

from banks.pieces import gradient, gradient_of


def reference(draws, x, y):
    z = x.detach().clone().requires_grad_()
    p = torch.stack([draw(z).softmax(1) for draw in draws]).mean(0)
    return torch.autograd.grad(F.nll_loss(p.log(), y, reduction="sum"), z)[0]


def in_logarithms(networks, images, labels):
    """A sum of probabilities for their mean: the logarithm has another constant, and the same slope."""

    def value(v):
        together = torch.stack([net(v).log_softmax(1) for net in networks]).logsumexp(0)
        return -together.gather(1, labels[:, None]).sum()

    return gradient_of(value, images)


def weighted(draws, x, y):
    """Each draw's own gradient counts as much as its probability of the class does."""
    with torch.no_grad():
        p = torch.stack([d(x).softmax(1).gather(1, y[:, None])[:, 0] for d in draws])
    total = torch.zeros_like(x)
    for share, d in zip(p / p.sum(0), draws):
        total += share.view(-1, *[1] * (x.dim() - 1)) * gradient(d, x, y)
    return total


def backwards(draws, x, y):
    z = x.clone().requires_grad_(True)
    total = 0
    for draw in draws:
        total = total + F.softmax(draw(z), dim=1)
    (-(total / len(draws))[torch.arange(len(y)), y].log()).sum().backward()
    for draw in draws:
        draw.zero_grad()
    return z.grad


def one_image_at_a_time(draws, x, y):
    return torch.cat([reference(draws, x[i : i + 1], y[i : i + 1]) for i in range(len(x))])


def backwards_and_off(draws, x, y):
    z = x.clone().requires_grad_(True)
    F.nll_loss(sum(d(z).softmax(1) for d in draws).div(len(draws)).log(), y, reduction="sum").backward()
    return z.grad


def functional(draws, x, y):
    def loss(z):
        return F.nll_loss(torch.stack([d(z).softmax(1) for d in draws]).mean(0).log(), y, reduction="sum")

    return torch.func.grad(loss)(x)


def returns_in_the_loop(draws, x, y):
    for draw in draws:
        return gradient(draw, x, y)


def overwritten(draws, x, y):
    for draw in draws:
        g = gradient(draw, x, y)
    return g


def into_x(draws, x, y):
    x.requires_grad_()
    p = torch.stack([draw(x).softmax(1) for draw in draws]).mean(0)
    return torch.autograd.grad(F.nll_loss(p.log(), y, reduction="sum"), x)[0]


def mean_loss(draws, x, y):
    return gradient_of(lambda v: sum(F.cross_entropy(d(v), y, reduction="sum") for d in draws) / len(draws), x)


BANK = {
    "the reference": ("ok", reference),
    "in logarithms, other names": ("ok", in_logarithms),
    "weighted": ("ok", weighted),
    "backward() of copies": ("ok", lambda draws, x, y: backwards(copy.deepcopy(draws), x, y)),
    "backward(), and clears the weights' gradients": ("erases-the-gradients", backwards),
    "one image at a time": ("ok", one_image_at_a_time),
    "with torch.func": ("ok", functional),
    "backward(), and leaves the weights' gradients": ("fills-model-grads", backwards_and_off),
    "the stub": ("not-attempted", lambda draws, x, y: ...),
    "a stub for the mean": ("not-attempted", lambda draws, x, y: gradient_of(lambda v: (... * v).sum(), x)),
    "returns in the loop": ("first-draw-only", returns_in_the_loop),
    "overwritten": ("last-draw-only", overwritten),
    "the mean of the losses": ("mean-of-losses", mean_loss),
    "marks the input": ("leaves-requires-grad", into_x),
    "three draws only": ("wrong-value", lambda draws, x, y: reference(draws[:3], x, y)),
    "the first label for all": ("labels-of-others", lambda draws, x, y: reference(draws, x, y[:1].expand_as(y))),
    "eight draws at most": ("wrong-elsewhere", lambda draws, x, y: reference(draws[:8], x, y)),
    "the loss": ("wrong-shape", lambda draws, x, y: -draws[0](x).softmax(1).gather(1, y[:, None]).log()),
}
