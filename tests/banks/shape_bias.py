"""Answers to `shape_bias(decisions, shape, texture)`."""

import numpy as np


def hits(decisions, shape, texture):
    conflict = shape != texture
    return int((conflict & (decisions == shape)).sum()), int((conflict & (decisions == texture)).sum())


def reference(decisions, shape, texture):
    s, t = hits(decisions, shape, texture)
    return s / (s + t)


def in_a_loop(said, shape, texture):
    s = t = 0
    for a, b, c in zip(said.tolist(), shape.tolist(), texture.tolist()):
        if b == c:
            continue
        s += a == b
        t += a == c
    return s / (t + s)


def on_what_is_left(decisions, shape, texture):
    keep = shape != texture
    decisions, shape, texture = decisions[keep], shape[keep], texture[keep]
    hit = (decisions == shape) | (decisions == texture)
    return (decisions[hit] == shape[hit]).double().mean()


def in_numpy(decisions, shape, texture):
    d, s, t = (a.numpy() for a in (decisions, shape, texture))
    keep = s != t
    return np.sum((d == s) & keep) / np.sum(((d == s) | (d == t)) & keep)


def over(denominator):
    return lambda d, s, t: hits(d, s, t)[0] / denominator(d, s, t)


def all_hits(d, s, t):
    return (d == s).double().sum() / ((d == s) | (d == t)).double().sum()


def both_hits(d, s, t):
    by_shape, by_texture = (d == s).double().sum(), (d == t).double().sum()
    return by_shape / (by_shape + by_texture)


def congruent_as_texture(d, s, t):
    by_shape, by_texture = hits(d, s, t)[0], int((d == t).sum())
    return by_shape / (by_shape + by_texture)


def texture_bias(d, s, t):
    return reference(d, t, s)


def empty_is_nan(d, s, t):
    by_shape, by_texture = hits(d, s, t)
    return by_shape / by_texture if by_texture == 0 else by_shape / (by_shape + by_texture)


def fails_without_texture(d, s, t):
    by_shape, by_texture = hits(d, s, t)
    return 1 / (1 + by_texture / by_shape) if by_shape else 0.5


def in_place(d, s, t):
    d[s == t] = -1
    return ((d == s).double().sum() / ((d == s) | (d == t)).double().sum()).item()


BANK = {
    "the reference": ("ok", reference),
    "in a loop": ("ok", in_a_loop),
    "on what is left": ("ok", on_what_is_left),
    "in NumPy": ("ok", in_numpy),
    "the stub": ("not-attempted", lambda decisions, shape, texture: ...),
    "a stub for the counts": ("not-attempted", lambda d, s, t: ... / (... + ...)),
    "all conflicts": ("counts-neither", over(lambda d, s, t: int((s != t).sum()))),
    "all images": ("counts-everything", over(lambda d, s, t: len(d))),
    "accuracy": ("accuracy", lambda d, s, t: (d == s).double().mean()),
    "congruent ones once": ("congruent-as-shape", all_hits),
    "congruent ones twice": ("congruent-twice", both_hits),
    "congruent ones for the texture": ("congruent-as-texture", congruent_as_texture),
    "the texture's": ("texture-bias", texture_bias),
    "the texture's, of all": ("texture-bias", lambda d, s, t: hits(d, s, t)[1] / int((s != t).sum())),
    "odds": ("odds", lambda d, s, t: hits(d, s, t)[0] / hits(d, s, t)[1]),
    "odds upside down": ("odds", lambda d, s, t: hits(d, s, t)[1] / hits(d, s, t)[0]),
    "per cent": ("per-cent", lambda d, s, t: 100 * reference(d, s, t)),
    "a count": ("a-count", lambda d, s, t: hits(d, s, t)[0]),
    "a count with congruent ones": ("a-count", lambda d, s, t: int((d == s).sum())),
    "not the texture": (
        "texture-counts-neither",
        lambda d, s, t: 1 - hits(d, s, t)[1] / int((s != t).sum()),
    ),
    "whole numbers": ("rounds", lambda d, s, t: hits(d, s, t)[0] // sum(hits(d, s, t))),
    "random": ("wrong-value", lambda d, s, t: 0.123),
    "always one half": ("wrong-value", lambda d, s, t: 0.5),
    "one half without a shape": ("wrong-elsewhere", fails_without_texture),
    "divides by the texture": ("raises", empty_is_nan),
    "each answer": ("wrong-shape", lambda d, s, t: (d == s).double()),
    "both counts": ("returns-tuple", hits),
    "in place": ("mutates-input", in_place),
}
