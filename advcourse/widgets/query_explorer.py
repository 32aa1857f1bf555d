"""The query explorer: a picture that looks like one thing and asks a database for another, and what is found."""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from advcourse import draw
from advcourse.attacks.retrieval import mismatch
from advcourse.draw.neighbours import neighbours
from advcourse.retrieval import Engine, Views, average_precision, described, queries
from advcourse.threats import Linf, Unbounded
from advcourse.widgets.figures import figure
from advcourse.widgets.panel import Panel, once, remembers
from advcourse.widgets.settings import grey_levels, one_of, slider

STEPS, FIRST = 12, 2  # of the attack, and after how many there is a first picture
STEP, QUARTERS = 0.02, 4  # what a pixel moves in one of them without a radius, and with one: in so many it is crossed
NEAREST, FRAME = 5, 4  # neighbours shown, pixels of a frame
RADIUS, PRICE = "a radius", "a price"
PLACES = ("coffee, upper left", "chelsea, upper left", "flower, upper left", "astronaut, upper left")
PLACES += ("china, upper left", "rocket, lower right", "coins, upper left", "retina, upper left")


@dataclass(frozen=True)
class Place:
    """A region of a photograph, by its name."""

    name: str


@dataclass(frozen=True, eq=False)
class Asked:
    """Carrier, target and the picture z between them, [1, 3, H, W] each, and what the engine finds for carrier and z.

    agreement: the cosines of the target's descriptor with the carrier's and with that of z.
    """

    carrier: Views
    target: Views
    z: Tensor
    seen: Views
    found: Views
    agreement: tuple[float, float]
    precision: tuple[float, float]

    @property
    def line(self) -> str:
        """How far the looks went, how near the descriptor came, and what the database answers."""
        change = 255 * (self.z - self.carrier.x)
        largest, usual = float(change.abs().max()), float(change.square().mean().sqrt())
        looks, name = self.carrier.regions[int(self.carrier.region)], self.target.photographs[int(self.target.y)]
        before, now = (int((views.y == self.target.y).sum()) for views in (self.seen, self.found))
        return (
            f"looks like {looks} · changed by up to {largest:.3g} grey levels, {usual:.2g} on average · "
            f"agreement with {name} {self.agreement[0]:.2f} → {self.agreement[1]:.2f} · "
            f"of {NEAREST} neighbours {before} → {now} show {name} · "
            f"average precision {self.precision[0]:.2f} → {self.precision[1]:.2f}"
        )


def asked(engine: Engine[Views], carrier: Views, target: Views, z: Tensor) -> Asked:
    """What the engine finds for the carrier as it is and for z, asking for the target's photograph."""
    both, aim = described(engine.describe, torch.cat([carrier.x, z, target.x])).split([2, 1])
    seen, found = (engine.shelf[places] for places in engine.index.nearest(both, NEAREST)[1])
    before, now = F.cosine_similarity(both, aim).tolist()
    relevant = engine.shelf.y[engine.index.ranking(both)] == target.y
    first, then = average_precision(relevant).tolist()
    return Asked(carrier, target, z, seen, found, (before, now), (first, then))


class QueryExplorer(Panel[Place, Asked]):
    """Choose carrier and target, and keep the looks by a radius or a price; see the query and what it finds.

    Settings are traits and may be given as keywords: QueryExplorer(engine, target="rocket, lower right", eps=8).
    """

    choice, legend = "carrier", "blue frame: the target's photograph"
    target = one_of(PLACES, "chelsea, upper left", "target")
    kept = one_of((RADIUS, PRICE), RADIUS, "looks are kept by")
    eps = grey_levels(4.0, "radius eps", min=0, max=16, step=1, idle=["kept", PRICE])
    price = slider(2.0, "price 10 to the", min=0, max=3.5, step=0.5, idle=["kept", RADIUS])

    def __init__(self, engine: Engine[Views], **settings: Any):
        self.engine, asked = engine, queries().to(engine.shelf.x.device)
        self.places = {name: asked.of(name) for name in PLACES}
        super().__init__([Place(name) for name in PLACES], **settings)

    def compute(self) -> Asked:
        return self._asked(*self._looks)

    def stages(self) -> Generator[Asked | None, None, Asked]:
        if not remembers(self, "_asked", *self._looks):
            yield self._after(*self._looks, FIRST)
        return self.compute()

    @property
    def _looks(self) -> tuple[str, str, Linf | Unbounded, float]:
        """Carrier, target, and how the looks are kept."""
        threat, weight = (Linf(self.eps / 255), 0.0) if self.kept == RADIUS else (Unbounded(), 10**self.price)
        return self.chosen, self.target, threat, weight

    def figures(self, now: Asked) -> list[dict]:
        change = now.z - now.carrier.x
        return [
            figure("what one sees: the query", draw.pixels(now.z)),
            figure("its change, amplified", draw.signed(change, float(change.abs().max()))),
            figure("what is asked for", draw.pixels(now.target.x)),
            figure("neighbours as seen", sheet(now.seen, now.target), notes=_counted(now.seen)),
            figure("neighbours as queried", sheet(now.found, now.target), notes=_counted(now.found)),
        ]

    def still(self, now: Asked) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(3, NEAREST, width=8, height=5.2)
        change = now.z - now.carrier.x
        draw.image(axes[0], draw.pixels(now.z), "the query")
        draw.image(axes[1], draw.signed(change, float(change.abs().max())), "its change, amplified")
        draw.image(axes[2], draw.pixels(now.target.x), "what is asked for")
        for ax in axes[3:NEAREST]:
            ax.set_axis_off()
        for row, label, found in ((1, "as seen", now.seen), (2, "as queried", now.found)):
            neighbours(axes[row * NEAREST : (row + 1) * NEAREST], found, wanted=int(now.target.y), label=label)
        what = "below, the five neighbours of the carrier as it is, and the five of the query"
        return fig, f"A query, its change and what is asked for; {what}."

    @once
    def _asked(self, carrier: str, target: str, threat: Linf | Unbounded, weight: float) -> Asked:
        return self._after(carrier, target, threat, weight, STEPS)

    def _after(self, carrier: str, target: str, threat: Linf | Unbounded, weight: float, steps: int) -> Asked:
        """What so many steps of the attack lead to."""
        x, aim = self.places[carrier], self.places[target]
        step_size = threat.eps / min(steps, QUARTERS) if isinstance(threat, Linf) else STEP
        z = mismatch(
            self.engine.describe,
            x.x,
            aim.x,
            threat,
            steps=steps if step_size else 0,
            step_size=step_size,
            weight=weight,
        )
        return asked(self.engine, x, aim, z)


def sheet(found: Views, target: Views, columns: int = 3) -> np.ndarray:
    """Views in rows, nearest first, as a picture: framed blue where they show the target's photograph, else white."""
    blue = [int(draw.BLUE[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    side = found.x.shape[2] + 2 * FRAME
    framed = np.ones([-(-len(found) // columns) * side, columns * side, 3])
    for place, (x, right) in enumerate(zip(found.x, (found.y == target.y).tolist(), strict=True)):
        top, left = side * (place // columns), side * (place % columns)
        framed[top : top + side, left : left + side] = blue if right else 1.0
        framed[top + FRAME : top + side - FRAME, left + FRAME : left + side - FRAME] = draw.pixels(x)
    return framed


def _counted(found: Views) -> list[str]:
    """Which photographs they show and how many of them do."""
    counts = Counter(found.photographs[y].replace("_", " ") for y in found.y.tolist())
    return [", ".join(f"{n} × {name}" for name, n in counts.items())]
