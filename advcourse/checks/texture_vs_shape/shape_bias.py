"""The check for `shape_bias(decisions, shape, texture)`: of the answers that hit a cue, the share for the shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like
from ..words import words


class Counts(NamedTuple):
    """How often each thing happened."""

    shape: int
    texture: int
    neither: int
    congruent_right: int = 0
    congruent_wrong: int = 0

    @property
    def conflicts(self) -> int:
        return self.shape + self.texture + self.neither

    @property
    def congruent(self) -> int:
        return self.congruent_right + self.congruent_wrong


FIRST = Counts(8, 15, 11, 5, 4)
OTHERS = {
    "answers that all hit one of the cues": Counts(7, 13, 0),
    "an observer who always follows the shape": Counts(9, 0, 3, 2, 1),
    "an observer who always follows the texture": Counts(0, 6, 3, 2, 1),
    "mostly other answers": Counts(2, 1, 40, 30),
}


def counted(decisions: Tensor, shape: Tensor, texture: Tensor) -> Counts:
    conflict, of_shape, of_texture = shape != texture, decisions == shape, decisions == texture
    kinds = (conflict & of_shape, conflict & of_texture, conflict & ~of_shape & ~of_texture)
    return Counts(*(int(kind.sum()) for kind in (*kinds, ~conflict & of_shape, ~conflict & ~of_shape)))


def of(value: Callable[[Counts], float]) -> Formula:
    """A number made of the counts."""
    return lambda decisions, shape, texture: value(counted(decisions, shape, texture))


right = of(lambda c: c.shape / (c.shape + c.texture))


def _mean_over(cue: int) -> Formula:
    """The mean of the shares that each class of this cue has by itself: 0 the shape, 1 the texture."""

    def formula(decisions: Tensor, *cues: Tensor) -> float:
        decided = (cues[0] != cues[1]) & ((decisions == cues[0]) | (decisions == cues[1]))
        among = [decided & (cues[cue] == k) for k in cues[cue][decided].unique()]
        return float(torch.stack([(decisions == cues[0])[one].double().mean() for one in among]).mean())

    return formula


def _until(ends: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Formula:
    """What the trials say before the first that ends the count; 0 if nothing."""

    def formula(*trials: Tensor) -> float:
        before = ends(*trials).long().cumsum(0) == 0
        c = counted(*(trial[before] for trial in trials))
        return c.shape / max(1, c.shape + c.texture)

    return formula


MISTAKES = {
    "counts-neither": like(of(lambda c: c.shape / c.conflicts)),
    "counts-everything": like(of(lambda c: c.shape / sum(c))),
    "accuracy": like(of(lambda c: (c.shape + c.congruent_right) / sum(c))),
    "congruent-as-shape": like(of(lambda c: (c.shape + c.congruent_right) / (c.shape + c.texture + c.congruent_right))),
    "congruent-twice": like(
        of(lambda c: (c.shape + c.congruent_right) / (c.shape + c.texture + 2 * c.congruent_right))
    ),
    "dropped-as-hits": like(
        of(lambda c: (c.shape + c.congruent) / (c.shape + c.texture + 2 * c.congruent)),
        of(lambda c: (c.shape + c.congruent) / (c.shape + c.texture + c.congruent)),
    ),
    "congruent-above": like(
        of(lambda c: (c.shape + c.congruent_right) / (c.shape + c.texture)),
        of(lambda c: (c.shape + c.congruent_right) / c.conflicts),
    ),
    "congruent-only": like(
        of(lambda c: c.congruent_right / c.congruent_right),
        of(lambda c: c.congruent_right / (2 * c.congruent_right)),
        of(lambda c: c.congruent_right / (c.congruent_right + c.congruent_wrong)),
    ),
    "neither-for-texture": like(of(lambda c: c.shape / (c.shape + c.neither))),
    "mean-over-classes": like(_mean_over(0), _mean_over(1)),
    "congruent-as-texture": like(of(lambda c: c.shape / (c.shape + c.texture + c.congruent_right))),
    "texture-bias": like(
        of(lambda c: c.texture / (c.shape + c.texture)),
        of(lambda c: c.texture / c.conflicts),
        of(lambda c: c.texture / sum(c)),
        of(lambda c: (c.texture + c.congruent_right) / (c.shape + c.texture + c.congruent_right)),
    ),
    "odds": like(
        of(lambda c: c.shape / c.texture if c.texture else torch.inf),
        of(lambda c: c.texture / c.shape if c.shape else torch.inf),
    ),
    "per-cent": like(
        of(lambda c: 100 * c.shape / (c.shape + c.texture)), of(lambda c: round(100 * c.shape / (c.shape + c.texture)))
    ),
    "difference": like(
        of(lambda c: (c.shape - c.texture) / (c.shape + c.texture)),
        of(lambda c: (c.shape - c.texture) / c.conflicts),
        of(lambda c: (c.shape - c.texture) / sum(c)),
    ),
    "adds-a-constant": like(
        of(lambda c: (c.shape + 1) / (c.shape + c.texture + 2)), of(lambda c: c.shape / (c.shape + c.texture + 1))
    ),
    "a-count": like(of(lambda c: c.shape), of(lambda c: c.shape + c.congruent_right)),
    "texture-counts-neither": like(of(lambda c: 1 - c.texture / c.conflicts)),
    "stops-early": like(_until(lambda d, s, t: s == t), _until(lambda d, s, t: (d != s) & (d != t))),
    "rounds": like(
        of(lambda c: c.shape // (c.shape + c.texture)),
        *(of(lambda c, n=n: round(c.shape / (c.shape + c.texture), n)) for n in (1, 2, 3, 4)),
        of(lambda c: round(c.shape / (c.shape + c.texture))),
    ),
}


def _without_class_0(decisions: Tensor, shape: Tensor, texture: Tensor) -> float:
    """As if class 0 were no answer."""
    return right(decisions.where(decisions != 0, -1), shape, texture)


CLASS_0 = {"leaves-out-class-0": like(_without_class_0)}


def cases() -> Iterator[Case]:
    yield Case(trials(FIRST), "wrong-value", mistakes=MISTAKES)
    yield Case(answers_of_class_0(), "wrong-elsewhere", "an observer who often answers class 0", mistakes=CLASS_0)
    for where, counts in OTHERS.items():
        yield Case(trials(counts), "wrong-elsewhere", where)


def trials(counts: Counts) -> tuple[Tensor, Tensor, Tensor]:
    """Answers, shapes and textures [N] that come to these counts, in an order that tells nothing; classes 0..15.

    This seed puts several that count before the first that does not, for whoever stops there.
    """
    draw, n = torch.Generator().manual_seed(493), sum(counts)
    shape = torch.randint(16, (n,), generator=draw)
    texture = (shape + torch.randint(1, 16, (n,), generator=draw)) % 16
    texture = torch.where(torch.arange(n) >= counts.conflicts, shape, texture)
    neither = torch.tensor(
        [next(k for k in range(16) if k not in cues) for cues in zip(shape.tolist(), texture.tolist())]
    )
    kind = torch.arange(5).repeat_interleave(torch.tensor(counts))
    answers = torch.stack([shape, texture, neither, shape, neither])[kind, torch.arange(n)]
    order = torch.randperm(n, generator=draw)
    return answers[order], shape[order], texture[order]


def answers_of_class_0() -> tuple[Tensor, ...]:
    """The first trials, their classes numbered from the texture that is hit most often."""
    decisions, shape, texture = trials(FIRST)
    most = texture[(decisions == texture) & (shape != texture)].mode().values
    return tuple((classes - most) % 16 for classes in (decisions, shape, texture))


def _numbers(answer: float, *args) -> dict:
    c = counted(*args)
    return c._asdict() | {
        "decided": c.shape + c.texture,
        "conflicts": c.conflicts,
        "images": sum(c),
        "congruent": c.congruent,
    }


check_shape_bias = Spec(words(__file__), right, cases, _numbers, tolerance=1e-5)
