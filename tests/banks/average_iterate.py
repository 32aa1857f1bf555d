"""Answers to `average_iterate(functions, w, step_size, steps)`."""

import torch

from .pieces import gradient_of
from .subgradient import largest, search_from_zero


def active(functions, w):
    return gradient_of(largest(functions, w), w)


def path(functions, w, a, steps, slope=lambda f, w, t: active(f, w)):
    walked = [w.clone()]
    for t in range(steps):
        walked.append(walked[-1] - a * slope(functions, walked[-1], t))
    return torch.stack(walked)


def reference(functions, w, step_size, steps):
    return path(functions, w, step_size, steps).mean(0)


def running(functions, w, step_size, steps):
    mean = w.clone()
    for t in range(1, steps + 1):
        w = w - step_size * active(functions, w)
        mean += (w - mean) / (t + 1)
    return mean


def total(fs, x, alpha, T):
    s = x
    for _ in range(T):
        x = x - alpha * gradient_of(lambda v: torch.stack([g(v) for g in fs]).max(), x)
        s = s + x
    return s / (T + 1)


def recursive(functions, w, step_size, steps, seen=()):
    seen = (*seen, w)
    if not steps:
        return sum(seen) / len(seen)
    return recursive(functions, w - step_size * active(functions, w), step_size, steps - 1, seen)


def decaying(functions, w, a, steps):
    mean = w
    for _ in range(steps):
        w = w - a * active(functions, w)
        mean = 0.9 * mean + 0.1 * w
    return mean


def in_place(functions, w, a, steps):
    mean = w / (steps + 1)
    for _ in range(steps):
        w -= a * active(functions, w)
        mean = mean + w / (steps + 1)
    return mean


def following(slope):
    return lambda f, w, a, steps: path(f, w, a, steps, slope).mean(0)


BANK = {
    "the reference": ("ok", reference),
    "a running mean": ("ok", running),
    "a sum": ("ok", total),
    "recursive": ("ok", recursive),
    "the stub": ("not-attempted", lambda functions, w, step_size, steps: ...),
    "a stub for the slope": ("not-attempted", lambda f, w, a, steps: w - a * ...),
    "decaying weights": ("wrong-value", decaying),
    "nothing for no steps": ("no-steps", lambda f, w, a, s: reference(f, w, a, s) if s else 0 * w),
    "rounds": ("wrong-elsewhere", lambda f, w, a, s: reference(f, w, a, s) + (0.01 if len(w) == 3 else 0)),
    "0 over 0 for no steps": ("no-steps", lambda f, w, a, s: reference(f, w, a, s) * torch.tensor(s) / s),
    "a search from zero": ("best-starts-at-zero", following(lambda f, w, t: search_from_zero(f, w))),
    "at most ten steps": ("wrong-elsewhere", lambda f, w, a, s: reference(f, w, a, min(s, 10))),
    "in place": ("mutates-input", in_place),
    "all iterates": ("wrong-shape", path),
}
