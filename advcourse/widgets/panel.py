"""What the explorers share: something is chosen, one scene is computed at a time, and settings keep to what is offered.

The browser side, panel.js, shows native controls. While the kernel computes, ipywidgets sends no further message but
keeps the latest value of every setting; so a slow model skips values and never falls behind.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from functools import wraps
from typing import Any, Generic, Protocol, TypeVar, TypeVarTuple

from traitlets import Bunch, Bytes, Dict, TraitError, Unicode, validate

from advcourse import draw
from advcourse.widgets.live import Live, sources, still


class Named(Protocol):
    """What can be chosen: anything with a name."""

    @property
    def name(self) -> str:
        """As the list of choices shows it."""


class Reading(Protocol):
    """What `compute` finds out: anything that can be read out as a line of facts, with " · " between them."""

    @property
    def line(self) -> str:
        """The facts."""


Chosen = TypeVar("Chosen", bound=Named)
Found = TypeVar("Found", bound=Reading)
Owner = TypeVar("Owner")
Result = TypeVar("Result")
Key = TypeVarTuple("Key")

# Seconds between a first picture and what sharpens it, as a key that repeats is quicker and goes first; and between two
# pieces, so that a message can come in.
REST, BREATH = 0.09, 0.004
PICTURES = "pixels", "png"  # where a figure has its picture
POINTS = {name: colour for name, (colour, _) in zip(("dots", "squares"), draw.POINTS)}


def once(method: Callable[[Owner, *Key], Result]) -> Callable[[Owner, *Key], Result]:
    """A method whose result a panel remembers for each of its arguments."""

    @wraps(method)
    def remembered(self: Owner, *key: *Key) -> Result:
        known = self.__dict__.setdefault(f"_{remembered.__name__}_known", {})
        if key not in known:
            known[key] = method(self, *key)
        return known[key]

    return remembered


def remembers(owner: object, method: str, *key: object) -> bool:
    """Whether the result of this method, which runs `once`, is there already."""
    return key in owner.__dict__.get(f"_{method}_known", {})


class Panel(Live, Generic[Chosen, Found]):
    """Controls around a scene. A subclass declares its settings (see `settings`) and says what to show for them.

    choice: what one chooses between; legend: what the line adds to the reading, as long as it is live.
    """

    _esm, _css = sources("controls.js", "alive.js", "svg.js", "chart.js", "panel.js"), sources("panel.css")
    choice, legend = "image", ""

    chosen = Unicode().tag(sync=True, control={})
    palette = Dict({"right": draw.BLUE, "wrong": draw.RED, "held": draw.ORANGE, **POINTS}).tag(sync=True)
    # The pictures of its figures go beside a scene, each by itself: what stays the same is not sent again.
    scene = Dict().tag(sync=True, to_json=lambda scene, _: {**scene, "figures": [*map(told, scene.get("figures", ()))]})
    picture0, picture1, picture2, picture3, picture4 = (Bytes().tag(sync=True) for _ in range(5))

    def __init__(self, subjects: Sequence[Chosen], **given: Any):
        self.subjects = {s.name: s for s in subjects}
        if not subjects or len(self.subjects) < len(subjects):
            raise ValueError(f"subjects need one and different names; got {[s.name for s in subjects]}")
        chosen = self._known(given.get("chosen", subjects[0].name))
        self._offers = {s.name: self.offer(s) for s in subjects}
        start = {name: offer["start"] for name, offer in self._offers[chosen].items()}
        super().__init__(**{**start, "chosen": chosen, **given})
        self.controls = self._offered()
        self._found: tuple[dict, Found] | None = None
        self.observe(self._show, self.settings)
        self._show()

    # What a panel says ------------------------------------------------------------------------------------------------

    def offer(self, subject: Chosen) -> dict[str, dict]:
        """The settings that differ from one subject to the next: {name: what its control lacks and its start}."""
        return {}

    def compute(self) -> Found:
        """What there is to see for the present settings."""
        raise NotImplementedError

    def stages(self) -> Generator[Found | None, None, Found]:
        """What `compute` finds, in pieces, where it takes long: what there is so far, or None for nothing new to see.

        Between two pieces the next key is heard, and ends them.
        """
        yield from ()
        return self.compute()

    def figures(self, now: Found) -> list[dict]:
        """It in figures that the browser shows, made by the module of that name."""
        raise NotImplementedError

    def still(self, now: Found) -> tuple[draw.Figure, str]:
        """It on paper, and in a sentence what the picture shows; the line is added to it as alt text."""
        raise NotImplementedError

    # What a panel gets ------------------------------------------------------------------------------------------------

    @property
    def subject(self) -> Chosen:
        """The chosen one."""
        return self.subjects[self.chosen]

    @property
    def entering(self) -> bool:
        """Whether the controls are still those of another choice: settings that do not fit start anew in a moment."""
        return self.controls[0].get("for", self.chosen) != self.chosen

    def snapshot(self) -> draw.picture:
        now = self._found[1] if self._found and self._found[0] == self._present else self.compute()
        fig, says = self.still(now)
        return still(fig, f"{says} {now.line}".replace("\n", "; "))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.subjects)}): run this notebook to move its controls"

    @validate("chosen")
    def _valid_choice(self, proposal: Bunch) -> str:
        return self._known(proposal.value)

    def _known(self, name: str) -> str:
        if name not in self.subjects:
            raise TraitError(f"there is no {self.choice} {name!r}; there are {', '.join(self.subjects)}")
        return name

    @property
    def _present(self) -> dict:
        """The settings as they are."""
        return {name: getattr(self, name) for name in self.settings}

    def _offered(self) -> list[dict]:
        """The controls as they look for what is chosen; the first says for what that is."""
        first = {"label": self.choice, "options": list(self.subjects), "for": self.chosen}
        offer = {"chosen": first, **self._offers[self.chosen]}
        return [{**control, **offer.get(control["name"], {})} for control in self.controls]

    def _enter(self) -> None:
        """Keep the settings that fit what is chosen now, and start the others anew."""
        before, now = self._offers[self.controls[0]["for"]], self._offers[self.chosen]
        with self.hold_trait_notifications():
            self.controls = self._offered()
            for name, offer in now.items():
                if not fits(getattr(self, name), offer, before[name]):
                    setattr(self, name, offer["start"])
            # At once and together: a slow scene must not keep the browser from showing them.
            self.send_state({"controls", *now})

    def _show(self, _: Bunch | None = None) -> None:
        if self.entering:
            self._enter()
        settings = self._present
        if settings == self.scene.get("settings"):
            return
        self._ahead = self.stages()
        self._go_on(self._ahead, settings, REST)

    def _go_on(self, stages: Generator[Found | None, None, Found], settings: dict, rest: float = BREATH) -> None:
        """The next piece for these settings; the others when the kernel has nothing else to do, if it is one."""
        loop = running_loop()
        try:
            while stages is self._ahead:
                try:
                    found = next(stages)
                except StopIteration as end:
                    self._found = settings, end.value
                    return self._publish(settings, end.value)
                if loop:
                    if found is not None:
                        self._publish(settings, found, rough=True)
                    loop.call_later(rest, self._go_on, stages, settings)
                    return None
        except Exception as error:
            self.scene = {"settings": settings, "line": f"This cannot be computed: {error}", "figures": []}
            raise

    def _publish(self, settings: dict, found: Found, rough: bool = False) -> None:
        line = " · ".join(filter(None, [found.line, self.legend]))
        figures = self.figures(found)
        with self.hold_sync():
            for i, figure in enumerate(figures):
                self.set_trait(f"picture{i}", next((figure[kind] for kind in PICTURES if kind in figure), b""))
            self.scene = {"settings": settings, "line": line, "figures": figures, "rough": rough}


def told(figure: dict) -> dict:
    """What a scene says of a figure: all but its picture."""
    return {key: value for key, value in figure.items() if key not in PICTURES}


def whole(pieces: Generator[object, None, Result]) -> Result:
    """What comes out of a generator in the end."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The kernel's loop, where there is one that can call back."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def fits(value: object, offer: dict, before: dict) -> bool:
    """Whether a setting survives another choice: an option that is offered again, or a slider of the same range."""
    return value in offer["options"] if "options" in offer else before["max"] == offer["max"]
