"""Answers to `average_precision(ranking_is_relevant)`."""

import torch


def reference(ranking_is_relevant):
    found = ranking_is_relevant.cumsum(0)
    ranks = torch.arange(1, len(ranking_is_relevant) + 1)
    return (found / ranks)[ranking_is_relevant].mean().item()


def with_notes(ranking):
    notes, hits = [], 0
    for rank, right in enumerate(ranking.tolist(), start=1):
        hits += right
        if right:
            notes.append(hits / rank)
    return sum(notes) / len(notes)


def from_the_ranks(r):
    ranks = r.nonzero().flatten() + 1
    return (torch.arange(1, len(ranks) + 1) / ranks).mean()


def in_one_sum(relevant):
    hit = relevant.double()
    return (hit * hit.cumsum(0) / torch.arange(1, len(hit) + 1)).sum() / hit.sum()


def by_slices(relevant):
    return sum(relevant[: i + 1].double().mean().item() for i in range(len(relevant)) if relevant[i]) / int(
        relevant.sum()
    )


def from_zero(relevant):
    hits, notes = 0, []
    for rank, right in enumerate(relevant.tolist()):
        if right:
            hits += 1
            notes.append(hits / rank)
    return sum(notes) / len(notes)


def slices_too_short(relevant):
    notes = [relevant[:i].double().mean() for i in range(len(relevant)) if relevant[i]]
    return sum(notes) / len(notes)


def in_place(relevant):
    relevant[0] = True
    return reference(relevant)


def down_to_the_last(relevant):
    last = int(relevant.nonzero()[-1])
    return relevant[: last + 1].double().mean()


BANK = {
    "the reference": ("ok", reference),
    "with notes": ("ok", with_notes),
    "from the ranks, other names": ("ok", from_the_ranks),
    "in one sum": ("ok", in_one_sum),
    "by slices": ("ok", by_slices),
    "the stub": ("not-attempted", lambda relevant: ...),
    "a stub for the precisions": ("not-attempted", lambda relevant: sum(... / rank for rank in relevant.nonzero())),
    "from zero": ("ranks-from-zero", from_zero),
    "slices too short": ("hits-from-zero", slices_too_short),
    "down to the last": ("precision-at-the-last", down_to_the_last),
    "in place": ("mutates-input", in_place),
    "all precisions": ("wrong-shape", lambda r: r.cumsum(0) / torch.arange(1, len(r) + 1)),
    "the precisions at the hits": ("wrong-shape", lambda r: (r.cumsum(0) / torch.arange(1, len(r) + 1))[r]),
    "a flag": ("returns-no-number", lambda r: bool(r.any())),
    "at ten": ("wrong-value", lambda r: reference(r[:4])),
    "a constant": ("wrong-value", lambda r: 0.987),
    "long lists are cut": ("wrong-elsewhere", lambda r: reference(r[:100])),
    "first place always a miss": (
        "wrong-elsewhere",
        lambda r: reference(torch.cat([r[:1] & False, r[1:]])) if r[1:].any() else 0.0,
    ),
}
