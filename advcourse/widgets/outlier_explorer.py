"""The outlier explorer: one far point, the confidence of a classifier there, and the density of the data."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from advcourse import density, draw
from advcourse.toys.outlier import Logistic, logistic
from advcourse.widgets.figures import figure, plane
from advcourse.widgets.panel import Panel
from advcourse.widgets.settings import on_map, one_of

ONLY_SHOWN, AS_A, AS_B = ROLES = "only shown", "also trained on, as A", "also trained on, as B"
WINDOW = (-10.0, 10.0, -10.0, 10.0)
ALARM = 0.01  # of the training points lie lower than the alarm's threshold


@dataclass(frozen=True, eq=False)
class Cloud:
    """A named training set: points x [N, 2] of class A (y = 0) and class B (y = 1)."""

    name: str
    x: Tensor
    y: Tensor


@dataclass(frozen=True, eq=False)
class Look:
    """What classifier and density say about the point `at` [1, 2]; both were fitted to the cloud."""

    cloud: Cloud
    at: Tensor
    classifier: Logistic
    density: density.Mixture

    @property
    def confidence(self) -> float:
        """Probability of the class the classifier says at the point."""
        return self.classifier.confidence(self.at).item()

    @property
    def log_density(self) -> float:
        """Of the point, under one Gaussian a class."""
        return self.density.log_density(self.at).item()

    @cached_property
    def known(self) -> Tensor:
        """The log density of every training point, [N]."""
        return self.density.log_density(self.cloud.x)

    @property
    def threshold(self) -> float:
        """The log density below which the alarm goes: one in a hundred training points lies lower."""
        return self.known.quantile(ALARM).item()

    @property
    def line(self) -> str:
        """The point in numbers."""
        p, far = self.confidence, self.classifier.margin(self.at).item()
        says = "AB"[int(self.classifier.score(self.at) > 0)]
        sure = f"{p:.1%}" if p < 0.999 else f"1 − {torch.sigmoid(torch.tensor(-far * self.steepness)):.0e}"
        rarer = int((self.known < self.log_density).sum())
        below = f"{rarer} of {len(self.known)} training points" if rarer else "no training point"
        alarm = "alarm" if self.log_density < self.threshold else "no alarm"
        return (
            f"classifier: {says}, confidence {sure} = sigmoid({far:.2f} × {self.steepness:.2f}), distance × |w| · "
            f"density: log p(x) = {self.log_density:.1f}, {below} lower: {alarm}"
        )

    @property
    def steepness(self) -> float:
        """|w|: how fast the confidence rises with the distance."""
        return self.classifier.w.norm().item()


def look(cloud: Cloud, x: float, y: float, role: str = ONLY_SHOWN) -> Look:
    """Fit both to the cloud, and to the point as well where its role says so, then ask them about the point (x, y)."""
    at = torch.tensor([[x, y]], dtype=torch.float64)
    if role != ONLY_SHOWN:
        label = torch.tensor([ROLES.index(role) - 1])
        cloud = Cloud(cloud.name, torch.cat([cloud.x.double(), at]), torch.cat([cloud.y, label]))
    return Look(cloud, at, logistic(cloud.x, cloud.y), density.fit_classes(cloud.x, cloud.y))


class OutlierExplorer(Panel[Cloud, Look]):
    """Drag the outlier on either map, or move it with the sliders; train on it as well, as class A or B.

    Settings are traits and may be given as keywords: OutlierExplorer(clouds, x=6, y=2).
    """

    choice = "training data"
    role = one_of(ROLES, ONLY_SHOWN, "the outlier is")
    x, y = on_map(6.0, "across", *WINDOW[:2], 0.1), on_map(3.0, "up", *WINDOW[2:], 0.1)

    def compute(self) -> Look:
        return look(self.subject, self.x, self.y, self.role)

    def figures(self, now: Look) -> list[dict]:
        cloud, drag = self.subject, ("x", "y")
        return [
            figure(caption, picture, notes=[note], plane=plane(WINDOW, cloud.x, cloud.y, lines, drag))
            for caption, picture, lines, note in maps(now)
        ]

    def still(self, now: Look) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 2, width=9, height=4.2)
        for ax, (caption, picture, lines, note) in zip(axes, maps(now), strict=True):
            draw.field(ax, picture, WINDOW, now.cloud.x, now.cloud.y)
            for line, dashed in lines:
                ax.plot(*line.T, color=draw.BLACK, linestyle="--" if dashed else "-", linewidth=1)
            ax.plot(self.x, self.y, marker="o", markersize=9, color=draw.ORANGE, markeredgecolor=draw.BLACK)
            ax.set_title(caption, fontsize=9)
            ax.set_xlabel(note)
        return fig, "Two classes and one outlier, left on a map of the confidence, right on one of the density."


def maps(now: Look) -> list[tuple]:
    """Caption, picture, lines (points [k, 2], whether dashed) and note of both maps."""
    cells = draw.cells(WINDOW, 80)
    score, usual = now.classifier.score(cells), now.density.log_density(cells)
    here = now.classifier.score(now.at).item()
    sides = draw.tint(torch.sigmoid(score), 0, 1, draw.SIDES)
    known = draw.tint(usual, now.threshold - 12, now.known.max().item(), draw.USUAL)

    def lines(values: Tensor, at: float, dashed: bool) -> list[tuple]:
        return [(line, dashed) for line in draw.level(values, WINDOW, at)]

    equal = lines(score, 0.0, True) + lines(score, here, False)
    rare = lines(usual, now.threshold, True) + lines(usual, now.log_density, False)
    return [
        ("confidence of the classifier", sides, equal, "dashed: the boundary; solid: where it is as sure as here"),
        ("density of the data", known, rare, "dashed: where the alarm begins; solid: as rare as here"),
    ]
