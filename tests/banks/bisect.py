"""Answers to `bisect(fooled, x, z, steps)`."""

import torch

from banks.pieces import per_sample


def reference(fooled, x, z, steps):
    clean, hit = x, z
    for _ in range(steps):
        middle = (clean + hit) / 2
        yes = per_sample(fooled(middle), x)
        clean, hit = torch.where(yes, clean, middle), torch.where(yes, middle, hit)
    return hit


def by_shares(fooled, x, z, steps):
    low, high = torch.zeros(len(x)), torch.ones(len(x))
    for _ in range(steps):
        middle = (low + high) / 2
        yes = fooled(x + per_sample(middle, x) * (z - x))
        high[yes] = middle[yes]
        low[~yes] = middle[~yes]
    return x + per_sample(high, x) * (z - x)


def by_shrinking_steps(label_changes, start, end, n):
    share, size = torch.ones(len(start), dtype=start.dtype), 1.0
    for _ in range(n):
        size /= 2
        yes = label_changes(start + per_sample(share - size, start) * (end - start))
        share = torch.where(yes, share - size, share)
    return torch.lerp(start, end, per_sample(share, start))


def in_lists(fooled, x, z, steps):
    a, b = list(x), list(z)
    for _ in range(steps):
        middle = [(p + q) / 2 for p, q in zip(a, b)]
        for i, yes in enumerate(fooled(torch.stack(middle)).tolist()):
            (b if yes else a)[i] = middle[i]
    return torch.stack(b)


def checks_first(fooled, x, z, steps):
    assert fooled(z).all() and not fooled(x).any()
    return reference(fooled, x, z, steps)


def by_halves(fooled, x, z, steps):
    end, half = z, (z - x) / 2
    for _ in range(steps):
        middle = end - half
        end = torch.where(per_sample(fooled(middle), x), middle, end)
        half = half / 2
    return end


def in_place(fooled, x, z, steps):
    for _ in range(steps):
        middle = (x + z) / 2
        yes = fooled(middle)
        z[yes] = middle[yes]
        x[~yes] = middle[~yes]
    return z


def until_close(fooled, x, z, steps):
    return reference(fooled, x, z, 30)


def asks_twice(fooled, x, z, steps):
    clean, hit = x, z
    for _ in range(steps):
        middle = (clean + hit) / 2
        clean = torch.where(per_sample(fooled(middle), x), clean, middle)
        hit = torch.where(per_sample(fooled(middle), x), middle, hit)
    return hit


def if_all(fooled, x, z, steps):
    clean, hit = x, z
    for _ in range(steps):
        middle = (clean + hit) / 2
        if fooled(middle).all():
            hit = middle
        else:
            clean = middle
    return hit


def plain_if(fooled, x, z, steps):
    clean, hit = x, z
    for _ in range(steps):
        middle = (clean + hit) / 2
        if fooled(middle):
            hit = middle
        else:
            clean = middle
    return hit


def by_thirds(fooled, x, z, steps):
    clean, hit = x, z
    for _ in range(steps):
        middle = clean + (hit - clean) / 3
        yes = per_sample(fooled(middle), x)
        clean, hit = torch.where(yes, clean, middle), torch.where(yes, middle, hit)
    return hit


def halving(middle):
    def answer(fooled, x, z, steps):
        for _ in range(steps):
            at = middle(x, z)
            hit = per_sample(fooled(at), x)
            x, z = torch.where(hit, x, at), torch.where(hit, at, z)
        return z

    return answer


def half_way_to_x(fooled, x, z, steps):
    for _ in range(steps):
        middle = (x + z) / 2
        z = torch.where(per_sample(fooled(middle), x), middle, (z + middle) / 2)
    return z


def alone(fooled, x, z, steps):
    return torch.cat([reference(fooled, x[i : i + 1], z[i : i + 1], steps) for i in range(len(x))])


BANK = {
    "the reference": ("ok", reference),
    "by shares": ("ok", by_shares),
    "by shrinking steps": ("ok", by_shrinking_steps),
    "in lists": ("ok", in_lists),
    "back by halves": ("ok", by_halves),
    "checks the ends first": ("asks-too-often", checks_first),
    "the stub": ("not-attempted", lambda fooled, x, z, steps: ...),
    "a stub for the middle": ("not-attempted", lambda fooled, x, z, steps: x + ... * (z - x)),
    "in place": ("mutates-input", in_place),
    "until it is close": ("asks-too-often", until_close),
    "asks twice a step": ("asks-too-often", asks_twice),
    "if all": ("one-decision-for-all", if_all),
    "a plain if": ("raises", plain_if),
    "by thirds": ("no-halving", by_thirds),
    "always half way to x": ("no-halving", half_way_to_x),
    "half the difference": ("off-the-way", halving(lambda clean, hit: (hit - clean) / 2)),
    "half of one end": ("off-the-way", halving(lambda clean, hit: clean + hit / 2)),
    "half way": ("wrong-value", lambda fooled, x, z, steps: (x + z) / 2),
    "one image at a time": ("asks-about-others", alone),
    "a step more for safety": ("one-step-too-many", lambda f, x, z, steps: reference(f, x, z, steps + 1)),
    "six steps": ("wrong-elsewhere", lambda f, x, z, steps: reference(f, x, z, min(steps, 6))),
    "the shares": ("wrong-shape", lambda fooled, x, z, steps: torch.ones(len(x))),
    "the answers": ("wrong-shape", lambda fooled, x, z, steps: fooled((x + z) / 2)),
    "with a gradient": ("wants-a-gradient", lambda f, x, z, steps: f(x.clone().requires_grad_())),
}
