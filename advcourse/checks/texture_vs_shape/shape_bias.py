"""The check for `shape_bias(decisions, shape, texture)`: of the answers that hit a cue, the share for the shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..interview import Interview
from ..verdict import fail


@dataclass(frozen=True)
class Counts:
    """How often each thing happened, counted by hand."""

    shape: int
    texture: int
    other: int
    congruent_right: int
    congruent_wrong: int

    @property
    def conflicts(self) -> int:
        return self.shape + self.texture + self.other

    @property
    def all(self) -> int:
        return self.conflicts + self.congruent_right + self.congruent_wrong


@dataclass(frozen=True)
class WrongCount:
    """A number made of the counts, and what to say about it."""

    diagnosis: str
    seen: str
    look: str
    value: Callable[[Counts], float]


FIRST = Counts(shape=7, texture=13, other=11, congruent_right=5, congruent_wrong=4)
OTHERS = (
    (Counts(7, 13, 0, 0, 0), "answers that all hit one of the cues"),
    (Counts(9, 0, 3, 2, 1), "an observer who always follows the shape"),
    (Counts(0, 6, 3, 2, 1), "an observer who always follows the texture"),
    (Counts(2, 1, 40, 30, 0), "mostly other answers"),
)


def check_shape_bias(ask: Interview) -> str:
    found, wanted = ask(*trials(FIRST)), right(FIRST)
    if not _close(found, wanted):
        _explain(found, wanted)
    for counts, where in OTHERS:
        if not _close(ask(*trials(counts)), right(counts)):
            fail("wrong-elsewhere", f"Right for the first observer, not for {where}.", "Which counts are special here?")
    return "Shape over shape and texture together: congruent images and answers that hit neither are left out."


def right(c: Counts) -> float:
    return c.shape / (c.shape + c.texture)


def trials(c: Counts) -> tuple[Tensor, Tensor, Tensor]:
    """Answers, shapes and textures [N] that come to these counts, in an order that tells nothing; classes 0..15."""
    draw = torch.Generator().manual_seed(6)
    shape = torch.randint(16, (c.all,), generator=draw)
    texture = (shape + torch.randint(1, 16, (c.all,), generator=draw)) % 16
    congruent = torch.arange(c.all) >= c.conflicts
    texture = torch.where(congruent, shape, texture)
    neither = torch.tensor(
        [next(k for k in range(16) if k not in pair) for pair in zip(shape.tolist(), texture.tolist())]
    )
    kinds = torch.tensor([c.shape, c.texture, c.other, c.congruent_right, c.congruent_wrong])
    kind = torch.arange(5).repeat_interleave(kinds)
    answers = torch.stack([shape, texture, neither, shape, neither])[kind, torch.arange(c.all)]
    order = torch.randperm(c.all, generator=draw)
    return answers[order], shape[order], texture[order]


_NEITHER = "An answer that hits neither cue says nothing about which of the two wins: should it count?"
_CONGRUENT = "Where shape and texture are of one class, the answer cannot tell them apart: what do such images say?"

WRONG_COUNTS = (
    WrongCount(
        "counts-neither",
        "It divided by all {conflicts} conflict images.",
        _NEITHER,
        lambda c: c.shape / c.conflicts,
    ),
    WrongCount(
        "counts-everything",
        "It divided by all {all} images, {congruent} of which have no conflict.",
        _CONGRUENT,
        lambda c: c.shape / c.all,
    ),
    WrongCount(
        "accuracy",
        "It is the share of all {all} answers that name the shape.",
        _CONGRUENT,
        lambda c: (c.shape + c.congruent_right) / c.all,
    ),
    WrongCount(
        "congruent-as-shape",
        "It counted {same} congruent images as answers for the shape.",
        _CONGRUENT,
        lambda c: (c.shape + c.congruent_right) / (c.shape + c.texture + c.congruent_right),
    ),
    WrongCount(
        "congruent-twice",
        "It counted {same} congruent images as answers for the shape and for the texture as well.",
        _CONGRUENT,
        lambda c: (c.shape + c.congruent_right) / (c.shape + c.texture + 2 * c.congruent_right),
    ),
    WrongCount(
        "congruent-as-texture",
        "It counted {same} congruent images as answers for the texture.",
        _CONGRUENT,
        lambda c: c.shape / (c.shape + c.texture + c.congruent_right),
    ),
    WrongCount(
        "texture-bias",
        "It is the share of the texture: {texture} of {decided} decided answers.",
        "Which of the two cues is in the numerator?",
        lambda c: c.texture / (c.shape + c.texture),
    ),
    WrongCount(
        "texture-bias",
        "It is the share of the texture, among all {conflicts} conflict images.",
        "Which of the two cues is in the numerator, and which answers are in the denominator?",
        lambda c: c.texture / c.conflicts,
    ),
    WrongCount(
        "odds",
        "It is {shape} over {texture}, shape over texture.",
        "A share compares a part with the whole: what is the whole here?",
        lambda c: c.shape / c.texture,
    ),
    WrongCount(
        "odds",
        "It is {texture} over {shape}, texture over shape.",
        "A share compares a part with the whole: what is the whole here, and which part is asked for?",
        lambda c: c.texture / c.shape,
    ),
    WrongCount(
        "per-cent",
        "It is the right share, times 100.",
        "A share lies between 0 and 1: where does the factor come from?",
        lambda c: 100 * right(c),
    ),
    WrongCount(
        "a-count",
        "It is {shape}, the number of answers that name the shape.",
        "A number of answers means little without a denominator: out of how many?",
        lambda c: c.shape,
    ),
    WrongCount(
        "a-count",
        "It is {more}, the number of answers that name the shape, congruent images among them.",
        "A number of answers means little without a denominator: out of how many?",
        lambda c: c.shape + c.congruent_right,
    ),
    WrongCount(
        "texture-counts-neither",
        "It is 1 minus the share of the texture, so that answers that hit neither count for the shape.",
        _NEITHER,
        lambda c: 1 - c.texture / c.conflicts,
    ),
    WrongCount(
        "rounds",
        "It is 0, though {shape} of {decided} decided answers name the shape.",
        "Whole numbers divided by // or rounded lose the share: what kind of division is yours?",
        lambda c: 0,
    ),
)


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-5 * (1 + abs(b))


def _explain(found: float, wanted: float) -> None:
    c = FIRST
    numbers = {
        "shape": c.shape,
        "texture": c.texture,
        "decided": c.shape + c.texture,
        "conflicts": c.conflicts,
        "all": c.all,
        "congruent": c.congruent_right + c.congruent_wrong,
        "same": c.congruent_right,
        "more": c.shape + c.congruent_right,
    }
    for wrong in WRONG_COUNTS:
        if _close(found, wrong.value(c)):
            fail(wrong.diagnosis, wrong.seen.format(**numbers), wrong.look.format(**numbers))
    fail(
        "wrong-value",
        f"It says {found:.3g} where {wanted:.3g} is right, {c.shape} answers for the shape and {c.texture} for the "
        "texture.",
        "Count the small case by hand: which images, and which answers, take part?",
    )
