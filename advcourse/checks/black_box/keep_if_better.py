"""The check for `keep_if_better(score, z, candidate)`: a sample moves where its own score rises, and only there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like, seen
from ..words import words
from .oracle import Oracle, afresh, eighths, spread

# How much better the candidate of each sample is. In the second list the sum falls, in both a tie is among them.
GAINS = (2, -1, 0, 0.5, -0.5, 4, -2)
LOSSES = (-3, 1, -0.5, 0, 0.5, -2, 2)


def moves_where(better: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The candidate where better(old, new), of the scores [B], else z."""

    def answer(score: Callable[[Tensor], Tensor], z: Tensor, candidate: Tensor) -> Tensor:
        moves = better(score(z), score(candidate)).expand(len(z))
        return torch.where(spread(moves, z), candidate, z)

    return answer


right = moves_where(lambda old, new: new > old)


def _wants_more(answer: Tensor, score: Oracle, z: Tensor, candidate: Tensor) -> bool:
    """The samples that moved gain more than those that stayed, some of which gain as well."""
    gain = score.says(candidate) - score.says(z)
    moved = (answer == candidate).flatten(1).all(1)
    stayed = (answer == z).flatten(1).all(1)
    most = gain.where(stayed, -torch.inf).max().clamp_min(0)
    return bool((moved | stayed).all()) and bool((gain.where(moved, torch.inf) > most).all())


def _is_neither(answer: Tensor, score: Oracle, z: Tensor, candidate: Tensor) -> bool:
    """The answer is right, or a part of it was in neither image."""
    wanted = right(score.says, z, candidate)
    return bool(((answer != z) & (answer != candidate)).any()) or torch.equal(answer, wanted)


MISTAKES = {
    "always-moves": like(lambda score, z, candidate: candidate),
    "never-moves": like(lambda score, z, candidate: z),
    "moves-on-a-tie": like(moves_where(lambda old, new: new >= old)),
    "keeps-the-worse": like(
        moves_where(lambda old, new: new < old), moves_where(lambda old, new: new <= old), moves_where(torch.ne)
    ),
    "one-decision-for-all": like(
        *(moves_where(lambda old, new, of=of: of(new) > of(old)) for of in (torch.sum, torch.max, torch.min)),
        moves_where(lambda old, new: (new > old).any()),
        moves_where(lambda old, new: (new > old).all()),
        moves_where(lambda old, new: (new > old)[0]),
        moves_where(lambda old, new: (new > old)[-1]),
        moves_where(lambda old, new: (new > old).double().mean() > 0.5),
    ),
    "compares-with-others": like(
        *(moves_where(lambda old, new, of=of: new > of(old)) for of in (torch.max, torch.min, torch.mean)),
        moves_where(lambda old, new: new > old[0]),
        moves_where(lambda old, new: new > old.median()),
        *(moves_where(lambda old, new, by=by: new > old.roll(by)) for by in (1, -1)),
    ),
    "compares-with-zero": like(
        moves_where(lambda old, new: new > 0),
        moves_where(lambda old, new: old > 0),
        moves_where(lambda old, new: old <= 0),
        moves_where(lambda old, new: (new > 0) & (old <= 0)),
    ),
    "compares-sizes": like(
        moves_where(lambda old, new: new.abs() > old.abs()), moves_where(lambda old, new: new / old > 1)
    ),
    "best-sample-only": like(moves_where(lambda old, new: new - old == (new - old).max())),
    "pixel-by-pixel": like(lambda score, z, candidate: torch.maximum(z, candidate)),
    "half-way": like(
        lambda score, z, candidate: (z + candidate) / 2,
        lambda score, z, candidate: torch.where(spread(score(candidate) > score(z), z), (z + candidate) / 2, z),
    ),
    "adds-the-candidate": like(
        lambda score, z, candidate: z + candidate,
        lambda score, z, candidate: z + spread(score(candidate) > score(z), z) * candidate,
    ),
    "cuts-the-pixels": like(lambda *args: right(*args).clamp(0, 1)),
    "moves-to-zero": like(lambda score, z, candidate: spread(score(candidate) > score(z), z) * candidate),
    "wants-more-than-better": seen(_wants_more),
    "neither-image": seen(_is_neither),
}


def asked(gains: Sequence[float], *shape: int, lift: float = 0.0, dtype: torch.dtype = torch.float32) -> tuple:
    """A score that rises by so much from z to the candidate, along the pixels' sum or against it."""
    z, candidate = (eighths(len(gains), *shape, seed=seed).to(dtype) for seed in (1, 2))
    sign = torch.where(torch.arange(len(gains)) % 3 == 0, -1.0, 1.0).to(dtype)
    # The last pixel makes up the difference; the score of z is above zero for some and below for others.
    sums = (candidate - z).flatten(1).sum(1)
    candidate.flatten(1)[:, -1] += sign * torch.tensor(gains, dtype=dtype) - sums
    return Oracle(z, 2, partial(_score, sign, z.flatten(1).sum(1).mean().mul(8).round() / 8 - lift)), z, candidate


def _score(sign: Tensor, middle: Tensor, z: Tensor) -> Tensor:
    return sign * (z.flatten(1).sum(1) - middle)


def cases() -> Iterator[Case]:
    batches = (asked(gains, 2, 3) for gains in (LOSSES, (1.0,) * 4, (-1.0,) * 4))
    yield Case(asked(GAINS, 2, 3), "wrong-value", also=tuple(batches), mistakes=MISTAKES)
    for where, args in {
        "a single sample": asked((1,), 2, 3),
        "a single sample that gets worse": asked((-1,), 2, 3),
        "points [B, 2]": asked(GAINS[::-1], 2),
        "images [B, 3, 2, 2]": asked(GAINS, 3, 2, 2),
        "as many samples as pixels": asked(GAINS[:3], 3),
        "float64": asked(LOSSES, 2, 3, dtype=torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where)
    # As small as the scores' precision allows: what is added to one of them against rounding decides here.
    for dtype, small in {torch.float32: 2**-17, torch.float64: 2**-44}.items():
        yield Case(asked([gain * small for gain in GAINS], 2, 3, dtype=dtype), "wants-more-than-better")


def _numbers(answer: Tensor, score: Oracle, z: Tensor, candidate: Tensor) -> dict:
    wanted, old, new = right(score.says, z, candidate), score.says(z), score.says(candidate)
    off = ((answer - wanted).abs() > 1e-4).flatten(1).any(1)
    moved = ((answer - z).abs() > 1e-4).flatten(1).any(1)
    return {
        "off": int(off.sum()),
        "samples": len(z),
        "moved": int(moved.sum()),
        "better": int((new > old).sum()),
        "worse": int((new < old).sum()),
    }


check_keep_if_better = Spec(words(__file__, "oracle"), afresh(right), cases, _numbers, tolerance=1e-6)
