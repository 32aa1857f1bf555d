"""How far samples are from the boundary: many of them at once, by several trainings, or by two ways of measuring."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from advcourse.draw import BLACK, BLUE, GREY, ORANGE, STYLES, legend_below


def edges(widest: float) -> np.ndarray:
    """Where the bars of a histogram of margins end: a quarter as far below zero as above, and one end at zero."""
    return np.linspace(-widest / 4, widest, 26)


def histogram(ax: Axes, distance: Tensor, first_order: Tensor, *, gamma: float, widest: float) -> Axes:
    """Margins [N] as bars: the true distances filled, what the first order takes for them as an outline.

    Below zero lie samples that are wrong; what is longer than the widest is counted in the last bar. A dashed line
    marks gamma, the margin that was asked for.
    """
    bins = edges(widest)
    kept = [values.detach().cpu().double().clamp(-widest / 4, widest).numpy() for values in (distance, first_order)]
    ax.hist(kept[0], bins.tolist(), color=BLUE, alpha=0.55, label="true distance")
    ax.hist(kept[1], bins.tolist(), histtype="step", color=ORANGE, linewidth=1.6, label="first-order margin")
    ax.axvline(gamma, color=BLACK, linestyle="--", linewidth=1, label="asked for")
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set(xlabel="margin (below 0: wrong)", ylabel="points")
    return legend_below(ax, 3)


def still_right(ax: Axes, distances: Mapping[str, Tensor], *, widest: float, unit: str) -> Axes:
    """Share of samples that no change found so far of length eps turns wrong, over eps: distances [N] for each name.

    The distance of a wrong sample is 0. Distances come from attacks, so every line is at most what it seems: an upper
    bound of what is robust.
    """
    if len(distances) > len(STYLES):
        raise ValueError(f"at most {len(STYLES)} lines can be told apart in one figure; got {len(distances)}: draw two")
    for (name, distance), (colour, marker, style) in zip(distances.items(), STYLES, strict=False):
        ordered = np.sort(distance.detach().cpu().numpy())
        steps = np.concatenate([[0.0], ordered[ordered < widest], [widest]])
        left = np.array([(ordered > step).mean() for step in steps])
        look: dict[str, Any] = {"color": colour, "linestyle": style, "marker": marker, "markersize": 4}
        ax.plot(steps, left, drawstyle="steps-post", markevery=0.15, label=name, **look)
    ax.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(xlim=(0, widest), ylim=(-0.02, 1.02), xlabel=f"eps ({unit})", ylabel="at most so many are robust")
    ax.legend(frameon=False, fontsize=8)
    return ax


def beside_the_truth(
    ax: Axes, distances: Mapping[str, Tensor], first_order: Mapping[str, Tensor], *, widest: float
) -> Axes:
    """First-order margins [N] over the true distances [N], a marker for each name; on the diagonal both agree.

    A point above the diagonal is nearer to the boundary than its first-order margin says.
    """
    for (name, distance), (colour, marker, _) in zip(distances.items(), STYLES, strict=False):
        there = first_order[name].detach().cpu().clamp(0, widest).numpy()
        ax.scatter(distance.detach().cpu(), there, s=14, color=colour, marker=marker, alpha=0.6, label=name)
    ax.plot([0, widest], [0, widest], color=BLACK, linewidth=1)
    ax.set(xlim=(0, None), ylim=(0, widest * 1.02), xlabel="true distance", ylabel="first-order margin")
    ax.legend(frameon=False, fontsize=8)
    return ax
