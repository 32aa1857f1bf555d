"""Answers to `first_order_margin(gap, gradient, p)`."""

import math

import torch
from torch import Tensor


def reference(gap, gradient, p):
    q = {1: math.inf, 2: 2, math.inf: 1}[p]
    return gap / gradient.flatten(1).norm(q, dim=1)


def by_cases(gap, gradient, p):
    rows = gradient.reshape(len(gradient), -1)
    if p == 2:
        length = rows.pow(2).sum(1) ** 0.5
    elif p == 1:
        length = rows.abs().max(dim=1).values
    else:
        length = rows.abs().sum(dim=1)
    return gap / length


def hoelder(f, g, p):
    q = math.inf if p == 1 else 1 / (1 - 1 / p)
    return f / torch.linalg.vector_norm(g, q, dim=tuple(range(1, g.ndim)))


def one_by_one(gap, gradient, p):
    """The best step of length one, and how far the gap falls along it."""
    found = []
    for f, g in zip(gap, gradient):
        g = g.flatten()
        if p == 2:
            step = g / g.norm()
        elif p == 1:
            step = torch.zeros_like(g)
            step[g.abs().argmax()] = g[g.abs().argmax()].sign()
        else:
            step = g.sign()
        found.append(f / (step @ g))
    return torch.stack(found)


def in_place(gap, gradient, p):
    gradient.abs_()
    return reference(gap, gradient, p)


def images_only(gap, gradient, p):
    q = {1: math.inf, 2: 2, math.inf: 1}[p]
    return gap / torch.linalg.vector_norm(gradient, q, dim=(1, 2, 3))


def last_dimensions(gap, gradient, p):
    """Right for one channel, where the others say nothing."""
    return reference(gap, gradient[:, 0], p) if gradient.ndim == 4 else reference(gap, gradient, p)


def computed_exponent(gap, gradient, p):
    q = p / (p - 1) if p > 1 else math.inf
    return gap / gradient.flatten(1).norm(q, dim=1)


BANK = {
    "the reference": ("ok", reference),
    "by cases": ("ok", by_cases),
    "Hoelder, other names": ("ok", hoelder),
    "one by one, along the best step": ("ok", one_by_one),
    "an offset against zero": (
        "ok",
        lambda gap, gradient, p: gap / (gap / reference(gap, gradient, p) + 1e-7),
    ),
    "the exponent computed, of infinity too": ("nan-at-infinity", computed_exponent),
    "the stub": ("not-attempted", lambda gap, gradient, p: ...),
    "a stub for the norm": ("not-attempted", lambda gap, gradient, p: gap / ...),
    "in place": ("mutates-input", in_place),
    "images only": ("fixed-shape", images_only),
    "first channel only": ("fixed-shape", last_dimensions),
    "a single sample is taken for one of many": (
        "wrong-elsewhere",
        lambda gap, gradient, p: reference(gap, gradient, p) if len(gap) > 1 else gap,
    ),
    "a tenth too far": ("wrong-value", lambda gap, gradient, p: 1.1 * reference(gap, gradient, p)),
    "one number": ("wrong-shape", lambda gap, gradient, p: reference(gap, gradient, p).mean()),
    "a column": ("wrong-shape", lambda gap, gradient, p: reference(gap, gradient, p)[:, None]),
    "without the gap's shape": ("wrong-shape", lambda gap, gradient, p: gap / gradient.norm(2, dim=1)[:, :, :1]),
    "a list": ("returns-tuple", lambda gap, gradient, p: Tensor.tolist(reference(gap, gradient, p))),
}
