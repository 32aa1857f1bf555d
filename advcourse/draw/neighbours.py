"""Figures of image search: a query and what a database answers, and how well it answers over many queries."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes

from advcourse.draw import BLUE, GREY, RED, ManyAxes, _styled, legend_below, pixels
from advcourse.retrieval import Views, mean_interval


def neighbours(axes: ManyAxes, found: Views, *, wanted: int, label: str = "") -> ManyAxes:
    """Views found, nearest first, one for each of the Axes: framed blue where they show the photograph wanted.

    The others have a dashed frame in vermilion. Each has its photograph's name above it, and the row its label beside.
    """
    axes[0].set_ylabel(label, fontsize=9)
    for ax, x, y in zip(axes, found.x, found.y.tolist(), strict=True):
        ax.imshow(pixels(x), interpolation="antialiased")
        ax.set(xticks=[], yticks=[])
        ax.set_title(found.photographs[y].replace("_", " "), fontsize=9)
        for side in ax.spines.values():
            side.set(visible=True, linewidth=2.5, color=BLUE if y == wanted else RED)
            side.set_linestyle("-" if y == wanted else (0, (4, 2)))
    return axes


def precisions(ax: Axes, rows: Mapping[str, Sequence[float]]) -> Axes:
    """Average precisions of single queries, a row of dots for each name, with the mean and its 95 % interval."""
    for place, values in enumerate(rows.values()):
        low, high = mean_interval(torch.as_tensor(values))
        mean = sum(values) / len(values)
        ax.plot(values, [place] * len(values), "o", color=GREY, alpha=0.35, markersize=5)
        ax.errorbar(mean, place, xerr=[[mean - low], [high - mean]], fmt="D", color=BLUE, capsize=3, markersize=6)
        ax.text(1.03, place, f"{mean:.2f}", va="center", fontsize=8)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)), xlabel="average precision")
    ax.set_yticklabels(list(rows), fontsize=8)
    return ax


def against_eps(ax: Axes, eps: Sequence[float], lines: Mapping[str, Sequence[Sequence[float]]]) -> Axes:
    """For each name the values of single queries at each eps, in grey levels, and a line through their means."""
    for (name, found), (colour, marker, style) in _styled(lines):
        for at, values in zip(eps, found, strict=True):
            ax.plot([at] * len(values), values, marker, color=colour, alpha=0.3, markersize=4)
        ax.plot(eps, [sum(v) / len(v) for v in found], color=colour, linestyle=style, label=name)
    ax.set(ylim=(0, 1.02), xlabel="eps / (1/255)", ylabel="average precision")
    return legend_below(ax, len(lines))
