"""The check for `average_precision(ranking_is_relevant)`: the mean, over the hits, of the precision down to each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words

# Misses first, so that dividing by a rank that counts from zero gives a number; misses last, so that the end of the
# list is not its last hit.
RANKINGS = ((0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0), (0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0))


def of_hits(number: Callable[[Tensor, Tensor, int], Tensor | float]) -> Formula:
    """number(ranks, found, n): where the hits are, [R] from 1 on; how many are found by then, [R]; how many results."""

    def answer(ranking_is_relevant: Tensor) -> float:
        ranks = 1 + ranking_is_relevant.nonzero()[:, 0].double()
        return float(number(ranks, 1 + torch.arange(len(ranks)).double(), len(ranking_is_relevant)))

    return answer


right = of_hits(lambda ranks, found, n: (found / ranks).mean())


def _everywhere(relevant: Tensor) -> Tensor:
    """The precision down to each result, hit or not, [N]."""
    return relevant.double().cumsum(0) / torch.arange(1, len(relevant) + 1)


def _trapezoids(before: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The area under precision over recall, a trapezoid for each hit from before(ranks, found) to its precision."""
    return of_hits(lambda ranks, found, n: ((found / ranks + before(ranks, found)) / 2).mean())


def _of_the_hit_before(ranks: Tensor, found: Tensor) -> Tensor:
    return torch.cat([torch.ones(1).double(), (found / ranks)[:-1]])


def _one_place_before(ranks: Tensor, found: Tensor) -> Tensor:
    return torch.where(ranks > 1, (found - 1) / (ranks - 1).clamp_min(1), 1.0)


MISTAKES = {
    "divides-by-n": like(of_hits(lambda ranks, found, n: (found / ranks).sum() / n)),
    "ranks-from-zero": like(of_hits(lambda ranks, found, n: (found / (ranks - 1)).mean())),
    "hits-from-zero": like(
        of_hits(lambda ranks, found, n: ((found - 1) / ranks).mean()),
        of_hits(lambda ranks, found, n: ((found - 1) / (ranks - 1)).mean()),
    ),
    "ranks-too-large": like(of_hits(lambda ranks, found, n: (found / (ranks + 1)).mean())),
    "precision-at-the-last": like(of_hits(lambda ranks, found, n: (found / ranks)[-1])),
    "share-of-the-relevant": like(of_hits(lambda ranks, found, n: len(ranks) / n)),
    "forgets-misses": like(of_hits(lambda ranks, found, n: 1.0)),
    "precision-everywhere": like(
        lambda relevant: float(_everywhere(relevant).mean()),
        lambda relevant: float(_everywhere(relevant).sum() / relevant.sum()),
    ),
    "recall-instead": like(
        of_hits(lambda ranks, found, n: (found / len(ranks)).mean()),
        lambda relevant: float((relevant.double().cumsum(0) / relevant.sum()).mean()),
    ),
    "first-hit-only": like(of_hits(lambda ranks, found, n: 1 / ranks[0])),
    "first-ten-only": like(lambda relevant: right(relevant[:10])),
    "hits-not-counted": like(
        of_hits(lambda ranks, found, n: (1 / ranks).mean()), of_hits(lambda ranks, found, n: (1 / ranks).sum())
    ),
    "median-note": like(of_hits(lambda ranks, found, n: (found / ranks).median())),
    "not-divided": like(of_hits(lambda ranks, found, n: (found / ranks).sum())),
    "upside-down": like(of_hits(lambda ranks, found, n: (ranks / found).mean())),
    "mean-rank": like(of_hits(lambda ranks, found, n: ranks.mean()), of_hits(lambda ranks, found, n: 1 / ranks.mean())),
    "ratio-of-means": like(of_hits(lambda ranks, found, n: found.sum() / ranks.sum())),
    "from-the-end": like(lambda relevant: right(relevant.flip(0))),
    "of-the-misses": like(
        lambda relevant: right(~relevant), lambda relevant: float(_everywhere(relevant)[~relevant].mean())
    ),
    "whole-notes": like(of_hits(lambda ranks, found, n: (found // ranks).mean())),
    "best-still-to-come": like(
        of_hits(lambda ranks, found, n: (found / ranks).flip(0).cummax(0).values.flip(0).mean())
    ),
    "trapezoids": like(_trapezoids(_of_the_hit_before), _trapezoids(_one_place_before)),
    "in-per-cent": like(lambda relevant: 100 * right(relevant)),
    "rounded": like(*(lambda relevant, n=n: round(right(relevant), n) for n in (1, 2))),
}


def ranking(*relevant: int) -> tuple[Tensor]:
    return (torch.tensor(relevant).bool(),)


def cases() -> Iterator[Case]:
    first, second = (ranking(*relevant) for relevant in RANKINGS)
    yield Case(first, "wrong-value", also=(second,), mistakes=MISTAKES)
    for where, args in {
        "a hit at the very top": ranking(1, 0, 0, 1, 0),
        "a hit at the very end": ranking(0, 1, 0, 0, 1),
        "hits before all misses": ranking(1, 1, 1, 0, 0),
        "misses before all hits": ranking(0, 0, 0, 1, 1),
        "hits alone": ranking(1, 1, 1),
        "a single hit": ranking(0, 0, 1, 0),
        "a single result": ranking(1),
        "200 results": ranking(*(int(i % 7 == 3 or i % 11 == 0) for i in range(200))),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def _numbers(answer: float, relevant: Tensor) -> dict:
    return {"results": len(relevant), "hits": int(relevant.sum())}


check_average_precision = Spec(words(__file__), right, cases, _numbers, tolerance=1e-6)
