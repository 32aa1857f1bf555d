"""What is known of the smallest distortion that fools a network on one image: attacks and proofs close in on it."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from advcourse.draw import GREEN, GREY, RED


def known(ax: Axes, found: Mapping[str, float], unit: str, *, certified: float = 0.0) -> Axes:
    """A row for the distortion that each attack found, and below them what all of this says of the smallest one.

    An attack shows how far it had to go, infinity where it found nothing: the smallest distortion is at most that. It
    is above `certified`, where a proof says that nothing fools. In between nobody knows. All lengths in this unit.
    Raises ValueError where a distortion was found below the certified one: attack or proof is wrong.
    """
    best = min(found.values(), default=float("inf"))
    if not 0 <= certified <= best:
        raise ValueError(
            f"no distortion up to {certified:g} is certified to fool, but one of {best:g} was found: one of both is "
            "wrong, or they are not of the same image, network, norm and unit"
        )
    reached = {name: length for name, length in found.items() if length < float("inf")}
    end = 1.25 * max([*reached.values(), certified]) or 1.0
    rows = dict(sorted(found.items(), key=lambda row: -row[1]))
    for place, (name, length) in enumerate(rows.items()):
        ax.barh(place, end - min(length, end), left=min(length, end), color=RED, alpha=0.35, height=0.5)
        told = f"{length:.3g}" if name in reached else "nothing found"
        ax.text(min(length, end) - 0.01 * end, place, told, ha="right", va="center", fontsize=8)
    last, best = len(rows), min(best, end)
    ax.barh(last, certified, color=GREEN, height=0.6)
    ax.barh(last, best - certified, left=certified, facecolor="white", edgecolor=GREY, hatch="..", height=0.6)
    ax.barh(last, end - best, left=best, facecolor=RED, edgecolor="white", hatch="///", height=0.6)
    ax.set(xlim=(0, end), ylim=(last + 0.5, -0.5), xlabel=f"distortion ({unit})")
    ax.set_yticks(range(last + 1), [*rows, "known so far"])
    parts = {
        "nothing fools": (certified, Patch(color=GREEN)),
        "not known": (best - certified, Patch(facecolor="white", edgecolor=GREY, hatch="..")),
        "something fools": (end - best, Patch(facecolor=RED, edgecolor="white", hatch="///")),
    }
    shown = {name: patch for name, (width, patch) in parts.items() if width > 0}
    ax.legend(shown.values(), shown.keys(), frameon=False, fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return ax
