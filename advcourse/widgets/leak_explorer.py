"""The leak explorer: accuracy of several networks under one step and many, and the examples that an attack repairs."""

import torch

from advcourse import draw, measure
from advcourse.threats import Linf
from advcourse.widgets.figures import Curves, figure, screen
from advcourse.widgets.leak import ATTACKS, RADII, STRIDE, WIDEST, Effects, Shown, Trained, effects
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import one_of, slider

SHOWN = 6  # images


class LeakExplorer(Panel[Trained, Shown]):
    """Choose a network, an attack and its eps; see the accuracies and the examples that the attack repairs.

    Settings are traits and may be given as keywords: LeakExplorer(networks, eps=104). All accuracies of a network are
    computed when it is first chosen, so that every other change shows at once.
    """

    choice = "network"
    attack = one_of(ATTACKS, next(iter(ATTACKS)), "attack")
    eps = slider(
        48.0,
        "eps",
        sensible=RADII.__contains__,
        says=f"is one of the precomputed grey levels, 0, {STRIDE}, ... {WIDEST}",
        unit="/255",
        min=0,
        max=WIDEST,
        step=STRIDE,
    )

    def compute(self) -> Shown:
        effect = self._effects(self.chosen)[self.attack, self.eps]
        model, images = self.subject.model, self.subject.images
        places = effect.leaked[:SHOWN] if len(effect.leaked) else torch.arange(min(SHOWN, len(images)))
        x, y = images.x[places.to(images.x.device)], images.y[places.to(images.y.device)]
        z = ATTACKS[self.attack](model, x, y, Linf(self.eps / 255))
        answers = (measure.logits(model, at).argmax(1).tolist() for at in (x, z))
        return Shown(self.eps, effect, x, z, y.tolist(), *answers)

    def figures(self, now: Shown) -> list[dict]:
        (clean, attacked), n, leaked = now.effect.accuracies, len(now.effect.clean), len(now.effect.leaked)
        bars = [
            ("accuracy, clean", clean, True, f"{clean:.1%}"),
            ("accuracy, under attack", attacked, True, f"{attacked:.1%}"),
            ("leaked examples", leaked / n, False, f"{leaked} of {n}"),
        ]
        images = figure(now.caption, draw.pixels(now.sheet()), bars=bars)
        return [images, self._curves(self.chosen).at(self.eps)]

    def still(self, now: Shown) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 2, width=9, height=3.8)
        draw.image(axes[0], draw.pixels(now.sheet()), now.caption)
        self._draw(axes[1], self.chosen)
        axes[1].axvline(self.eps, color=draw.ORANGE)
        return fig, f"Network {self.chosen}, {self.attack}:"

    @once
    def _effects(self, name: str) -> Effects:
        return effects(self.subjects[name])

    @once
    def _curves(self, name: str) -> Curves:
        fig, (ax,) = screen(height=2.9)
        self._draw(ax, name)
        what = f"accuracy of {name} over eps, under one step with true and with predicted labels, and under ten"
        return Curves(fig, what)

    def _draw(self, ax: draw.Axes, name: str) -> None:
        known = self._effects(name)
        for attack, (colour, marker, style) in zip(ATTACKS, draw.STYLES, strict=False):
            heights = [known[attack, float(grey)].accuracies[1] for grey in RADII]
            ax.plot(RADII, heights, color=colour, marker=marker, linestyle=style, markersize=4, label=attack)
        clean, _ = known[self.attack, 0.0].accuracies
        ax.axhline(clean, color=draw.BLACK, linewidth=1, linestyle="--", label="clean")
        ax.set(xlim=(-2, WIDEST + 2), ylim=(-0.02, 1.02), xlabel="eps (grey levels of 255)", ylabel="accuracy")
        ax.set_title(f"accuracy of {name}", fontsize=9)
        draw.legend_below(ax, 2)
