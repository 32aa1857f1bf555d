"""Answers to `worst_case(clean, attacked)`."""

import torch


def reference(clean, attacked):
    every = torch.cat([clean[None], attacked])
    return (every.min(0).values > 0).double().mean().item()


def alive(clean, attacked):
    standing = clean > 0
    for margins in attacked:
        standing = standing & (margins > 0)
    return standing.sum() / len(standing)


def all_at_once(clean, attacked):
    return float(((attacked > 0).all(0) & (clean > 0)).float().mean())


def running_minimum(first, others):
    worst = first.clone()
    for row in others:
        worst = torch.minimum(worst, row)
    return (worst > 0).float().mean()


def in_lists(clean, attacked):
    count = sum(c > 0 and all(m > 0 for m in column) for c, *column in zip(clean.tolist(), *attacked.tolist()))
    return count / len(clean)


def without_guard(clean, attacked):
    return ((attacked.amin(0) > 0) & (clean > 0)).double().mean()


def overwritten(clean, attacked):
    for margins in attacked:
        standing = (clean > 0) & (margins > 0)
    return standing.double().mean()


def returns_in_the_loop(clean, attacked):
    standing = clean > 0
    for margins in attacked:
        standing &= margins > 0
        return standing.double().mean()


BANK = {
    "the reference": ("ok", reference),
    "alive": ("ok", alive),
    "all at once": ("ok", all_at_once),
    "running minimum, other names": ("ok", running_minimum),
    "in lists": ("ok", in_lists),
    "the stub": ("not-attempted", lambda clean, attacked: ...),
    "a stub for the minimum": ("not-attempted", lambda clean, attacked: (... > 0).double().mean()),
    "a minimum of nothing": ("raises", without_guard),
    "overwritten": ("last-attack-only", overwritten),
    "returns in the loop": ("first-attack-only", returns_in_the_loop),
    "along the samples": ("worst-sample-of-each-attack", lambda c, a: (a.min(1).values > 0).double().mean()),
    "only two": ("wrong-value", lambda c, a: reference(c, a[1:3])),
    "four attacks": ("wrong-elsewhere", lambda c, a: reference(c, a) if len(a) == 4 else 0.5),
    "the smallest margins": ("wrong-shape", lambda c, a: torch.cat([c[None], a]).amin(0)),
    "a constant": ("wrong-value", lambda c, a: 0.777),
    "a tie before any attack stands": ("wrong-elsewhere", lambda c, a: ((a > 0).all(0) & (c >= 0)).double().mean()),
}
