"""Answers to `certified_radius(first, counts, sigma, alpha)`."""

import math
from statistics import NormalDist

import torch
from scipy.special import betaincinv, ndtri
from scipy.stats import beta, binomtest, norm


def reference(first, counts, sigma, alpha):
    winner = first.argmax()
    won, draws = int(counts[winner]), int(counts.sum())
    p = beta.ppf(alpha, won, draws - won + 1) if won else 0.0
    return float(sigma * norm.ppf(p)) if p > 0.5 else 0.0


def other_names(guesses, votes, noise, level):
    c = guesses.tolist().index(max(guesses.tolist()))
    k, n = votes[c].item(), votes.sum().item()
    low = 0.0 if k == 0 else betaincinv(k, n - k + 1, level)
    if low <= 0.5:
        return 0
    return noise * ndtri(low)


def by_a_test(first, counts, sigma, alpha):
    k, n = int(counts[first.argmax()]), int(counts.sum())
    low = binomtest(k, n, alternative="greater").proportion_ci(1 - alpha, method="exact").low
    return torch.tensor(max(0.0, sigma * NormalDist().inv_cdf(low)) if low > 0 else 0.0)


def by_bisection(first, counts, sigma, alpha):
    k, n = int(counts[first.argmax()]), int(counts.sum())
    low, high = 0.0, 1.0
    for _ in range(60):
        p = (low + high) / 2
        terms = [
            math.exp(
                math.lgamma(n + 1)
                - math.lgamma(i + 1)
                - math.lgamma(n - i + 1)
                + i * math.log(p)
                + (n - i) * math.log1p(-p)
            )
            for i in range(k, n + 1)
        ]
        low, high = (p, high) if sum(terms) < alpha else (low, p)
    return sigma * NormalDist().inv_cdf(low) if low > 0.5 else 0.0


def returns_none(first, counts, sigma, alpha):
    if counts[first.argmax()] > counts.sum() / 2:
        return reference(first, counts, sigma, alpha)


def floor_at(share):
    """Abstains below another share."""

    def answer(first, counts, sigma, alpha):
        k, n = int(counts[first.argmax()]), int(counts.sum())
        p = betaincinv(k, n - k + 1, alpha) if k else 0.0
        return float(sigma * ndtri(p)) if p > share else 0.0

    return answer


def small_numbers_only(first, counts, sigma, alpha):
    return reference(first, counts.clamp_max(600), sigma, alpha)


BANK = {
    "the reference": ("ok", reference),
    "other names": ("ok", other_names),
    "by a test": ("ok", by_a_test),
    "by bisection": ("ok", by_bisection),
    "the stub": ("not-attempted", lambda *args: ...),
    "a stub for the bound": ("not-attempted", lambda first, counts, sigma, alpha: sigma * (... + 1)),
    "the count's own winner": ("same-draws-twice", lambda first, counts, *rest: reference(counts, counts, *rest)),
    "never abstains": ("never-abstains", floor_at(0.0)),
    "no number for a class that never won": (
        "nan-for-none",
        lambda first, counts, *rest: reference(first, counts, *rest) if counts[first.argmax()] else float("nan"),
    ),
    "any majority will do": (
        "abstains-elsewhere",
        lambda *args: reference(*args) or float(args[1][args[0].argmax()] > args[1].sum() / 2),
    ),
    "above six tenths": ("wrong-elsewhere", floor_at(0.65)),
    "always two deviations": ("wrong-value", lambda *args: 2.0 * args[2] if reference(*args) else 0.0),
    "large counts are cut": ("wrong-elsewhere", small_numbers_only),
    "nothing where it abstains": ("returns-none", returns_none),
    "a label beside it": ("returns-tuple", lambda *args: (int(args[0].argmax()), reference(*args))),
}
