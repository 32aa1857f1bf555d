"""Figures. Every function draws data on the Axes it is given and returns it; nothing here shows or saves.

`fig, axes = board(1, 3)` makes a figure, `picture(fig, alt=...)` turns it into a notebook's output with its alt text.
Colours are those of Okabe and Ito, safe for colour-blind readers; markers and line styles are the second cue.
"""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.transforms import ScaledTranslation
from torch import Tensor

from advcourse import toys
from advcourse.device import precise
from advcourse.measure import Curve
from advcourse.threats import Linf, Unbounded

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, RED, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#767676"
STYLES = ((BLUE, "o", "-"), (RED, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"), (ORANGE, "v", "-"))
LEARNERS = ((BLACK, "P", (0, (6, 2))), *STYLES)
STYLE_OF = {recipe.name: style for recipe, style in zip(toys.RECIPES, LEARNERS)}  # the same in every figure
SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "#FFFFFF", RED])
SIDES = LinearSegmentedColormap.from_list("sides", ["#8FC1E0", "#FFFFFF", "#F2B58C"])
USUAL = LinearSegmentedColormap.from_list("usual", ["#FFFFFF", "#B5E3D3", "#3FB38D"])
ManyAxes = Sequence[Axes] | np.ndarray  # the array is what `board` makes
Walks = Mapping[str, Sequence[Tensor]]  # iterates by name
Window = tuple[float, float, float, float]  # left, right, bottom, top
CLASSES, POINTS = ((BLUE, "o"), (RED, "s")), (("#00507D", "o"), ("#954200", "s"))  # POINTS: darker than their field


def board(
    rows: int = 1, columns: int = 1, *, width: float = 7.5, height: float = 2.6, **grid: Any
) -> tuple[Figure, np.ndarray]:
    """A figure of width x height inches and its rows x columns Axes, as an array [rows * columns] in reading order."""
    fig = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(fig)
    axes = fig.subplots(rows, columns, squeeze=False, **grid).ravel()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        ax.xaxis.label.set_size(9)
        ax.yaxis.label.set_size(9)
    return fig, axes


def png(fig: Figure) -> bytes:
    """The figure as a PNG, without the metadata that would differ between versions."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


class picture:
    """A figure as the result of a notebook cell: the PNG with its alt text, which also stands in for it as text."""

    def __init__(self, fig: Figure, *, alt: str):
        if len(alt.split()) < 4:
            raise ValueError(
                f"alt must say in a sentence what the figure shows, for readers who cannot see it; got {alt!r}"
            )
        self.png, self.alt = png(fig), alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


def pixels(x: Tensor) -> np.ndarray:
    """One image [C, H, W] or [1, C, H, W] in [0, 1] as an array [H, W, 3]."""
    x = x.detach().cpu().float()
    x = x[0] if x.ndim == 4 else x
    return x.expand(3, -1, -1).permute(1, 2, 0).clamp(0, 1).numpy()


def signed(d: Tensor, scale: float) -> np.ndarray:
    """A displacement [C, H, W] as an array [H, W, 3]: blue is darker, red is brighter; colour images around mid-grey.

    scale is the displacement that gets the full colour.
    """
    d = d.detach().cpu().float()
    d = d[0] if d.ndim == 4 else d
    d = (d / scale).clamp(-1, 1) if scale > 0 else torch.zeros_like(d)
    if len(d) == 1:
        return SIGNED((d[0].numpy() + 1) / 2)[..., :3]
    return (0.5 + d / 2).permute(1, 2, 0).numpy()


def sharp(array: np.ndarray) -> bool:
    """Whether an array [H, W, ...] is so small that one should see its pixels."""
    return max(array.shape[:2]) < 100


def image(ax: Axes, array: np.ndarray, title: str = "") -> Axes:
    """An array [H, W, 3] with sharp pixels and no ticks."""
    ax.imshow(array, interpolation="nearest" if sharp(array) else "antialiased")
    ax.set_axis_off()
    ax.set_title(title, fontsize=9)
    return ax


def top(probabilities: Tensor, names: Sequence[str], k: int = 3) -> list[tuple[str, float]]:
    """The k most probable classes and their probabilities, of one row [K]; all of them where there are fewer."""
    values, classes = probabilities.detach().cpu().flatten().topk(min(k, probabilities.numel()))
    return [(names[c], v) for c, v in zip(classes.tolist(), values.tolist(), strict=True)]


def bars(ax: Axes, probabilities: Tensor, names: Sequence[str], *, true: int | None = None, k: int = 3) -> Axes:
    """The k most probable classes of one row [K]; the true class in blue, every other hatched in vermilion.

    A label stands above its bar: beside it, that of a long bar would leave the Axes. Long names are cut.
    """
    rows = top(probabilities, names, k)
    answer = names[true] if true is not None else None
    for place, (name, value) in enumerate(rows):
        right, short = name == answer, name if len(name) <= 22 else f"{name[:21]}…"
        look: dict[str, Any] = {"color": BLUE if right else RED, "hatch": "" if right else "///", "edgecolor": "white"}
        ax.barh(place + 0.2, value, height=0.4, **look)
        ax.text(0.01, place - 0.04, f"{short} {value:.0%}", va="bottom", fontsize=8 if len(short) <= 15 else 7)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6), yticks=[], xticks=[0, 0.5, 1], xlabel="probability")
    return ax


def fooled(
    axes: ManyAxes,
    x: Tensor,
    z: Tensor,
    probabilities: Tensor,
    names: Sequence[str],
    *,
    true: int,
    eps: float,
) -> ManyAxes:
    """The picture everybody knows on five Axes: clean, its top 3, the amplified change, attacked, its top 3.

    x, z [1, C, H, W]; probabilities of both, [2, K]; eps is the change that gets the full colour.
    """
    image(axes[0], pixels(x), "clean")
    bars(axes[1], probabilities[0], names, true=true)
    image(axes[2], signed(z - x, eps), f"change x {1 / (2 * eps):.3g}")
    image(axes[3], pixels(z), f"attacked, eps {eps * 255:.3g}/255")
    bars(axes[4], probabilities[1], names, true=true)
    return axes


def curves(ax: Axes, lines: Mapping[str, Curve]) -> Axes:
    """Accuracy under attack over eps in grey levels, with 95 % Wilson bands: a line and a marker for each name."""
    for (name, curve), (colour, marker, style) in _styled(lines):
        eps = np.array(curve.eps) * 255
        low, high = np.array(curve.interval).T
        ax.fill_between(eps, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(eps, curve.accuracy, color=colour, marker=marker, linestyle=style, markersize=4, label=name)
    ax.set(ylim=(-0.02, 1.02), xlabel="eps (grey levels of 255)", ylabel="accuracy under attack")
    ax.legend(frameon=False, fontsize=8)
    return ax


def legend_below(ax: Axes, columns: int) -> Axes:
    """The legend in so many columns under the Axes, so far that ticks and label fit between; no mark meets it."""
    at = ax.transAxes + ScaledTranslation(0, -30 / 72, ax.figure.dpi_scale_trans)
    ax.legend(frameon=False, fontsize=8, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=at)
    return ax


def losses(ax: Axes, lines: Mapping[str, Tensor], label: str = "loss") -> Axes:
    """A number for every step t = 0, 1, ...; one line [T] and marker for each name."""
    for (name, values), (colour, marker, style) in _styled(lines):
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": style, "markersize": 4}
        # An odd number of steps between two marks: what goes to and fro must not seem to stand still.
        ax.plot(values.detach().cpu().numpy(), **look, markevery=(len(values) // 25) | 1, label=name)
    ax.set(xlabel="step t", ylabel=label)
    ax.locator_params(axis="x", integer=True, steps=[1, 2, 5, 10])
    ax.legend(frameon=False, fontsize=8)
    return ax


def cells(window: Sequence[float], n: int) -> Tensor:
    """The points [n * n, 2] of a grid over the window (left, right, bottom, top), row by row from the bottom."""
    left, right, bottom, top = window
    return torch.cartesian_prod(torch.linspace(bottom, top, n), torch.linspace(left, right, n)).flip(1)


def tint(values: Tensor, low: float, high: float, colours: LinearSegmentedColormap) -> np.ndarray:
    """Values on the cells of a window, [n * n], as a picture [n, n, 3] whose first row is the top."""
    n = math.isqrt(len(values))
    return colours(((values.cpu().numpy().reshape(n, n)[::-1] - low) / (high - low)).clip(0, 1))[..., :3]


def level(values: Tensor, window: Sequence[float], at: float) -> list[np.ndarray]:
    """The lines, each [k, 2], along which values on the cells of a window, [n * n], are equal to `at`."""
    left, right, bottom, top = window
    n = math.isqrt(len(values))
    across, up = np.linspace(left, right, n), np.linspace(bottom, top, n)
    found = contour_generator(across, up, values.cpu().numpy().reshape(n, n)).lines(at)
    return [np.asarray(line) for line in found]


def field(ax: Axes, picture: np.ndarray, window: Window, x: Tensor, y: Tensor) -> Axes:
    """A picture of the plane in this window, and on it points x [N, 2] of two classes y [N]: dots and squares."""
    ax.imshow(picture, extent=window, interpolation="bilinear", aspect="equal")
    for k, (colour, marker) in enumerate(POINTS):
        ax.scatter(*x[y == k].cpu().T.numpy(), s=14, c=colour, marker=marker, edgecolors="white", linewidths=0.7)
    ax.set(xlim=window[:2], ylim=window[2:])
    return ax


def decisions(ax: Axes, p: Tensor, x: Tensor, y: Tensor) -> Axes:
    """What a classifier of [-1, 1]^2 says, p(1) on a grid [n, n] from the bottom row up; its boundary and points."""
    window = (-1.0, 1.0, -1.0, 1.0)
    field(ax, tint(p.flatten(), 0, 1, SIDES), window, x, y)
    for line in level(p.flatten(), window, 0.5):
        ax.plot(*line.T, color=BLACK, linewidth=0.9)
    return _bare(ax)


def arrows(ax: Axes, x: Tensor, z: Tensor) -> Axes:
    """An arrow from every point x [N, 2] to its z [N, 2]; none where both are the same."""
    moved = (z != x).any(1).cpu()
    x, d = x.cpu()[moved], (z - x).cpu()[moved]
    ax.quiver(*x.T, *d.T, angles="xy", scale_units="xy", scale=1, width=0.003, color=BLACK, alpha=0.65, zorder=3)
    return ax


def susceptibility(
    ax: Axes,
    distances: Mapping[str, Tensor],
    norm: str,
    *,
    widest: float = 0.5,
    at: float | None = None,
) -> Axes:
    """Share of points whose smallest perturbation is under eps, over eps up to the widest; distances [N] for each name.

    The best classifier is the lowest line. A vertical line marks the eps `at`. The recipes of `toys` have lines of
    their own, in every figure the same; other names get one in turn.
    """
    for (name, distance), spare in zip(distances.items(), LEARNERS):
        colour, marker, style = STYLE_OF.get(name, spare)
        reached = distance[distance < widest].sort().values.cpu().numpy()
        steps = np.concatenate([[0.0], reached, [widest]])
        shares = np.minimum(np.arange(len(steps)), len(reached)) / max(len(distance), 1)
        line: dict[str, Any] = {
            "color": colour,
            "linestyle": style,
            "marker": marker,
            "markersize": 4,
            "markevery": 0.12,
        }
        ax.plot(steps, shares, drawstyle="steps-post", label=name, **line)
    if at is not None:
        ax.axvline(at, color=GREY, linewidth=1, linestyle=":")
    ax.set(xlim=(0, widest), ylim=(-0.02, 1.02), xlabel=f"eps ({norm})", ylabel="susceptibility")
    if distances:
        ax.legend(frameon=False, fontsize=8)
    return ax


def gallery(axes: ManyAxes, x: Tensor, y: Tensor, fields: Mapping[str, Tensor]) -> ManyAxes:
    """Training data alone, then the same data on the decisions of several classifiers: one more Axes than fields.

    fields holds p(1) on a grid [n, n] of [-1, 1]^2 from the bottom row up, by title: `toys.Boundary(...).probability`.
    """
    _bare(field(axes[0], np.ones((2, 2, 3)), (-1, 1, -1, 1), x, y)).set_title("training data", fontsize=9)
    for ax, (title, p) in zip(axes[1:], fields.items(), strict=True):
        decisions(ax, p, x, y).set_title(title, fontsize=9)
    return axes


def _bare(ax: Axes) -> Axes:
    ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
    ax.spines[:].set_visible(True)
    return ax


def plane(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Two orthonormal directions [2, n] of the plane through the points x, first and second, each [1, ...]."""
    u = precise((first - x).flatten())
    # Where the first point is x itself, as with steps of length zero, all pixels move: one alone would cast a sliver.
    u = u / u.norm() if u.norm() > 0 else torch.ones_like(u) / len(u) ** 0.5
    # Where the points are in line, up to rounding, any direction across will do; these two are always the same, and
    # no line runs along both.
    slope = torch.linspace(-1, 1, len(u), dtype=u.dtype, device=u.device)
    for w in (precise((second - x).flatten()), slope, torch.ones_like(u)):
        v = w - (w @ u) * u
        if v.norm() > 1e-5 * w.norm():
            break
    return torch.stack([u, v / v.norm()])


def shadow(lower: Tensor, upper: Tensor, directions: Tensor, corners: int = 180) -> np.ndarray:
    """The outline [corners, 2] of what a product of intervals [n] casts on the plane of directions [2, n].

    The corner farthest in direction a takes the upper end of the intervals whose direction lies within a right angle of
    a, the lower end elsewhere. In the order of their angles those are neighbours: their sum is the difference of two.
    """
    turn, order = torch.atan2(directions[1], directions[0]).sort()
    pushes = (precise((upper - lower).flatten()) * directions)[:, order].T
    known = torch.cat([torch.zeros_like(pushes[:1]), pushes.cumsum(0)])
    angle = torch.linspace(0, 2 * torch.pi, corners + 1, dtype=turn.dtype, device=turn.device)[:-1]
    first, last = ((angle + turned).remainder(2 * torch.pi) - torch.pi for turned in (torch.pi / 2, 1.5 * torch.pi))
    begin, end = torch.searchsorted(turn, first, right=True), torch.searchsorted(turn, last)
    far = directions @ precise(lower.flatten()) + known[end] - known[begin] + (first > last)[:, None] * known[-1]
    return far.cpu().numpy()


def shadows(x: Tensor, walks: Walks, threat: Linf | Unbounded) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """What `paths` draws: outlines of ball and box together and of the ball alone, and each walk [T + 1, 2]."""
    ends = [walk[-1] for walk in walks.values()]
    directions = plane(x, ends[0], ends[min(1, len(ends) - 1)])
    allowed, wide = threat.around(x), torch.full_like(x, threat.eps)
    both, ball = (shadow(*sides, directions) for sides in ((allowed.lower - x, allowed.upper - x), (-wide, wide)))
    away = {name: precise(torch.cat(list(walk)) - x).flatten(1) for name, walk in walks.items()}
    return both, ball, {name: (d @ directions.T).cpu().numpy() for name, d in away.items()}


def paths(ax: Axes, x: Tensor, walks: Walks, threat: Linf | Unbounded) -> Axes:
    """Iterates of attacks on one image x [1, ...], cast on the plane through x and the ends of the first two walks.

    Shaded is the shadow of ball and box together, outlined the shadow of the ball alone. Every iterate that keeps to
    the set lies in its shadow; a point outside the outline has left the ball. Distances in the plane are Euclidean.
    """
    both, ball, cast = shadows(x, walks, threat)
    ax.add_patch(Polygon(both, closed=True, facecolor=SKY, alpha=0.35, edgecolor="none", label="ball and box"))
    ax.add_patch(Polygon(ball, closed=True, fill=False, edgecolor=GREY, linestyle="--", label="ball"))
    for (name, at), (colour, marker, style) in _styled(cast):
        ax.plot(*at.T, color=colour, marker=marker, linestyle=style, markersize=4, label=name)
    ax.plot(0, 0, marker="*", color=BLACK, markersize=10, linestyle="none", label="x")
    ax.set(xlabel="along the first path", ylabel="across")
    ax.set_aspect("equal", adjustable="datalim")
    ax.legend(frameon=False, fontsize=7, loc="best")
    return ax


def _styled(lines: Mapping[str, object]) -> Iterator:
    """Each line with a colour, marker and style of its own."""
    if len(lines) > len(STYLES):
        raise ValueError(f"at most {len(STYLES)} lines can be told apart in one figure; got {len(lines)}: draw two")
    return zip(lines.items(), STYLES, strict=False)


_LABEL = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
