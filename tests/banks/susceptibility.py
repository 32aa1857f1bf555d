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


def histogram(distance, eps):
    shares = torch.empty_like(eps)
    before = 0.0
    for i in eps.argsort():
        now = (distance < eps[i]).double().mean()
        shares[i], before = now - before, now
    return shares


def zero_is_safe(distance, eps):
    return ((distance[:, None] > 0) & under(distance, eps)).float().mean(0)


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
    "the stub": ("not-attempted", lambda distance, eps: ...),
    "a stub for the comparison": ("not-attempted", lambda distance, eps: (distance[:, None] < ...).float().mean(0)),
    "share above": ("share-above", lambda d, e: (d[:, None] > e).float().mean(0)),
    "a count": ("counts", lambda d, e: under(d, e).sum(0)),
    "a count above": ("counts", lambda d, e: (~under(d, e)).sum(0)),
    "percent": ("percent", lambda d, e: 100 * reference(d, e)),
    "divided by the number of eps": ("divides-by-eps", lambda d, e: under(d, e).sum(0) / len(e)),
    "mean over eps": ("wrong-axis", lambda d, e: under(d, e).float().mean(1)),
    "one by one": ("one-by-one", lambda d, e: (d < e).float()),
    "finite ones only": ("drops-infinite", lambda d, e: reference(d[d.isfinite()], e)),
    "correct ones only": ("drops-misclassified", lambda d, e: reference(d[d > 0], e)),
    "zero is safe": ("zero-not-counted", zero_is_safe),
    "a histogram": ("histogram", histogram),
    "sorts the eps": ("sorts-eps", lambda d, e: reference(d, e.sort().values)),
    "mean of the distances": ("not-averaged", lambda d, e: torch.where(under(d, e), d[:, None], 0.0).mean(0)),
    "a wider ball": ("wrong-value", neighbours),
    "one share for all": ("wrong-shape", lambda d, e: under(d, e).float().mean()),
    "a row": ("wrong-shape", lambda d, e: under(d, e).float().mean(0, keepdim=True)),
    "the table": ("wrong-shape", lambda d, e: under(d, e).float()),
    "a single point": ("wrong-elsewhere", single_point_is_safe),
    "NaN": ("nan", lambda d, e: (d[:, None] * under(d, e)).mean(0)),
    "writes into distance": ("mutates-input", sorts_in_place),
    "a list": ("returns-tuple", lambda d, e: reference(d, e).tolist()),
}
