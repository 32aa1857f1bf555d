"""What a threat may be given: radii that are lengths, boxes that have an inside, and inputs that lie in them."""

import math
from typing import Any, Protocol

import torch
from torch import Tensor


class Threat(Protocol):
    """What is asked here of every norm ball, see `threats`."""

    @property
    def eps(self) -> float: ...

    @property
    def lo(self) -> float: ...

    @property
    def hi(self) -> float: ...

    def size(self, d: Tensor) -> Tensor:
        """Lengths in its norm: [B, ...] -> [B]."""


NORMALISED = "inputs normalised by channel fit no such box: let the model normalise, as models.Normalize does, and "
SPREAD = {  # what to do instead, where more than one number is given
    "eps": "attack the samples of each radius by themselves, z[rows] = pgd(model, x[rows], goal[rows], Linf(r), ...)",
    "lo": NORMALISED + "attack pixels of [0, 1]",
    "hi": NORMALISED + "attack pixels of [0, 1]",
}
ROUNDING = 1e-5  # so far, in parts of the box, may inputs in float32 lie outside for having been computed with


def check_radius(threat: Threat, *, largest: float = math.inf) -> None:
    """Make numbers of eps, lo and hi; raise unless eps is a length of at most `largest` boxes and the box has room."""
    for name in [field for field in SPREAD if field in vars(threat)]:
        object.__setattr__(threat, name, _number(getattr(threat, name), name, threat))
    name, eps = type(threat).__name__, threat.eps
    if not threat.lo < threat.hi:
        raise ValueError(f"the box of {name} must have lo < hi; got lo={threat.lo}, hi={threat.hi}")
    if not eps >= 0:
        raise ValueError(
            f"eps must be a length >= 0 in units of the input; got {name}({eps}). The direction belongs to the goal"
        )
    if math.isinf(eps) and "eps" in vars(threat):
        raise ValueError(f"eps must be finite; got {name}({eps}): Unbounded() is the box without a ball")
    if eps > largest * (threat.hi - threat.lo):
        raise ValueError(
            f"eps={eps:g} is wider than the whole box [{threat.lo:g}, {threat.hi:g}]; eps is in pixels of [0, 1]. "
            f"Did you mean {name}({eps:g}/255)?"
        )


def check_box(box: Threat) -> None:
    """Raise a TypeError or ValueError that teaches unless box is the box of valid inputs alone, without a ball."""
    if isinstance(box, type) or not hasattr(box, "around"):
        raise TypeError(f"box must be the box of valid inputs, Unbounded(lo, hi); got {box!r}")
    if math.isfinite(box.eps):
        raise ValueError(
            f"box={box} has a radius, and the smallest distortion is looked for, however long it is: give the box of "
            "valid inputs alone, Unbounded(lo, hi), and compare measure.distances with the radius; or use pgd, which "
            "looks for the worst point within a radius"
        )


def check_inputs(x: Tensor, threat: Threat) -> Tensor:
    """x as the constant centre of a set, without its history; a ValueError that teaches if it cannot be one."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        found = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(
            f"x must be a tensor of floats in [{threat.lo:g}, {threat.hi:g}]; got {found}: "
            "images of bytes need x.float() / 255"
        )
    if x.ndim < 2:
        raise ValueError(
            f"x must be a batch [B, ...]; got shape {list(x.shape)}: a single input needs a batch dimension, x[None]"
        )
    x = x.detach()
    if not x.numel():
        return x
    low, high = (float(v) for v in x.aminmax())
    if math.isnan(low):
        raise ValueError(
            f"x holds NaN in {int(x.isnan().flatten(1).any(1).sum())} of {len(x)} samples: look at how it was made"
        )
    lo, hi = box_of(threat, x)
    if low < lo or high > hi:
        raise ValueError(
            f"x must lie in [{threat.lo:g}, {threat.hi:g}]; found min {low:.9g}, max {high:.9g}: "
            + _way_back(x, low, high, threat)
        )
    if threat.hi - threat.lo < threat.eps < math.inf:  # no ball within one side of the box is wider than the box
        diameter = float(threat.size(torch.full((1, x[0].numel()), threat.hi - threat.lo, dtype=torch.float64)))
        if threat.eps > diameter * (1 + 1e-9):
            raise ValueError(
                f"eps={threat.eps:g} is longer than the box is wide ({diameter:g} in this norm): "
                "is eps in pixels of [0, 1]?"
            )
    return x


def box_of(threat: Threat, x: Tensor) -> tuple[float, float]:
    """lo and hi as x's own precision writes them: in float32 the box [0, 0.3] ends at float32(0.3), a hair above."""
    lo, hi = torch.tensor([threat.lo, threat.hi], dtype=x.dtype).tolist()
    return lo, hi


def _way_back(x: Tensor, low: float, high: float, threat: Threat) -> str:
    """What was probably done to x, and how to undo it."""
    outside = max(threat.lo - low, high - threat.hi) / (threat.hi - threat.lo)
    if outside <= max(ROUNDING, 4 * torch.finfo(x.dtype).eps):
        return f"it left the box by rounding, so x.clamp({threat.lo:g}, {threat.hi:g}) brings it back"
    if high > 2:
        return "divide by 255"
    return "undo the normalisation (it belongs inside the model) or give the threat its own lo and hi"


def _number(value: Any, name: str, threat: Threat) -> float:
    """The value as one number, also where it is a tensor or an array of one."""
    if type(value) in (int, float):  # as they are: Linf(1) prints as it was written
        return value
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        found = f"shape {list(value.shape)}" if hasattr(value, "shape") else repr(value)
        raise ValueError(f"{name} of {type(threat).__name__} is one number; got {found}: {SPREAD[name]}") from None
