"""The playground: classifiers of the plane, how near their boundaries are, and how few points withstand."""

from typing import Any

import torch
from torch import Generator
from traitlets import Bool, Bunch, Dict, List, Unicode, observe

from advcourse import draw, toys
from advcourse.widgets.live import Live, sources, still
from advcourse.widgets.settings import one_of, setting, slider, within
from advcourse.widgets.view import WIDEST, View, coarse
from advcourse.widgets.world import HIGH, LOW, NORMS, World

# The same in Jupyter and on a page.
DRAWN = ("controls.js", "decisions.js", "svg.js", "susceptibility.js", "playground.js")
STYLED = ("panel.css", "playground.css")
OWN = "draw your own"
RECIPES = {recipe.name: recipe for recipe in toys.RECIPES}
CLASSES = ("blue", "orange")
SHOWN = ("data", "classifier", "norm", "eps")  # settings that make another scene


class Playground(Live):
    """Choose data, classifier and norm; train; see the decisions, the smallest perturbations and the susceptibility.

    Settings are traits and may be given as keywords: Playground(data="spirals", classifier="adversarially trained").
    The classifier of the start is trained at once, the others by the button or by `train` and `train_all`. A point that
    is dragged (`held`) stays a point of the data: its smallest perturbation follows while the classifier stays as it
    is, or goes on learning from where it was if `learning` is on. Lengths are in units of the box [-1, 1]^2.
    """

    _esm, _css = sources(*DRAWN, "alive.js", "anywidget.js"), sources(*STYLED)

    data = one_of([*toys.DATA, OWN], "moons", "data")
    classifier = one_of(RECIPES, toys.wide_net.name, "classifier")
    norm = one_of(NORMS, "ℓ₂", "norm")
    eps = slider(
        0.1,
        "radius eps",
        sensible=within(0, WIDEST),
        says=f"is a length in the box [-1, 1]^2, and must lie in 0..{WIDEST}",
        min=0,
        max=WIDEST,
        step=0.01,
    )
    arrows = setting(Bool(True), "smallest perturbations")
    learning = setting(Bool(False), "learn while I drag")
    side = one_of(CLASSES, "blue", "new points")
    held = Dict()  # {point: index, at: [x, y], done: whether it was let go}

    styles = List([[name, *style] for name, style in draw.STYLE_OF.items()]).tag(sync=True)
    palette = Dict({"blue": draw.BLUE, "orange": draw.RED}).tag(sync=True)
    own = Unicode(OWN, read_only=True).tag(sync=True)
    buttons = List([["train", "Train"], ["train_all", "Train all"], ["start_anew", "Start anew"]]).tag(sync=True)
    field = Dict().tag(sync=True)

    def __init__(self, **given: Any):
        self.worlds: dict[str, World] = {}
        super().__init__(**given)
        if len(self.world.points):
            self.world.train(self.recipe)
        self.on_msg(self._obey)
        self.observe(lambda _: self._show(), list(SHOWN))
        self._show()

    @property
    def world(self) -> World:
        """The points of the chosen data, as they lie now, and who has learnt them."""
        if self.data not in self.worlds:
            empty = torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64)
            points = empty if self.data == OWN else toys.DATA[self.data](Generator().manual_seed(0))
            self.worlds[self.data] = World(*points)
        return self.worlds[self.data]

    @property
    def recipe(self) -> toys.Recipe:
        """The chosen way to learn."""
        return RECIPES[self.classifier]

    @property
    def susceptibility(self) -> dict[str, float]:
        """Share of points with a smallest perturbation under eps, for every classifier trained on this data."""
        return self.world.susceptibility(self.norm, self.eps)

    # What one can do ------------------------------------------------------------------------------------------------

    def train(self) -> None:
        """Train the chosen classifier on the points as they lie now, and show it learning. Ends in a second or two."""
        if not len(self.world.points):
            return
        try:
            self.world.train(self.recipe, log=self._show_learning)
        finally:
            self._show()

    def train_all(self) -> None:
        """Train every classifier that has not yet learnt this data, one after the other."""
        chosen = self.classifier
        try:
            for name in RECIPES:
                if name not in self.world.learners:
                    self.classifier = name
                    self.train()
        finally:
            self.classifier = chosen

    def start_anew(self) -> None:
        """Forget what was moved, drawn and learnt on this data."""
        self.worlds.pop(self.data, None)
        self._show()

    def add(self, at: tuple[float, float], label: int) -> None:
        """One more point at (x, y), of class 0 (blue) or 1 (orange)."""
        self.world.add(torch.tensor(at, dtype=torch.float32), label)
        self._show()

    def remove(self, point: int) -> None:
        """Take the point of this index away."""
        self.world.remove(point)
        self._show()

    def hold(self, point: int, at: tuple[float, float], done: bool = False) -> None:
        """Put the point of this index at (x, y) and keep hold of it, or let go of it there."""
        self.held = {"point": point, "at": at, "done": done}

    def _obey(self, _: Live, content: dict, buffers: list) -> None:
        """A button of the browser, or something done to its canvas; what else it sends asks nothing of a playground."""
        does = {name: getattr(self, name) for name in ("train", "train_all", "start_anew", "add", "remove", "hold")}
        if "do" in content:
            does[content["do"]](*content.get("with", ()))

    @observe("held")
    def _follow(self, change: Bunch) -> None:
        """A point is dragged: at first only what is shown follows; when it is let go, everything does."""
        if not (held := change.new) or not 0 <= held["point"] < len(self.world.points):
            return
        known, at = self.classifier in self.world.learners, torch.tensor(held["at"], dtype=torch.float32)
        if held["done"]:
            if known and self.learning:
                self.world.settle(self.classifier)
            self.world.move(held["point"], at)
            self._show()
        elif known and self.learning:
            self.world.points[held["point"]] = at.clamp(LOW, HIGH)
            self.world.refine(self.classifier, self.norm, steps=3)
            self._show()
        else:
            self.world.move(held["point"], at, only=self.classifier if known else "")
            self._show(again=False)

    # What is shown --------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What there is to see for the present settings."""
        these = "your own points" if self.data == OWN else self.data
        return View(self.world, these, self.classifier, self.norm, self.eps)

    def _show(self, again: bool = True) -> None:
        """Send the scene, and with `again` the field, which stays while a point moves under a fixed classifier."""
        view = self.view
        scene = {**self._scene(view), **view.facts, "line": view.line}
        with self.hold_sync():
            if again:
                self.field = view.field
            self.scene = scene

    def _show_learning(self, stage: toys.Stage) -> None:
        view, field = self.view, coarse(stage.model)
        with self.hold_sync():
            self.field = field
            self.scene = {**self._scene(view), "line": view.progress(stage), "progress": stage.share}

    def _scene(self, view: View) -> dict:
        # With what is held, so that letting go is a new scene even where nothing else is.
        return {"settings": {name: getattr(self, name) for name in SHOWN}, **view.points, "held": self.held}

    def snapshot(self) -> draw.picture:
        fig, says = self.view.still()
        return still(fig, says.removesuffix("."))
