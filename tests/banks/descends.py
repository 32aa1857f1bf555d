"""Answers to `descends(gradients, directions)`."""

import torch


def slopes(gradients, directions):
    return directions @ gradients.T


def reference(gradients, directions):
    return (slopes(gradients, directions) < 0).all(1)


def largest_slope(gradients, directions):
    return slopes(gradients, directions).max(dim=1).values < 0


def one_by_one(gs, ds):
    return torch.tensor([all(float(g @ d) < 0 for g in gs) for d in ds])


def einsum(gradients, directions):
    return torch.where(torch.einsum("kn,mn->mk", gradients, directions).amax(1) < 0, 1.0, 0.0)


BANK = {
    "the reference": ("ok", reference),
    "the largest slope": ("ok", largest_slope),
    "one by one": ("ok", one_by_one),
    "by einsum": ("ok", lambda g, d: einsum(g, d) > 0),
    "ones and zeros": ("no-truth-values", einsum),
    "the stub": ("not-attempted", lambda g, d: ...),
    "a stub for the slopes": ("not-attempted", lambda g, d: (d @ ... < 0).all(1)),
    "all at once": ("never", lambda g, d: (slopes(g, d) < 0).all().expand(len(d))),
    "signs": ("returns-numbers", lambda g, d: slopes(g, d).amax(1).sign()),
    "clearly down only": ("wrong-answer", lambda g, d: slopes(g, d).amax(1) < -2.5),
    "three gradients": ("wrong-elsewhere", lambda g, d: (slopes(g, d)[:, :3] < 0).all(1)),
    "a margin": ("asks-for-more-than-less", lambda g, d: (slopes(g, d) < -1e-4).all(1)),
    "one for each pair": ("wrong-shape", lambda g, d: slopes(g, d) < 0),
    "over the directions": ("wrong-shape", lambda g, d: (slopes(g, d) < 0).all(0)),
    "in place": ("mutates-input", lambda g, d: (d.neg_() @ g.T > 0).all(1)),
}
