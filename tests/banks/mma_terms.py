"""Answers to `mma_terms(clean, moved, right, distance, largest)`."""

import torch


def reference(clean, moved, right, distance, largest):
    widened = torch.where(distance < largest, moved, 0.0)
    return torch.where(right, widened, clean)


def by_masks(clean, moved, right, distance, largest):
    near = right & (distance < largest)
    return clean * ~right + moved * near


def filled_in(c, m, ok, d, limit):
    loss = torch.zeros_like(c)
    loss[~ok] = c[~ok]
    moves = torch.logical_and(ok, d < limit)
    loss[moves] = m[moves]
    return loss


def one_by_one(clean, moved, right, distance, largest):
    found = []
    for i in range(len(clean)):
        if not right[i]:
            found.append(clean[i])
        elif distance[i] >= largest:
            found.append(torch.zeros_like(clean[i]))
        else:
            found.append(moved[i])
    return torch.stack(found)


def masked_fill(clean, moved, right, distance, largest):
    return moved.masked_fill(distance >= largest, 0).where(right, clean)


def in_place(clean, moved, right, distance, largest):
    moved[distance >= largest] = 0
    return torch.where(right, moved, clean)


def infinity_times_nothing(clean, moved, right, distance, largest):
    weight = distance / distance
    return torch.where(right, moved * weight * (distance < largest), clean)


BANK = {
    "the reference": ("ok", reference),
    "by masks": ("ok", by_masks),
    "filled in, other names": ("ok", filled_in),
    "one by one": ("ok", one_by_one),
    "masked fill": ("ok", masked_fill),
    "the stub": ("not-attempted", lambda clean, moved, right, distance, largest: ...),
    "a stub for the near ones": (
        "not-attempted",
        lambda clean, moved, right, distance, largest: torch.where(right, moved * ..., clean),
    ),
    "in place": ("mutates-input", in_place),
    "infinity over infinity": ("not-a-number", infinity_times_nothing),
    "plain numbers": ("no-gradient", lambda *args: torch.tensor(reference(*args).tolist())),
    "a clean loss of plain numbers": ("other-gradient", lambda clean, *args: reference(clean.detach(), *args)),
    "the mean": ("wrong-shape", lambda *args: reference(*args).mean()),
    "twice": ("wrong-value", lambda *args: 2 * reference(*args)),
    "its own largest distance": ("wrong-elsewhere", lambda *args: reference(*args[:4], 0.3)),
    "a list": ("returns-tuple", lambda *args: reference(*args).tolist()),
}
