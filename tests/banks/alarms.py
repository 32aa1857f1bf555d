"""Answers to `alarms(scores, known, rate)`."""

import math

import torch


def reference(scores, known, rate):
    return scores > known.quantile(1 - rate)


def sorted_by_hand(new, old, share):
    order = old.sort().values
    return new > order[math.ceil((1 - share) * len(order)) - 1]


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


BANK = {
    "the reference": ("ok", reference),
    "sorted by hand": ("ok", sorted_by_hand),
    "counts": ("ok", counts),
    "from the top": ("ok", from_the_top),
    "zeros and ones": ("no-truth-values", zeros_and_ones),
    "in NumPy": ("ok", in_numpy),
    "the stub": ("not-attempted", lambda scores, known, rate: ...),
    "a stub for the threshold": ("not-attempted", lambda scores, known, rate: scores > ...),
    "random": ("wrong-value", lambda s, k, r: torch.arange(len(s)) % 2 == 0),
    "scores": ("returns-scores", lambda s, k, r: s),
    "what is too much": ("returns-scores", lambda s, k, r: (s - k.quantile(1 - r)).clamp(min=0)),
    "from the top without a least": ("raises", lambda s, k, r: s > k.topk(int(r * len(k))).values[-1]),
    "always at 95 %": ("ignores-rate", lambda s, k, r: s > k.quantile(0.95)),
    "a fixed threshold": ("other-threshold", lambda s, k, r: s > 1),
    "sizes": ("wrong-elsewhere", lambda s, k, r: s.abs() > k.quantile(1 - r).abs()),
    "places, not alarms": ("wrong-shape", lambda s, k, r: reference(s, k, r).nonzero()[:, 0]),
    "the threshold": ("wrong-shape", lambda s, k, r: k.quantile(1 - r)),
    "the share": ("wrong-shape", lambda s, k, r: reference(s, k, r).double().mean()),
    "sorts in place": ("mutates-input", sorts_in_place),
}
