"""How good a detector is: which of its boxes are right, and the average precision over all thresholds."""

from collections.abc import Sequence

import torch
from torch import Tensor

from advcourse.detection.boxes import Found, area, overlap

ENOUGH = 0.5  # overlap of a right box with a true one


def matched(found: Found, truth: Tensor, enough: float = ENOUGH) -> Tensor:
    """Which boxes of one picture are right, [N] bool: truth [K, 4], empty boxes are none.

    From the surest on, a box takes the true one that it overlaps most, of those not yet taken, if that is enough. So
    the second box on one person is wrong.
    """
    free = area(truth) > 0
    right = torch.zeros(len(found), dtype=torch.bool)
    for i in found.score.argsort(descending=True, stable=True).tolist():
        agree = torch.where(free, overlap(found.boxes[i], truth), 0.0)
        if len(agree) and float(agree.max()) >= enough:
            best = int(agree.argmax())
            free = free & (torch.arange(len(truth), device=free.device) != best)
            right[i] = True
    return right


def average_precision(found: Sequence[Found], truth: Tensor, enough: float = ENOUGH) -> float:
    """Area under precision over recall of boxes in N pictures with the true boxes [N, K, 4], in [0, 1].

    All boxes are ranked together by their score. Where precision rises again at a lower threshold, the better one
    counts, as in Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010. Raises ValueError where
    there is nobody to be found.
    """
    if len(found) != len(truth):
        raise ValueError(f"found are the boxes of {len(found)} pictures, truth those of {len(truth)}: one each")
    people = int((area(truth) > 0).sum())
    if not people:
        raise ValueError("no picture shows anybody: without a true box there is no recall, and no average precision")
    right = torch.cat([matched(f, t, enough) for f, t in zip(found, truth)])
    score = torch.cat([f.score.cpu() for f in found])
    return precision_of(right[score.argsort(descending=True, stable=True)], people)


def precision_of(right: Tensor, people: int) -> float:
    """Average precision of a ranking, right [N] bool with the surest first, where so many people are to be found."""
    hits = right.double().cumsum(0)
    precision = hits / torch.arange(1, len(right) + 1, dtype=torch.float64)
    best = precision.flip(0).cummax(0).values.flip(0) if len(right) else precision
    return float(best[right].sum() / people)
