"""Figures of networks with dice: how unsure each weight is, what is left over many draws, and who is in doubt."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from advcourse.draw import BLUE, GREY, RED, USUAL, _styled, legend_below


def doubt_map(ax: Axes, std: Tensor, title: str = "") -> Axes:
    """Deviations [H, W] of weights, from white for none to green for the largest, with their scale beside them."""
    drawn = ax.imshow(std.detach().cpu().numpy(), cmap=USUAL, vmin=0, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9)
    ax.figure.colorbar(drawn, ax=ax, fraction=0.05).ax.tick_params(labelsize=7)
    return ax


def shares(ax: Axes, at: Sequence[float], lines: Mapping[str, Sequence[float]], across: str, label: str) -> Axes:
    """Shares in 0..1 over the numbers `at`, evenly spaced; a line and a marker for each name."""
    for (name, values), (colour, marker, style) in _styled(lines):
        ax.plot(range(len(at)), values, color=colour, marker=marker, linestyle=style, markersize=4, label=name)
    ax.set(ylim=(-0.02, 1.02), xlabel=across, ylabel=label)
    ax.set_xticks(range(len(at)), [f"{v:g}" for v in at])
    ax.legend(frameon=False, fontsize=8)
    return ax


def doubts(ax: Axes, faces: Tensor, others: Mapping[str, Tensor], alarm: float, across: str) -> Axes:
    """How many faces, and how many of whom else, are in so much doubt, [N] each; the alarm rings right of its line."""
    everyone = torch.cat([faces, *others.values()]).cpu().numpy()
    bins = np.linspace(everyone.min(), everyone.max(), 30).tolist()
    ax.hist(faces.cpu().numpy(), bins=bins, color=BLUE, alpha=0.6, label="faces")
    for name, found in others.items():
        ax.hist(found.cpu().numpy(), bins=bins, color=RED, alpha=0.6, hatch="///", label=name)
    ax.axvline(alarm, color=GREY, linestyle="--", label="alarm: above 95 % of the faces")
    ax.set(xlabel=across, ylabel="images")
    return legend_below(ax, 3)
