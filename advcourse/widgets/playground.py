"""The playground: classifiers of the plane, how near their boundaries are, and how few points withstand."""

import anywidget
import torch
from torch import Generator, Tensor
from traitlets import Bool, CFloat, Dict, Enum, List, TraitError, observe, validate

from advcourse import draw, toys
from advcourse.widgets.panel import sources
from advcourse.widgets.world import COARSE, HIGH, LOW, NORMS, World

SCRIPTS = ("controls.js", "decisions.js", "susceptibility.js", "playground.js")
OWN = "draw your own"
DATA = (*toys.DATA, OWN)
RECIPES = {recipe.name: recipe for recipe in toys.RECIPES}
CLASSES = ("blue", "orange")
WIDEST = 0.5  # of the eps slider, in units of the box [-1, 1]^2


class Playground(anywidget.AnyWidget):
    """Choose data, classifier and norm; train; see the decisions, the smallest perturbations and the susceptibility.

    Settings are traits and may be given as keywords: Playground(data="spirals", classifier="adversarially trained").
    The classifier of the start is trained at once, the others by the button or by `train` and `train_all`. A point that
    is dragged (`held`) stays a point of the data: its smallest perturbation follows while the classifier stays as it
    is, or goes on learning from where it was if `learning` is on. Lengths are in units of the box [-1, 1]^2.
    """

    _esm, _css = sources(*SCRIPTS), sources("panel.css", "playground.css")

    data = Enum(DATA, "moons").tag(sync=True)
    classifier = Enum(tuple(RECIPES), toys.wide_net.name).tag(sync=True)
    norm = Enum(tuple(NORMS), "l₂").tag(sync=True)
    eps = CFloat(0.1).tag(sync=True)
    arrows, learning = Bool(True).tag(sync=True), Bool(False).tag(sync=True)
    side = Enum(CLASSES, "blue").tag(sync=True)
    held = Dict()  # {point: index, at: [x, y], done: whether it was let go}

    controls, styles = List().tag(sync=True), List().tag(sync=True)
    palette = Dict({"blue": draw.BLUE, "orange": draw.RED}).tag(sync=True)
    field, scene = Dict().tag(sync=True), Dict().tag(sync=True)

    def __init__(self, **settings):
        self.worlds: dict[str, World] = {}
        names = ("data", "classifier", "norm", "eps", "arrows", "learning", "side")
        if unknown := settings.keys() - set(names):
            raise TypeError(f"unknown settings {sorted(unknown)}; there are {', '.join(names)}")
        controls = [
            {"name": "data", "label": "data", "options": list(DATA)},
            {"name": "classifier", "label": "classifier", "options": list(RECIPES)},
            {"name": "norm", "label": "norm", "options": list(NORMS)},
            {"name": "eps", "label": "radius eps", "min": 0, "max": WIDEST, "step": 0.01, "unit": ""},
        ]
        styles = [[name, *style] for name, style in zip(RECIPES, draw.LEARNERS)]
        super().__init__(controls=controls, styles=styles, **settings)
        if len(self.world.points):
            self.world.train(self.recipe)
        self.on_msg(self._obey)
        self.observe(lambda _: self._show(), ["data", "classifier", "norm", "eps"])
        self._show()

    @property
    def world(self) -> World:
        """The points of the chosen data, as they lie now, and who has learnt them."""
        if self.data not in self.worlds:
            empty = torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64)
            self.worlds[self.data] = World(*(empty if self.data == OWN else toys.DATA[self.data](_dice())))
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

    def _obey(self, _, content: dict, buffers) -> None:
        """A button of the browser, something done to its canvas, or nothing: see `say` in playground.js."""
        does = {name: getattr(self, name) for name in ("train", "train_all", "start_anew", "add", "remove", "hold")}
        if content:
            does[content["do"]](*content.get("with", ()))

    @observe("held")
    def _follow(self, change) -> None:
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

    def _show(self, again: bool = True) -> None:
        """Send the scene, and with `again` the field, which stays while a point moves under a fixed classifier."""
        world, learner = self.world, self.world.learners.get(self.classifier)
        scene = self._scene()
        if learner:
            z, distance = world.found(self.classifier, self.norm)
            scene |= {"z": _bytes(z), "distance": _bytes(distance)}
            scene["p"] = _bytes(toys.ask(learner.model, world.points).softmax(1)[:, 1])
        scene["curves"] = [
            [name, _bytes(world.found(name, self.norm)[1].sort().values), share]
            for name, share in self.susceptibility.items()
        ]
        with self.hold_sync():
            if again:
                self.field = _field(learner.boundary.field) if learner else {}
            self.scene = {**scene, "line": self.line}

    def _show_learning(self, stage: toys.Stage) -> None:
        out = toys.ask(stage.model, toys.lattice(LOW, HIGH, COARSE)).view(COARSE + 1, COARSE + 1, 2)
        right = (toys.ask(stage.model, self.world.points).argmax(1) == self.world.labels).double().mean()
        line = f"{self.classifier} learns {self._these} · {stage.share:.0%} done · {right:.1%} of the points right"
        with self.hold_sync():
            self.field, self.scene = _field(out), {**self._scene(), "line": line, "progress": stage.share}

    def _scene(self) -> dict:
        settings = {name: getattr(self, name) for name in ("data", "classifier", "norm", "eps")}
        points, labels = _bytes(self.world.points), self.world.labels.to(torch.uint8).numpy().tobytes()
        # With what is held, so that letting go is a new scene even where nothing else is.
        return {"settings": settings, "points": points, "labels": labels, "held": self.held}

    @property
    def line(self) -> str:
        """The scene in numbers: training accuracy, susceptibility and median distance."""
        if not (n := len(self.world.points)):
            return "No points yet: click into the square, or press Enter on it, to add some of the chosen class."
        if self.classifier not in self.world.learners:
            return f"{self.classifier} has not learnt {self._these} yet · press train"
        _, distance = self.world.found(self.classifier, self.norm)
        wrong, median = int((distance == 0).sum()), distance.median()
        near = self.susceptibility[self.classifier]
        far = f"{median:.3f}" if torch.isfinite(median) else "none in the box"
        return (
            f"{self.classifier} on {self._these}: {1 - wrong / n:.1%} of {n} points right · "
            f"susceptibility at eps = {self.eps:.2f} ({self.norm}): {near:.1%} · median distance {far}"
        )

    @property
    def _these(self) -> str:
        return "your own points" if self.data == OWN else self.data

    def snapshot(self) -> draw.picture:
        """The present scene as a still picture with its alt text."""
        world, learner = self.world, self.world.learners.get(self.classifier)
        fig, (left, right) = draw.board(1, 2, width=8, height=3.8)
        p = learner.boundary.probability if learner else torch.full((2, 2), 0.5)
        draw.decisions(left, p, world.points, world.labels)
        if learner:
            draw.arrows(left, world.points, world.found(self.classifier, self.norm)[0])
        styles = {name: style for name, style in zip(RECIPES, draw.LEARNERS) if name in world.learners}
        distances = {name: world.found(name, self.norm)[1] for name in styles}
        draw.susceptibility(right, distances, self.norm, widest=WIDEST, at=self.eps, styles=list(styles.values()))
        what = "left, its decisions and an arrow from every point to the nearest one of the other class"
        return draw.picture(fig, alt=f"{self.line}; {what}; right, susceptibility over eps.")

    def __repr__(self) -> str:
        return "Playground(): run this notebook to move its controls"

    def _repr_mimebundle_(self, **kwargs):
        """The live view where there is a kernel, the snapshot where there is none, and one line that never changes."""
        live, metadata = super()._repr_mimebundle_(**kwargs)
        still = self.snapshot()
        return {**live, "image/png": still.png}, {**metadata, "image/png": {"alt": still.alt}}

    @validate("eps")
    def _valid_eps(self, proposal) -> float:
        if not 0 <= proposal.value <= WIDEST:
            raise TraitError(f"eps is a length in the box [-1, 1]^2, and must lie in 0..{WIDEST}; got {proposal.value}")
        return proposal.value


def _dice() -> Generator:
    return Generator().manual_seed(0)


def _bytes(x: Tensor) -> bytes:
    return x.detach().float().contiguous().numpy().tobytes()


def _field(logits: Tensor) -> dict:
    """Logits [n, n, 2] from the bottom row up, one byte a place: the margin m of class 1 as 127.5 (1 + m / (1 + |m|)).

    So a byte keeps both the confidence and, where a net is steep, how far from the boundary a place is.
    """
    if len(logits) > 150:
        logits = logits[::2, ::2]
    m = logits[..., 1] - logits[..., 0]
    return {"n": len(m), "bytes": (127.5 * (1 + m / (1 + m.abs()))).round().byte().numpy().tobytes()}
