"""Answers to `mean_distance(z)`."""

import itertools

import torch


def rows(z):
    return z.flatten(1)


def reference(z):
    return torch.pdist(z.flatten(1)).mean()


def table_without_diagonal(images):
    flat = images.reshape(len(images), -1)
    table = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")
    return table.sum() / (len(images) * (len(images) - 1))


def loop(z):
    total, pairs = 0.0, 0
    for a, b in itertools.combinations(z, 2):
        total += (a - b).norm().item()
        pairs += 1
    return total / pairs


def upper_triangle(z):
    difference = rows(z)[:, None] - rows(z)[None]
    i, j = torch.triu_indices(len(z), len(z), offset=1)
    return difference.square().sum(2)[i, j].sqrt().mean().item()


def table(z):
    return (rows(z)[:, None] - rows(z)[None]).norm(dim=2)


def stub_of_the_pairs(z):
    pairs = ...
    return sum(pairs) / len(z)


def for_images_only(z):
    return reference(z) if z.dim() > 2 else 2 * reference(z)


BANK = {
    "the reference": ("ok", reference),
    "a table without its diagonal": ("ok", table_without_diagonal),
    "a loop": ("ok", loop),
    "the upper triangle": ("ok", upper_triangle),
    "the stub": ("not-attempted", lambda z: ...),
    "a stub for the pairs": ("not-attempted", stub_of_the_pairs),
    "with the diagonal": ("counts-itself", lambda z: table(z).mean()),
    "upper triangle over all places": ("counts-half", lambda z: table(z).triu().mean()),
    "half": ("counts-half", lambda z: reference(z) / 2),
    "twice": ("counts-twice", lambda z: 2 * reference(z)),
    "a sum": ("a-sum", lambda z: torch.pdist(rows(z)).sum()),
    "the sum of the table": ("a-sum", lambda z: table(z).sum()),
    "l_inf": ("largest-change", lambda z: torch.pdist(rows(z), p=float("inf")).mean()),
    "l_1": ("sum-of-changes", lambda z: torch.pdist(rows(z), p=1).mean()),
    "squared": ("squared", lambda z: torch.pdist(rows(z)).square().mean()),
    "root at the end": ("root-at-the-end", lambda z: torch.pdist(rows(z)).square().mean().sqrt()),
    "over the pixels": ("per-pixel", lambda z: reference(z) / z[0].numel()),
    "over the root of the pixels": ("per-pixel", lambda z: reference(z) / z[0].numel() ** 0.5),
    "the mean change": ("per-pixel", lambda z: torch.pdist(rows(z), p=1).mean() / z[0].numel()),
    "neighbours": ("neighbours-only", lambda z: rows(z[1:] - z[:-1]).norm(dim=1).mean()),
    "to the first": ("to-the-first", lambda z: rows(z[1:] - z[:1]).norm(dim=1).mean()),
    "to the mean": ("to-the-mean", lambda z: rows(z - z.mean(0)).norm(dim=1).mean()),
    "the farthest": ("largest-pair", lambda z: torch.pdist(rows(z)).max()),
    "the nearest": ("nearest-pair", lambda z: torch.pdist(rows(z)).min()),
    "lengths": ("lengths", lambda z: rows(z).norm(dim=1).mean()),
    "median": ("wrong-value", lambda z: torch.pdist(rows(z)).median()),
    "points count twice": ("wrong-elsewhere", for_images_only),
    "all distances": ("wrong-shape", lambda z: torch.pdist(rows(z))),
}
