"""Answers to `average_iterate(functions, w, step_size, steps)`."""

import torch

from .pieces import gradient_of
from .subgradient import all_of, largest


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


def fed_back(functions, w, a, steps):
    s, mean = w, w
    for t in range(steps):
        s = s + (mean - a * active(functions, mean))
        mean = s / (t + 2)
    return mean


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


def best(functions, w, a, steps):
    return min(path(functions, w, a, steps), key=lambda z: largest(functions, z)(z).item())


def following(slope):
    return lambda f, w, a, steps: path(f, w, a, steps, slope).mean(0)


def of_start(f, w, a, steps):
    g = active(f, w)
    return path(f, w, a, steps, lambda *_: g).mean(0)


def function_of_start(f, w, a, steps):
    first = largest(f, w)
    return path(f, w, a, steps, lambda f, z, t: gradient_of(first, z)).mean(0)


BANK = {
    "the reference": ("ok", reference),
    "a running mean": ("ok", running),
    "a sum": ("ok", total),
    "recursive": ("ok", recursive),
    "the stub": ("not-attempted", lambda functions, w, step_size, steps: ...),
    "a stub for the slope": ("not-attempted", lambda f, w, a, steps: w - a * ...),
    "last": ("last-iterate", lambda f, w, a, steps: path(f, w, a, steps)[-1]),
    "best": ("best-iterate", best),
    "without the start": ("leaves-out-the-start", lambda f, w, a, s: path(f, w, a, s)[1:].mean(0) if s else w),
    "without the end": ("leaves-out-the-end", lambda f, w, a, s: path(f, w, a, s)[:-1].mean(0) if s else w),
    "over the steps": ("divides-by-steps", lambda f, w, a, s: path(f, w, a, s).sum(0) / max(s, 1)),
    "the sum": ("sum", lambda f, w, a, s: path(f, w, a, s).sum(0)),
    "start and end": ("ends-only", lambda f, w, a, s: (w + path(f, w, a, s)[-1]) / 2),
    "up": ("uphill", lambda f, w, a, s: path(f, w, -a, s).mean(0)),
    "gradient of the start": ("gradient-of-the-start", of_start),
    "function of the start": ("function-of-the-start", function_of_start),
    "first function": ("first-function", following(lambda f, w, t: gradient_of(f[0], w))),
    "mean of the functions": ("mean-of-all-functions", following(lambda f, w, t: all_of(f, w).mean(0))),
    "sum of the functions": ("sum-of-all-functions", following(lambda f, w, t: all_of(f, w).sum(0))),
    "smallest function": (
        "smallest-function",
        following(lambda f, w, t: gradient_of(min(f, key=lambda g: g(w).item()), w)),
    ),
    "unit length": ("normalised", following(lambda f, w, t: active(f, w) / active(f, w).norm())),
    "one over t": ("diminishing", following(lambda f, w, t: active(f, w) / (t + 1))),
    "one over the root of t": ("diminishing", following(lambda f, w, t: active(f, w) / (t + 1) ** 0.5)),
    "fed back": ("goes-on-from-the-mean", fed_back),
    "one more": ("one-step-more", lambda f, w, a, s: path(f, w, a, s + 1).mean(0)),
    "stands still": ("stands-still", lambda f, w, a, s: w.clone()),
    "decaying weights": ("wrong-value", decaying),
    "nothing for no steps": ("no-steps", lambda f, w, a, s: reference(f, w, a, s) if s else 0 * w),
    "rounds": ("wrong-elsewhere", lambda f, w, a, s: reference(f, w, a, s) + (0.01 if len(w) == 3 else 0)),
    "in place": ("mutates-input", in_place),
    "all iterates": ("wrong-shape", path),
}
