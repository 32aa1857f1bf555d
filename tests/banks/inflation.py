"""Answers to the exercise `inflation`."""

from fractions import Fraction

import torch


def reference(m, k, weight):
    return (m + weight * k) / (m - k + weight * k)


def counted(m, k, weight):
    on_the_slide = m * [1] + k * [weight]
    in_the_paper = (m - k) * [1] + k * [weight]
    return sum(on_the_slide) / sum(in_the_paper)


def excess(m, k, weight):
    return 1 + k / (m - (1 - weight) * k)


def in_torch(m, k, weight):
    weights = torch.ones(m + k)
    weights[m:] = weight
    return weights.sum() / weights[k:].sum()


def in_fractions(m, k, weight):
    weight = Fraction(weight)
    return float((m + weight * k) / (m - k + weight * k))


BANK = {
    "the reference": ("ok", reference),
    "counted": ("ok", counted),
    "one and the excess": ("ok", excess),
    "in torch": ("ok", in_torch),
    "in fractions": ("ok", in_fractions),
    "the stub": ("not-attempted", lambda m, k, weight: ...),
    "a stub for the sum": ("not-attempted", lambda m, k, weight: ... / (m - k + weight * k)),
    "the slide's number": ("constant", lambda m, k, w: 36.8 / 20.8),
    "three for small batches": ("wrong-elsewhere", lambda m, k, w: reference(m, k, w) if m > 8 else 3.0),
    "nothing attacked fails": ("raises", lambda m, k, w: reference(m, k, w) * k / k),
    "the root": ("wrong-value", lambda m, k, w: reference(m, k, w) ** 0.5),
    "both sums": ("returns-tuple", lambda m, k, w: (m + w * k, m - k + w * k)),
    "each weight": ("wrong-shape", lambda m, k, w: torch.ones(m)),
    "words": ("returns-no-number", lambda m, k, w: "1.77"),
}
