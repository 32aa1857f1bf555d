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
    "in half precision": ("ok", lambda *told: on_what_is_left(*told).half()),
    "in bfloat16": ("ok", lambda *told: on_what_is_left(*told).bfloat16()),
    "a share of all in half precision": ("counts-neither", lambda d, s, t: (d == s)[s != t].half().mean()),
    "the stub": ("not-attempted", lambda decisions, shape, texture: ...),
    "a stub for the counts": ("not-attempted", lambda d, s, t: ... / (... + ...)),
    "odds": ("odds", lambda d, s, t: hits(d, s, t)[0] / hits(d, s, t)[1]),
    "odds upside down": ("odds", lambda d, s, t: hits(d, s, t)[1] / hits(d, s, t)[0]),
    "random": ("wrong-value", lambda d, s, t: 0.123),
    "always one half": ("congruent-only", lambda d, s, t: 0.5),
    "one half without a shape": ("wrong-elsewhere", fails_without_texture),
    "divides by the texture": ("raises", empty_is_nan),
    "each answer": ("wrong-shape", lambda d, s, t: (d == s).double()),
    "both counts": ("returns-tuple", hits),
    "in place": ("mutates-input", in_place),
}
