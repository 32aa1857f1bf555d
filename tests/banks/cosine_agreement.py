"""Answers to `cosine_agreement(a, b)`."""

import torch
import torch.nn.functional as F


def reference(a, b):
    return (a * b).sum(1) / (a.norm(dim=1) * b.expand_as(a).norm(dim=1))


def by_the_library(a, b):
    return F.cosine_similarity(a, b.expand_as(a), dim=1)


def units_first(d, t):
    return (F.normalize(d, dim=-1) * F.normalize(t, dim=-1)).sum(-1)


def one_by_one(a, b):
    rows = b if b.ndim == 2 else [b] * len(a)
    return torch.stack([u @ v / (u @ u).sqrt() / (v @ v).sqrt() for u, v in zip(a, rows)])


def by_einsum(a, b):
    dots = torch.einsum("bd,bd->b", a, b.expand_as(a))
    return dots / (a.square().sum(1) * b.expand_as(a).square().sum(1)) ** 0.5


def in_place(a, b):
    a /= a.norm(dim=1, keepdim=True)
    return F.cosine_similarity(a, b.expand_as(a), dim=1)


def pairwise(a, b):
    return F.normalize(a, dim=1) @ F.normalize(b, dim=1).T


def two_dimensions_only(a, b):
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))


def entries_as_samples(a, b):
    """A target of the length of the batch is spread the wrong way."""
    if b.ndim == 1 and len(b) == len(a):
        return reference(a, b[:, None].expand_as(a))
    return reference(a, b)


BANK = {
    "the reference": ("ok", reference),
    "by the library": ("ok", by_the_library),
    "units first, other names": ("ok", units_first),
    "one by one": ("ok", one_by_one),
    "by einsum": ("ok", by_einsum),
    "the stub": ("not-attempted", lambda a, b: ...),
    "a stub for the lengths": ("not-attempted", lambda a, b: (a * b).sum(1) / ...),
    "in place": ("mutates-input", in_place),
    "all pairs": ("wrong-shape", pairwise),
    "over the batch": ("wrong-shape", lambda a, b: F.cosine_similarity(a, b.expand_as(a), dim=0)),
    "a column": ("wrong-shape", lambda a, b: reference(a, b)[:, None]),
    "targets [B, D] only": ("raises", two_dimensions_only),
    "entries as samples": ("wrong-elsewhere", entries_as_samples),
    "with an offset in the length": (
        "added-to-the-lengths",
        lambda a, b: (a * b.expand_as(a)).sum(1) / (a.norm(dim=1) * b.expand_as(a).norm(dim=1) + 1e-6),
    ),
    "first entries only": ("wrong-value", lambda a, b: reference(a[:, :2], b[..., :2])),
    "numbers of a list": ("returns-tuple", lambda a, b: reference(a, b).tolist()),
}
