"""The leak explorer: accuracy of several networks under one step and many, and the examples that an attack repairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from advcourse import draw, measure
from advcourse.asking import Model, predicted
from advcourse.attacks.gradient import fgsm, iterative_fgsm
from advcourse.data import Images
from advcourse.goals import Untargeted
from advcourse.threats import Linf
from advcourse.widgets.figures import Curves, figure
from advcourse.widgets.panel import Panel, once
from advcourse.widgets.settings import one_of, slider

WIDEST, STRIDE, SHOWN = 112, 8, 6  # grey levels, grey levels, images
RADII = range(0, WIDEST + 1, STRIDE)


def one_step(model: Model, x: Tensor, y: Tensor, threat: Linf) -> Tensor:
    """FGSM that knows the labels."""
    return fgsm(model, x, Untargeted(y), threat)


def one_step_predicted(model: Model, x: Tensor, y: Tensor, threat: Linf) -> Tensor:
    """FGSM that takes what the model predicts for the labels."""
    return fgsm(model, x, Untargeted(predicted(model, x)), threat)


def ten_steps(model: Model, x: Tensor, y: Tensor, threat: Linf) -> Tensor:
    """Iterative FGSM that knows the labels."""
    return iterative_fgsm(model, x, Untargeted(y), threat, steps=10, step_size=threat.eps / 4)


ATTACKS: Mapping[str, Callable[[Model, Tensor, Tensor, Linf], Tensor]] = {
    "FGSM, true labels": one_step,
    "FGSM, predicted labels": one_step_predicted,
    "ten steps, true labels": ten_steps,
}


@dataclass(frozen=True, eq=False)
class Trained:
    """A named network and the test images it is asked about."""

    name: str
    model: Model
    images: Images


@dataclass(frozen=True, eq=False)
class Effect:
    """What an attack does to the test images: who is right [N] when clean and who is under attack."""

    clean: Tensor
    attacked: Tensor

    @property
    def leaked(self) -> Tensor:
        """Where the answer is wrong when clean and right under attack: the places of these samples."""
        return (~self.clean & self.attacked).nonzero().flatten()

    @property
    def fooled(self) -> Tensor:
        """Where it is the other way round."""
        return (self.clean & ~self.attacked).nonzero().flatten()

    @property
    def accuracies(self) -> tuple[float, float]:
        """Clean and under attack."""
        return self.clean.double().mean().item(), self.attacked.double().mean().item()


def effects(network: Trained) -> dict[tuple[str, float], Effect]:
    """That of every attack at every eps in grey levels."""
    model, x, y = network.model, network.images.x, network.images.y
    clean = (measure.logits(model, x).argmax(1) == y).cpu()

    def effect(attack, grey: float) -> Effect:
        z = attack(model, x, y, Linf(grey / 255))
        return Effect(clean, (measure.logits(model, z).argmax(1) == y).cpu())

    return {(name, float(grey)): effect(attack, grey) for name, attack in ATTACKS.items() for grey in RADII}


@dataclass(frozen=True, eq=False)
class Shown:
    """A few images for the present settings, clean and attacked, and what was answered to both; eps in 255ths."""

    eps: float
    effect: Effect
    x: Tensor
    z: Tensor
    y: list[int]
    before: list[int]
    after: list[int]

    @property
    def caption(self) -> str:
        """Which images these are."""
        if not len(self.effect.leaked):
            return "no leaked example; above the first test images, below attacked"
        return f"{len(self.y)} of {len(self.effect.leaked)} leaked examples, above clean, below attacked"

    @property
    def line(self) -> str:
        """Accuracies, counts and answers in words."""
        clean, attacked = self.effect.accuracies
        said = " ".join(map(str, self.before)), " ".join(map(str, self.after)), " ".join(map(str, self.y))
        leaked, fooled, n = map(len, (self.effect.leaked, self.effect.fooled, self.effect.clean))
        return (
            f"eps {self.eps:.0f}/255 · clean {clean:.1%} · under attack {attacked:.1%} · "
            f"{leaked} leaked, {fooled} fooled of {n} · shown: labels {said[2]}, answers "
            f"clean {said[0]}, attacked {said[1]}"
        )

    def sheet(self) -> Tensor:
        """The images side by side on white, clean above attacked, [1, C, H, W]."""
        rows = [
            torch.cat([torch.nn.functional.pad(one, (1, 1, 1, 1), value=1.0) for one in row], 2)
            for row in (self.x, self.z)
        ]
        return torch.cat(rows, 1)[None]


class LeakExplorer(Panel):
    """Choose a network, an attack and its eps; see the accuracies and the examples that the attack repairs.

    Settings are traits and may be given as keywords: LeakExplorer(networks, eps=104). All accuracies are computed at
    the start, so that every change shows at once.
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

    def __init__(self, networks: Sequence[Trained], **settings):
        self._effects = {network.name: effects(network) for network in networks}
        super().__init__(networks, **settings)

    def compute(self) -> Shown:
        effect, model, images = (
            self._effects[self.chosen][self.attack, self.eps],
            self.subject.model,
            self.subject.images,
        )
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
        fig, axes = draw.board(1, 2, width=9, height=3.2)
        draw.image(axes[0], draw.pixels(now.sheet()), now.caption)
        self._draw(axes[1], self.chosen)
        axes[1].axvline(self.eps, color=draw.ORANGE)
        return fig, f"Network {self.chosen}, {self.attack}:"

    @once
    def _curves(self, name: str) -> Curves:
        fig, (ax,) = draw.board(width=4.5, height=3.4)
        self._draw(ax, name)
        what = f"accuracy of {name} over eps, under one step with true and with predicted labels, and under ten"
        return Curves(fig, what)

    def _draw(self, ax: draw.Axes, name: str) -> None:
        known = self._effects[name]
        for attack, (colour, marker, style) in zip(ATTACKS, draw.STYLES, strict=False):
            heights = [known[attack, float(grey)].accuracies[1] for grey in RADII]
            ax.plot(RADII, heights, color=colour, marker=marker, linestyle=style, markersize=4, label=attack)
        clean, _ = known[self.attack, 0.0].accuracies
        ax.axhline(clean, color=draw.BLACK, linewidth=1, linestyle="--", label="clean")
        ax.set(xlim=(-2, WIDEST + 2), ylim=(-0.02, 1.02), xlabel="eps (grey levels of 255)", ylabel="accuracy")
        ax.set_title(f"accuracy of {name}", fontsize=9)
        ax.legend(frameon=False, fontsize=8)
