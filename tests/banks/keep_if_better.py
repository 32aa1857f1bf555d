"""Answers to `keep_if_better(score, z, candidate)`."""

import torch

from banks.pieces import per_sample


def reference(score, z, candidate):
    better = score(candidate) > score(z)
    return torch.where(per_sample(better, z), candidate, z)


def indexed(score, z, candidate):
    out = z.clone()
    up = score(candidate) - score(z) > 0
    out[up] = candidate[up]
    return out


def one_by_one(f, old, new):
    gains = (f(new) - f(old)).tolist()
    return torch.stack([b if gain > 0 else a for gain, a, b in zip(gains, old, new)])


def masked(score, z, candidate):
    keep = (score(candidate) > score(z)).to(z.dtype)
    return z + per_sample(keep, z) * (candidate - z)


def through_numpy(score, z, candidate):
    better = (score(candidate) > score(z)).numpy()
    return torch.stack([candidate[i] if better[i] else z[i] for i in range(len(z))])


def in_place(score, z, candidate):
    up = score(candidate) > score(z)
    z[up] = candidate[up]
    return z


def asks_again(score, z, candidate):
    best = torch.maximum(score(z), score(candidate))
    return torch.where(per_sample(score(z) == best, z), z, candidate)


def one_image_at_a_time(score, z, candidate):
    return torch.stack([c if score(c[None]) > score(a[None]) else a for a, c in zip(z, candidate)])


def both_at_once(score, z, candidate):
    old, new = score(torch.cat([z, candidate])).chunk(2)
    return torch.where(per_sample(new > old, z), candidate, z)


def with_a_gradient(score, z, candidate):
    z = z.clone().requires_grad_()
    torch.autograd.grad(score(z).sum(), z)


def unshaped(score, z, candidate):
    return torch.where(score(candidate) > score(z), candidate, z)


def only_two(score, z, candidate):
    better = score(candidate) > score(z)
    return torch.where(better[:, None, None], candidate, z)


BANK = {
    "the reference": ("ok", reference),
    "indexed": ("ok", indexed),
    "one by one, other names": ("ok", one_by_one),
    "masked": ("ok", masked),
    "through numpy": ("ok", through_numpy),
    "the stub": ("not-attempted", lambda score, z, candidate: ...),
    "a stub for the comparison": ("not-attempted", lambda score, z, candidate: torch.where(..., candidate, z)),
    "in place": ("mutates-input", in_place),
    "asks again": ("asks-too-often", asks_again),
    "one image at a time": ("asks-about-others", one_image_at_a_time),
    "both at once": ("asks-about-others", both_at_once),
    "an oracle asked for a gradient": ("wants-a-gradient", with_a_gradient),
    "an oracle asked about numbers": ("asks-about-no-tensor", lambda score, z, c: score(z.tolist())),
    "the scores": ("wrong-shape", lambda score, z, c: torch.maximum(score(z), score(c))),
    "the mask": ("wrong-shape", lambda score, z, c: score(c) > score(z)),
    "not shaped": ("raises", unshaped),
    "for one rank only": ("wrong-shape", only_two),
    **{
        f"better by {gain}": (
            "wants-more-than-better",
            lambda score, z, c, gain=gain: torch.where(per_sample(score(c) > score(z) + gain, z), c, z),
        )
        for gain in (1, 0.01, 1e-4, 1e-6, 1e-10)
    },
    "a small step": ("neither-image", lambda score, z, c: z + 0.1 * (reference(score, z, c) - z)),
    "first half only": (
        "wrong-value",
        lambda score, z, c: torch.cat([reference(score, z, c)[: len(z) // 2], z[len(z) // 2 :]]),
    ),
    "squeezed": ("wrong-elsewhere", lambda score, z, c: reference(score, z, c) if len(z) > 1 else c),
}
