"""Answers to `gram(features)`."""

import torch


def reference(features):
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def einsum(f):
    return torch.einsum("bchw,bdhw->bcd", f, f) / (f.shape[2] * f.shape[3])


def mean_of_products(f):
    return (f[:, :, None] * f[:, None, :]).mean((3, 4))


def place_by_place(f):
    b, c, h, w = f.shape
    out = torch.zeros(b, c, c, dtype=f.dtype)
    for i in range(h):
        for j in range(w):
            out += f[:, :, i, j, None] * f[:, None, :, i, j] / (h * w)
    return out


def image_by_image(f):
    return torch.stack([one.flatten(1) @ one.flatten(1).T / one[0].numel() for one in f])


def total(f):
    return torch.bmm(f.flatten(2), f.flatten(2).transpose(1, 2))


def twenty_places(f):
    return total(f) / 20


def in_place(f):
    f.div_((f.shape[2] * f.shape[3]) ** 0.5)
    return total(f)


BANK = {
    "the reference": ("ok", reference),
    "einsum": ("ok", einsum),
    "the mean of products": ("ok", mean_of_products),
    "place by place": ("ok", place_by_place),
    "image by image": ("ok", image_by_image),
    "in half precision": ("ok", lambda f: reference(f.half())),
    "in bfloat16": ("ok", lambda f: reference(f.bfloat16())),
    "the sum in half precision": ("sum", lambda f: total(f.half())),
    "the stub": ("not-attempted", lambda features: ...),
    "a stub for the rows": ("not-attempted", lambda features: ... @ features),
    "twice": ("wrong-factor", lambda f: 2 * reference(f)),
    "beside each other": ("not-symmetric", lambda f: f.flatten(2) @ f.flatten(2).roll(1, 2).mT / f[0, 0].numel()),
    "plus one": ("wrong-value", lambda f: reference(f) + 1),
    "twenty places": ("wrong-elsewhere", twenty_places),
    "places by places": ("wrong-shape", lambda f: f.flatten(2).transpose(1, 2) @ f.flatten(2)),
    "one matrix": ("wrong-shape", lambda f: reference(f)[0]),
    "a view": ("raises", lambda f: reference(f.view(*f.shape[:2], -1, 1))),
    "in place": ("mutates-input", in_place),
}
