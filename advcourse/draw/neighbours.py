"""Figures of image search: a query and what a database answers, and how well it answers over many queries."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from torch import Tensor

from advcourse.draw import BLUE, GREY, RED, ManyAxes, _styled, legend_below, pixels
from advcourse.retrieval import Views, average_precision, mean_interval, recall_at


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


def precisions(ax: Axes, rows: Mapping[str, Tensor]) -> Axes:
    """For each name the average precisions of its ranked queries [B, N] bool: dots, their mean, its 95 % interval.

    Beside them stand recall@1 and recall@5, as shares of the queries.
    """

    def write(place: float, *told: str) -> None:
        for column, text in enumerate(told):
            at = (6 + 32 * column, 0)
            ax.annotate(
                text, (1, place), at, textcoords="offset points", va="center", fontsize=8, annotation_clip=False
            )

    write(-0.9, "mAP", "R@1", "R@5")
    for place, relevant in enumerate(rows.values()):
        values = average_precision(relevant)
        mean, (low, high) = float(values.mean()), mean_interval(values)
        ax.plot(values.tolist(), [place] * len(values), "o", color=GREY, alpha=0.35, markersize=5)
        ax.errorbar(mean, place, xerr=[[mean - low], [high - mean]], fmt="D", color=BLUE, capsize=3, markersize=6)
        recalls = (float(recall_at(k, relevant).float().mean()) for k in (1, 5))
        write(place, *(f"{number:.2f}" for number in (mean, *recalls)))
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
