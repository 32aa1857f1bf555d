"""How each shipped network was made. A robust one differs from the others by its loss and the radius eps."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

from torch import nn

from advcourse import data, detection, models
from advcourse.attacks.gradient import fgsm, pgd
from advcourse.threats import L2, Linf
from advcourse.toys import Portraits, Scenes
from advcourse.training import (
    Free,
    TrainingLoss,
    interval_loss,
    kurakin_loss,
    large_margin_loss,
    madry_loss,
    mma_loss,
    noise_loss,
    on_predictions,
    variational_loss,
)

LossOfEps = Callable[[float], TrainingLoss]
Pictures = data.Images | Portraits | Scenes
Split = tuple[Pictures, Pictures]


@dataclass(frozen=True)
class Recipe:
    """How a network was made: what builds it, its images, seed, settings of Adam, and what makes it robust.

    eps grows linearly over the warm-up's epochs, so that training starts at all; the learning rate falls linearly
    over the cool-down's, the last ones. `first` images are used (None: all), moved by up to `shift` pixels, each batch
    `replays` times in a row.
    """

    model: Callable[..., nn.Module]
    images: Callable[[], Split]
    epochs: int
    batch: int
    learning_rate: float
    seed: int
    loss: LossOfEps | None = None
    eps: float = 0.0
    replays: int = 1
    warm_up: int = 0
    cool_down: int = 0
    first: int | None = None
    shift: int = 0
    width: int | None = None

    def build(self) -> nn.Module:
        """The network before training, from the global randomness."""
        return self.model(**({"width": self.width} if self.width else {}))

    def read(self) -> Split:
        """Training images, as many as are used, and test images."""
        train, test = self.images()
        return (train[: self.first] if self.first else train), test

    def loss_in(self, epoch: int) -> TrainingLoss | None:
        """The loss of an epoch, counted from 1, with the radius it has come to."""
        return self.loss(self.eps * min(1.0, epoch / (self.warm_up + 1))) if self.loss else None

    def rate_in(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1."""
        return self.learning_rate * min(1.0, (self.epochs - epoch + 1) / (self.cool_down + 1))

    def described(self) -> dict:
        """What differs from the defaults, for a checkpoint's notes; the loss spelt out as it is after the warm-up."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        given |= {"model": spelt(self.model), "images": spelt(self.images)}
        return given | {"loss": spelt(self.loss(self.eps))} if self.loss else given


def spelt(part: object) -> str:
    """A function by its name, a configured one as its call: `madry_loss(attack=pgd(threat=Linf(eps=0.1), steps=7))`."""
    if isinstance(part, partial):
        return f"{spelt(part.func)}({', '.join(f'{key}={spelt(value)}' for key, value in part.keywords.items())})"
    return getattr(part, "__name__", repr(part))


def mixed(eps: float) -> TrainingLoss:
    """Half of every batch replaced by FGSM examples made with the true labels: Kurakin et al., 2017."""
    return partial(kurakin_loss, attack=partial(fgsm, threat=Linf(eps)), share=0.5, weight=1.0)


def mixed_on_predictions(eps: float) -> TrainingLoss:
    """The same, made with the labels that the network predicts."""
    attack = partial(on_predictions, attack=partial(fgsm, threat=Linf(eps)))
    return partial(kurakin_loss, attack=attack, share=0.5, weight=1.0)


def mixed_in_steps(eps: float) -> TrainingLoss:
    """The same with true labels, made in three steps."""
    attack = partial(pgd, threat=Linf(eps), steps=3, step_size=eps / 2, random_start=False)
    return partial(kurakin_loss, attack=attack, share=0.5, weight=1.0)


def madry(eps: float) -> TrainingLoss:
    """Every batch attacked by seven steps of PGD: Madry et al., 2018."""
    return partial(madry_loss, attack=partial(pgd, threat=Linf(eps), steps=7, step_size=eps / 4))


def fast(eps: float) -> TrainingLoss:
    """One step from a random start: Wong et al., 2020."""
    return partial(madry_loss, attack=partial(pgd, threat=Linf(eps), steps=1, step_size=1.25 * eps))


def free(eps: float) -> TrainingLoss:
    """The backward pass of one step is the attack of the next: Shafahi et al., 2019."""
    return Free(Linf(eps), step_size=1.25 * eps)


def certified(eps: float) -> TrainingLoss:
    """Bounds on every z of the ball instead of an attack: Gowal et al., 2018.

    Their share grows with the radius, to a half at eps = 0.1: with bounds alone training does not start.
    """
    return partial(interval_loss, threat=Linf(eps), share=min(1.0, 5 * eps))


def margin(eps: float) -> TrainingLoss:
    """A first-order margin of two, in l_2, at the input and behind both convolutions: Elsayed et al., 2018."""
    return partial(large_margin_loss, norm=L2, gamma=2.0, layers=("2", "4"))


def mma(eps: float) -> TrainingLoss:
    """The smallest distortion, on the way of four steps of PGD at the largest one: Ding et al., 2020."""
    attack = partial(pgd, threat=Linf(eps), steps=4, step_size=eps / 2)
    return partial(mma_loss, attack=attack, norm=Linf, largest=eps, halvings=5, share=2 / 3)


def variational(eps: float) -> TrainingLoss:
    """Weights with a learned Gaussian, whatever the radius, under a prior that counts a fifth of what Bayes would say.

    With all of it a network this small prefers to know little: cold posteriors predict better.
    """
    return partial(variational_loss, prior=1.0, samples=20_000)


def noisy(eps: float) -> TrainingLoss:
    """Normal noise on every input, whatever the radius, for a vote over such noise: Cohen et al., 2019."""
    return partial(noise_loss, sigma=0.5)


_FREE_DIGITS = partial(
    Recipe, models.cnn, data.digits, batch=64, learning_rate=2e-3, seed=0, loss=free, replays=4, warm_up=4
)
# For a comparison with digits_robust_2 at the same cost: 56 passes forward and backward over the digits, of which an
# epoch takes 1 (standard), 1.5 (mixed), 2.3 (fast), 8.1 (mma) or 8.3 (madry), the same share of the robust ones with a
# growing radius, and all with a rate that falls from the second epoch on. The margin's, 1.7 slow ones, end at 27.
_AS_LONG = partial(Recipe, models.cnn, data.digits, batch=64, learning_rate=2e-3)
_AS_LONG_ROBUST = partial(_AS_LONG, seed=0, eps=0.2)

_MARGIN = partial(_AS_LONG, epochs=16, cool_down=15, loss=margin)
_MMA = partial(_AS_LONG, epochs=7, cool_down=6, loss=mma, eps=0.3)

_MIXED = partial(Recipe, models.cnn, batch=128, width=4)
_MIXED_DIGITS = partial(_MIXED, data.digits, epochs=20, learning_rate=2e-3, loss=mixed, eps=0.2)
_FAR = partial(_MIXED, epochs=30, learning_rate=1e-3, eps=0.4)
# Without the larger rate and the warm-up it need not start at all.
_FAR_IN_STEPS = partial(_FAR, data.faint_digits, loss=mixed_in_steps, learning_rate=2e-3, warm_up=20)
_MIXED_FASHION = partial(_MIXED, data.fashion, epochs=16, learning_rate=1e-3, loss=mixed, eps=0.4, first=10_000)

RECIPES = {
    "digits_linear": Recipe(models.linear, data.digits, epochs=20, batch=128, learning_rate=1e-3, seed=0),
    "digits_mlp": Recipe(models.mlp, data.digits, epochs=20, batch=128, learning_rate=1e-3, seed=0),
    "digits_cnn": Recipe(models.cnn, data.digits, epochs=20, batch=128, learning_rate=2e-3, seed=0),
    "digits_robust_1": _FREE_DIGITS(epochs=14, cool_down=13, eps=0.1, shift=1),
    "digits_robust_2": _FREE_DIGITS(epochs=14, cool_down=13, eps=0.2),
    "digits_robust_3": _FREE_DIGITS(epochs=16, cool_down=15, eps=0.3),
    "digits_certified_1": Recipe(
        models.cnn,
        data.digits,
        epochs=40,
        batch=64,
        learning_rate=2e-3,
        seed=0,
        loss=certified,
        eps=0.1,
        warm_up=14,
        cool_down=30,
        width=32,
    ),
    "digits_kurakin_2": _AS_LONG_ROBUST(epochs=37, warm_up=11, cool_down=36, loss=mixed),
    "digits_fast_2": _AS_LONG_ROBUST(epochs=24, warm_up=7, cool_down=23, loss=fast),
    "digits_madry_2": _AS_LONG_ROBUST(epochs=7, warm_up=2, cool_down=6, loss=madry),
    "digits_standard": _AS_LONG(seed=0, epochs=56, cool_down=55),
    **{f"digits_margin_{seed}": _MARGIN(seed=seed) for seed in range(2)},
    **{f"digits_mma_{seed}": _MMA(seed=seed) for seed in range(2)},
    "digits_variational": Recipe(
        models.stochastic.gaussian_mlp, data.digits, epochs=30, batch=128, learning_rate=4e-3, seed=0, loss=variational
    ),
    "digits_noisy": Recipe(
        models.cnn, data.digits, epochs=20, batch=128, learning_rate=2e-3, seed=0, loss=noisy, cool_down=19
    ),
    **{f"digits_mixed_{seed}": _MIXED_DIGITS(seed=seed) for seed in range(3)},
    **{f"digits_overfitted_{seed}": _FAR(data.digits, seed=seed, loss=mixed) for seed in range(3)},
    **{f"faint_mixed_{seed}": _FAR(data.faint_digits, seed=seed, loss=mixed) for seed in range(3)},
    **{f"faint_predicted_{seed}": _FAR(data.faint_digits, seed=seed, loss=mixed_on_predictions) for seed in range(3)},
    **{f"faint_in_steps_{seed}": _FAR_IN_STEPS(seed=seed) for seed in range(3)},
    **{f"fashion_mixed_{seed}": _MIXED_FASHION(seed=seed) for seed in range(3)},
    "fashion_mlp": Recipe(models.mlp, data.fashion, epochs=6, batch=128, learning_rate=1e-3, seed=0),
    "fashion_cnn": Recipe(models.cnn, data.fashion, epochs=6, batch=128, learning_rate=2e-3, seed=0),
    "fashion_robust": Recipe(
        models.cnn,
        data.fashion,
        epochs=8,
        batch=128,
        learning_rate=3e-3,
        seed=0,
        loss=free,
        eps=0.1,
        replays=4,
        warm_up=2,
        cool_down=7,
    ),
    "faces_age": Recipe(models.age_cnn, data.faces, epochs=16, batch=64, learning_rate=1e-3, seed=0),
    "people_detector": Recipe(
        detection.detector, data.streets, epochs=14, batch=32, learning_rate=2e-3, seed=0, cool_down=13
    ),
}


def find(name: str) -> Recipe:
    """The recipe of that name; ValueError names those there are."""
    if name not in RECIPES:
        raise ValueError(f"there is no recipe called {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
