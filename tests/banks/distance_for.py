"""Answers to `distance_for(confidence, w, temperature)`."""

import math

import torch


def reference(confidence, w, temperature):
    return temperature * torch.logit(confidence) / w.norm()


def written_out(p, weights, t):
    return t * torch.log(p / (1 - p)) / torch.linalg.vector_norm(weights)


def difference_of_logarithms(p, w, t):
    return (p.log() - torch.log1p(-p)) * (t / w.pow(2).sum() ** 0.5)


def by_halving(p, w, t):
    """Without solving anything: where does the sigmoid reach p?"""
    low, high = torch.zeros_like(p), torch.full_like(p, 1e3)
    for _ in range(60):
        middle = (low + high) / 2
        reached = torch.sigmoid(middle * w.norm() / t) >= p
        low, high = torch.where(reached, low, middle), torch.where(reached, middle, high)
    return high


def through_atanh(p, w, t):
    return 2 * t * torch.atanh(2 * p - 1) / w.norm()


BANK = {
    "the reference": ("ok", reference),
    "written out": ("ok", written_out),
    "difference of logarithms": ("ok", difference_of_logarithms),
    "by halving": ("ok", by_halving),
    "through atanh": ("ok", through_atanh),
    "at ten": ("fixed-temperature", lambda p, w, t: 10 * torch.logit(p) / w.norm()),
    "the stub": ("not-attempted", lambda p, w, t: ...),
    "a stub for the logit": ("not-attempted", lambda p, w, t: t * ... / w.norm()),
    "logarithm of a negative": ("nan", lambda p, w, t: torch.log(-p)),
    "plus one": ("adds-a-constant", lambda p, w, t: reference(p, w, t) + 1),
    "the root of T": ("wrong-factor", lambda p, w, t: reference(p, w, t) / t**0.5),
    "no odds": ("negative-distance", lambda p, w, t: t * torch.log(p / (1 + p)) / w.norm()),
    "squared": ("wrong-value", lambda p, w, t: reference(p, w, t) ** 2),
    "confidences up to 0.95": ("capped", lambda p, w, t: t * torch.logit(p, eps=0.05) / w.norm()),
    "careful beyond 0.99": ("capped", lambda p, w, t: t * torch.logit(p, eps=0.01) / w.norm()),
    "no confidence above 1 - 1e-12": ("capped", lambda p, w, t: t * torch.logit(p, eps=1e-12) / w.norm()),
    "never below a tenth": ("wrong-elsewhere", lambda p, w, t: reference(p, w, t).clamp(min=0.1)),
    "a number": ("returns-no-tensor", lambda p, w, t: math.log(9)),
    "changes the confidences": ("mutates-input", lambda p, w, t: t * p.logit_() / w.norm()),
}
