"""The check for `certified_radius(first, counts, sigma, alpha)`: how far no change moves a vote, 0 if it abstains."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words

Share = Callable[[int, int, float], float]  # (won, draws, alpha) -> what p is taken for
LARGEST = 1 - 1e-9  # a share of one would have no finite quantile


def quantile(p: float) -> float:
    """Phi^-1(p)."""
    return NormalDist().inv_cdf(min(max(p, 1e-9), LARGEST))


def beta_quantile(a: float, b: float, p: float) -> float:
    """The p quantile of a beta distribution."""
    from scipy.special import betaincinv  # takes longer to import than a student who does other things should wait

    return float(betaincinv(a, b, p))


def lower_bound(won: int, draws: int, alpha: float) -> float:
    """The bound of Clopper and Pearson: the least p under which so many heads or more come with probability alpha."""
    return beta_quantile(won, draws - won + 1, alpha) if won else 0.0


def radius(share: Share, turned: Callable[[float, float], float] = lambda p, sigma: sigma * quantile(p)) -> Formula:
    """The radius, turned(p, sigma), of what p is taken for; the guess is the first counts' winner."""

    def answer(first: Tensor, counts: Tensor, sigma: float, alpha: float) -> float:
        p = share(int(counts[int(first.argmax())]), int(counts.sum()), alpha)
        return turned(p, sigma) if p > 0.5 else 0.0

    return answer


right = radius(lower_bound)


def _guessed(guess: Callable[[Tensor, Tensor], int], pool: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """Another guess of the winner, and other counts for its share."""

    def answer(first: Tensor, counts: Tensor, sigma: float, alpha: float) -> float:
        counted = pool(first, counts)
        p = lower_bound(int(counted[guess(first, counts)]), int(counted.sum()), alpha)
        return sigma * quantile(p) if p > 0.5 else 0.0

    return answer


def _upper(won: int, draws: int, alpha: float) -> float:
    return 1 - lower_bound(draws - won, draws, alpha)


def _beta(parameters: Callable[[int, int], tuple[float, float]]) -> Share:
    """The quantile of a beta distribution with other parameters, (won, draws) -> two numbers."""
    return lambda won, draws, alpha: beta_quantile(*parameters(won, draws), alpha)


def _hoeffding(won: int, draws: int, alpha: float) -> float:
    return won / draws - (-math.log(alpha) / (2 * draws)) ** 0.5


def _won_of_both(first: Tensor, counts: Tensor, sigma: float, alpha: float) -> float:
    p = lower_bound(int(counts[int(first.argmax())]), int(first.sum() + counts.sum()), alpha)
    return sigma * quantile(p) if p > 0.5 else 0.0


def _wald(won: int, draws: int, alpha: float) -> float:
    p = won / draws
    return p - quantile(1 - alpha) * (p * (1 - p) / draws) ** 0.5


def _of_both(first: Tensor, counts: Tensor, sigma: float, alpha: float) -> float:
    """sigma / 2 (Phi^-1(p) - Phi^-1(q)), both shares as they were counted."""
    winner, draws = int(first.argmax()), int(counts.sum())
    others = counts.clone()
    others[winner] = 0
    p, q = int(counts[winner]) / draws, int(others.max()) / draws
    return max(0.0, sigma / 2 * (quantile(p) - quantile(q)))


def never_abstains(first: Tensor, counts: Tensor, sigma: float, alpha: float) -> float:
    p = lower_bound(int(counts[int(first.argmax())]), int(counts.sum()), alpha)
    return sigma * quantile(p)


MISTAKES = {
    "same-draws-twice": like(_guessed(lambda first, counts: int(counts.argmax()), lambda first, counts: counts)),
    "first-draws-alone": like(_guessed(lambda first, counts: int(first.argmax()), lambda first, counts: first)),
    "pools-the-draws": like(_guessed(lambda first, counts: int(first.argmax()), lambda first, counts: first + counts)),
    "share-itself": like(radius(lambda won, draws, alpha: won / draws)),
    "bound-from-above": like(radius(_upper), radius(lambda won, draws, alpha: lower_bound(won, draws, 1 - alpha))),
    "other-parameters": like(
        radius(_beta(lambda won, draws: (won, draws - won))),
        radius(_beta(lambda won, draws: (won + 1, draws - won))),
        radius(_beta(lambda won, draws: (won + 1, draws - won + 1))),
        radius(_beta(lambda won, draws: (draws - won + 1, won))),
        radius(_beta(lambda won, draws: (won, draws))),
        radius(_beta(lambda won, draws: (won, draws + 1))),
    ),
    "hoeffding": like(radius(_hoeffding)),
    "won-of-both": like(_won_of_both),
    "half-the-level": like(radius(lambda won, draws, alpha: lower_bound(won, draws, alpha / 2))),
    "normal-approximation": like(radius(_wald)),
    "level-of-its-own": like(
        *(radius(lambda won, draws, alpha, a=a: lower_bound(won, draws, a)) for a in (0.001, 0.01, 0.05))
    ),
    "without-sigma": like(radius(lower_bound, lambda p, sigma: quantile(p))),
    "sigma-squared": like(radius(lower_bound, lambda p, sigma: sigma**2 * quantile(p))),
    "half-the-radius": like(radius(lower_bound, lambda p, sigma: sigma / 2 * quantile(p))),
    "divided-by-sigma": like(radius(lower_bound, lambda p, sigma: quantile(p) / sigma)),
    "phi-instead": like(radius(lower_bound, lambda p, sigma: sigma * NormalDist().cdf(p))),
    "bound-alone": like(radius(lower_bound, lambda p, sigma: p)),
    "linear-instead": like(
        radius(lower_bound, lambda p, sigma: sigma * p), radius(lower_bound, lambda p, sigma: sigma * (2 * p - 1))
    ),
    "of-the-two-shares": like(_of_both),
    "minus-sign": like(lambda *args: -right(*args)),
}


def asked(first: tuple[int, ...], counts: tuple[int, ...], sigma: float = 0.4, alpha: float = 0.03) -> tuple:
    return torch.tensor(first), torch.tensor(counts), sigma, alpha


LAST = _guessed(lambda first, counts: len(first) - 1 - int(first.flip(0).argmax()), lambda first, counts: counts)


def cases() -> Iterator[Case]:
    # Here the first draws guess one class, and another wins the count: its own draws choose nobody.
    lost = asked((3, 9, 8), (40, 60, 400))
    yield Case(asked((2, 18, 5), (30, 430, 40)), None, also=(lost,), mistakes=MISTAKES)
    yield Case(asked((4, 9, 7), (90, 102, 8)), "abstains-elsewhere", mistakes={"never-abstains": like(never_abstains)})
    yield Case(lost, "same-draws-twice")
    yield Case(asked((2, 18, 5), (30, 430, 40)), "wrong-value", also=(asked((0, 20), (20, 180), 0.25, 0.005),))
    two = asked((9, 9, 2), (430, 40, 30)), (asked((3, 9, 9), (40, 30, 430)),)
    shared = {"last-of-the-winners": like(LAST)}
    yield Case(two[0], "wrong-elsewhere", "a guess that two classes share", also=two[1], mistakes=shared)
    never = asked((0, 7, 3), (150, 0, 50))
    yield Case(never, "wrong-elsewhere", "a class that never won", told={"nan": "nan-for-none"})
    for where, args in {
        "a class that won every time": asked((0, 0, 10), (0, 0, 300)),
        "a share just above a half": asked((40, 60), (430, 570)),
        "a bound just above a half": asked((40, 60), (9_700, 10_300)),
        "two classes": asked((90, 10), (700, 300), 0.1, 0.1),
        "a level of one in ten": asked((1, 9), (20, 80), 1.0, 0.1),
        "ten thousand draws": asked((5, 95), (300, 9700), 0.5, 0.001),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def _numbers(answer: float, first: Tensor, counts: Tensor, sigma: float, alpha: float) -> dict:
    won, draws = int(counts[int(first.argmax())]), int(counts.sum())
    return {"won": won, "draws": draws, "bound": f"{lower_bound(won, draws, alpha):.3f}", "alpha": alpha}


check_certified_radius = Spec(words(__file__), right, cases, _numbers, tolerance=1e-4)
