"""The noise explorer: so much noise, so many draws; what the vote certifies, and what one draw's gradient is worth."""

import torch

from advcourse import draw
from advcourse.widgets.figures import figure, shape, sketch
from advcourse.widgets.noise import SHOWN, WINDOW, Noisy, Plane, circle, picture
from advcourse.widgets.panel import Panel
from advcourse.widgets.settings import count, on_map, slider, within

COLOURS = [colour for colour, _ in draw.POINTS]


class NoiseExplorer(Panel[Plane, Noisy]):
    """Choose a classifier, the noise and the number of draws; drag the ring to compare the gradients there.

    Settings are traits and may be given as keywords: NoiseExplorer(planes, sigma=0.2, draws=500, x=0, y=0.3).
    """

    choice, legend = "classifier", "arrows: where the vote changes next"
    sigma = slider(
        0.15,
        "noise σ",
        sensible=within(0.01, 0.4),
        says="is a deviation in units of the plane, and must lie in 0.01..0.4",
        min=0.01,
        max=0.4,
        step=0.01,
    )
    draws = count(200, "draws", 1000)
    x, y = on_map(0.1, "ring across", -1, 1, 0.02), on_map(0.1, "ring up", -1, 1, 0.02)

    def compute(self) -> Noisy:
        return Noisy(self.subject, self.sigma, self.draws, torch.tensor([self.x, self.y]))

    def figures(self, now: Noisy) -> list[dict]:
        at = now.at.tolist()
        field = sketch(WINDOW, discs(now), drag=("x", "y"), at=at)
        slopes = sketch(WINDOW, gradients(now), drag=("x", "y"), at=at)
        return [
            figure(
                "the vote, and its certified discs",
                picture(now.share),
                notes=["green: certified discs; orange: of wrong votes; a cross: no answer; yellow: the ring"],
                plane=field,
            ),
            figure(
                "one answer, and gradients at the ring",
                picture(now.plane.answers(draw.cells(WINDOW, SHOWN))),
                notes=["purple: eight draws, each alone, some too short to see; green: the mean of all"],
                plane=slopes,
            ),
        ]

    def still(self, now: Noisy) -> tuple[draw.Figure, str]:
        fig, (left, right) = draw.board(1, 2, width=8, height=4)
        draw.field(left, picture(now.share), WINDOW, now.plane.x, now.plane.y)
        draw.arrows(left, now.plane.x, now.nearest)
        for middle, radius in zip(now.plane.x, now.certified[1].tolist(), strict=True):
            left.plot(*circle(middle, radius).T, color=draw.GREEN, linewidth=1.6)
        draw.field(right, picture(now.plane.answers(draw.cells(WINDOW, SHOWN))), WINDOW, now.plane.x, now.plane.y)
        some, mean = now.arrows
        looks = [(one, {"color": draw.PURPLE}) for one in some] + [(mean, {"color": draw.GREEN, "lw": 3})]
        for d, look in looks:
            right.annotate("", (now.at + d).tolist(), now.at.tolist(), arrowprops={"arrowstyle": "->", **look})
        left.set_title("the vote, certified discs, nearest change", fontsize=9)
        right.set_title("one answer; gradients of draws, and of the mean", fontsize=9)
        return (
            fig,
            "The field of the vote, certified discs inside of arrows; draws' gradients beside the mean's.",
        )


def discs(now: Noisy) -> list[dict]:
    """Arrows to the nearest change, certified discs, and the points in the colours of their classes."""
    labels, radius = now.certified
    moved = [pair for pair in zip(now.plane.x, now.nearest) if not torch.equal(*pair)]
    shapes = [shape("arrow", torch.stack(pair), draw.BLACK) for pair in moved]
    for x, y, label, r in zip(now.plane.x, now.plane.y.tolist(), labels.tolist(), radius.tolist()):
        if label >= 0:
            shapes.append(shape("line", circle(x, r), draw.GREEN if label == y else draw.ORANGE))
        shapes.append(shape("dot", x[None], COLOURS[y]))
        if label < 0:
            shapes += [shape("line", x + 0.07 * torch.tensor([[-1.0, s], [1.0, -s]]), draw.BLACK) for s in (-1, 1)]
    return shapes


def gradients(now: Noisy) -> list[dict]:
    """Some draws' gradients from the place, and the mean's."""
    some, mean = now.arrows
    shapes = [shape("arrow", torch.stack([now.at, now.at + one]), draw.PURPLE) for one in some]
    return [*shapes, shape("arrow", torch.stack([now.at, now.at + mean]), draw.GREEN, name="mean")]
