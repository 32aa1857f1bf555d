"""The cloak explorer: drag a patch over a scene, turn it, darken it, and see whom the detector still finds."""

import math

import numpy as np
import torch
from traitlets import Bunch, TraitError, Unicode, validate

from advcourse import draw
from advcourse.attacks.patch import Where
from advcourse.draw.people import objectness, people
from advcourse.widgets.cloak import Cloaked, Street, cloaked, sure_of
from advcourse.widgets.figures import figure, shape, sketch
from advcourse.widgets.panel import Panel
from advcourse.widgets.settings import setting, slider, within


class CloakExplorer(Panel[Street, Cloaked]):
    """Choose a scene and what is worn, and drag it over the scene; see boxes and objectness.

    Settings are traits and may be given as keywords: CloakExplorer(scenes, worn="grey", size=20, angle=30).
    """

    choice, legend = "scene", "vermilion: whom the detector finds"
    worn = setting(Unicode(""), "worn")
    x, y = slider(48.0, "across", step=1), slider(48.0, "down", step=1)
    size = slider(
        20.0,
        "size",
        sensible=within(0, 96),
        says="is the patch's side in pixels, and must lie in 0..96",
        min=0,
        max=60,
        step=1,
        unit=" px",
    )
    angle = slider(0.0, "turned by", min=-180, max=180, step=5, unit="°")
    light = slider(
        100.0,
        "light",
        sensible=within(0, 400),
        says="is in per cent of the print's own, and must lie in 0..400",
        min=20,
        max=160,
        step=5,
        unit=" %",
    )
    blur = slider(
        0.0,
        "print blur",
        sensible=within(0, 10),
        says="is a deviation in the patch's pixels, and must lie in 0..10",
        min=0,
        max=3,
        step=0.1,
        unit=" px",
    )

    def offer(self, subject: Street) -> dict[str, dict]:
        x, y, _ = subject.chest
        height, width = subject.x.shape[2:]
        options = list(subject.patches)
        return {
            "worn": {"options": options, "start": options[0]},
            "x": {"min": 0, "max": width, "start": x},
            "y": {"min": 0, "max": height, "start": y},
        }

    def compute(self) -> Cloaked:
        numbers = (self.x, self.y, self.size, math.radians(self.angle), self.light / 100, self.blur)
        where = Where(*(torch.tensor([[v]]) for v in numbers))
        return cloaked(self.subject, self.subject.patches[self.worn], where)

    def figures(self, now: Cloaked) -> list[dict]:
        height, width = now.z.shape[2:]
        boxes = [shape("line", _corners(box), draw.RED) for box in sure_of(now.now).boxes]
        lies = sketch((0, width, height, 0), boxes, drag=("x", "y"), height=height / width)
        return [
            figure("the scene: drag the patch", draw.pixels(now.z), plane=lies),
            figure(
                "how sure each cell is",
                _map(now.sure[1]),
                notes=["green: somebody is here; at size 0 there is no patch"],
            ),
        ]

    def still(self, now: Cloaked) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 4, width=9.5, height=2.7)
        people(axes[0], now.scene.x[0], now.before, "without the patch")
        objectness(axes[1], now.sure[0], "how sure each cell is")
        people(axes[2], now.z[0], now.now, f"with it: {self.worn}")
        objectness(axes[3], now.sure[1], "how sure each cell is")
        return (
            fig,
            f"{self.chosen}, whom the detector finds in it and how sure its cells are, without and with a patch.",
        )

    @validate("worn")
    def _valid_worn(self, proposal: Bunch) -> str:
        offered = self.subject.patches
        if not self.entering and proposal.value not in offered:
            raise TraitError(f"there is no patch {proposal.value!r}; there are {', '.join(offered)}")
        return proposal.value


def _map(probabilities: torch.Tensor) -> np.ndarray:
    return draw.USUAL(probabilities.cpu().numpy())[..., :3]


def _corners(box: torch.Tensor) -> torch.Tensor:
    """A closed line around a box: [5, 2]."""
    left, top, right, bottom = box.tolist()
    return torch.tensor([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]])
