"""Figures of robust accuracy between its two bounds: what is certified, what is attacked, and the gap between."""

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from advcourse.device import precise
from advcourse.draw import GREEN, GREY, RED


def sandwich(ax: Axes, lower: Tensor, upper: Tensor, *, widest: float, title: str = "") -> Axes:
    """Robust accuracy over eps in grey levels, up to the widest: at least the lower line, at most the upper.

    lower [N] are the radii, in pixels of [0, 1], up to which each sample is certified, upper [N] the distortions with
    which it was fooled, infinity where it never was; both are 0 for a sample that is read wrongly.
    Raises ValueError where a sample was fooled within its certified radius.
    """
    check_bounds(lower, upper)
    eps = np.linspace(0, widest, 256)
    least, most = (share_beyond(radii, eps) for radii in (lower, upper))
    ax.fill_between(255 * eps, 0, least, color=GREEN, alpha=0.35, linewidth=0, label="certified")
    ax.fill_between(255 * eps, least, most, facecolor="white", edgecolor=GREY, hatch="...", linewidth=0, label="open")
    ax.fill_between(255 * eps, most, 1, color=RED, alpha=0.35, linewidth=0, label="fooled")
    ax.plot(255 * eps, least, color=GREEN, linewidth=2)
    ax.plot(255 * eps, most, color=RED, linewidth=2, linestyle="--")
    ax.set(xlim=(0, 255 * widest), ylim=(0, 1), xlabel="eps (grey levels of 255)", ylabel="share of images")
    ax.set_title(title, fontsize=9)
    return ax


def share_beyond(radii: Tensor, eps: np.ndarray) -> np.ndarray:
    """The share of samples, with these radii [N], whose radius is above each eps [T]; one that is 0 never counts."""
    radii = radii.detach().cpu()
    return precise(radii > torch.from_numpy(eps).to(radii)[:, None]).mean(1).numpy()


def check_bounds(lower: Tensor, upper: Tensor) -> None:
    """Raise ValueError where a sample was fooled within its certified radius: attack or proof is wrong."""
    if len(lower) != len(upper) or not len(lower):
        raise ValueError(f"one lower and one upper bound for each sample; got {len(lower)} and {len(upper)}")
    wrong = (lower > upper).nonzero().flatten().tolist()
    if wrong:
        i = wrong[0]
        raise ValueError(
            f"sample {i} is certified up to {float(lower[i]):.3g} and was fooled by {float(upper[i]):.3g}: attack or "
            "proof is wrong, or they are not of the same network, norm and samples"
        )
