"""The figure of transfer: for which network an attack was made, and which networks it fools."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from advcourse.draw import RED

SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", RED])


def transfer(ax: Axes, rates: Mapping[tuple[str, str], float], names: Sequence[str], title: str = "") -> Axes:
    """The rate of every pair (made for, shown to), in [0, 1], as a table of shaded cells with its numbers."""
    table = [[rates[made, shown] for shown in names] for made in names]
    ax.imshow(table, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for row, shares in enumerate(table):
        for column, share in enumerate(shares):
            ax.text(column, row, f"{share:.0%}", ha="center", va="center", fontsize=8)
    ax.set_xticks(range(len(names)), names, fontsize=8)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.set(xlabel="shown to", ylabel="made for")
    ax.set_title(title, fontsize=9)
    return ax
