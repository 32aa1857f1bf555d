"""Answers to `mismatch_loss(d, target, z, carrier, weight)`."""

import torch
import torch.nn.functional as F


def reference(d, target, z, carrier, weight):
    return 1 - (d * target).sum(1) + weight * (z - carrier).flatten(1).square().mean(1)


def by_parts(d, t, x, c, price):
    off = 1 - F.cosine_similarity(d, t, dim=1)
    changed = F.mse_loss(x, c, reduction="none").flatten(1).mean(1)
    return off + price * changed


def one_by_one(d, target, z, carrier, weight):
    return torch.stack([1 - a @ b + weight * F.mse_loss(x, c) for a, b, x, c in zip(d, target, z, carrier)])


def half_the_distance(d, target, z, carrier, weight):
    """Of descriptors of length one."""
    return (d - target).square().sum(1) / 2 + weight * ((z - carrier) ** 2).mean(tuple(range(1, z.ndim)))


def by_a_norm(d, target, z, carrier, weight):
    change = (z - carrier).flatten(1)
    return 1 - torch.einsum("bd,bd->b", d, target) + weight * change.norm(dim=1) ** 2 / change.shape[1]


def in_place(d, target, z, carrier, weight):
    z -= carrier
    return 1 - (d * target).sum(1) + weight * z.flatten(1).square().mean(1)


def images_only(d, target, z, carrier, weight):
    return 1 - (d * target).sum(1) + weight * (z - carrier).square().mean((1, 2, 3))


def no_price_at_all(d, target, z, carrier, weight):
    return 1 - (d * target).sum(1) + (weight or 1) * (z - carrier).flatten(1).square().mean(1)


BANK = {
    "the reference": ("ok", reference),
    "by parts, other names": ("ok", by_parts),
    "one by one": ("ok", one_by_one),
    "half the distance": ("ok", half_the_distance),
    "by a norm": ("ok", by_a_norm),
    "the stub": ("not-attempted", lambda d, target, z, carrier, weight: ...),
    "a stub for the price": ("not-attempted", lambda d, target, z, c, weight: 1 - (d * target).sum(1) + weight * ...),
    "in place": ("mutates-input", in_place),
    "plain numbers": ("no-gradient", lambda *args: torch.tensor([float(v) for v in reference(*args)])),
    "a price of plain numbers": ("no-gradient", lambda *args: reference(*args[:2], args[2].detach(), *args[3:])),
    "half a gradient": (
        "other-gradient",
        lambda d, target, z, carrier, weight: reference(d, target, (z + z.detach()) / 2, carrier, weight),
    ),
    "images only": ("raises", images_only),
    "a fixed weight": ("wrong-elsewhere", lambda d, target, z, c, weight: reference(d, target, z, c, 3.0)),
    "a price of nothing": ("wrong-elsewhere", no_price_at_all),
    "the change of each pixel": ("wrong-shape", lambda d, t, z, c, weight: 1 - (d * t).sum(1) + weight * (z - c) ** 2),
    "one number": ("wrong-shape", lambda *args: reference(*args).mean()),
    "all pairs": ("wrong-shape", lambda d, target, z, c, weight: 1 - d @ target.T),
    "first channel only": ("wrong-value", lambda d, t, z, c, weight: reference(d, t, z[:, :1], c[:, :1], weight)),
}
