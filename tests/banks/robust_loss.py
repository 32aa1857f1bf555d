"""Answers to `robust_loss(w, b, x, y, eps)`."""

import torch
import torch.nn.functional as F


def margin(w, b, x, y):
    return y * (x @ w + b)


def norm1(w):
    return w.abs().sum()


def reference(w, b, x, y, eps):
    return F.softplus(-(margin(w, b, x, y) - eps * norm1(w)))


def at_the_worst_corner(w, b, x, y, eps):
    z = x - eps * y[:, None] * w.sign()
    return F.softplus(-y * (z @ w + b))


def by_logsigmoid(weight, bias, points, labels, radius):
    worst = labels * (points @ weight + bias) - radius * torch.linalg.norm(weight, 1)
    return -F.logsigmoid(worst)


def all_corners(w, b, x, y, eps):
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=w.dtype)] * len(w))
    scores = (x[:, None] + eps * signs) @ w + b
    return torch.logaddexp(torch.zeros((), dtype=w.dtype), -y[:, None] * scores).amax(1)


def a_loop(w, b, x, y, eps):
    losses = []
    for xi, yi in zip(x, y):
        m = yi * (w @ xi + b) - eps * sum(abs(v) for v in w)
        losses.append(torch.logaddexp(-m, torch.zeros_like(m)))
    return torch.stack(losses)


def overflows(w, b, x, y, eps):
    return (1 + (-(margin(w, b, x, y) - eps * norm1(w))).exp()).log()


BANK = {
    "the reference": ("ok", reference),
    "at the worst corner": ("ok", at_the_worst_corner),
    "logsigmoid, other names": ("ok", by_logsigmoid),
    "all corners": ("ok", all_corners),
    "a loop": ("ok", a_loop),
    "the stub": ("not-attempted", lambda w, b, x, y, eps: ...),
    "a stub for the margin": ("not-attempted", lambda w, b, x, y, eps: F.softplus(-(... - eps))),
    "the mean": ("wrong-shape", lambda w, b, x, y, eps: reference(w, b, x, y, eps).mean()),
    "squared": ("wrong-value", lambda w, b, x, y, eps: reference(w, b, x, y, eps) ** 2),
    "as written": ("overflows", overflows),
    "clamped": ("wrong-elsewhere", lambda w, b, x, y, eps: reference(w, b, x, y, eps).clamp(max=50)),
    "eps at most one": ("wrong-elsewhere", lambda w, b, x, y, eps: reference(w, b, x, y, min(eps, 1.0))),
    "changes w": ("mutates-input", lambda w, b, x, y, eps: F.softplus(-margin(w, b, x, y) + eps * w.abs_().sum())),
}
