"""Answers to `confidence_at(distance, w)`."""

import math

import torch
import torch.nn.functional as F


def reference(distance, w):
    return torch.sigmoid(distance * w.norm())


def two_logits(d, weights):
    score = d * torch.linalg.vector_norm(weights)
    return torch.stack([score, torch.zeros_like(score)]).softmax(0)[0]


def one_over(distance, w):
    return 1 / (1 + torch.exp(-distance * w.pow(2).sum().sqrt()))


def one_by_one(distance, w):
    out = torch.empty_like(distance)
    length = math.sqrt(sum(float(v) ** 2 for v in w))
    for i, d in enumerate(distance):
        out[i] = torch.sigmoid(d * length)
    return out


def through_logs(distance, w):
    return F.logsigmoid(distance * w.norm()).exp()


def exponential_of_the_score(distance, w):
    e = torch.exp(distance * w.norm())
    return e / (1 + e)


def softmax_by_hand(distance, w):
    s = distance * w.norm()
    return s.exp() / (s.exp() + (-s).exp())


def changes_the_distances(distance, w):
    return distance.mul_(w.norm()).sigmoid()


def changes_the_weights(distance, w):
    w /= w.norm()
    return reference(distance, 2.2 * w)


BANK = {
    "the reference": ("ok", reference),
    "two logits": ("ok", two_logits),
    "one over one plus": ("ok", one_over),
    "one by one": ("ok", one_by_one),
    "through logarithms": ("ok", through_logs),
    "the stub": ("not-attempted", lambda distance, w: ...),
    "a stub for the length": ("not-attempted", lambda distance, w: torch.sigmoid(distance * ...)),
    "both logits": ("doubled", softmax_by_hand),
    "exponential of the score": ("overflows", exponential_of_the_score),
    "one": ("wrong-value", lambda d, w: torch.ones_like(d)),
    "a share of the score": ("below-one-half", lambda d, w: d * w.norm() / (1 + d * w.norm())),
    "mean square": ("other-length", lambda d, w: torch.sigmoid(d * w.square().mean().sqrt())),
    "the score at most 5": ("capped", lambda d, w: torch.sigmoid((d * w.norm()).clamp(max=5))),
    "the score at most 10": ("capped", lambda d, w: torch.sigmoid((d * w.norm()).clamp(max=10))),
    "never more than all but certain": ("capped", lambda d, w: reference(d, w).clamp(max=1 - 1e-6)),
    "clamped": ("capped", lambda d, w: reference(d, w).clamp(max=0.99)),
    "assumes three weights": ("wrong-elsewhere", lambda d, w: reference(d, w[:3])),
    "changes the distances": ("mutates-input", changes_the_distances),
    "changes the weights": ("mutates-input", changes_the_weights),
    "a matrix": ("wrong-shape", lambda d, w: torch.sigmoid(d[:, None] * w)),
    "double": ("ok", lambda d, w: reference(d.double(), w.double())),
}
