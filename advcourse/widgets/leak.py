"""Label leaking: what attacks do to a network's test images at every eps, and the examples that one of them repairs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from advcourse import measure
from advcourse.asking import Model, predicted
from advcourse.attacks.gradient import fgsm, iterative_fgsm
from advcourse.data import Images
from advcourse.device import precise
from advcourse.goals import Untargeted
from advcourse.threats import Linf

WIDEST, STRIDE = 112, 8  # grey levels
RADII = range(0, WIDEST + 1, STRIDE)

Attack = Callable[[Model, Tensor, Tensor, Linf], Tensor]
ATTACKS: Mapping[str, Attack] = {
    "FGSM, true labels": lambda model, x, y, threat: fgsm(model, x, Untargeted(y), threat),
    "FGSM, predicted labels": lambda model, x, y, threat: fgsm(model, x, Untargeted(predicted(model, x)), threat),
    "ten steps, true labels": lambda model, x, y, threat: iterative_fgsm(
        model, x, Untargeted(y), threat, steps=10, step_size=threat.eps / 4
    ),
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
        return precise(self.clean).mean().item(), precise(self.attacked).mean().item()


Effects = dict[tuple[str, float], Effect]  # by attack and eps in grey levels


def effects(network: Trained) -> Effects:
    """That of every attack at every eps in grey levels."""
    model, x, y = network.model, network.images.x, network.images.y
    clean = (measure.logits(model, x).argmax(1) == y).cpu()

    def effect(attack: Attack, grey: float) -> Effect:
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
