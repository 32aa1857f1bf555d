"""What a detector sees of a scene that somebody put a patch into."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from advcourse.asking import evaluating
from advcourse.attacks.patch import Where, place
from advcourse.detection import Detector, Found, found, matched

SURE = 0.5  # the probability above which the detector says that somebody is there


@dataclass(frozen=True, eq=False)
class Street:
    """A scene x [1, 3, H, W] with the people's boxes [K, 4], the patches [3, h, w] one can try on, and who looks."""

    name: str
    x: Tensor
    boxes: Tensor
    patches: Mapping[str, Tensor]
    detector: Detector

    @property
    def chest(self) -> tuple[int, int, int]:
        """Where the tallest person would wear a patch: its middle across and down, and its side, in pixels."""
        tall = self.boxes[:, 3] - self.boxes[:, 1]
        where = Where.worn(self.boxes[int(tall.argmax())][None, None])
        return round(float(where.x)), round(float(where.y)), round(float(where.size))


@dataclass(frozen=True, eq=False)
class Cloaked:
    """The scene z [1, 3, H, W] with the patch in it; what is found, how sure each cell is, before and now.

    covered is the share of pixels that the patch changes, middle where its middle lies, across and down, in pixels.
    """

    scene: Street
    z: Tensor
    before: Found
    now: Found
    sure: tuple[Tensor, Tensor]
    covered: float
    middle: tuple[float, float]

    @property
    def line(self) -> str:
        """How many of the people are found, how sure the surest cell is, and how much is covered."""
        people = int((self.scene.boxes[:, 2] > 0).sum())
        right = [int(matched(sure_of(found), self.scene.boxes).sum()) for found in (self.before, self.now)]
        false = len(sure_of(self.now)) - right[1]
        best = [float(probability.max()) for probability in self.sure]
        across, down = self.middle
        extra = f" and {false} that {'is' if false == 1 else 'are'} none" if false else ""
        return (
            f"found {right[1]} of {people} people{extra}, without the patch {right[0]} · "
            f"surest cell {best[0]:.2f} → {best[1]:.2f} · "
            f"the patch at ({across:.0f}, {down:.0f}) changes {100 * self.covered:.1f} % of the picture"
        )


def sure_of(found: Found) -> Found:
    """The boxes above `SURE`."""
    return Found(found.boxes[found.score > SURE], found.score[found.score > SURE])


def cloaked(scene: Street, patch: Tensor, where: Where) -> Cloaked:
    """What the detector sees with this patch there, [1, 1], and without."""
    z = place(patch, scene.x, where)
    before, now = found(scene.detector, torch.cat([scene.x, z]))
    with evaluating(scene.detector), torch.no_grad():
        sure = scene.detector.objectness(torch.cat([scene.x, z])).sigmoid()
    covered = float((z != scene.x).any(1).float().mean())
    return Cloaked(scene, z, before, now, (sure[0], sure[1]), covered, (float(where.x), float(where.y)))
