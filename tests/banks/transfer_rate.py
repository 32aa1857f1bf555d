"""Answers to `transfer_rate(y, source, source_attacked, target, target_attacked)`."""

import torch


def reference(y, source, source_attacked, target, target_attacked):
    counted = (source == y) & (target == y) & (source_attacked != y)
    if not counted.any():
        return 0.0
    return (target_attacked[counted] != y[counted]).double().mean().item()


def a_quotient(y, s, sa, t, ta):
    counted = (s == y) & (t == y) & (sa != y)
    return ((ta != y) & counted).sum() / counted.sum().clamp(min=1)


def one_by_one(y, source, source_attacked, target, target_attacked):
    hits = total = 0
    for label, s, sa, t, ta in zip(*(v.tolist() for v in (y, source, source_attacked, target, target_attacked))):
        if s == t == label != sa:
            total += 1
            hits += ta != label
    return hits / total if total else 0


def filtered(y, *answers):
    right = torch.stack([a == y for a in answers])
    counted = right[0] & ~right[1] & right[2]
    return (counted & ~right[3]).sum().item() / max(counted.sum().item(), 1)


def by_changes(y, s, sa, t, ta):
    counted = (s == y) & (t == y) & (sa != s)
    return float((ta != t)[counted].float().mean()) if counted.any() else 0.0


def no_guard(y, s, sa, t, ta):
    counted = (s == y) & (t == y) & (sa != y)
    return (ta[counted] != y[counted]).double().mean()


def divides_plainly(y, s, sa, t, ta):
    counted = (s == y) & (t == y) & (sa != y)
    return (counted & (ta != y)).sum().item() / counted.sum().item()


BANK = {
    "the reference": ("ok", reference),
    "a quotient": ("ok", a_quotient),
    "one by one, other names": ("ok", one_by_one),
    "filtered": ("ok", filtered),
    "by changes": ("ok", by_changes),
    "the stub": ("not-attempted", lambda y, s, sa, t, ta: ...),
    "a stub for the mask": ("not-attempted", lambda y, s, sa, t, ta: (ta != y)[...].sum() / ...),
    "no guard": ("nobody-to-count", no_guard),
    "divides plainly": ("raises", divides_plainly),
    "one where there is nobody": (
        "wrong-elsewhere",
        lambda *args: reference(*args) if (args[1] == args[0]).all() or len(args[0]) != 6 else 1.0,
    ),
    "a constant": ("wrong-value", lambda *args: 0.123),
    "the first ones only": ("wrong-value", lambda *args: reference(*(a[:55] for a in args))),
    "a flag for each": ("wrong-shape", lambda y, s, sa, t, ta: (ta != y).double()),
    "a pair": ("returns-tuple", lambda y, s, sa, t, ta: ((ta != y).sum(), (sa != y).sum())),
}
