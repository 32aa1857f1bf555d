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
    "upside down": ("upside-down", lambda m, k, w: (m - k + w * k) / (m + w * k)),
    "m over the normaliser": ("forgets-the-attacked", lambda m, k, w: m / (m - k + w * k)),
    "no weight": ("forgets-the-weight", lambda m, k, w: (m + k) / m),
    "weight below alone": ("weight-in-one-place", lambda m, k, w: (m + k) / (m - k + w * k)),
    "weight above alone": ("weight-in-one-place", lambda m, k, w: (m + w * k) / m),
    "weight on the clean": ("weight-on-the-clean", lambda m, k, w: (w * m + k) / (w * (m - k) + k)),
    "the excess alone": ("excess", lambda m, k, w: reference(m, k, w) - 1),
    "per cent": ("in-per-cent", lambda m, k, w: 100 * reference(m, k, w)),
    "per cent more": ("in-per-cent", lambda m, k, w: 100 * reference(m, k, w) - 100),
    "the sum of weights": ("one-of-the-sums", lambda m, k, w: m + w * k),
    "the normaliser": ("one-of-the-sums", lambda m, k, w: m - k + w * k),
    "no inflation": ("one", lambda m, k, w: 1.0),
    "the slide's number": ("constant", lambda m, k, w: 36.8 / 20.8),
    "rounded": ("wrong-elsewhere", lambda m, k, w: round(reference(m, k, w), 2) if m > 8 else 3.0),
    "nothing attacked fails": ("raises", lambda m, k, w: reference(m, k, w) * k / k),
    "the root": ("wrong-value", lambda m, k, w: reference(m, k, w) ** 0.5),
    "both sums": ("returns-tuple", lambda m, k, w: (m + w * k, m - k + w * k)),
    "each weight": ("wrong-shape", lambda m, k, w: torch.ones(m)),
    "words": ("returns-no-number", lambda m, k, w: "1.77"),
}
