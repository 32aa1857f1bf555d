"""What the panels share: settings as traits, one scene computed at a time, a still picture for those who do not run it.

The browser side, panel.js, shows native controls. While the kernel computes, ipywidgets sends no further message but
keeps the latest value of every setting; so a slow model skips values and never falls behind.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import anywidget
import numpy as np
from torch import Tensor
from traitlets import Dict, List, TraitError, Unicode, validate

from advcourse import draw
from advcourse.widgets.subject import Subject

FOLDER = Path(__file__).parent


def sources(*names: str) -> str:
    """These files of this folder as one: a browser can import nothing from a kernel."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


class Panel(anywidget.AnyWidget):
    """Controls around a scene. A subclass adds a trait for every setting, and says what to show for their values.

    choice: what one chooses between; controls: how each setting looks; offers: for every choice, what differs from that
    (range, options) and the value to start from; scene: what is shown, with the settings it was computed for.
    """

    _esm, _css = sources("controls.js", "panel.js"), sources("panel.css")
    choice = "image"

    image = Unicode().tag(sync=True)
    controls, offers, scene = List().tag(sync=True), Dict().tag(sync=True), Dict().tag(sync=True)
    palette = Dict({"right": draw.BLUE, "wrong": draw.RED, "held": draw.ORANGE}).tag(sync=True)

    def __init__(self, subjects: Sequence[Subject], controls: list[dict], **settings):
        self.subjects = {s.name: s for s in subjects}
        if not subjects or len(self.subjects) < len(subjects):
            raise ValueError(f"subjects need one and different names; got {[s.name for s in subjects]}")
        controls = [{"name": "image", "label": self.choice, "options": list(self.subjects)}, *controls]
        self.settings = [c["name"] for c in controls]
        if unknown := settings.keys() - set(self.settings):
            raise TypeError(f"unknown settings {sorted(unknown)}; there are {', '.join(self.settings)}")
        image = self._known(settings.get("image", subjects[0].name))
        offers = {s.name: self.offer(s) for s in subjects}
        start = {name: offer["start"] for name, offer in offers[image].items()}
        super().__init__(controls=controls, offers=offers, **{**start, "image": image, **settings})
        self.observe(self._enter, "image")
        self.observe(self._show, self.settings)
        self._show()

    def offer(self, subject: Subject) -> dict[str, dict]:
        """What this subject's controls look like, and where they start."""
        raise NotImplementedError

    def compose(self) -> dict:
        """What the browser shows for the present settings: {"line": text, "figures": [figure(...), ...]}."""
        raise NotImplementedError

    def snapshot(self) -> draw.picture:
        """The present scene as a still picture with its alt text."""
        raise NotImplementedError

    @property
    def subject(self) -> Subject:
        """The chosen one."""
        return self.subjects[self.image]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.subjects)}): run this notebook to move its controls"

    def _repr_mimebundle_(self, **kwargs):
        """The live view where there is a kernel, the snapshot where there is none, and one line that never changes."""
        live, metadata = super()._repr_mimebundle_(**kwargs)
        still = self.snapshot()
        return {**live, "image/png": still.png}, {**metadata, "image/png": {"alt": still.alt}}

    @validate("image")
    def _valid_image(self, proposal) -> str:
        return self._known(proposal.value)

    def _known(self, image: str) -> str:
        if image not in self.subjects:
            raise TraitError(f"there is no image {image!r}; there are {', '.join(self.subjects)}")
        return image

    def _enter(self, change) -> None:
        """Keep the settings that make sense for the new image, start the others anew (panel.js does the same).

        A setting that came in one message with the image was chosen for it, and stays.
        """
        before, shown = self.offers[change.old], self.scene["settings"]
        with self.hold_trait_notifications():
            for name, offer in self.offers[change.new].items():
                value = getattr(self, name)
                if value == shown[name] and not fits(value, offer, before[name]):
                    setattr(self, name, offer["start"])

    def _show(self, _=None) -> None:
        settings = {name: getattr(self, name) for name in self.settings}
        if settings == self.scene.get("settings"):
            return
        try:
            self.scene = {"settings": settings, **self.compose()}
        except Exception as error:
            self.scene = {"settings": settings, "line": f"This cannot be computed: {error}", "figures": []}
            raise


def fits(value, offer: dict, before: dict) -> bool:
    """Whether a setting survives a change of image: an option that is offered again, or a slider of the same range."""
    return value in offer["options"] if "options" in offer else before["max"] == offer["max"]


def figure(
    caption: str,
    array: np.ndarray,
    *,
    bars: Sequence = (),
    notes: Sequence[str] = (),
    key: bool = False,
    plane: dict | None = None,
) -> dict:
    """One figure of a scene: an array [H, W, 3] in [0, 1] and, below it, bars or notes.

    A bar is (name, probability, whether it is the true class) and may bring its own text; with key, the figure explains
    the colours of bars. With a plane (see `plane`) the array is a map, and a point on it can be dragged.
    """
    height, width = array.shape[:2]
    pixels = (array * 255).round().astype(np.uint8).tobytes()
    return {
        "caption": caption,
        "size": [width, height],
        "pixels": pixels,
        "bars": [list(row) for row in bars],
        "notes": list(notes),
        "key": key,
        "plane": plane,
    }


def plane(
    window: Sequence[float], x: Tensor, y: Tensor, lines: Sequence[tuple[np.ndarray, bool]], drag: Sequence
) -> dict:
    """What lies on a map of this window: points x [N, 2] of two classes y [N], lines (points [k, 2], whether dashed).

    drag names the two settings that are the position of the point that can be dragged.
    """
    return {
        "window": list(window),
        "points": [[*at, k] for at, k in zip(x.tolist(), y.tolist(), strict=True)],
        "lines": [[line.round(2).tolist(), dashed] for line, dashed in lines],
        "drag": list(drag),
    }


def sketch(
    window: Sequence[float], shapes: Sequence[dict], *, drag: Sequence = (), at: Sequence = (), height: float = 1.0
) -> dict:
    """A map of this window with shapes on it (see `shape`), in order, height times as high as wide.

    drag names the two settings that are the position of the point that can be dragged, if there is one; it is shown
    `at` this place, which need not be where it was dragged to.
    """
    return {
        "window": list(window),
        "points": [],
        "lines": [],
        "shapes": list(shapes),
        "drag": list(drag),
        "at": list(at),
        "height": height,
    }


def shape(kind: str, points: Tensor, colour: str, *, dashed: bool = False, name: str = "") -> dict:
    """An "area", "line", "arrow" or "dot" through points [k, 2] of a map, with a name at its end."""
    return {"kind": kind, "points": points.tolist(), "colour": colour, "dashed": dashed, "name": name}


def grey_levels(value: float, name: str) -> float:
    """A length in units of 1/255, refused where it is none."""
    if not (math.isfinite(value) and 0 <= value <= 255):
        raise TraitError(f"{name} is given in grey levels, units of 1/255, and must lie in 0..255; got {value}")
    return value
