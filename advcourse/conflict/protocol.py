"""Who follows shape, who follows texture: Geirhos et al.'s protocol on sixteen classes, and what it found."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from advcourse.device import precise
from advcourse.measure import wilson

FOLDER = Path(__file__).parent
NEITHER = -1  # a decision that is none of the classes


@cache
def categories() -> dict[str, tuple[int, ...]]:
    """The sixteen categories in alphabetical order, each with the ImageNet classes that belong to it, 207 in all.

    Geirhos et al., ICLR 2019.
    """
    read = json.loads((FOLDER / "sixteen_classes.json").read_text(encoding="utf-8"))["categories"]
    return {name: tuple(members) for name, members in sorted(read.items())}


def to_sixteen(probabilities: Tensor) -> Tensor:
    """Probabilities of the 1000 ImageNet classes [N, 1000] -> of the sixteen categories [N, 16].

    A category gets the mean of its members, not their sum: else `dog` would win by its 109 breeds. Rows therefore do
    not add up to 1; only their order matters. Raises ValueError where rows are no distributions, such as logits.

    Geirhos et al., "ImageNet-trained CNNs are biased towards texture; increasing shape bias improves accuracy and
    robustness", ICLR 2019.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] != 1000:
        raise ValueError(
            f"probabilities are [N, 1000], one column for each ImageNet class; got {list(probabilities.shape)}"
        )
    totals = precise(probabilities).sum(1)
    if (probabilities < 0).any() or not torch.allclose(totals, torch.ones_like(totals), atol=1e-3):
        raise ValueError(
            f"each row must be a distribution; the first adds up to {totals[0]:.4g}, its smallest entry is "
            f"{probabilities[0].min():.4g}: logits need .softmax(1) first"
        )
    return torch.stack([probabilities[:, list(members)].mean(1) for members in categories().values()], 1)


@dataclass(frozen=True)
class ShapeBias:
    """How many answers named the shape, the texture, or neither; on how many images the two were the same."""

    shape: int
    texture: int
    other: int
    congruent: int = 0

    @property
    def decided(self) -> int:
        """Answers that hit one of the two cues: the denominator of the bias."""
        return self.shape + self.texture

    @property
    def bias(self) -> float:
        """shape / (shape + texture), NaN where no answer hit either cue."""
        return self.shape / self.decided if self.decided else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """The bias's 95 % Wilson interval."""
        return wilson(self.shape, self.decided)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"shape {self.shape}, texture {self.texture}, other {self.other}: "
            f"shape bias {self.bias:.1%} ({low:.1%} to {high:.1%})"
        )


def shape_bias(decisions: Tensor, shape: Tensor, texture: Tensor) -> ShapeBias:
    """Count the answers, class numbers [N], on images with these shapes [N] and textures [N]; NEITHER is no class.

    Where shape and texture are of one class there is no conflict: such images are dropped. Answers that hit neither cue
    are counted, but not in the bias.

    Geirhos et al., "ImageNet-trained CNNs are biased towards texture; increasing shape bias improves accuracy and
    robustness", ICLR 2019.
    """
    if not decisions.shape == shape.shape == texture.shape or decisions.ndim != 1:
        found = [list(a.shape) for a in (decisions, shape, texture)]
        raise ValueError(f"decisions, shape and texture are class numbers, one for each image, [N]; got {found}")
    if decisions.is_floating_point():
        raise ValueError("decisions are class numbers, not probabilities: take .argmax(1) of the sixteen first")
    conflict = shape != texture
    by_shape = int((conflict & (decisions == shape)).sum())
    by_texture = int((conflict & (decisions == texture)).sum())
    n = int(conflict.sum())
    return ShapeBias(by_shape, by_texture, n - by_shape - by_texture, len(decisions) - n)


@dataclass(frozen=True)
class Observer:
    """Somebody who looked at the 1,200 conflict images of the paper, and what was answered."""

    name: str
    found: ShapeBias

    @property
    def human(self) -> bool:
        return self.name.startswith("humans")

    @property
    def stylised(self) -> bool:
        """Whether it was trained on Stylized-ImageNet, where the texture says nothing."""
        return self.name.endswith("Stylized-ImageNet")


@cache
def observers() -> tuple[Observer, ...]:
    """Ten people together, and sixteen networks, recounted from the trials published with Geirhos et al., ICLR 2019."""
    return tuple(
        Observer(row["observer"], ShapeBias(row["shape"], row["texture"], row["other"]))
        for row in _published()["observers"]
    )


def humans_range() -> tuple[float, float]:
    """The smallest and the largest shape bias among the ten people."""
    low, high = _published()["humans_range"]
    return low, high


@cache
def _published() -> dict:
    return json.loads((FOLDER / "shape_bias_observers.json").read_text(encoding="utf-8"))
