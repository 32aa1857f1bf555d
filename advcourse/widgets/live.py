"""A widget with settings: live where there is a kernel, a still picture with its alt text where there is none."""

from pathlib import Path
from typing import Any

import anywidget
from traitlets import Dict, List

from advcourse import draw
from advcourse.widgets import settings

FOLDER = Path(__file__).parent
INVITATION = "run this cell to move it"


def sources(*names: str) -> str:
    """These files of this folder as one: a browser can import nothing from a kernel."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def still(fig: draw.Figure, alt: str) -> draw.picture:
    """A figure as the picture of a panel that nobody has run yet, on which it says so."""
    fig.suptitle(f"▸ {INVITATION}", x=0.01, ha="left", fontsize=9, fontweight="bold", color=draw.BLUE)
    return draw.picture(fig, alt=f"{alt}. {INVITATION.capitalize()}.")


class Live(anywidget.AnyWidget):
    """controls: how each setting looks; scene: what is shown, with the settings it was computed for."""

    controls, scene = List().tag(sync=True), Dict().tag(sync=True)

    def __init__(self, **given: Any):
        known = self.settings
        if unknown := given.keys() - set(known):
            raise TypeError(f"unknown settings {sorted(unknown)}; there are {', '.join(known)}")
        super().__init__(controls=settings.controls(type(self)), **given)
        self.on_msg(self._answer)

    def _answer(self, _: "Live", content: dict, buffers: list) -> None:
        """The browser asks whether its panel is still there: see alive.js."""
        if "ask" in content:
            self.send({"answer": "here"})

    @property
    def settings(self) -> list[str]:
        """The names of all settings, in the order of their controls."""
        return [control["name"] for control in settings.controls(type(self))]

    def snapshot(self) -> draw.picture:
        """The present scene as a still picture with its alt text."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}(): run this notebook to move its controls"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        """The live view where there is a kernel, the snapshot where there is none, and one line that never changes."""
        live, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        still = self.snapshot()
        return {**live, "image/png": still.png}, {**metadata, "image/png": {"alt": still.alt}}
