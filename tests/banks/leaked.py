"""Answers to the exercise `leaked`."""

import torch


def right(logits, y):
    return logits.argmax(1) == y


def reference(clean, attacked, y):
    return int((~right(clean, y) & right(attacked, y)).sum())


def in_a_loop(clean, attacked, y):
    return sum(1 for c, a, t in zip(clean, attacked, y) if c.argmax() != t and a.argmax() == t)


def as_a_tensor(clean, attacked, y):
    return ((clean.argmax(1) != y) * (attacked.argmax(1) == y)).sum()


def by_cases(clean, attacked, y):
    return len(y[(clean.argmax(1) != y) & (attacked.argmax(1) == y)])


def with_topk(clean, attacked, y):
    wrong_before = clean.topk(1).indices.squeeze(1).ne(y)
    return right(attacked[wrong_before], y[wrong_before]).sum().item()


BANK = {
    "the reference": ("ok", reference),
    "in a loop": ("ok", in_a_loop),
    "as a tensor": ("ok", as_a_tensor),
    "by cases": ("ok", by_cases),
    "with topk": ("ok", with_topk),
    "the stub": ("not-attempted", lambda clean, attacked, y: ...),
    "a stub for the right ones": ("not-attempted", lambda clean, attacked, y: (~right(clean, y)).sum() * ...),
    "twice": ("wrong-value", lambda c, a, y: 2 * reference(c, a, y)),
    "the largest logit for its class": ("none", lambda c, a, y: ((c.amax(1) != y) & (a.amax(1) == y)).sum()),
    "one more": ("off-by-one", lambda c, a, y: reference(c, a, y) + 1),
    "at least one": ("wrong-elsewhere", lambda c, a, y: max(1, reference(c, a, y))),
    "which ones": ("wrong-shape", lambda c, a, y: ~right(c, y) & right(a, y)),
    "whether": ("returns-no-number", lambda c, a, y: reference(c, a, y) > 0),
    "over none": ("nan", lambda c, a, y: torch.tensor(float("nan"))),
}
