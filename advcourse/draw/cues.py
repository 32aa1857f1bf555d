"""Figures of texture against shape: answers coloured by the cue they follow, and who follows which."""

from collections.abc import Collection, Mapping, Sequence

from matplotlib.axes import Axes
from torch import Tensor

from advcourse.conflict import Observer, ShapeBias
from advcourse.draw import BLUE, GREEN, GREY, RED, _styled, top


def answers(
    ax: Axes,
    probabilities: Tensor,
    names: Sequence[str],
    *,
    shape: Collection[str] = (),
    texture: Collection[str] = (),
    k: int = 3,
) -> Axes:
    """The k most probable classes of one row [K]: names of the shape in blue, of the texture hatched, others grey.

    A label stands above its bar, as in `draw.bars`.
    """
    rows = top(probabilities, names, k)
    for place, (name, value) in enumerate(rows):
        colour, hatch = (BLUE, "") if name in shape else (RED, "///") if name in texture else ("#BBBBBB", "")
        ax.barh(place + 0.22, value, color=colour, hatch=hatch, edgecolor="white", height=0.36)
        ax.text(0.01, place, f"{name} {value:.0%}", va="bottom", fontsize=8 if len(name) <= 15 else 7)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.6), yticks=[], xticks=[0, 0.5, 1])
    return ax


def observers(ax: Axes, seen: Sequence[Observer], people: tuple[float, float]) -> Axes:
    """The shape bias of each observer with its 95 % interval, and the range of single people as a band."""
    rows = sorted(seen, key=lambda one: one.found.bias)
    ax.axvspan(*people, color=GREEN, alpha=0.2, linewidth=0, label="ten people, each alone")
    for label, chosen, colour, marker in (
        ("people, together", lambda one: one.human, GREEN, "*"),
        ("trained on stylised images", lambda one: one.stylised, BLUE, "o"),
        ("trained on ImageNet", lambda one: not (one.human or one.stylised), RED, "s"),
    ):
        places = [i for i, one in enumerate(rows) if chosen(one)]
        _intervals(ax, places, [rows[i].found for i in places], colour, marker, label)
    ax.axvline(0.5, color=GREY, linewidth=1, linestyle=":")
    ax.set(xlim=(0, 1), yticks=range(len(rows)), xlabel="shape bias: shape / (shape + texture)")
    ax.set_yticklabels([one.name.removesuffix(" (measured for this course)") for one in rows], fontsize=8)
    ax.legend(frameon=False, fontsize=8, loc="center right", bbox_to_anchor=(0.9, 0.35))
    return ax


def _intervals(
    ax: Axes, places: Sequence[int], found: Sequence[ShapeBias], colour: str, marker: str, label: str
) -> None:
    middle, ends = [one.bias for one in found], [one.interval for one in found]
    reach = [[m - low for m, (low, _) in zip(middle, ends)], [high - m for m, (_, high) in zip(middle, ends)]]
    ax.errorbar(middle, places, xerr=reach, fmt=marker, color=colour, markersize=6, capsize=2, label=label)


def each(ax: Axes, lines: Mapping[str, Mapping[float, Sequence[float]]], *, xlabel: str, ylabel: str) -> Axes:
    """A share in 0..1 of several networks over some number: a dot for each network, a line through their means."""
    for (name, found), (colour, marker, style) in _styled(lines):
        for at, shares in found.items():
            ax.plot([at] * len(shares), shares, marker=marker, color=colour, alpha=0.5, linestyle="none", markersize=5)
        means = [sum(shares) / len(shares) for shares in found.values()]
        ax.plot(list(found), means, color=colour, linestyle=style, label=name)
    ax.set(ylim=(0, 1.02), xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False, fontsize=8)
    return ax
