"""The playground on a page without Python: its networks, trained here, and the scripts that draw and attack them there.

`write(folder)` makes playground.js and playground.css. A page shows the playground wherever it has

    <div class="advcourse-living"></div>

above a script element for the one and beside a link to the other; nothing else is fetched, so a file will do as well as
a server. Reading what `write` has made needs no kernel: `page.js` answers `playground.js` in the place of `Playground`.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from advcourse import toys
from advcourse.toys.planar import Bumps, Waves
from advcourse.widgets import Playground, settings
from advcourse.widgets.live import sources
from advcourse.widgets.playground import DRAWN, SHOWN, STYLED

COMPUTED = ("networks.js", "smallest.js", "page.js")  # what Python does in Jupyter
LEFT_OUT = ("learning", "side")  # settings of points and networks that change


def write(folder: Path, data: Iterable[str] = tuple(toys.DATA)) -> list[Path]:
    """Writes playground.js, with the networks that learnt these data, and playground.css; both paths. Ten seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"playground.js": script(written(data)), "playground.css": sources(*STYLED, "page.css")}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


def script(what: dict) -> str:
    """One script, whose names are its own: the page it is on may have others."""
    return "\n".join(["(() => {", f"const WRITTEN = {json.dumps(what)};", sources(*DRAWN, *COMPUTED), "})();", ""])


def written(data: Iterable[str] = tuple(toys.DATA)) -> dict:
    """What page.js is told: settings and looks as the panel in Jupyter has them, points, labels and networks."""
    worlds = {name: world(*points_of(name), trained(name)) for name in data}
    shown = [one for one in settings.controls(Playground) if one["name"] not in LEFT_OUT]
    traits = Playground.class_traits()
    start = {name: traits[name].default() for name in ("styles", "palette", "own", *(one["name"] for one in shown))}
    return {
        **start,
        "data": next(iter(worlds)),
        "controls": [{**one, "options": list(worlds)} if one["name"] == "data" else one for one in shown],
        "buttons": [["start_anew", "Put the points back"]],
        "scene": {"settings": dict.fromkeys(SHOWN)},
        "worlds": worlds,
    }


def points_of(name: str) -> tuple[Tensor, Tensor]:
    """Points and labels of a data set, those of the panel in Jupyter."""
    return toys.DATA[name](Generator().manual_seed(0))


@cache
def trained(name: str) -> dict[str, nn.Module]:
    """By name of their recipe, the networks that learnt a data set: always the same."""
    return {recipe.name: recipe(*points_of(name), Generator().manual_seed(0)) for recipe in toys.RECIPES}


def world(points: Tensor, labels: Tensor, networks: Mapping[str, nn.Module]) -> dict:
    """Points [n, 2], labels [n] and networks, layer by layer, as page.js reads them."""
    described = {name: layers(model) for name, model in networks.items()}
    return {"points": packed(points), "labels": labels.tolist(), "networks": described}


def layers(model: nn.Module) -> list[dict]:
    """A network of the plane as networks.js reads it, first layer first; TypeError where that knows no such layer."""
    if isinstance(model, nn.Sequential):
        return [layer for part in model for layer in layers(part)]
    if isinstance(model, nn.Linear):
        return [{"layer": "dense", "weight": packed(model.weight), "bias": packed(model.bias)}]
    if isinstance(model, nn.Tanh):
        return [{"layer": "tanh"}]
    if isinstance(model, Waves):
        return [{"layer": "waves", "w": packed(model.w), "b": packed(model.b)}]
    if isinstance(model, Bumps):
        bumps = {"centres": packed(model.centres), "a": packed(model.a), "c": model.c.item(), "reach": model.reach}
        return [{"layer": "bumps", **bumps}]
    raise TypeError(
        f"networks.js has no layer for {type(model).__name__}: write its forward and back there, and name it"
    )


def packed(x: Tensor) -> str:
    """Float32, row by row, in base64: exact, and a third of what the digits would take."""
    return b64encode(x.detach().to("cpu", torch.float32).contiguous().numpy().tobytes()).decode("ascii")
