"""The leak explorer: accuracy of several networks under one step and many, and the examples that an attack repairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from traitlets import CFloat, Enum, TraitError, validate

from advcourse import draw, measure
from advcourse.asking import Model, predicted
from advcourse.attacks.gradient import fgsm, iterative_fgsm
from advcourse.data import Images
from advcourse.goals import Untargeted
from advcourse.threats import Linf
from advcourse.widgets.panel import Panel, figure

WIDEST, STRIDE, SHOWN = 112, 8, 6  # grey levels, grey levels, images


def one_step(model: Model, x: Tensor, y: Tensor, threat: Linf) -> Tensor:
    """FGSM, told the labels."""
    return fgsm(model, x, Untargeted(y), threat)


def one_step_predicted(model: Model, x: Tensor, y: Tensor, threat: Linf) -> Tensor:
    """FGSM, told what the model predicts."""
    return fgsm(model, x, Untargeted(predicted(model, x)), threat)


def ten_steps(model: Model, x: Tensor, y: Tensor, threat: Linf) -> Tensor:
    """Iterative FGSM, told the labels."""
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
class Under:
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


@dataclass(frozen=True, eq=False)
class Shown:
    """A few images for the present settings, clean and attacked, and what was answered to both; eps in 255ths."""

    eps: float
    under: Under
    x: Tensor
    z: Tensor
    y: list[int]
    before: list[int]
    after: list[int]

    @property
    def caption(self) -> str:
        """Which images these are."""
        if not len(self.under.leaked):
            return "no leaked example; above the first test images, below attacked"
        return f"{len(self.y)} of {len(self.under.leaked)} leaked examples, above clean, below attacked"

    @property
    def line(self) -> str:
        """Accuracies, counts and answers in words."""
        clean, attacked = self.under.accuracies
        said = " ".join(map(str, self.before)), " ".join(map(str, self.after)), " ".join(map(str, self.y))
        leaked, fooled, n = map(len, (self.under.leaked, self.under.fooled, self.under.clean))
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
    attack = Enum(list(ATTACKS), next(iter(ATTACKS))).tag(sync=True)
    eps = CFloat(48.0).tag(sync=True)

    def __init__(self, networks: Sequence[Trained], **settings):
        self._under = {network.name: _all(network) for network in networks}
        self._plots: dict[str, tuple[bytes, float, float]] = {}
        controls = [
            {"name": "attack", "label": "attack", "options": list(ATTACKS)},
            {"name": "eps", "label": "eps", "min": 0, "max": WIDEST, "step": STRIDE, "unit": "/255"},
        ]
        super().__init__(networks, controls, **settings)

    def offer(self, subject: Trained) -> dict[str, dict]:
        return {}

    def compute(self) -> Shown:
        """What there is to see for the present settings."""
        under, (model, images) = (
            self._under[self.image][self.attack, self.eps],
            (self.subject.model, self.subject.images),
        )
        places = under.leaked[:SHOWN] if len(under.leaked) else torch.arange(min(SHOWN, len(images)))
        x, y = images.x[places.to(images.x.device)], images.y[places.to(images.y.device)]
        z = ATTACKS[self.attack](model, x, y, Linf(self.eps / 255))
        answers = (measure.logits(model, at).argmax(1).tolist() for at in (x, z))
        return Shown(self.eps, under, x, z, y.tolist(), *answers)

    def compose(self) -> dict:
        now = self.compute()
        (clean, attacked), n = now.under.accuracies, len(now.under.clean)
        bars = [
            ("accuracy, clean", clean, True, f"{clean:.1%}"),
            ("accuracy, under attack", attacked, True, f"{attacked:.1%}"),
            ("leaked examples", len(now.under.leaked) / n, False, f"{len(now.under.leaked)} of {n}"),
        ]
        if self.image not in self._plots:
            self._plots[self.image] = self._plot()
        plot, left, right = self._plots[self.image]
        what = f"accuracy of {self.image} over eps, under one step with true and with predicted labels, and under ten"
        curves = {"png": plot, "caption": what, "mark": left + (right - left) * self.eps / WIDEST}
        return {"line": now.line, "figures": [figure(now.caption, draw.pixels(now.sheet()), bars=bars), curves]}

    def snapshot(self) -> draw.picture:
        now = self.compute()
        fig, axes = draw.board(1, 2, width=9, height=3.2)
        draw.image(axes[0], draw.pixels(now.sheet()), now.caption)
        self._curves(axes[1])
        axes[1].axvline(self.eps, color=draw.ORANGE)
        return draw.picture(fig, alt=f"Network {self.image}, {self.attack}: {now.line}")

    def _plot(self) -> tuple[bytes, float, float]:
        """The curves as a PNG, and where in its width eps begins and ends. Drawn once for each network."""
        fig, (ax,) = draw.board(1, 1, width=4.5, height=3.4)
        self._curves(ax)
        drawn = draw.png(fig)
        box, (low, high) = ax.get_position(), ax.get_xlim()
        left, right = (box.x0 + box.width * (end - low) / (high - low) for end in (0, WIDEST))
        return drawn, left, right

    def _curves(self, ax) -> None:
        radii, known = range(0, WIDEST + 1, STRIDE), self._under[self.image]
        for name, (colour, marker, style) in zip(ATTACKS, draw.STYLES, strict=False):
            heights = [known[name, float(grey)].accuracies[1] for grey in radii]
            ax.plot(radii, heights, color=colour, marker=marker, linestyle=style, markersize=4, label=name)
        ax.axhline(known[self.attack, 0.0].accuracies[0], color=draw.BLACK, linewidth=1, linestyle="--", label="clean")
        ax.set(xlim=(-2, WIDEST + 2), ylim=(-0.02, 1.02), xlabel="eps (grey levels of 255)", ylabel="accuracy")
        ax.set_title(f"accuracy of {self.image}", fontsize=9)
        ax.legend(frameon=False, fontsize=8)

    @validate("eps")
    def _valid_eps(self, proposal) -> float:
        if proposal.value not in range(0, WIDEST + 1, STRIDE):
            raise TraitError(
                f"eps is one of the precomputed grey levels, 0, {STRIDE}, ... {WIDEST}; got {proposal.value}"
            )
        return proposal.value


def _all(network: Trained) -> dict[tuple[str, float], Under]:
    """Who is right, for every attack and every eps."""
    model, x, y = network.model, network.images.x, network.images.y
    clean = (measure.logits(model, x).argmax(1) == y).cpu()

    def under(attack, grey: float) -> Under:
        z = attack(model, x, y, Linf(grey / 255))
        return Under(clean, (measure.logits(model, z).argmax(1) == y).cpu())

    radii = [float(grey) for grey in range(0, WIDEST + 1, STRIDE)]
    return {(name, grey): under(attack, grey) for name, attack in ATTACKS.items() for grey in radii}
