"""Robustness between two bounds, as bars of samples: proven, not known, fooled, wrong from the start."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from advcourse.draw import BLACK, GREEN, GREY, RED
from advcourse.measure import Report

PARTS: dict[str, dict[str, Any]] = {  # how each part of the samples looks
    "nothing fools": {"facecolor": GREEN, "edgecolor": "white"},
    "not known": {"facecolor": "white", "edgecolor": GREY, "hatch": ".."},
    "fooled": {"facecolor": RED, "edgecolor": "white", "hatch": "///"},
    "wrong when clean": {"facecolor": GREY, "edgecolor": "white"},
}


def between_bounds(ax: Axes, reports: Mapping[str, Report]) -> Axes:
    """A row for each report: the shares of its samples that are certified, not known, fooled and wrong when clean.

    The truth about robust accuracy lies where the white part begins or ends, or between. A line with ends is the 95 %
    interval of what the attacks left; names of reports that raise an alarm have a mark.
    """
    for place, report in enumerate(reports.values()):
        left = 0.0
        for look, width in zip(PARTS.values(), parts(report)):
            ax.barh(place, width, left=left, height=0.6, **look)
            left += width
        low, high = report.interval
        ax.errorbar(
            report.robust, place, xerr=[[report.robust - low], [high - report.robust]], color=BLACK, capsize=3, lw=1.2
        )
    names = [f"{name} (!)" if report.alarms else name for name, report in reports.items()]
    ax.set(xlim=(0, 1), ylim=(len(reports) - 0.5, -0.5), xlabel="share of samples")
    ax.set_yticks(range(len(names)), names)
    shown = [any(report_part > 0 for report_part in column) for column in zip(*map(parts, reports.values()))]
    handles = {name: Patch(**look) for (name, look), some in zip(PARTS.items(), shown) if some}
    where: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
    ax.legend(handles.values(), handles.keys(), frameon=False, fontsize=8, ncols=4, **where)
    return ax


def parts(report: Report) -> tuple[float, float, float, float]:
    """The four shares, which sum to one: certified, survived but not certified, fooled, wrong when clean."""
    proven = min(report.certified or 0.0, report.robust)
    return proven, report.robust - proven, report.clean - report.robust, 1 - report.clean


def taken(ax: Axes, report: Report) -> Axes:
    """How many samples each attack fooled, in the order in which they were tried: survivors of one meet the next."""
    stages = [stage for stage in report.stages if stage.shown]
    for place, stage in enumerate(stages):
        ax.barh(place, stage.shown, height=0.6, facecolor="white", edgecolor=GREY)
        ax.barh(place, stage.fooled, height=0.6, **PARTS["fooled"])
        ax.text(stage.shown, place, f" {stage.fooled} of {stage.shown}", va="center", fontsize=8)
    most = max((stage.shown for stage in stages), default=1)
    ax.set(xlim=(0, 1.25 * most), ylim=(len(stages) - 0.5, -0.5))
    ax.set(xlabel="samples shown to the attack, and fooled by it")
    ax.set_yticks(range(len(stages)), [stage.name for stage in stages])
    return ax
