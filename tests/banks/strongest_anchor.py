"""Answers to `strongest_anchor(objectness)`."""

import torch


def reference(objectness):
    return objectness.flatten(1).amax(1).mean().item()


def by_the_pair(out):
    return out.reshape(len(out), -1).max(dim=1).values.mean()


def image_by_image(maps):
    return sum(one.max() for one in maps) / len(maps)


def over_all_other_dimensions(objectness):
    return objectness.amax(tuple(range(1, objectness.ndim))).double().mean()


def sorted_first(objectness):
    return float(torch.stack([row.sort().values[-1] for row in objectness.flatten(1)]).mean())


def maps_only(objectness):
    return objectness.amax((1, 2)).mean()


def starts_at_zero(objectness):
    total = 0.0
    for one in objectness:
        best = 0.0
        for s in one.flatten().tolist():
            best = max(best, s)
        total += best
    return total / len(objectness)


def starts_far_down(objectness):
    floor = objectness.new_full((len(objectness),), -10.0)
    return torch.maximum(objectness.flatten(1).amax(1), floor).mean()


def in_place(objectness):
    objectness[objectness < 0] = 0
    return reference(objectness)


BANK = {
    "the reference": ("ok", reference),
    "by the pair": ("ok", by_the_pair),
    "image by image, other names": ("ok", image_by_image),
    "over all other dimensions": ("ok", over_all_other_dimensions),
    "sorted first": ("ok", sorted_first),
    "the stub": ("not-attempted", lambda objectness: ...),
    "a stub for the choice": ("not-attempted", lambda objectness: sum(... + one.mean() for one in objectness)),
    "maps only": ("raises", maps_only),
    "starts at zero": ("only-who-fires", starts_at_zero),
    "starts far down": ("wrong-elsewhere", starts_far_down),
    "in place": ("mutates-input", in_place),
    "one for each image": ("wrong-shape", lambda objectness: objectness.flatten(1).amax(1)),
    "a pair": ("returns-tuple", lambda objectness: tuple(objectness.flatten(1).max(1))),
    "first row only": ("wrong-value", lambda objectness: objectness[:, 0].amax(-1).mean()),
}
