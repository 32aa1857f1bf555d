"""Answers to `fewest_steps(eps, step_size)`."""

import math

import torch


def reference(eps, step_size):
    return math.ceil(eps / step_size - 1e-9)


def loop(radius, alpha):
    n = 0
    while n < radius / alpha - 1e-9:
        n += 1
    return n


def hair_in_eps(eps, step_size):
    n = 0
    while n * step_size < eps - 1e-9:
        n += 1
    return n


def whole_and_rest(eps, step_size):
    whole = round(eps / step_size)
    return whole if math.isclose(whole * step_size, eps, rel_tol=1e-9) else math.floor(eps / step_size) + 1


def in_torch(eps, step_size):
    return torch.tensor(round(eps / step_size, 9), dtype=torch.float64).ceil().long()


def exact_ceiling(eps, step_size):
    return math.ceil(eps / step_size)


def multiplies(eps, step_size):
    n = 0
    while n * step_size < eps:
        n += 1
    return n


def adds_up(eps, step_size):
    walked, n = 0.0, 0
    while walked < eps:
        walked += step_size
        n += 1
    return n


def at_least_one(eps, step_size):
    return max(1, reference(eps, step_size))


BANK = {
    "the reference": ("ok", reference),
    "a loop, other names": ("ok", loop),
    "whole and rest": ("ok", whole_and_rest),
    "in torch": ("ok", in_torch),
    "the stub": ("not-attempted", lambda eps, step_size: ...),
    "a stub for the quotient": ("not-attempted", lambda eps, step_size: math.ceil(...)),
    "ceil without slack": ("rounding-error", exact_ceiling),
    "multiplies up to eps": ("rounding-error", multiplies),
    "adds up to eps": ("rounding-error", adds_up),
    "a hair of eps": ("hair-in-eps", hair_in_eps),
    "rounds to two digits first": ("wide-slack", lambda e, a: math.ceil(round(e / a, 2))),
    "a hundredth of a step as slack": ("wide-slack", lambda e, a: math.ceil(e / a - 0.01)),
    "a millionth of a step as slack": ("wide-slack", lambda e, a: math.ceil(e / a - 1e-6)),
    "less slack than a billionth": ("rounding-error", lambda e, a: math.ceil(e / a - 1e-12)),
    "a constant": ("wrong-value", lambda e, a: 20),
    "at least one": ("no-zero", at_least_one),
    "no number for eps = 0": ("no-zero", lambda e, a: reference(e, a) if e else math.nan),
    "says whether": ("returns-no-number", lambda e, a: 20 * a >= e),
    "adds up with rounding": ("wrong-value", lambda e, a: adds_up(e, 0.01)),
}
