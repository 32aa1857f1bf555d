"""The check for `worst_case(clean, attacked)`: the share of samples that keep a positive margin whatever is tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words

# Margins in eighths, clean first, then under each of four attacks. The strongest attack and the weakest are neither
# the first nor the last; some samples fall to one attack alone, some end in a tie, three are wrong from the start.
SAMPLES = (
    *((24, 8, 16, 4, 20), (16, -8, 12, 3, 9), (8, 5, -4, 2, 6), (20, 9, 12, -1, 15), (32, 20, 28, 12, 24)),
    *((12, 3, 8, -6, -2), (16, 4, 10, -3, 7), (28, 12, 24, 0, 16), (8, 2, 6, -5, 3), (24, 11, 20, -16, 13)),
    *((4, -2, 1, -3, -8), (20, 6, 18, 2, 10), (9, 1, 5, -4, 0), (-4, -12, -6, -20, -9), (-2, -3, 4, -7, -1)),
    *((-1, 3, 2, 1, 5), (15, 7, 13, 6, 14), (11, -40, 6, 2, 1), (13, 2, 9, 1, -6), (18, 1, 16, 5, 12)),
    *((7, 6, 7, -9, 6), (22, 13, 21, 8, 17), (10, 4, 8, 3, 7), (14, -5, 12, 3, 7), (19, 6, 11, 0, 8)),
    *((21, -3, 9, 5, 4), (23, 0, 14, 8, 3), (17, -2, 8, -5, 12), (21, 2, 10, 16, 18), (6, -2, 2, -5, 3)),
    *((12, 9, 2, 7, 0), (5, 2, 2, 2, 3)),
)
# The weakest attack, most of them, their mean and their best case leave four different numbers of these.
SOFTER = ((20, -2, -9, -9, -9), (14, 8, -2, -6, -2), (9, -9, -2, 1, -2), (6, 1, 1, 8, -2), (14, -6, 5, 1, 5))


def asked(samples: tuple = SAMPLES, attacks: int = 4, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    table = torch.tensor(samples, dtype=dtype).T / 8
    return table[0].contiguous(), table[1 : 1 + attacks].contiguous()


def of(count: Callable[[Tensor], Tensor | float]) -> Formula:
    """A number of all margins, [1 + attacks, N]."""
    return lambda clean, attacked: count(torch.cat([clean[None], attacked]))


def share(flags: Tensor) -> float:
    return float(flags.double().mean())


def stand(margins: Tensor) -> float:
    """Those whose smallest margin is positive."""
    return share(margins.amin(0) > 0)


def _accuracies(margins: Tensor) -> Tensor:
    return (margins > 0).double().mean(1)


def _shares(margins: Tensor) -> list[float]:
    return [share(row > 0) for row in margins]


MISTAKES = {
    "worst-attack-for-all": like(
        of(lambda m: min(_shares(m))),
        *(of(lambda m, by=by: stand(m[[0, 1 + int(by(m[1:]).argmin())]])) for by in (_accuracies, lambda m: m.mean(1))),
    ),
    "average-over-attacks": like(
        of(lambda m: share(m > 0)), of(lambda m: share(m[1:] > 0)), of(lambda m: share((m[:1] > 0) & (m[1:] > 0)))
    ),
    "sign-of-the-mean": like(
        of(lambda m: share(m.mean(0) > 0)),
        of(lambda m: share(m[1:].mean(0) > 0)),
        of(lambda m: share((m[0] > 0) & (m[1:].mean(0) > 0))),
    ),
    "most-attacks-decide": like(
        of(lambda m: share(m.median(0).values > 0)),
        of(lambda m: share(m[1:].median(0).values > 0)),
        of(lambda m: share((m > 0).double().mean(0) > 0.5)),
        of(lambda m: share((m[1:] > 0).double().mean(0) > 0.5)),
    ),
    "best-case": like(
        of(lambda m: share(m.amax(0) > 0)),
        of(lambda m: share(m[1:].amax(0) > 0)),
        of(lambda m: share((m[0] > 0) & (m[1:].amax(0) > 0))),
        of(lambda m: max(_shares(m[1:]))),
    ),
    "either-suffices": like(of(lambda m: share((m[0] > 0) | (m[1:].amin(0) > 0)))),
    "forgets-the-clean": like(of(lambda m: stand(m[1:])), of(lambda m: share((m[1:].amin(0) > 0) | (m[0] <= 0)))),
    "clean-accuracy": like(of(lambda m: share(m[0] > 0))),
    "first-attack-only": like(of(lambda m: stand(m[:2])), of(lambda m: share(m[1] > 0))),
    "last-attack-only": like(of(lambda m: stand(m[[0, -1]])), of(lambda m: share(m[-1] > 0))),
    "first-two-only": like(of(lambda m: stand(m[:3])), of(lambda m: stand(m[1:3]))),
    "first-left-out": like(of(lambda m: stand(m[[0, *range(2, len(m))]]))),
    "last-left-out": like(of(lambda m: stand(m[:-1]))),
    "a-tie-stands": like(of(lambda m: share(m.amin(0) >= 0))),
    "only-of-the-right": like(of(lambda m: stand(m) / share(m[0] > 0))),
    "counts-the-fooled": like(
        of(lambda m: 1 - stand(m)),
        of(lambda m: share(m.amin(0) < 0)),
        of(lambda m: share((m.amin(0) <= 0) & (m[0] > 0))),
    ),
    "adds-up-the-fooled": like(
        of(lambda m: 1 - sum(1 - s for s in _shares(m))), of(lambda m: 1 - sum(1 - s for s in _shares(m[1:])))
    ),
    "multiplies": like(of(lambda m: math.prod(_shares(m))), of(lambda m: math.prod(_shares(m[1:])))),
    "mean-margin": like(
        of(lambda m: m.amin(0).mean()),
        of(lambda m: m[1:].amin(0).mean()),
        of(lambda m: m.mean(1).min()),
        of(lambda m: m.mean()),
        of(lambda m: m[1:].mean()),
    ),
    "smallest-margin": like(of(lambda m: m.min())),
    "worst-sample-of-each-attack": like(of(lambda m: share(m.amin(1) > 0)), of(lambda m: share(m[1:].amin(1) > 0))),
    "all-or-nobody": like(of(lambda m: float((m > 0).all()))),
    "divides-by-attacks": like(
        of(lambda m: (m.amin(0) > 0).sum() / (len(m) - 1)), of(lambda m: (m.amin(0) > 0).sum() / len(m))
    ),
    "a-count": like(of(lambda m: (m.amin(0) > 0).sum())),
    "in-per-cent": like(of(lambda m: 100 * stand(m))),
    "rounded": like(*(of(lambda m, n=n: round(stand(m), n)) for n in (1, 2))),
}


def cases() -> Iterator[Case]:
    # One attack of the four leaves all of the first three samples, so that "all samples" and "nobody" differ.
    yield Case(asked(), "wrong-value", also=(asked(SAMPLES[:3]), asked(SOFTER)), mistakes=MISTAKES)
    yield Case(asked(attacks=2), "wrong-elsewhere", "two attacks")
    yield Case(asked(attacks=1), "wrong-elsewhere", "a single attack")
    yield Case(asked(attacks=0), "wrong-elsewhere", "no attack at all")
    yield Case(asked(SAMPLES[:4]), "wrong-elsewhere", "as many samples as attacks")
    yield Case(asked(SAMPLES[:1]), "wrong-elsewhere", "one sample, which stands,")
    yield Case(asked(SAMPLES[7:8]), "wrong-elsewhere", "one sample that ends in a tie")
    yield Case(asked(((0, 8, 16, 4, 20),)), "wrong-elsewhere", "one sample that begins in a tie")
    yield Case(asked(dtype=torch.float64), "wrong-elsewhere", "float64")
    clean, attacked = asked(((8, 8, 8, 8, 8), (8, 8, 8, 8, -8)))
    yield Case((clean * 1e-12, attacked * 1e-12), "wrong-elsewhere", "margins of a millionth of a millionth")


check_worst_case = Spec(
    words(__file__), of(stand), cases, lambda got, clean, *_: {"samples": len(clean)}, tolerance=1e-6
)
