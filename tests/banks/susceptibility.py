"""Answers to `susceptibility(distance, eps)`."""

import numpy as np
import torch


def reference(distance, eps):
    return (distance[:, None] < eps[None, :]).float().mean(0)


def loop(d, radii):
    return torch.stack([(d <= e).double().mean() for e in radii]).to(d.dtype)


def sorted_search(distance, eps):
    return torch.searchsorted(distance.sort().values, eps) / len(distance)


def through_numpy(distance, eps):
    shares = [np.mean(distance.numpy() < float(e)) for e in eps]
    return torch.tensor(shares)


def transposed(distance, eps):
    hits = torch.where(distance.expand(len(eps), -1) < eps.unsqueeze(-1), 1.0, 0.0)
    return torch.einsum("en->e", hits) / distance.numel()


def under(distance, eps):
    return distance[:, None] < eps


def neighbours(distance, eps):
    return (distance[:, None] < 1.3 * eps).float().mean(0)


def single_point_is_safe(distance, eps):
    return reference(distance, eps) if len(distance) > 1 else 1 - reference(distance, eps)


def sorts_in_place(distance, eps):
    distance.copy_(distance.sort().values)
    return reference(distance, eps)


BANK = {
    "the reference": ("ok", reference),
    "a loop, at most, other names": ("ok", loop),
    "searchsorted": ("ok", sorted_search),
    "through NumPy, float64": ("ok", through_numpy),
    "transposed, einsum": ("ok", transposed),
    "in half precision": ("ok", lambda d, e: under(d, e).half().mean(0)),
    "in bfloat16": ("ok", lambda d, e: under(d, e).bfloat16().mean(0)),
    "the stub": ("not-attempted", lambda distance, eps: ...),
    "a stub for the comparison": ("not-attempted", lambda distance, eps: (distance[:, None] < ...).float().mean(0)),
    "below zero": ("no-share", lambda d, e: e - d[d < 9].mean()),
    "by distance": ("no-count", lambda d, e: torch.stack([d[d < r].sum() for r in e]) / d[d < 9].sum()),
    "a wider ball": ("other-radius", neighbours),
    "a little farther": ("wrong-value", lambda d, e: reference(d, e + 0.1)),
    "one share for all": ("wrong-shape", lambda d, e: under(d, e).float().mean()),
    "a row": ("wrong-shape", lambda d, e: under(d, e).float().mean(0, keepdim=True)),
    "the table": ("wrong-shape", lambda d, e: under(d, e).float()),
    "a single point": ("wrong-elsewhere", single_point_is_safe),
    "NaN": ("nan", lambda d, e: (d[:, None] * under(d, e)).mean(0)),
    "writes into distance": ("mutates-input", sorts_in_place),
    "a list": ("returns-tuple", lambda d, e: reference(d, e).tolist()),
}
