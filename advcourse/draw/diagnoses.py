"""What a class got wrong: exercises against diagnoses, and how many answers fell into each."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from advcourse.draw import SIDES


def diagnoses(ax: Axes, counts: Mapping[str, Mapping[str, int]], *, most: int = 12) -> Axes:
    """A row for each exercise, a column for each diagnosis, the most frequent first; those beyond `most` are added up.

    Raises ValueError where there is no exercise.
    """
    if not counts:
        raise ValueError("no exercises; counts are a dict of exercises, each a dict of diagnoses and how many had it")
    totals: dict[str, int] = {}
    for row in counts.values():
        for diagnosis, n in row.items():
            totals[diagnosis] = totals.get(diagnosis, 0) + n
    columns = sorted(totals, key=lambda diagnosis: (-totals[diagnosis], diagnosis))
    shown, rest = columns[:most], columns[most:]
    rows = [[row.get(name, 0) for name in shown] for row in counts.values()]
    if rest:
        rows = [[*told, sum(row.get(name, 0) for name in rest)] for told, row in zip(rows, counts.values())]
        shown = [*shown, f"{len(rest)} others"]
    largest = max((n for row in rows for n in row), default=0) or 1
    for y, row in enumerate(rows):
        for x, n in enumerate(row):
            shade = SIDES(0.5 + n / largest / 2)
            ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=shade, edgecolor="white", linewidth=2))
            ax.text(x, y, str(n) if n else "·", ha="center", va="center", fontsize=8)
    ax.set(xlim=(-0.5, max(len(shown), 1) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks(range(len(shown)), shown, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), list(counts))
    ax.set_xlabel("number of answers with each diagnosis")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax
