"""What the figures of a panel are made of: pixels with bars or notes, maps with shapes, plots with a mark."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from advcourse import draw


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
        "sharp": draw.sharp(array),
        "blank": bool(array.min() == 1),
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


def chart(
    caption: str,
    window: Sequence[float],
    shapes: Sequence[dict],
    *,
    across: str,
    up: str,
    equal: bool = False,
    height: float = 0.75,
) -> dict:
    """Areas and lines (see `trace`) over this window, drawn by the browser, height times as high as wide.

    Quicker than a plot, and as fine as the screen. With equal, both axes have the same scale and show more of one.
    """
    told = {
        "window": list(window),
        "shapes": list(shapes),
        "across": across,
        "up": up,
        "equal": equal,
        "height": height,
    }
    return {"caption": caption, "chart": told}


def trace(
    points: np.ndarray, name: str, style: tuple[str, str, str] = (draw.BLACK, "", "-"), *, filled: bool = False
) -> dict:
    """A line through points [k, 2] of a chart in the style (colour, marker, line) of `draw.STYLES`, or an area."""
    colour, marker, dash = style
    rounded = np.asarray(points, dtype=float).round(5).tolist()
    return {"points": rounded, "name": name, "colour": colour, "marker": marker, "dash": dash, "filled": filled}


def screen(rows: int = 1, columns: int = 1, *, height: float) -> tuple[draw.Figure, np.ndarray]:
    """A figure for a panel and its Axes: small in inches, fine in dots, so that one can read it at half its size."""
    fig, axes = draw.board(rows, columns, width=3.4, height=height, sharex=rows > 1)
    fig.set_dpi(150)
    return fig, axes


class Curves:
    """A figure that is drawn once, its Axes one above the other; a mark moves along their common horizontal axis.

    Best made by `screen`. The mark crosses each of the Axes from bottom to top and goes no farther: what is written
    around and between them stays legible.
    """

    def __init__(self, fig: draw.Figure, caption: str):
        # Before the axis is read: drawing is what lays the figure out.
        self._drawn: dict[str, object] = {"png": draw.png(fig), "caption": caption}
        boxes = [ax.get_position() for ax in fig.axes]
        box, (low, high) = boxes[0], fig.axes[0].get_xlim()
        self._place = lambda value: float(box.x0 + box.width * (value - low) / (high - low))
        self._drawn["spans"] = [[float(1 - box.y1), float(box.height)] for box in boxes]

    def at(self, value: float) -> dict:
        """The figure with its mark at this value of the axis."""
        return {**self._drawn, "mark": self._place(value)}
