"""What happened along the iterates that a trace collected."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from advcourse.asking import Model
from advcourse.goals import Goal
from advcourse.measure.shares import logits
from advcourse.threats import Threat


@dataclass(frozen=True, eq=False)
class Along:
    """Score [T, B] and success [T, B] of every iterate of a path, and its distance from the first, [T, B]."""

    score: Tensor
    reached: Tensor
    distance: Tensor


def along(model: Model, path: Sequence[Tensor], goal: Goal, threat: Threat) -> Along:
    """Recompute what happened along the iterates a trace collected; distances are measured in the threat's norm."""
    if not path:
        raise ValueError("the path is empty: pass a list's append as the attack's trace, trace=path.append")
    outs = [logits(model, z) for z in path]
    return Along(
        torch.stack([goal.score(out) for out in outs]),
        torch.stack([goal.reached(out) for out in outs]),
        torch.stack([threat.size(z - path[0]) for z in path]),
    )
