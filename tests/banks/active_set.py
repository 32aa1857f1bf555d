"""Answers to `active_set(values, tolerance)`."""

import torch


def reference(values, tolerance):
    top = values.max()
    return top - values <= tolerance * top.abs()


def isclose(values, tolerance):
    return torch.isclose(values, values.max(), rtol=tolerance, atol=0)


def one_by_one(v, share):
    f = max(v.tolist())
    return torch.tensor([float(abs(one - f) <= share * abs(f)) for one in v.tolist()])


def share_of_the_largest_size(values, tolerance):
    return values >= values.max() - tolerance * values.abs().max()


def sorts_in_place(values, tolerance):
    values.copy_(values.sort().values)
    return reference(values, tolerance)


BANK = {
    "the reference": ("ok", reference),
    "isclose": ("ok", isclose),
    "one by one": ("ok", one_by_one),
    "a limit": ("ok", lambda v, t: v >= v.max() - t * v.max().abs()),
    "the stub": ("not-attempted", lambda values, tolerance: ...),
    "a stub for the gap": ("not-attempted", lambda values, tolerance: values.max() - ... <= tolerance),
    "equal": ("exact-equality", lambda v, t: v == v.max()),
    "argmax": ("one-function-only", lambda v, t: torch.arange(len(v)) == v.argmax()),
    "absolute": ("absolute-tolerance", lambda v, t: v.max() - v <= t),
    "a share of the maximum": ("negative-maximum", lambda v, t: v >= (1 - t) * v.max()),
    "a share, sign and all": ("negative-maximum", lambda v, t: v.max() - v <= t * v.max()),
    "smallest": ("smallest", lambda v, t: v - v.min() <= t * v.min().abs()),
    "by size": ("largest-size", lambda v, t: reference(v.abs(), t)),
    "turned round": ("inactive", lambda v, t: ~reference(v, t)),
    "all": ("takes-all", lambda v, t: v <= v.max()),
    "none": ("takes-none", lambda v, t: v > v.max()),
    "strictly less": ("strict", lambda v, t: v.max() - v < t * v.max().abs()),
    "the values": ("returns-values", lambda v, t: v),
    "twice the tolerance of one": ("wrong-set", lambda v, t: reference(v, 2e4 * t) if len(v) == 4 else reference(v, t)),
    "places": ("wrong-shape", lambda v, t: reference(v, t).nonzero()),
    "sorts": ("mutates-input", sorts_in_place),
}
