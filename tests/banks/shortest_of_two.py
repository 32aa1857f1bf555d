"""Answers to `shortest_of_two(a, b)`."""

import torch


def reference(a, b):
    gap = (a - b).square().sum()
    share = ((b @ (b - a)) / gap).clamp(0, 1) if gap > 0 else torch.ones_like(gap)
    return share * a + (1 - share) * b


def by_cases(g1, g2):
    if g1 @ g2 >= g1 @ g1:
        return g1.clone()
    if g1 @ g2 >= g2 @ g2:
        return g2.clone()
    step = g2 - g1
    return g1 - (g1 @ step) / (step @ step) * step


def safe_denominator(a, b):
    share = torch.dot(b, b - a) / (a - b).pow(2).sum().clamp(min=1e-30)
    return torch.lerp(b, a, share.clamp(0, 1))


def bisection(a, b):
    low, high = 0.0, 1.0
    for _ in range(60):
        t = (low + high) / 2
        slope = (b + t * (a - b)) @ (a - b)
        low, high = (t, high) if slope < 0 else (low, t)
    return b + low * (a - b)


def grid(points):
    def answer(a, b):
        t = torch.linspace(0, 1, points, dtype=a.dtype)[:, None]
        segment = t * a + (1 - t) * b
        return segment[segment.norm(dim=1).argmin()]

    return answer


def mix(share, a, b):
    return share * a + (1 - share) * b


def line(a, b):
    return (b @ (b - a)) / (a - b).square().sum()


def in_place(a, b):
    share = line(a, b).clamp(0, 1)
    a.mul_(share)
    return a + (1 - share) * b


BANK = {
    "the reference": ("ok", reference),
    "by cases": ("ok", by_cases),
    "a safe denominator": ("ok", safe_denominator),
    "bisection": ("ok", bisection),
    "a fine grid": ("rough", grid(1001)),
    "a coarse grid": ("rough", grid(101)),
    "the stub": ("not-attempted", lambda a, b: ...),
    "a stub for the weight": ("not-attempted", lambda a, b: ... * a + (1 - ...) * b),
    "divides by zero": ("nan-for-equal", lambda a, b: mix(line(a, b).clamp(0, 1), a, b)),
    "a constant in the denominator": (
        "constant-at-short",
        lambda a, b: mix((b @ (b - a) / ((a - b).square().sum() + 1e-8)).clamp(0, 1), a, b),
    ),
    "nearly equal": ("constant-at-short", lambda a, b: reference(a, b) if (a - b).square().sum() > 1e-8 else a.clone()),
    "rounded weights": ("rough", lambda a, b: mix(line(a, b).clamp(0, 1).round(decimals=2), a, b)),
    "zero for equal": (
        "wrong-elsewhere",
        lambda a, b: mix(line(a, b).nan_to_num(0).clamp(0, 1), a, b) * (a != b).any(),
    ),
    "another point": ("wrong-value", lambda a, b: reference(a, b) + 0.3 * a),
    "in place": ("mutates-input", in_place),
}
