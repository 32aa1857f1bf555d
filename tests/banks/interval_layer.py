"""Answers to `interval_layer(weight, bias, lo, hi)`."""

import torch
import torch.nn.functional as F


def reference(weight, bias, lo, hi):
    centre, radius = (lo + hi) / 2, (hi - lo) / 2
    middle, far = F.linear(centre, weight, bias), F.linear(radius, weight.abs())
    return (middle - far).relu(), (middle + far).relu()


def by_signs(weight, bias, lo, hi):
    up, down = weight.clamp(min=0), weight.clamp(max=0)
    lower = lo @ up.T + hi @ down.T + bias
    upper = hi @ up.T + lo @ down.T + bias
    return torch.stack([lower.clamp(min=0), upper.clamp(min=0)])


def by_corners(w, b, lo, hi):
    ends = torch.stack([lo[:, None] * w, hi[:, None] * w])
    return [torch.relu(ends.amin(0).sum(-1) + b), torch.relu(ends.amax(0).sum(-1) + b)]


def chosen(w, b, lo, hi):
    worst = torch.where(w > 0, lo[:, None], hi[:, None])
    best = torch.where(w > 0, hi[:, None], lo[:, None])
    return tuple(((x * w).sum(2) + b).clamp(min=0) for x in (worst, best))


def one_by_one(w, b, lo, hi):
    out = torch.zeros(2, len(lo), len(w))
    for i in range(len(lo)):
        for j in range(len(w)):
            low = b[j] + sum(min(a * p, a * q) for a, p, q in zip(w[j], lo[i], hi[i]))
            high = b[j] + sum(max(a * p, a * q) for a, p, q in zip(w[j], lo[i], hi[i]))
            out[:, i, j] = torch.tensor([max(low, 0), max(high, 0)])
    return out


def wider(by):
    def answer(*args):
        lower, upper = reference(*args)
        return (1 - by) * lower, (1 + by) * upper

    return answer


def in_place(weight, bias, lo, hi):
    hi -= lo
    return reference(weight, bias, lo, hi + lo)


BANK = {
    "the reference": ("ok", reference),
    "by signs, stacked": ("ok", by_signs),
    "by corners, a list": ("ok", by_corners),
    "chosen for every output": ("ok", chosen),
    "one by one": ("ok", one_by_one),
    "the stub": ("not-attempted", lambda w, b, lo, hi: ...),
    "a stub for the radius": ("not-attempted", lambda w, b, lo, hi: (lo @ w.T - ..., lo @ w.T + ...)),
    "one bound by the signs": (
        "one-of-two-right",
        lambda w, b, lo, hi: (reference(w, b, lo, hi)[0], (hi @ w.T + b).relu()),
    ),
    "a leak": ("below-zero", lambda w, b, lo, hi: [v - 0.1 * (v == 0) for v in reference(w, b, lo, hi)]),
    "too wide by a bit": ("too-loose", wider(0.1)),
    "too narrow by a bit": ("excludes-what-happens", wider(-0.003)),
    "a minus too many": ("upside-down", lambda *args: (reference(*args)[1], reference(*args)[0] + 0.01)),
    "one of two": ("wrong-shape", lambda *args: reference(*args)[0]),
    "a stub in the pair": ("not-attempted", lambda *args: (reference(*args)[0], ...)),
    "a number in the pair": ("returns-no-tensor", lambda *args: (reference(*args)[0], 3)),
    "three": ("no-pair", lambda *args: (*reference(*args), 0)),
    "one tensor in a list": ("no-pair", lambda *args: [reference(*args)[0]]),
    "transposed": ("wrong-shape", lambda *args: tuple(bound.T for bound in reference(*args))),
    "outer": ("raises", lambda w, b, lo, hi: (lo @ w + b, hi @ w + b)),
    "in place": ("mutates-input", in_place),
    "for positive weights": (
        "wrong-elsewhere",
        lambda w, b, lo, hi: reference(w, b, lo, hi) if (w > 0).any() else by_signs(w.abs(), b, lo, hi),
    ),
}
