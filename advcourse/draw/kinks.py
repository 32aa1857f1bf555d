"""Figures of kinks: contours of a maximum of the plane, the cone of directions that lead down, hulls of gradients."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from torch import Tensor

from advcourse.device import precise
from advcourse.draw import _LABEL, BLACK, GREEN, GREY, SKY, STYLES, _styled

DEPTH = LinearSegmentedColormap.from_list("depth", ["#A9CFE8", "#FFFFFF"])
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


def landscape(ax: Axes, values: Tensor, window: Sequence[float]) -> Axes:
    """Contour lines of values on the cells of a window, [n * n], the lower the bluer."""
    left, right, bottom, top = window
    n = math.isqrt(len(values))
    across, up = np.linspace(left, right, n), np.linspace(bottom, top, n)
    heights = values.detach().cpu().numpy().reshape(n, n)
    ax.contourf(across, up, heights, levels=14, cmap=DEPTH)
    ax.contour(across, up, heights, levels=14, colors=GREY, linewidths=0.5, linestyles="solid")
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xlabel="x", ylabel="y")
    return ax


def raster(paint: Callable[[Axes], object], pixels: int = 240) -> np.ndarray:
    """What paint draws on bare Axes, edge to edge, as an array [pixels, pixels, 3] in [0, 1]."""
    fig = Figure(figsize=(pixels / 100, pixels / 100), dpi=100)
    canvas = FigureCanvasAgg(fig)
    ax = fig.add_axes((0, 0, 1, 1))
    paint(ax)
    ax.set_axis_off()
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def directions(ax: Axes, at: Tensor, named: Mapping[str, Tensor]) -> Axes:
    """An arrow and its name for each direction d [2] at one point [2]; colours and line styles tell them apart.

    The first is the widest, so that it shows under another one that runs along it.
    """
    taken, width = [at, *(at + d for d in named.values())], 3.2
    for (name, d), (colour, _, style) in _styled(named):
        tip = at + d
        look = {"arrowstyle": "-|>", "color": colour, "linestyle": style, "linewidth": width}
        ax.annotate("", _xy(tip), _xy(at), arrowprops={**look, "shrinkA": 0, "shrinkB": 0}, zorder=4)
        width = 1.6
        place = _free(tip, 0.15 * _reach(ax) * d / d.norm().clamp(min=1e-9), taken)
        taken.append(place)
        ax.text(
            *place.tolist(),
            name,
            color=colour,
            fontsize=9,
            ha="center",
            va="center",
            bbox=_LABEL,
            zorder=5,
            clip_on=True,
        )
    ax.plot(*at.tolist(), marker="o", color=BLACK, markersize=5, zorder=6)
    return ax


def downhill(ax: Axes, at: Tensor, gradients: Tensor) -> Axes:
    """The cone of descent directions {d: <g_i, d> < 0 for all i}, shaded from one point [2]: gradients [k, 2]."""
    if len(sector := descent_sector(gradients)):
        corners = torch.cat([at[None], at + 0.9 * _reach(ax) * sector.to(at)])
        ax.add_patch(Polygon(corners.tolist(), closed=True, facecolor=GREEN, alpha=0.3, edgecolor="none", zorder=2))
    return ax


def hull(ax: Axes, gradients: Tensor, nearest: Tensor) -> Axes:
    """Gradients [k, 2] as arrows from zero, their convex hull, and its point [2] that is nearest to zero."""
    reach = 1.4 * max(gradients.abs().max().item(), 1e-9)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="d / dx", ylabel="d / dy")
    ax.axhline(0, color=GREY, linewidth=0.5)
    ax.axvline(0, color=GREY, linewidth=0.5)
    corners = outline(gradients)
    ax.add_patch(Polygon(corners.tolist(), closed=True, facecolor=SKY, alpha=0.4, edgecolor=BLACK, linewidth=1))
    names = {f"∇g{SUBSCRIPTS[i]}": g for i, g in enumerate(gradients[: len(STYLES) - 1], 1)}
    directions(ax, torch.zeros(2), {"v*": nearest, **names})
    ax.add_patch(Circle((0, 0), nearest.norm().item(), fill=False, edgecolor=GREY, linestyle=":"))
    return ax


def descent_sector(gradients: Tensor, points: int = 24) -> Tensor:
    """Unit vectors [points, 2] over the directions in which all gradients [k, 2] fall, edge to edge; [0, 2] if none.

    An edge of the cone is at right angles to one of the gradients, and not uphill for the others.
    """
    g = precise(gradients)
    turned = torch.stack([-g[:, 1], g[:, 0]], 1)
    candidates = torch.nn.functional.normalize(torch.cat([turned, -turned]), dim=1)
    uphill = (candidates @ g.T).amax(1)
    edges = candidates[(uphill <= 1e-9 * g.norm(dim=1).max()) & (candidates.norm(dim=1) > 0)]
    if not len(edges):
        return edges
    angles = torch.atan2(edges[:, 1], edges[:, 0])
    start = angles[0]
    turn = (angles - start + torch.pi) % (2 * torch.pi) - torch.pi
    low, high = turn.min(), turn.max()
    if (high - low) < 1e-9:
        return edges[:0]
    fan = start + torch.linspace(0, 1, points, dtype=torch.float64, device=g.device) * (high - low) + low
    fan = torch.stack([fan.cos(), fan.sin()], 1)
    # Of a half plane both edges are opposite, and either side may lie between them: the right one falls.
    return fan if (fan[points // 2] @ g.T).amax() < 0 else (-fan.flip(0) if len(edges) == 2 else edges[:0])


def outline(points: Tensor) -> Tensor:
    """The corners of the convex hull of points [k, 2], counter-clockwise: [m, 2] (Andrew's monotone chain)."""
    ordered = sorted({tuple(p) for p in precise(points).tolist()})
    halves = []
    for row in (ordered, ordered[::-1]):
        half: list[tuple[float, float]] = []
        for x, y in row:
            while len(half) > 1 and (half[-1][0] - half[-2][0]) * (y - half[-2][1]) <= (half[-1][1] - half[-2][1]) * (
                x - half[-2][0]
            ):
                half.pop()
            half.append((x, y))
        halves += half[:-1]
    return torch.tensor(halves or ordered, dtype=points.dtype)


def _free(tip: Tensor, ahead: Tensor, taken: Sequence[Tensor]) -> Tensor:
    """Where the name of an arrow stands: ahead of its tip [2], or on that side of it which is farthest from others."""
    aside = 1.3 * ahead.flip(0) * ahead.new_tensor([-1.0, 1.0])

    def room(place: Tensor) -> Tensor:
        return min((place - other).norm() for other in taken)

    if room(tip + ahead) >= 0.99 * ahead.norm():  # its own tip is that near
        return tip + ahead
    return max(tip + aside, tip - aside, key=room)


def _xy(point: Tensor) -> tuple[float, float]:
    x, y = point.tolist()
    return x, y


def _reach(ax: Axes) -> float:
    """Half the width of what is shown."""
    left, right = ax.get_xlim()
    return (right - left) / 2
