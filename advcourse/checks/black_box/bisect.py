"""The check for `bisect(fooled, x, z, steps)`: the boundary between x and z, found with yes and no alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like, seen
from ..words import words
from .oracle import Oracle, afresh, spread

STEPS = 6
# How far from x to z the boundary lies, for each sample: no multiple of 1/64, so that no step ends on it.
BOUNDARY = (0.3, 0.55, 0.81, 0.07, 0.97)

Shares = tuple[Tensor, Tensor, Tensor]  # [B] each, from x to z: the clean end, the fooled end, where it asked last
Sees = Callable[[Tensor], Tensor]


def halve(fooled: Callable, x: Tensor, z: Tensor, steps: int, *, sees: Sees = lambda hit: hit) -> Shares:
    """What is left after so many steps, of which each goes by sees(fooled(middle))."""
    clean, hit, middle = torch.zeros(len(x)), torch.ones(len(x)), torch.ones(len(x))
    for _ in range(steps):
        middle = (clean + hit) / 2
        seen = sees(fooled(between(x, z, middle))).expand(len(x))
        clean, hit = torch.where(seen, clean, middle), torch.where(seen, middle, hit)
    return clean, hit, middle


def between(x: Tensor, z: Tensor, share: Tensor) -> Tensor:
    return x + spread(share, x) * (z - x)


def ends(choose: Callable[[Tensor, Tensor, Tensor], Tensor], more: int = 0, sees: Sees = lambda hit: hit) -> Formula:
    """choose(clean, hit, last asked) after so many steps more or less than asked for."""
    return lambda fooled, x, z, steps: between(x, z, choose(*halve(fooled, x, z, max(steps + more, 0), sees=sees)))


right = ends(lambda clean, hit, last: hit)


def _one_end_moves(fooled: Callable, x: Tensor, z: Tensor, steps: int) -> Tensor:
    """Half way back to x each time, as long as that fools."""
    for _ in range(steps):
        middle = (x + z) / 2
        z = torch.where(spread(fooled(middle), x), middle, z)
    return z


def _always_back(fooled: Callable, x: Tensor, z: Tensor, steps: int) -> Tensor:
    return x + (z - x) / 2**steps


def _equal_steps(fooled: Callable, x: Tensor, z: Tensor, steps: int) -> Tensor:
    """Back from z in steps of one length, until one does not fool."""
    share, alive = torch.ones(len(x)), torch.ones(len(x), dtype=torch.bool)
    for k in range(steps - 1, -1, -1):
        here = torch.full((len(x),), k / steps)
        alive = alive & fooled(between(x, z, here))
        share = torch.where(alive, here, share)
    return between(x, z, share)


def _forgetful(of_what_fools: bool) -> Formula:
    """One of the ends begins anew where the other one moves."""

    def answer(fooled: Callable, x: Tensor, z: Tensor, steps: int) -> Tensor:
        clean, hit = x, z
        for _ in range(steps):
            middle = (clean + hit) / 2
            seen_at = spread(fooled(middle), x)
            begin = (clean, z) if of_what_fools else (x, hit)
            clean, hit = torch.where(seen_at, begin[0], middle), torch.where(seen_at, middle, begin[1])
        return hit

    return answer


def _apart_from_whole(numbers: Tensor) -> Tensor:
    return (numbers - numbers.round()).abs().max()


MISTAKES = {
    "clean-side": like(ends(lambda clean, hit, last: clean)),
    "middle-of-the-rest": like(ends(lambda clean, hit, last: (clean + hit) / 2)),
    "last-asked": like(ends(lambda clean, hit, last: last)),
    "one-step-too-few": like(ends(lambda clean, hit, last: hit, more=-1)),
    "one-step-too-many": like(ends(lambda clean, hit, last: hit, more=1)),
    "one-decision-for-all": like(
        *(
            ends(lambda clean, hit, last: hit, sees=sees)
            for sees in (
                lambda hit: hit.any(),
                lambda hit: hit.all(),
                lambda hit: hit[0],
                lambda hit: hit[-1],
                lambda hit: hit.double().mean() > 0.5,
            )
        )
    ),
    "wrong-half": like(
        ends(lambda clean, hit, last: hit, sees=torch.logical_not),
        ends(lambda clean, hit, last: clean, sees=torch.logical_not),
    ),
    "one-end-moves": like(_one_end_moves),
    "always-back": like(_always_back),
    "equal-steps": like(_equal_steps),
    "one-step-only": like(lambda fooled, x, z, steps: right(fooled, x, z, min(steps, 1))),
    "forgets-an-end": like(*map(_forgetful, (True, False))),
    "unmoved": like(lambda fooled, x, z, steps: z),
    "back-at-x": like(lambda fooled, x, z, steps: x),
    "way-alone": like(lambda *args: right(*args) - args[1]),
    "off-the-way": seen(
        lambda answer, fooled, x, z, steps: ((between(x, z, way(x, z, answer)) - answer).abs() > 1e-4).any()
    ),
    "no-halving": seen(lambda answer, fooled, x, z, steps: _apart_from_whole(way(x, z, answer) * 2**steps) > 0.01),
}


def asked(
    steps: int, *shape: int, at: tuple[float, ...] = BOUNDARY, dtype: torch.dtype = torch.float32, spare: int = 2
) -> tuple:
    """A boundary across the way from x to z, at another place for every sample; so many questions more than steps."""
    draw = torch.Generator().manual_seed(len(at) + len(shape))
    x, z = (torch.rand(len(at), *shape, generator=draw).to(dtype) for _ in "xz")
    return Oracle(x, steps + spare, partial(_beyond, x, z, torch.tensor(at))), x, z, steps


def _beyond(x: Tensor, z: Tensor, at: Tensor, point: Tensor) -> Tensor:
    return way(x, z, point) > at


def way(x: Tensor, z: Tensor, point: Tensor) -> Tensor:
    """How far from x to z a point lies, [B]."""
    line, done = (z - x).flatten(1).double(), (point - x).flatten(1).double()
    return (line * done).sum(1) / (line * line).sum(1)


def cases() -> Iterator[Case]:
    yield Case(asked(STEPS, 2, 3), "wrong-value", mistakes=MISTAKES)
    for where, args in {
        "no steps at all": asked(0, 2, 3),
        "a single step": asked(1, 2, 3),
        "fourteen steps": asked(14, 2, 3),
        "a single sample": asked(STEPS, 2, 3, at=(0.4,)),
        "points [B, 2]": asked(STEPS, 2, at=BOUNDARY[::-1]),
        "images [B, 3, 2, 2]": asked(STEPS, 3, 2, 2),
        "as many samples as pixels": asked(STEPS, 5),
        "float64": asked(STEPS, 2, 3, dtype=torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where)
    yield Case(asked(STEPS, 2, 3, spare=0), "wrong-elsewhere", "the same once more")  # asks-too-often


def _numbers(answer: Tensor, fooled: Oracle, x: Tensor, z: Tensor, steps: int) -> dict:
    at, wanted = way(x, z, answer), way(x, z, right(fooled.says, x, z, steps))
    worst = (at - wanted).abs().argmax()
    return {
        "steps": steps,
        "at": f"{at[worst]:.3f}",
        "wanted_at": f"{wanted[worst]:.3f}",
        "still_fool": int(fooled.says(answer).sum()),
        "samples": len(x),
    }


check_bisect = Spec(words(__file__, "oracle"), afresh(right), cases, _numbers, tolerance=1e-5)
