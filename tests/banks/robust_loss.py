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


def as_cross_entropy_of_the_clean(w, b, x, y, eps):
    scores = x @ w + b
    logits = torch.stack([torch.zeros_like(scores), scores], 1)
    return F.cross_entropy(logits, ((y + 1) / 2).long(), reduction="none")


def with_margin(change):
    return lambda w, b, x, y, eps: F.softplus(-change(margin(w, b, x, y), w, b, y, eps))


BANK = {
    "the reference": ("ok", reference),
    "at the worst corner": ("ok", at_the_worst_corner),
    "logsigmoid, other names": ("ok", by_logsigmoid),
    "all corners": ("ok", all_corners),
    "a loop": ("ok", a_loop),
    "the stub": ("not-attempted", lambda w, b, x, y, eps: ...),
    "a stub for the margin": ("not-attempted", lambda w, b, x, y, eps: F.softplus(-(... - eps))),
    "largest entry": ("same-norm", with_margin(lambda m, w, b, y, e: m - e * w.abs().max())),
    "Euclidean length": ("l2-norm", with_margin(lambda m, w, b, y, e: m - e * w.norm())),
    "sum of w": ("sum-without-sizes", with_margin(lambda m, w, b, y, e: m - e * w.sum())),
    "number of coordinates": ("counts-coordinates", with_margin(lambda m, w, b, y, e: m - e * len(w))),
    "eps alone": ("margin-less-eps", with_margin(lambda m, w, b, y, e: m - e)),
    "no attack": ("ignores-eps", with_margin(lambda m, w, b, y, e: m)),
    "cross entropy of the clean": ("ignores-eps", as_cross_entropy_of_the_clean),
    "plus": ("helps-the-sample", with_margin(lambda m, w, b, y, e: m + e * norm1(w))),
    "downhill for all": (
        "same-way-for-all",
        lambda w, b, x, y, eps: F.softplus(-margin(w, b, x - eps * w.sign(), y)),
    ),
    "uphill for all": ("same-way-for-all", lambda w, b, x, y, eps: F.softplus(-margin(w, b, x + eps * w.sign(), y))),
    "no bias": ("forgets-the-bias", lambda w, b, x, y, eps: reference(w, 0 * b, x, y, eps)),
    "attacks the bias": ("attacks-the-bias", with_margin(lambda m, w, b, y, e: m - e * (norm1(w) + b.abs()))),
    "no label": ("forgets-the-label", lambda w, b, x, y, eps: F.softplus(-(x @ w + b - eps * norm1(w)))),
    "no minus": ("no-minus", lambda w, b, x, y, eps: F.softplus(margin(w, b, x, y) - eps * norm1(w))),
    "hinge": ("hinge", lambda w, b, x, y, eps: F.relu(1 - (margin(w, b, x, y) - eps * norm1(w)))),
    "probability": ("probability", lambda w, b, x, y, eps: torch.sigmoid(margin(w, b, x, y) - eps * norm1(w))),
    "its opposite": ("probability", lambda w, b, x, y, eps: torch.sigmoid(-(margin(w, b, x, y) - eps * norm1(w)))),
    "the margin": ("returns-the-margin", lambda w, b, x, y, eps: margin(w, b, x, y) - eps * norm1(w)),
    "regularised": ("penalty-outside", lambda w, b, x, y, eps: F.softplus(-margin(w, b, x, y)) + eps * norm1(w)),
    "twice eps": ("diameter", lambda w, b, x, y, eps: reference(w, b, x, y, 2 * eps)),
    "the mean for each": ("one-for-all", lambda w, b, x, y, eps: reference(w, b, x, y, eps).mean().expand(len(x))),
    "the sum for each": ("one-for-all", lambda w, b, x, y, eps: reference(w, b, x, y, eps).sum().expand(len(x))),
    "over the batch": ("divides-by-the-batch", lambda w, b, x, y, eps: reference(w, b, x, y, eps) / len(x)),
    "the mean": ("wrong-shape", lambda w, b, x, y, eps: reference(w, b, x, y, eps).mean()),
    "squared": ("wrong-value", lambda w, b, x, y, eps: reference(w, b, x, y, eps) ** 2),
    "as written": ("overflows", overflows),
    "clamped": ("wrong-elsewhere", lambda w, b, x, y, eps: reference(w, b, x, y, eps).clamp(max=50)),
    "eps at most one": ("wrong-elsewhere", lambda w, b, x, y, eps: reference(w, b, x, y, min(eps, 1.0))),
    "changes w": ("mutates-input", lambda w, b, x, y, eps: F.softplus(-margin(w, b, x, y) + eps * w.abs_().sum())),
}
