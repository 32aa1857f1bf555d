"""The conflict explorer: the slide's triple, with the third picture anywhere between the two cues, or without one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

from advcourse import conflict, data, draw, measure
from advcourse.draw.cues import answers
from advcourse.models import imagenet_names
from advcourse.toys import PATTERNS
from advcourse.widgets.figures import figure
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import one_of, per_cent

GRIDS = (1, 2, 4, 7, 8, 14)


@dataclass(frozen=True, eq=False)
class Content:
    """A photograph x [1, 3, 224, 224] whose shape is kept, and its conflict image in each texture."""

    name: str
    x: Tensor
    classes: tuple[int, ...]
    conflicts: dict[str, Tensor]


def contents() -> list[Content]:
    """The four photographs of the conflict images that ship, by what a person says to each."""
    found = []
    for photo, (label, classes) in conflict.CONTENTS.items():
        images = {one.pattern: one.x for one in conflict.stimuli() if one.photo == photo}
        found.append(Content(label, data.photo(photo), classes, images))
    return found


def mixed(content: Content, texture: str, share: float) -> tuple[Tensor, str]:
    """From the photograph (0) over the conflict image (0.5) to the texture (1)."""
    image = conflict.fade(content.x, content.conflicts[texture], conflict.pattern(texture), 2 * share - 1)
    return image, f"{share:.0%} of the way from {content.name} over conflict image to {texture}"


def swapped(content: Content, texture: str, share: float) -> tuple[Tensor, str]:
    """The photograph's low frequencies, the texture's high ones; the border runs from 0 to 16 pixels."""
    image = conflict.swap_frequencies(content.x, conflict.pattern(texture), 16 * share)
    return image, f"finer than {16 * share:.1f} pixels: {texture}; coarser: {content.name}"


def shuffled(content: Content, texture: str, share: float) -> tuple[Tensor, str]:
    """The photograph in patches, from 1 x 1 to 14 x 14 of them."""
    grid = GRIDS[round(share * (len(GRIDS) - 1))]
    image = conflict.patch_shuffle(content.x, grid, Generator().manual_seed(0))
    return image, f"the {content.name} in {grid} x {grid} shuffled patches: texture without shape"


def blackened(content: Content, texture: str, share: float) -> tuple[Tensor, str]:
    """The photograph in two tones, blurred before by 0 to 4 pixels."""
    return conflict.silhouette(content.x, 4 * share), f"the {content.name} in two tones: shape without texture"


def outlined(content: Content, texture: str, share: float) -> tuple[Tensor, str]:
    """The photograph's edges, blurred before by 0 to 4 pixels."""
    return conflict.edges(content.x, 4 * share), f"the edges of the {content.name}: shape without texture"


VIEWS: dict[str, Callable[[Content, str, float], tuple[Tensor, str]]] = {
    "between the cues": mixed,
    "swap frequencies": swapped,
    "shuffle patches": shuffled,
    "two tones": blackened,
    "edges": outlined,
}


@dataclass(frozen=True, eq=False)
class Triple:
    """Texture, content and a third picture [1, 3, 224, 224] each, what the network says to them, [3, 1000]."""

    content: Content
    texture: str
    image: Tensor
    made: str
    probabilities: Tensor

    @property
    def shape_names(self) -> set[str]:
        """What counts as naming the shape."""
        return {imagenet_names()[k] for k in self.content.classes}

    @property
    def line(self) -> str:
        """The third picture in words, and which cue its answer follows."""
        (first, p), *_ = draw.top(self.probabilities[2], imagenet_names())
        cue = "the shape" if first in self.shape_names else "the texture" if first == self.texture else "neither cue"
        by_shape = self.probabilities[2, list(self.content.classes)].sum()
        by_texture = self.probabilities[2, imagenet_names().index(self.texture)]
        # A content has several classes, so that their sum may exceed the first answer, which is one class.
        return (
            f"{self.made} · the network says {first} ({p:.0%}): {cue} · the {len(self.content.classes)} classes for "
            f"{self.content.name} add up to {by_shape:.0%}, {self.texture} alone has {by_texture:.0%}"
        )


class ConflictExplorer(Panel[Content, Triple]):
    """Choose content and texture, slide between the cues or take one away; the network's top 3 move with the picture.

    Settings are traits and may be given as keywords: ConflictExplorer(network, texture="zebra", amount=50).
    """

    choice, legend = "content", "blue bars name the shape"
    texture = one_of(PATTERNS, "honeycomb", "texture")
    view = one_of(VIEWS, next(iter(VIEWS)), "third picture")
    amount = per_cent(50.0, "how far", step=5)

    def __init__(self, network: nn.Module, **settings: Any):
        self.network = network
        super().__init__(contents(), **settings)

    def compute(self) -> Triple:
        image, made = VIEWS[self.view](self.subject, self.texture, self.amount / 100)
        p = torch.cat([self._known_answer(self.texture), self._known_answer(self.chosen), self._ask(image)])
        return Triple(self.subject, self.texture, image, made, p)

    def figures(self, now: Triple) -> list[dict]:
        rows = [draw.top(p, imagenet_names()) for p in now.probabilities]
        bars = [[(name, p, name in now.shape_names) for name, p in row] for row in rows]
        pictures = zip(self._pictures(now), bars, strict=True)
        return [figure(caption, draw.pixels(x), bars=below) for (caption, x), below in pictures]

    def still(self, now: Triple) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(2, 3, width=7.2, height=3.8, gridspec_kw={"height_ratios": [3, 1.3]})
        for column, ((caption, x), p) in enumerate(zip(self._pictures(now), now.probabilities, strict=True)):
            draw.image(axes[column], draw.pixels(x), caption)
            answers(axes[3 + column], p, imagenet_names(), shape=now.shape_names, texture={now.texture})
        return fig, "A texture, a content and a third picture with the top 3 of each."

    def _pictures(self, now: Triple) -> list[tuple[str, Tensor]]:
        return [
            ("(a) texture image", conflict.pattern(now.texture)),
            ("(b) content image", now.content.x),
            (f"(c) {self.view}", now.image),
        ]

    @once
    def _known_answer(self, name: str) -> Tensor:
        return self._ask(conflict.pattern(name) if name in PATTERNS else self.subjects[name].x)

    def _ask(self, x: Tensor) -> Tensor:
        """What the network says, [1, 1000]."""
        weight = next(self.network.parameters(), x)
        return measure.probabilities(self.network, x.to(weight.device)).cpu()
