"""Boxes [.., 4], left, top, right, bottom in pixels: how far two of them agree, and which of many say the same."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in one picture, surest first: boxes [N, 4] in pixels and the probability of each, [N]."""

    boxes: Tensor
    score: Tensor

    def __len__(self) -> int:
        return len(self.score)

    def __repr__(self) -> str:
        return f"Found({len(self)}, scores {[round(s, 2) for s in self.score.tolist()]})"


def area(boxes: Tensor) -> Tensor:
    """Width times height: [.., 4] -> [..]. An empty box has none."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes [.., 4] that broadcast against each other: [..] in [0, 1]; two empty ones: 0."""
    common = torch.cat([torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])], -1)
    shared = area(common)
    union = area(a) + area(b) - shared
    return torch.where(union > 0, shared / union.clamp(min=1e-12), 0.0)


def suppressed(found: Found, most: float = 0.5) -> Found:
    """Without the boxes that overlap a surer one by more than `most`: greedily, from the surest on."""
    order = found.score.argsort(descending=True, stable=True)
    boxes, score = found.boxes[order], found.score[order]
    rival = overlap(boxes[:, None], boxes[None, :]) > most
    kept: list[int] = []
    for i, row in enumerate(rival.cpu().tolist()):
        if not any(row[j] for j in kept):
            kept.append(i)
    return Found(boxes[kept], score[kept])
