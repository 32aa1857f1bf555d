"""Answers to `to_sixteen(probabilities, members)`."""

import torch


def reference(probabilities, members):
    return torch.stack([probabilities[:, list(ks)].mean(1) for ks in members.values()], 1)


def by_columns(p, members):
    out = torch.empty(len(p), len(members))
    for column, ks in enumerate(members.values()):
        out[:, column] = sum(p[:, k] for k in ks) / len(ks)
    return out


def by_matrix(p, members):
    mapping = torch.zeros(p.shape[1], len(members), dtype=p.dtype)
    for column, ks in enumerate(members.values()):
        mapping[ks, column] = 1 / len(ks)
    return p @ mapping


def image_by_image(p, members):
    return torch.tensor([[float(row[ks].mean()) for ks in members.values()] for row in p])


def four_only(p, members):
    return torch.stack([p[:, members[name]].mean(1) for name in ("knife", "elephant", "cat", "dog")], 1)


def keeps_the_order_it_knows(p, members):
    known = ("knife", "elephant", "cat", "dog")
    return reference(p, {name: members[name] for name in known} if set(known) == set(members) else members)


def in_place(p, members):
    p.div_(p.sum(1, keepdim=True) * 2)
    return 2 * reference(p, members)


def classes_for_images(p, members):
    return torch.stack([p.T[ks].mean(1)[:1].expand(len(p)) for ks in members.values()], 1)


BANK = {
    "the reference": ("ok", reference),
    "by columns": ("ok", by_columns),
    "as a matrix": ("ok", by_matrix),
    "image by image": ("ok", image_by_image),
    "in half precision": ("ok", lambda p, members: reference(p.half(), members)),
    "in bfloat16": ("ok", lambda p, members: reference(p.bfloat16(), members)),
    "the stub": ("not-attempted", lambda probabilities, members: ...),
    "a stub for the members": ("not-attempted", lambda p, members: torch.stack([...], 1)),
    "softmax before": ("softmax-again", lambda p, m: reference(p.softmax(1), m)),
    "twice": ("wrong-value", lambda p, m: 2 * reference(p, m)),
    "classes read as images": ("one-row-for-all", classes_for_images),
    "the same for all": ("one-row-for-all", lambda p, m: torch.full((len(p), len(m)), 0.25)),
    "the four only": ("wrong-elsewhere", four_only),
    "the order it knows": ("wrong-elsewhere", keeps_the_order_it_knows),
    "transposed": ("wrong-shape", lambda p, m: reference(p, m).T),
    "the decision": ("wrong-shape", lambda p, m: reference(p, m).argmax(1)),
    "a dict": ("returns-no-tensor", lambda p, m: {name: p[:, ks].mean(1) for name, ks in m.items()}),
    "in place": ("mutates-input", in_place),
}
