"""The check for `mma_terms(clean, moved, right, distance, largest)`: which loss counts of each sample in MMA."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..flow import it_flows
from ..spec import Case, Formula, Questions, Spec, like
from ..words import words


def terms(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
    """Of a wrong sample the clean loss, of a right one that at the boundary, unless that is far enough."""
    return _by_case(right, distance < largest, clean, clean, moved, 0 * clean)


def _by_case(right: Tensor, near: Tensor, wrong_near: Tensor, wrong_far: Tensor, moved: Tensor, far: Tensor) -> Tensor:
    return torch.where(right, torch.where(near, moved, far), torch.where(near, wrong_near, wrong_far))


def choosing(wrong_near: str, wrong_far: str, right_near: str, right_far: str) -> Formula:
    """The mistake of another choice: "clean", "moved", "both" or "none", for wrong and right, near and far samples."""

    def answer(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
        of = {"clean": clean, "moved": moved, "both": clean + moved, "none": 0 * clean}
        chosen = (of[name] for name in (wrong_near, wrong_far, right_near, right_far))
        return _by_case(right, distance < largest, *chosen)

    return answer


def _of_distance(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
    return torch.where(right, (largest - distance).clamp(min=0), clean)


def _minus_distance(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
    return torch.where(right, -distance.clamp(max=largest), clean)


def _weighted(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
    return torch.where(right, (distance * moved).where(distance < largest, 0.0), clean)


def _weighted_by_what_is_missing(
    clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float
) -> Tensor:
    return torch.where(right, (largest - distance).clamp(min=0) * moved, clean)


def _infinity_aside(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
    """Whom no attack fooled is taken for a wrong sample."""
    return terms(clean, moved, right & distance.isfinite(), distance, largest)


def _far_ones_pay(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
    return torch.where(right & (distance >= largest), largest, terms(clean, moved, right, distance, largest))


def _divided(clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float) -> Tensor:
    return terms(clean, moved, right, distance, largest) / len(clean)


MISTAKES = {
    "never-moves": like(choosing("clean", "clean", "clean", "clean"), choosing("clean", "clean", "clean", "none")),
    "moves-all": like(choosing("moved", "moved", "moved", "moved")),
    "moves-the-wrong": like(choosing("moved", "moved", "moved", "none"), choosing("moved", "none", "moved", "none")),
    "drops-the-wrong": like(choosing("none", "none", "moved", "none")),
    "no-hinge": like(choosing("clean", "clean", "moved", "moved"), choosing("none", "none", "moved", "moved")),
    "only-the-infinite-are-far": like(
        lambda clean, moved, right, distance, largest: terms(clean, moved, right, distance, torch.inf)
    ),
    "far-ones-clean": like(choosing("clean", "clean", "moved", "clean")),
    "hinge-on-the-wrong": like(choosing("clean", "none", "moved", "none")),
    "turned-round": like(
        choosing("moved", "moved", "clean", "none"),
        choosing("moved", "moved", "clean", "clean"),
        choosing("moved", "none", "clean", "clean"),
    ),
    "hinge-turned-round": like(
        choosing("clean", "clean", "none", "moved"), choosing("clean", "clean", "clean", "moved")
    ),
    "both": like(
        choosing("clean", "clean", "both", "none"),
        choosing("clean", "clean", "both", "clean"),
        choosing("both", "both", "both", "both"),
    ),
    "near-ones-all": like(choosing("moved", "clean", "moved", "clean"), choosing("moved", "clean", "moved", "none")),
    "distance-is-no-loss": like(
        _of_distance,
        _minus_distance,
        lambda clean, moved, right, distance, largest: terms(clean, distance, right, distance, largest),
    ),
    "weighted": like(_weighted, _weighted_by_what_is_missing),
    "halfway": like(lambda clean, moved, *rest: terms(clean, (clean + moved) / 2, *rest)),
    "infinity-aside": like(_infinity_aside),
    "far-ones-pay": like(_far_ones_pay),
    "minus-sign": like(lambda clean, moved, *rest: terms(clean, -moved, *rest), lambda *args: -terms(*args)),
    "averaged": like(_divided),
}
AT_LARGEST = {
    "at-the-largest": like(
        lambda clean, moved, right, distance, largest: torch.where(
            right, torch.where(distance <= largest, moved, 0.0), clean
        )
    ),
}


HIGHER_CLEAN = {
    "larger-or-smaller": like(
        lambda clean, moved, *rest: terms(clean, torch.maximum(clean, moved), *rest),
        lambda clean, moved, *rest: terms(torch.minimum(clean, moved), moved, *rest),
    )
}


def cases() -> Iterator[Case]:
    yield Case(asked(12, 0), "wrong-value", also=(asked(12, 1),), mistakes=MISTAKES, told={"nan": "not-a-number"})
    moved, clean, *rest = asked(9, 7)
    yield Case((clean, moved, *rest), "wrong-elsewhere", "samples whose clean loss is higher", mistakes=HIGHER_CLEAN)
    clean, moved, right, distance, largest = asked(4, 2)
    yield Case(
        (clean, moved, torch.ones_like(right), torch.full_like(distance, largest), largest),
        "wrong-elsewhere",
        "right samples that lie at the largest distance exactly",
        mistakes=AT_LARGEST,
    )
    near = torch.full_like(distance, (1 - 1e-6) * largest)
    for where, args in {
        "right samples a millionth nearer than that": (clean, moved, torch.ones_like(right), near, largest),
        "losses a hundred times as high": (100 * clean, 100 * moved, right, distance, largest),
        "a single sample": asked(1, 3),
        "samples that all are wrong": (*asked(5, 4)[:2], torch.zeros(5).bool(), torch.rand(5), 0.5),
        "another largest distance": (*asked(6, 5)[:4], 0.1),
        "float64": tuple(v.double() if isinstance(v, Tensor) and v.is_floating_point() else v for v in asked(8, 6)),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def asked(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """Losses, which samples are right, and distances on both sides of the largest; those that no attack fooled: inf.

    A wrong sample has a distance too, which means nothing.
    """
    draw = torch.Generator().manual_seed(seed)
    clean, moved = 0.1 + torch.rand(n, generator=draw), 0.9 + torch.rand(n, generator=draw)
    spread, places = torch.rand(n, generator=draw), torch.arange(n)
    distance = torch.where(places % 2 == 0, 0.05 + 0.2 * spread, 0.32 + 0.3 * spread)
    return clean, moved, places % 3 != 0, distance.masked_fill(places % 6 == 5, torch.inf), 0.3


def _numbers(
    answer: Tensor, clean: Tensor, moved: Tensor, right: Tensor, distance: Tensor, largest: float
) -> dict[str, object]:
    i = int((answer - terms(clean, moved, right, distance, largest)).abs().argmax())
    kind = f"{'right' if right[i] else 'wrong'}, at distance {float(distance[i]):.3g}"
    return {"i": i, "sample": kind, "largest": largest, "n": len(clean)}


SAY = words(__file__)
check_mma_terms = Questions(
    SAY, (Spec(SAY, terms, cases, _numbers), it_flows(terms, lambda: asked(12, 0), 0, 1, to="the losses"))
)
