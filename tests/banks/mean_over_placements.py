"""Answers to `mean_over_placements(score, patch, x, places)`."""

import random

import torch
import torch.nn.functional as F

from banks.pieces import gradient_of


def put(patch, x, row, column):
    out = x.clone()
    out[:, :, row : row + patch.shape[1], column : column + patch.shape[2]] = patch
    return out


def reference(score, patch, x, places):
    p = patch.detach().clone().requires_grad_()
    value = sum(score(put(p, x, *place)).mean() for place in places) / len(places)
    return torch.autograd.grad(value, p)[0]


def one_at_a_time(f, patch, images, where):
    total = torch.zeros_like(patch)
    for top, left in where:
        total += gradient_of(lambda p, at=(top, left): f(put(p, images, *at)).mean(), patch)
    return total / len(where)


def one_big_batch(score, patch, x, places):
    """A curved score knows its own images alone: stacked, and scored place by place."""
    p = patch.detach().clone().requires_grad_()
    every = torch.stack([put(p, x, *place) for place in places])
    torch.stack([score(z) for z in every]).mean().backward()
    return p.grad


def from_the_images(score, patch, x, places):
    h, w = patch.shape[1:]
    crops = []
    for row, column in places:
        g = gradient_of(lambda z: score(z).sum(), put(patch, x, row, column))
        crops.append(g[:, :, row : row + h, column : column + w])
    return torch.cat(crops).mean(0)


def padded(score, patch, x, places):
    def value(p):
        total = 0
        for row, column in places:
            around = (column, x.shape[3] - p.shape[2] - column, row, x.shape[2] - p.shape[1] - row)
            total = total + score(torch.where(F.pad(torch.ones_like(p), around) > 0, F.pad(p, around), x)).mean()
        return total / len(places)

    return gradient_of(value, patch)


def writes_into_the_batch(score, patch, x, places):
    p = patch.detach().clone().requires_grad_()
    values = []
    for row, column in places:
        with torch.no_grad():
            x[:, :, row : row + p.shape[1], column : column + p.shape[2]] = p
        values.append(score(put(p, x, row, column)).mean())
    return torch.autograd.grad(sum(values) / len(values), p)[0]


def marks_the_patch(score, patch, x, places):
    patch.requires_grad_()
    return torch.autograd.grad(sum(score(put(patch, x, *p)).mean() for p in places) / len(places), patch)[0]


def piles_up(score, patch, x, places):
    def value(p):
        z, total = x, 0
        for place in places:
            z = put(p, z, *place)
            total = total + score(z).mean()
        return total / len(places)

    return gradient_of(value, patch)


def all_at_once(score, patch, x, places):
    def value(p):
        z = x
        for place in places:
            z = put(p, z, *place)
        return score(z).mean()

    return gradient_of(value, patch)


def overwritten(score, patch, x, places):
    for place in places:
        g = gradient_of(lambda p, at=place: score(put(p, x, *at)).mean(), patch)
    return g / len(places)


def one_image_at_a_time(score, patch, x, places):
    pieces = [reference(score, patch, image[None], places) for image in x]
    return torch.stack(pieces).mean(0)


def all_in_one_question(score, patch, x, places):
    return gradient_of(lambda p: score(torch.cat([put(p, x, *place) for place in places])).mean(), patch)


def one_drawn(score, patch, x, places):
    return reference(score, patch, x, [random.choice(places)])


def each_place_once(score, patch, x, places):
    return reference(score, patch, x, sorted(set(places)))


BANK = {
    "the reference": ("ok", reference),
    "one at a time, other names": ("ok", one_at_a_time),
    "one big batch": ("ok", one_big_batch),
    "from the images": ("ok", from_the_images),
    "padded": ("ok", padded),
    "the stub": ("not-attempted", lambda score, patch, x, places: ...),
    "a stub for the picture": (
        "not-attempted",
        lambda score, patch, x, places: gradient_of(lambda p: score(... * p), x),
    ),
    "writes into the batch": ("mutates-input", writes_into_the_batch),
    "marks the patch": ("leaves-requires-grad", marks_the_patch),
    "piles up": ("patches-pile-up", piles_up),
    "all at once": ("all-patches-at-once", all_at_once),
    "overwritten": ("last-place-only", overwritten),
    "one image at a time": ("other-batch", one_image_at_a_time),
    "all in one question": ("other-batch", all_in_one_question),
    "one place, drawn": ("drawn-at-random", one_drawn),
    "each place once": ("wrong-elsewhere", each_place_once),
    "two places only": ("wrong-value", lambda score, patch, x, places: reference(score, patch, x, places[:2])),
    "of the images": ("wrong-shape", lambda score, patch, x, places: gradient_of(lambda z: score(z).mean(), x)),
}
