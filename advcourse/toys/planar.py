"""Two classes of points in the plane, and six ways to tell them apart that withstand an attack differently well.

All points lie in the box [-1, 1]^2: attack them with a threat that says so, `L2(0.1, lo=-1, hi=1)`. A way to learn is a
`Recipe`, called as `model = smooth_net(points, labels, generator)`. Almost all of them get every training point right;
what differs is how far it is from a point to the boundary.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

import torch
from torch import Generator, Tensor, nn

from advcourse.answers import check_labels
from advcourse.asking import ignore
from advcourse.attacks.gradient import pgd
from advcourse.threats import Linf
from advcourse.training import madry_loss, standard_loss

# Data -----------------------------------------------------------------------------------------------------------------


def moons(generator: Generator, n: int = 200) -> tuple[Tensor, Tensor]:
    """Two half circles that reach into each other: points [n, 2] in [-1, 1]^2, labels [n] in {0, 1}, in turn."""
    y, side = _classes(n)
    angle = math.pi * torch.rand(n, generator=generator)
    x = torch.stack([side * (0.275 - 0.55 * angle.cos()), side * (0.24 - 0.72 * angle.sin())], 1)
    return _noisy(x, 0.04, generator), y


def circles(generator: Generator, n: int = 200) -> tuple[Tensor, Tensor]:
    """A ring around a ring: points [n, 2] in [-1, 1]^2, labels [n] in {0, 1}, in turn."""
    y, _ = _classes(n)
    return _noisy(_polar(0.3 + 0.45 * y, 2 * math.pi * torch.rand(n, generator=generator)), 0.045, generator), y


def blobs(generator: Generator, n: int = 200) -> tuple[Tensor, Tensor]:
    """Two Gaussians that a line separates: points [n, 2] in [-1, 1]^2, labels [n] in {0, 1}, in turn."""
    y, side = _classes(n)
    return _noisy(side[:, None] * torch.tensor([0.42, 0.32]), 0.14, generator), y


def spirals(generator: Generator, n: int = 200) -> tuple[Tensor, Tensor]:
    """Two arms wound around each other once: points [n, 2] in [-1, 1]^2, labels [n] in {0, 1}, in turn."""
    y, _ = _classes(n)
    along = torch.rand(n, generator=generator).sqrt()
    return _noisy(_polar(0.12 + 0.73 * along, math.pi * (2.2 * along + y)), 0.025, generator), y


def _classes(n: int) -> tuple[Tensor, Tensor]:
    y = torch.arange(n) % 2
    return y, 2.0 * y - 1


def _polar(radius: Tensor, angle: Tensor) -> Tensor:
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def _noisy(x: Tensor, spread: float, generator: Generator) -> Tensor:
    return (x + spread * torch.randn(x.shape, generator=generator)).clamp(-0.95, 0.95)


# Networks -------------------------------------------------------------------------------------------------------------


class Waves(nn.Module):
    """cos(W x + b), W ~ N(0, pitch^2): the higher the pitch, the thinner the regions that a readout can carve out.

    Rahimi and Recht, "Random Features for Large-Scale Kernel Machines", NIPS 2007; here W and b learn as well.
    """

    def __init__(self, width: int, pitch: float, generator: Generator):
        super().__init__()
        self.w = nn.Parameter(pitch * torch.randn(2, width, generator=generator))
        self.b = nn.Parameter(2 * math.pi * torch.rand(width, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.b, x, self.w).cos()


class Bumps(nn.Module):
    """f(x) = c + sum_i a_i k(x, p_i), k(x, p) = exp(-|x - p|^2 / (2 reach^2)), one bump on each point; logits +-f/2."""

    centres: Tensor

    def __init__(self, points: Tensor, reach: float):
        super().__init__()
        self.register_buffer("centres", points.detach().clone())
        self.reach = reach
        self.a, self.c = nn.Parameter(torch.zeros(len(points))), nn.Parameter(torch.zeros(()))

    def kernel(self, x: Tensor) -> Tensor:
        """k(x, p_i) for every point and bump: [B, 2] -> [B, n]."""
        away = x.square().sum(1, keepdim=True) + self.centres.square().sum(1) - 2 * x @ self.centres.T
        return (away / (-2 * self.reach**2)).exp()

    def forward(self, x: Tensor) -> Tensor:
        f = self.kernel(x) @ self.a + self.c
        return torch.stack([-f / 2, f / 2], 1)


def _line(points: Tensor, generator: Generator) -> nn.Module:
    return _dense(2, 2, generator)


def perceptron(points: Tensor, generator: Generator, *, width: int) -> nn.Module:
    """Two hidden layers of a smooth activation."""
    inner = [_dense(2, width, generator), nn.Tanh(), _dense(width, width, generator), nn.Tanh()]
    return nn.Sequential(*inner, _dense(width, 2, generator))


def _waves(points: Tensor, generator: Generator, *, width: int, pitch: float) -> nn.Module:
    return nn.Sequential(Waves(width, pitch, generator), _dense(width, 2, generator))


def _bumps(points: Tensor, generator: Generator, *, reach: float) -> Bumps:
    return Bumps(points, reach)


def _dense(inputs: int, outputs: int, generator: Generator) -> nn.Linear:
    """A linear layer as torch starts it, but drawn from the generator: building one leaves the global state alone."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    for p in layer.parameters():
        nn.init.uniform_(p, -(inputs**-0.5), inputs**-0.5, generator=generator)
    return layer


# Learning -------------------------------------------------------------------------------------------------------------


def hinge_loss(model: Bumps, x: Tensor, y: Tensor, *, stiffness: float) -> Tensor:
    """Support vector machine: mean max(0, 1 - (2y - 1) f(x))^2 + stiffness |f|^2, |f|^2 = a^T K a of the bumps.

    The margin in feature space is 1 / |f|: the flattest f that keeps every point at |f(x)| >= 1 has the widest.
    """
    f = model(x)[:, 1] * 2
    flat = model.a @ model.kernel(model.centres) @ model.a
    return (1 - (2 * y - 1) * f).clamp(min=0).square().mean() + stiffness * flat


@dataclass(frozen=True, eq=False)
class Stage:
    """What is logged of a training on its way: the share of it that is done, and the model, which goes on changing."""

    share: float
    model: nn.Module


Log = Callable[[Stage], object]


Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Recipe(Generic[Network]):
    """A way to learn two classes of points: a network, a loss, and full-batch steps of Adam with weight decay.

    network(points, generator) builds it. The step falls linearly from rate to 0; each takes the share step * decay off
    every weight. Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    """

    name: str
    network: Callable[[Tensor, Generator], Network]
    loss: Callable[[Network, Tensor, Tensor], Tensor] = standard_loss
    steps: int = 400
    rate: float = 0.02
    decay: float = 0.0

    def __call__(self, points: Tensor, labels: Tensor, generator: Generator, *, log: Log = ignore) -> Network:
        """A model for points [n, 2] in [-1, 1]^2 of classes labels [n] in {0, 1}, points [B, 2] -> logits [B, 2].

        log gets some thirty stages on the way.
        """
        _check_points(points, labels)
        model = self.network(points, generator).eval()
        self._learn(model, points, labels, [self.rate * (1 - t / self.steps) for t in range(self.steps)], log)
        return model

    def refine(self, model: Network, points: Tensor, labels: Tensor, *, steps: int) -> Network:
        """Go on learning for a few smaller steps, after points have moved: the same model, changed."""
        _check_points(points, labels)
        self._learn(model, points, labels, [self.rate / 4] * steps, ignore)
        return model

    def _learn(self, model: Network, x: Tensor, y: Tensor, rates: list[float], log: Log) -> None:
        # Adam by hand: the first torch.optim optimizer costs seconds of imports, more than any of these trainings.
        weights = list(model.parameters())
        mean, square = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
        pace = max(1, len(rates) // 30)
        for t, rate in enumerate(rates, 1):
            gradients = torch.autograd.grad(self.loss(model, x, y), weights)
            with torch.no_grad():
                for w, g, m, s in zip(weights, gradients, mean, square):
                    m.lerp_(g, 0.1)
                    s.lerp_(g * g, 0.01)
                    w.mul_(1 - rate * self.decay)
                    w.addcdiv_(m, (s / (1 - 0.99**t)).sqrt_().add_(1e-8), value=-rate / (1 - 0.9**t))
            if t % pace == 0 or t == len(rates):
                log(Stage(t / len(rates), model))


def _check_points(points: Tensor, labels: Tensor) -> None:
    check_labels(labels, len(points), "labels")
    if points.ndim != 2 or points.shape[1] != 2 or not bool((points.abs() <= 1).all()):
        raise ValueError(
            f"points must be [n, 2] in [-1, 1]^2; got {list(points.shape)}: scale them into the box, points / 2"
        )
    if len(points) == 0 or int(labels.min()) < 0 or int(labels.max()) > 1:
        raise ValueError("there must be points to learn from, and their labels must be 0 or 1")


_attack = partial(pgd, threat=Linf(0.1, lo=-1, hi=1), steps=4, step_size=0.04, random_start=False)

linear = Recipe("linear", _line, rate=0.1)
smooth_net = Recipe("small smooth net", partial(perceptron, width=16))
wide_net = Recipe("wide net", partial(_waves, width=256, pitch=18.0))
decayed_net = replace(wide_net, name="wide net, decayed", decay=0.15)
robust_net = Recipe(
    "adversarially trained", partial(perceptron, width=32), partial(madry_loss, attack=_attack), steps=300
)
widest_margin = Recipe("widest margin (RBF)", partial(_bumps, reach=0.3), partial(hinge_loss, stiffness=1e-5))

DATA = {"moons": moons, "circles": circles, "blobs": blobs, "spirals": spirals}
RECIPES = (linear, smooth_net, wide_net, decayed_net, robust_net, widest_margin)
