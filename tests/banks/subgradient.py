"""Answers to `subgradient(functions, w)`."""

import torch

from .pieces import gradient_of


def largest(functions, w):
    return max(functions, key=lambda g: g(w).item())


def reference(functions, w):
    leaf = w.detach().clone().requires_grad_()
    values = torch.stack([g(leaf) for g in functions])
    return torch.autograd.grad(values[values.argmax()], leaf)[0]


def through_the_maximum(functions, w):
    return gradient_of(lambda v: torch.stack([g(v) for g in functions]).amax(), w)


def backward(gs, at):
    here = at.clone()
    here.requires_grad = True
    max(g(here) for g in gs).backward()
    return here.grad


def functional(functions, w):
    return torch.func.grad(largest(functions, w))(w)


def on_the_given_tensor(functions, w):
    w.requires_grad_()
    return torch.autograd.grad(largest(functions, w)(w), w)[0]


def sum_of_active(functions, w):
    values = torch.stack([g(w) for g in functions])
    return sum(gradient_of(g, w) for g, v in zip(functions, values) if v == values.max())


def search_from_zero(functions, w):
    chosen, most = None, 0
    for g in functions:
        if g(w) > most:
            chosen, most = g, g(w)
    return gradient_of(chosen, w)


def nothing_below_zero(functions, w):
    return reference(functions, w) if largest(functions, w)(w) > 0 else None


def outside(functions, w):
    a, *rest = [gradient_of(g, w) for g in functions if g(w) == largest(functions, w)(w)]
    return 2 * a - rest[0] if rest else a


def all_of(functions, w):
    return torch.stack([gradient_of(g, w) for g in functions])


BANK = {
    "the reference": ("ok", reference),
    "through the maximum": ("ok", through_the_maximum),
    "backward": ("ok", backward),
    "functional": ("ok", functional),
    "the stub": ("not-attempted", lambda functions, w: ...),
    "a stub for the function": ("not-attempted", lambda functions, w: gradient_of(lambda v: v @ ..., w)),
    "a bit more": ("wrong-value", lambda f, w: reference(f, w) + 0.1),
    "sum at a kink": ("sum-at-a-kink", sum_of_active),
    "beyond the hull": ("no-mixture", outside),
    "the plane only": ("wrong-elsewhere", lambda f, w: reference(f, w) * (1 if len(w) == 2 else 2)),
    "a search from zero": ("best-starts-at-zero", search_from_zero),
    "nothing below zero": ("best-starts-at-zero", nothing_below_zero),
    "the square of the maximum": ("wrong-length", lambda f, w: gradient_of(lambda v: largest(f, v)(v) ** 2, w)),
    "always in float32": ("ok", lambda f, w: reference(f, w).float()),
    "marks the given": ("leaves-requires-grad", on_the_given_tensor),
    "the list": ("returns-tuple", lambda f, w: [reference(f, w)]),
    "a row": ("wrong-shape", lambda f, w: reference(f, w)[None]),
}
