"""The image under attack: its pixels, its true class, and the network that looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from advcourse import measure
from advcourse.asking import Model
from advcourse.attacks.gradient import input_gradient
from advcourse.goals import Goal, Targeted, Untargeted

UNTARGETED, LEAST_LIKELY = "none (untargeted)", "least likely"


@dataclass(frozen=True, eq=False)
class Subject:
    """One image x [1, C, H, W] in [0, 1] of class y, the model that answers for it, and the names of all classes."""

    name: str
    x: Tensor
    y: int
    model: Model
    names: Sequence[str]

    def __post_init__(self):
        if self.x.ndim != 4 or len(self.x) != 1:
            raise ValueError(
                f"subject {self.name!r} needs one image [1, C, H, W]; got {list(self.x.shape)}: "
                "an image [C, H, W] is x[None], the first of a batch x[:1]"
            )
        object.__setattr__(self, "y", int(self.y))
        if not 0 <= self.y < len(self.names):
            raise ValueError(
                f"subject {self.name!r} has class y={self.y}, but there are names for 0..{len(self.names) - 1}"
            )

    @property
    def photo(self) -> bool:
        """Photographs flip at a fraction of a grey level and want finer sliders than small images."""
        return max(self.x.shape[2:]) >= 100

    @cached_property
    def labels(self) -> list[str]:
        """One name for each class that no other class has: of ImageNet's two cranes, one is a bird, `crane (134)`."""
        return [n if self.names.count(n) == 1 else f"{n} ({k})" for k, n in enumerate(self.names)]

    @cached_property
    def logits(self) -> Tensor:
        """What the model says about the clean image, [1, K]."""
        out = measure.logits(self.model, self.x)
        if out.shape[1] != len(self.names):
            raise ValueError(
                f"subject {self.name!r} has {len(self.names)} names, but its model has {out.shape[1]} classes"
            )
        return out

    @cached_property
    def _gradients(self) -> dict[str, Tensor]:
        return {}

    @cached_property
    def targets(self) -> list[str]:
        """What the target control offers: nothing, the least likely class, and the 20 likeliest but the true one."""
        ranked = [k for k in self.logits[0].argsort(descending=True).tolist() if k != self.y]
        offered = sorted(ranked) if len(ranked) <= 20 else ranked[:20]
        return [UNTARGETED, LEAST_LIKELY, *(self.labels[k] for k in offered)]

    def asked(self, target: str) -> int:
        """The class that a line of the target control is about, the one to leave or to reach; ValueError if none."""
        if target == UNTARGETED:
            return self.y
        if target == LEAST_LIKELY:
            return int(self.logits.argmin())
        if target == self.labels[self.y]:
            raise ValueError(f"{target!r} is the true class of {self.name!r}: choose another target, or {UNTARGETED!r}")
        if target not in self.labels:
            some = ", ".join(self.targets[:5])
            raise ValueError(f"{self.name!r} has no class {target!r} to aim at; there are {some}, ...")
        return self.labels.index(target)

    def gradient(self, target: str) -> Tensor:
        """That of the goal's score at x, [1, C, H, W]; computed once for each target."""
        if target not in self._gradients:
            self._gradients[target] = input_gradient(self.model, self.x, self.goal(target))
        return self._gradients[target]

    def uphill(self, z: Tensor, target: str) -> Tensor:
        """The gradient at z, where z is x the known one."""
        return self.gradient(target) if z is self.x else input_gradient(self.model, z, self.goal(target))

    def goal(self, target: str) -> Goal:
        """The goal that a line of the target control stands for."""
        k = torch.tensor([self.asked(target)], device=self.x.device)
        return Untargeted(k) if target == UNTARGETED else Targeted(k)
