"""Answers to `nes_gradient(score, x, directions, sigma)`."""

import torch

from banks.pieces import per_sample


def slope(score, x, u, sigma):
    return (score(x + sigma * u) - score(x - sigma * u)) / (2 * sigma)


def reference(score, x, directions, sigma):
    total = torch.zeros_like(x)
    for u in directions:
        total += per_sample(slope(score, x, u, sigma), x) * u
    return total / len(directions)


def stacked(score, x, directions, sigma):
    slopes = torch.stack([slope(score, x, u, sigma) for u in directions])
    return torch.einsum("nb,nb...->b...", slopes, directions) / len(slopes)


def as_in_the_paper(f, image, noise, sigma):
    g = 0
    for u in noise:
        for sign in (1, -1):
            g = g + per_sample(f(image + sign * sigma * u), image) * sign * u
    return g / (2 * len(noise) * sigma)


def sample_by_sample(score, x, directions, sigma):
    rows = [slope(score, x, u, sigma).tolist() for u in directions]
    parts = [[row[b] * u[b] for row, u in zip(rows, directions)] for b in range(len(x))]
    return torch.stack([torch.stack(part).mean(0) for part in parts])


def steps_first(score, x, directions, sigma):
    steps = sigma * directions
    pairs = [(score(x + step) - score(x - step), step) for step in steps]
    return sum(per_sample(d, x) * step for d, step in pairs) / (2 * sigma**2 * len(pairs))


def folded(score, x, directions, sigma):
    probes = (x + sigma * directions).flatten(0, 1)
    return score(probes).view(len(directions), len(x))


def backward(score, x, directions, sigma):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(score(x).sum(), x)[0]


def asks_per_sample(score, x, directions, sigma):
    total = torch.zeros_like(x)
    for u in directions:
        for b in range(len(x)):
            total[b] += slope(score, x, u, sigma)[b] * u[b]
    return total / len(directions)


def in_place(score, x, directions, sigma):
    directions *= sigma
    return steps_first(score, x, directions / sigma, sigma)


def draws_its_own(score, x, directions, sigma):
    return reference(score, x, torch.randn(directions.shape), sigma)


def returns_in_the_loop(score, x, directions, sigma):
    total = torch.zeros_like(x)
    for u in directions:
        total += per_sample(slope(score, x, u, sigma), x) * u
        return total / len(directions)


def overwrites(score, x, directions, sigma):
    for u in directions:
        total = per_sample(slope(score, x, u, sigma), x) * u
    return total / len(directions)


BANK = {
    "the reference": ("ok", reference),
    "stacked": ("ok", stacked),
    "as in the paper": ("ok", as_in_the_paper),
    "sample by sample": ("ok", sample_by_sample),
    "steps first": ("ok", steps_first),
    "the stub": ("not-attempted", lambda score, x, directions, sigma: ...),
    "a stub for the slope": ("not-attempted", lambda score, x, us, sigma: sum(... * u for u in us)),
    "all pairs in one call": ("asks-about-others", folded),
    "with autograd": ("wants-a-gradient", backward),
    "asks for every sample again": ("asks-too-often", asks_per_sample),
    "x itself, too": ("asks-too-often", lambda score, *args: score(args[0]).sum() * 0 + reference(score, *args)),
    "in place": ("mutates-input", in_place),
    "draws its own": ("draws-its-own", draws_its_own),
    "a mean over the batch": (
        "one-difference-for-all",
        lambda score, x, us, sigma: sum(slope(score, x, u, sigma).mean() * u for u in us) / len(us),
    ),
    "returns in the loop": ("first-direction-only", returns_in_the_loop),
    "overwrites": ("last-direction-only", overwrites),
    "not shaped": ("raises", lambda score, x, us, sigma: sum(slope(score, x, u, sigma) * u for u in us)),
    "a hundredth too much": ("wrong-value", lambda s, x, us, sigma: reference(s, x, us, sigma) + 0.01),
    "scaled by 3": ("wrong-scale", lambda *args: 3 * reference(*args)),
    "unit length": ("normalised", lambda *args: (g := reference(*args)) / per_sample(g.flatten(1).norm(dim=1), g)),
    "unit length over the batch": ("wrong-scale", lambda *args: (g := reference(*args)) / g.norm()),
    "a fixed sigma": ("wrong-elsewhere", lambda score, x, us, sigma: reference(score, x, us, 0.3)),
    "the slopes": ("wrong-shape", lambda score, x, us, sigma: slope(score, x, us[0], sigma)),
    "over the samples": ("wrong-shape", lambda *args: reference(*args).mean(0)),
    "divides by its length": ("nan", lambda *args: reference(*args) / 0),
}
