"""Answers to `active_set(values, tolerance)`."""

import torch


def reference(values, tolerance):
    top = values.max()
    return top - values <= tolerance * top.abs()


def isclose(values, tolerance):
    return torch.isclose(values, values.max(), rtol=tolerance, atol=0)


def one_by_one(v, share):
    f = max(v.tolist())
    return torch.tensor([abs(one - f) <= share * abs(f) for one in v.tolist()])


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
    "ones and zeros": ("no-truth-values", lambda v, t: one_by_one(v, t).float()),
    "the values": ("returns-values", lambda v, t: v),
    "twice the tolerance of one": ("wrong-set", lambda v, t: reference(v, 2e4 * t) if len(v) == 5 else reference(v, t)),
    "the two largest": ("wrong-set", lambda v, t: v >= v.topk(min(2, len(v))).values[-1]),
    "places": ("wrong-shape", lambda v, t: reference(v, t).nonzero()),
    "sorts": ("mutates-input", sorts_in_place),
}
