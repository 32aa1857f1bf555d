"""Answers to `alarms(scores, known, rate)`."""

import math

import torch


def reference(scores, known, rate):
    return scores > known.quantile(1 - rate)


def sorted_by_hand(new, old, share):
    order = old.sort().values
    return new >= order[math.ceil((1 - share) * len(order)) - 1]


def counts(scores, known, rate):
    return (known[None, :] >= scores[:, None]).double().mean(1) < rate


def from_the_top(scores, known, rate):
    return scores > known.topk(max(1, int(rate * len(known)))).values.min()


def zeros_and_ones(scores, known, rate):
    return torch.where(scores > torch.quantile(known, 1 - rate, interpolation="higher"), 1.0, 0.0)


def in_numpy(scores, known, rate):
    import numpy

    return scores > float(numpy.quantile(known.numpy(), 1 - rate))


def sorts_in_place(scores, known, rate):
    known.copy_(known.sort().values)
    return reference(scores, known, rate)


def two_sided(scores, known, rate):
    return (scores > known.quantile(1 - rate / 2)) | (scores < known.quantile(rate / 2))


BANK = {
    "the reference": ("ok", reference),
    "sorted by hand": ("ok", sorted_by_hand),
    "counts": ("ok", counts),
    "from the top": ("ok", from_the_top),
    "zeros and ones": ("ok", zeros_and_ones),
    "in NumPy": ("ok", in_numpy),
    "the stub": ("not-attempted", lambda scores, known, rate: ...),
    "a stub for the threshold": ("not-attempted", lambda scores, known, rate: scores > ...),
    "quantile at the rate": ("threshold-at-the-rate", lambda s, k, r: s > k.quantile(r)),
    "below": ("alarms-on-the-usual", lambda s, k, r: s <= k.quantile(1 - r)),
    "rarely low": ("alarms-on-the-rarely-low", lambda s, k, r: s < k.quantile(r)),
    "quantile of the new": ("threshold-from-the-new", lambda s, k, r: s > s.quantile(1 - r)),
    "quantile of both": ("threshold-from-both", lambda s, k, r: s > torch.cat([k, s]).quantile(1 - r)),
    "above all": ("threshold-at-the-largest", lambda s, k, r: s > k.max()),
    "above the mean": ("threshold-at-the-mean", lambda s, k, r: s > k.mean()),
    "two sigma": ("threshold-at-two-sigma", lambda s, k, r: s > k.mean() + 2 * k.std()),
    "three sigma": ("threshold-at-two-sigma", lambda s, k, r: s > k.mean() + 3 * k.std()),
    "a share of the largest": ("share-of-the-largest", lambda s, k, r: s > (1 - r) * k.max()),
    "per cent": ("rate-in-per-cent", lambda s, k, r: s > k.quantile(1 - r / 100)),
    "two-sided": ("two-sided", two_sided),
    "half the rate": ("half-the-rate", lambda s, k, r: s > k.quantile(1 - r / 2)),
    "median": ("fixed-rate", lambda s, k, r: s > k.median()),
    "always": ("always", lambda s, k, r: torch.ones_like(s, dtype=torch.bool)),
    "never": ("never", lambda s, k, r: s > s.max()),
    "random": ("wrong-value", lambda s, k, r: torch.arange(len(s)) % 2 == 0),
    "scores": ("returns-scores", lambda s, k, r: s),
    "what is too much": ("returns-scores", lambda s, k, r: (s - k.quantile(1 - r)).clamp(min=0)),
    "always at 95 %": ("wrong-elsewhere", lambda s, k, r: s > k.quantile(0.95)),
    "places, not alarms": ("wrong-shape", lambda s, k, r: reference(s, k, r).nonzero()[:, 0]),
    "the threshold": ("wrong-shape", lambda s, k, r: k.quantile(1 - r)),
    "the share": ("wrong-shape", lambda s, k, r: reference(s, k, r).double().mean()),
    "sorts in place": ("mutates-input", sorts_in_place),
}
