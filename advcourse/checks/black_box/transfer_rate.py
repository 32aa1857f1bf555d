"""The check for `transfer_rate(y, source, source_attacked, target, target_attacked)`: who is fooled along with whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words

CLASSES = 5
# How many samples there are of each kind: whether the source is right clean and attacked, then the target. A sum of
# some of them is no sum of others that a mistake could count.
KINDS = {
    **{(1, 0, 1, 0): 17, (1, 0, 1, 1): 31, (1, 1, 1, 0): 2, (1, 1, 1, 1): 11},
    **{(1, 0, 0, 0): 9, (1, 0, 0, 1): 2, (1, 1, 0, 0): 3, (1, 1, 0, 1): 1},
    **{(0, 0, 1, 0): 13, (0, 0, 1, 1): 5, (0, 1, 1, 0): 1, (0, 1, 1, 1): 4},
    **{(0, 0, 0, 0): 8, (0, 0, 0, 1): 1, (0, 1, 0, 0): 2, (0, 1, 0, 1): 1},
}


class Seen(NamedTuple):
    """Who is right: the source clean and attacked, the target clean and attacked; [N] each."""

    s: Tensor
    sa: Tensor
    t: Tensor
    ta: Tensor


def of(count: Callable[[Seen], Tensor | float]) -> Formula:
    """A number of who is right when."""
    return lambda y, *predictions: count(Seen(*(p == y for p in predictions)))


def share(of_these: Tensor, among: Tensor) -> float:
    """0 where there is nobody."""
    return float((of_these & among).sum() / among.sum().clamp_min(1))


def counted(seen: Seen) -> Tensor:
    """Whom the right denominator counts."""
    return seen.s & seen.t & ~seen.sa


def rate(seen: Seen) -> float:
    return share(~seen.ta, counted(seen))


def _over(*among: Callable[[Seen], Tensor]) -> Callable:
    """Those of the samples `among` whom the adversarial example fools the target with."""
    return like(*(of(lambda seen, a=a: share(~seen.ta, a(seen))) for a in among))


def _same_class(y: Tensor, s: Tensor, sa: Tensor, t: Tensor, ta: Tensor) -> float:
    return share((sa == ta) & (ta != y), counted(Seen(s == y, sa == y, t == y, ta == y)))


def _changed(y: Tensor, s: Tensor, sa: Tensor, t: Tensor, ta: Tensor) -> float:
    return share(t != ta, s != sa)


def _changed_from_one_answer(y: Tensor, s: Tensor, sa: Tensor, t: Tensor, ta: Tensor) -> float:
    return share(t != ta, (s == t) & (s != sa))


def _agreed(y: Tensor, s: Tensor, sa: Tensor, t: Tensor, ta: Tensor) -> float:
    return share(ta != y, (s == t) & (sa != y))


MISTAKES = {
    "everybody": like(
        of(lambda seen: share(~seen.ta & counted(seen), seen.s | True)),
        of(lambda seen: share(~seen.ta & seen.t, seen.s | True)),
        of(lambda seen: share(~seen.ta & seen.t & ~seen.sa, seen.s | True)),
    ),
    "one-minus-accuracy": _over(lambda seen: seen.s | True),
    "fall-of-the-accuracy": like(
        of(lambda seen: float(seen.t.double().mean() - seen.ta.double().mean())),
        of(lambda seen: float((seen.t.sum() - seen.ta.sum()) / seen.t.sum().clamp_min(1))),
    ),
    "never-asks-the-source": _over(lambda seen: seen.t),
    "failed-attacks-count": _over(lambda seen: seen.s & seen.t),
    "sources-mistakes-count": _over(lambda seen: seen.t & ~seen.sa),
    "targets-mistakes-count": _over(lambda seen: seen.s & ~seen.sa),
    "everybodys-mistakes-count": _over(lambda seen: ~seen.sa),
    "failed-attacks-and-targets-mistakes": _over(lambda seen: seen.s),
    "only-failed-attacks": _over(lambda seen: seen.s & seen.t & seen.sa),
    "others-in-the-numerator": like(
        *(
            of(lambda seen, who=who: float(who(seen).sum() / counted(seen).sum().clamp_min(1)))
            for who in (lambda seen: ~seen.ta, lambda seen: ~seen.ta & seen.t, lambda seen: ~seen.ta & ~seen.sa)
        )
    ),
    "ratio-of-successes": like(
        of(lambda seen: float((seen.t & ~seen.ta).sum() / (seen.s & ~seen.sa).sum().clamp_min(1))),
        of(lambda seen: float((~seen.ta).sum() / (~seen.sa).sum().clamp_min(1))),
    ),
    "networks-swapped": like(
        of(lambda seen: rate(Seen(seen.t, seen.ta, seen.s, seen.sa))),
        of(lambda seen: share(~seen.sa, seen.s & ~seen.ta)),
    ),
    "success-on-the-source": like(
        of(lambda seen: share(~seen.sa, seen.s)), of(lambda seen: share(~seen.sa, seen.s & seen.t))
    ),
    "success-on-both": like(
        of(lambda seen: share(~seen.ta & ~seen.sa, seen.s & seen.t)),
        of(lambda seen: share(~seen.ta & ~seen.sa, seen.s | True)),
    ),
    "others-in-the-denominator": like(
        *(
            of(lambda seen, who=who: share(counted(seen) & ~seen.ta, who(seen)))
            for who in (
                lambda seen: ~seen.sa,
                lambda seen: seen.s & ~seen.sa,
                lambda seen: seen.t & ~seen.sa,
                lambda seen: seen.s,
                lambda seen: seen.t,
            )
        )
    ),
    "one-more-below": like(
        of(lambda seen: float((counted(seen) & ~seen.ta).sum() / (counted(seen).sum() + 1))),
    ),
    "either-reads-rightly": _over(lambda seen: (seen.s | seen.t) & ~seen.sa),
    "survivors": like(of(lambda seen: share(seen.ta, counted(seen)))),
    "same-class": like(_same_class),
    "agreement-for-right": like(_agreed),
    "changed-answers": like(_changed, _changed_from_one_answer),
    "upside-down": like(of(lambda seen: float(counted(seen).sum() / (counted(seen) & ~seen.ta).sum().clamp_min(1)))),
    "odds": like(
        of(lambda seen: float((counted(seen) & ~seen.ta).sum() / (counted(seen) & seen.ta).sum().clamp_min(1)))
    ),
    "a-count": like(of(lambda seen: (counted(seen) & ~seen.ta).sum()), of(lambda seen: counted(seen).sum())),
    "in-per-cent": like(of(lambda seen: 100 * rate(seen))),
    "rounded": like(*(of(lambda seen, n=n: round(rate(seen), n)) for n in (0, 1, 2))),
}


def asked(kinds: dict[tuple[int, int, int, int], int], seed: int = 0) -> tuple[Tensor, ...]:
    """Labels and the four predictions, [N] each, of so many samples of each kind, shuffled."""
    draw = torch.Generator().manual_seed(seed)
    right = torch.tensor([kind for kind, n in kinds.items() for _ in range(n)]).bool().T
    right = right[:, torch.randperm(right.shape[1], generator=draw)]
    y = torch.randint(CLASSES, right.shape[1:], generator=draw)
    # Any of three wrong classes, so that two networks that are wrong may be so in one way or in two.
    wrong = (y + torch.randint(1, 4, right.shape, generator=draw)) % CLASSES
    return y, *torch.where(right, y, wrong)


ELSEWHERE = {
    "a batch where everything transfers": {(1, 0, 1, 0): 4, (0, 0, 1, 1): 3, (1, 1, 1, 1): 2},
    "a batch where nothing transfers": {(1, 0, 1, 1): 4, (0, 0, 1, 0): 3, (1, 1, 1, 0): 2},
    "a batch without anybody to count": {(1, 1, 1, 1): 3, (0, 0, 1, 0): 2, (1, 0, 0, 0): 1},
    "a single sample": {(1, 0, 1, 0): 1},
}


def cases() -> Iterator[Case]:
    yield Case(asked(KINDS, seed=1), "wrong-value", mistakes=MISTAKES)
    for where, kinds in ELSEWHERE.items():
        told = {"nan": "nobody-to-count"} if "without" in where else {}
        yield Case(asked(kinds, seed=1), "wrong-elsewhere", where, told=told)


def _numbers(answer: float, y: Tensor, *predictions: Tensor) -> dict:
    seen = Seen(*(p == y for p in predictions))
    return {"got": answer, "n": len(y), "of": int(counted(seen).sum())}


check_transfer_rate = Spec(words(__file__), of(rate), cases, _numbers, tolerance=1e-5)
