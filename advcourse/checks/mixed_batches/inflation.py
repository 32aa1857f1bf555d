"""The check for `inflation(m, k, weight)`: how much too large the loss is with the slide's batch and normaliser."""

from __future__ import annotations

from collections.abc import Iterator

from ..spec import Case, Spec, like, same, seen
from ..words import words

SLIDE = (32, 16, 0.3)
OTHERS = ((64, 16, 0.3), (10, 7, 0.2), (10, 9, 2.0), (5, 5, 0.5), (7, 0, 0.3))


def factor(m: int, k: int, weight: float) -> float:
    """The weights of m clean and k attacked examples, over the normaliser that fits m - k clean ones."""
    return (m + weight * k) / (m - k + weight * k)


MISTAKES = {
    "upside-down": like(lambda m, k, weight: 1 / factor(m, k, weight)),
    "forgets-the-attacked": like(lambda m, k, weight: m / (m - k + weight * k), lambda m, k, weight: m / (m - k)),
    "forgets-the-weight": like(lambda m, k, weight: (m + k) / m),
    "weight-in-one-place": like(
        lambda m, k, weight: (m + k) / (m - k + weight * k), lambda m, k, weight: (m + weight * k) / m
    ),
    "weight-on-the-clean": like(
        lambda m, k, weight: (weight * m + k) / (weight * (m - k) + k),
        lambda m, k, weight: (m + weight * k) / (weight * (m - k) + k),
    ),
    "weight-on-all-below": like(
        lambda m, k, weight: (m + weight * k) / (weight * m),
        lambda m, k, weight: (m + weight * k) / (weight * (m + k)),
    ),
    "weight-on-the-whole-batch": like(
        lambda m, k, weight: (m + weight * k) / (m - k + weight * m),
        lambda m, k, weight: (m + weight * m) / (m - k + weight * k),
        lambda m, k, weight: (m + weight * m) / (m - k + weight * m),
    ),
    "taken-off-twice": like(lambda m, k, weight: (m + weight * k) / (m - 2 * k + weight * k)),
    "clean-divisor": like(lambda m, k, weight: (m + weight * k) / (m - k)),
    "grown-divisor": like(lambda m, k, weight: (m + weight * k) / (m + k + weight * k)),
    "slide-below-is-above": like(lambda m, k, weight: (m - k + weight * k) / m),
    "weight-once": like(
        lambda m, k, weight: (m + weight * k) / (m - k + weight),
        lambda m, k, weight: (m + weight) / (m - k + weight * k),
        lambda m, k, weight: (m + weight) / (m - k + weight),
    ),
    "without-brackets": like(
        lambda m, k, weight: (m + weight * k) / (m - k) + weight * k,
        lambda m, k, weight: (m + weight * k) / m - k + weight * k,
        lambda m, k, weight: m + weight * k / (m - k + weight * k),
    ),
    "difference": like(lambda m, k, weight: k),
    "excess": like(lambda m, k, weight: factor(m, k, weight) - 1),
    "in-per-cent": like(
        lambda m, k, weight: 100 * factor(m, k, weight), lambda m, k, weight: 100 * (factor(m, k, weight) - 1)
    ),
    "one-of-the-sums": like(lambda m, k, weight: m + weight * k, lambda m, k, weight: m - k + weight * k),
    "normaliser-of-the-sum": like(lambda m, k, weight: (m + weight * k) / (m + k)),
    "one": like(lambda m, k, weight: 1.0),
    "whole": like(lambda m, k, weight: factor(m, k, weight) // 1),
    "rounded": like(*(lambda m, k, weight, n=n: round(factor(m, k, weight), n) for n in (0, 1, 2, 3))),
}
CONSTANT = {"constant": seen(lambda answer, *args: same(answer, factor(*SLIDE)))}


def cases() -> Iterator[Case]:
    # On the slide half of the batch is attacked, where some mistakes look alike.
    yield Case(SLIDE, "wrong-value", also=OTHERS[:2], mistakes=CONSTANT | MISTAKES)
    yield Case(OTHERS[2], "wrong-elsewhere", also=OTHERS[3:])


def _numbers(answer: float, m: int, k: int, weight: float) -> dict:
    return {"got": answer, "m": m, "k": k, "weight": weight}


check_inflation = Spec(words(__file__), factor, cases, _numbers)
