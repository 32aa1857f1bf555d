"""Figures of detectors: what was found in a scene, and where it would fire."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from advcourse.detection import Found
from advcourse.draw import BLUE, GREY, RED, USUAL, _styled, pixels

_LABEL = {"facecolor": RED, "edgecolor": "none", "pad": 0.8}


def people(ax: Axes, x: torch.Tensor, found: Found, title: str = "", *, surer: float = 0.5) -> Axes:
    """A scene [3, H, W] and the boxes found with a probability above `surer`, which is written at each."""
    ax.imshow(pixels(x), interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(title, fontsize=9)
    for (left, top, right, bottom), score in zip(found.boxes.tolist(), found.score.tolist()):
        if score > surer:
            ax.add_patch(
                Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, fill=False, color=RED, linewidth=2)
            )
            ax.text(
                left, top - 2, f"{score:.2f}", color="white", fontsize=7, backgroundcolor=RED, va="bottom", zorder=3
            )
    return ax


def objectness(ax: Axes, probabilities: torch.Tensor, title: str = "") -> Axes:
    """The probability of every cell, [h, w], from white for 0 to green for 1."""
    ax.imshow(USUAL(probabilities.detach().cpu().numpy())[..., :3], interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color=GREY, linewidth=0.8)
    ax.set_title(title, fontsize=9)
    return ax


def bars_of(ax: Axes, shares: Mapping[str, float], xlabel: str) -> Axes:
    """One bar for each name, its share written at its end; the first is the one that the others are compared with."""
    for place, share in enumerate(shares.values()):
        ax.barh(place, share, color=BLUE if place else GREY, height=0.65)
        ax.text(share + 0.02, place, f"{share:.2f}", va="center", fontsize=8)
    ax.set(xlim=(0, 1.12), ylim=(len(shares) - 0.5, -0.5), xlabel=xlabel)
    ax.set_yticks(range(len(shares)), list(shares), fontsize=8)
    return ax


def costs(ax: Axes, at: Sequence[float], lines: Mapping[str, Sequence[float]], xlabel: str) -> Axes:
    """For each name the share of people found at each place on the axis."""
    for (name, found), (colour, marker, style) in _styled(lines):
        ax.plot(at, found, marker=marker, color=colour, linestyle=style, markersize=4, label=name)
    ax.set(ylim=(-0.02, 1.05), xlabel=xlabel, ylabel="people found")
    ax.legend(frameon=False, fontsize=8)
    return ax
