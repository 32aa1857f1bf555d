"""Layers with dice: weights or activations with a learned Gaussian, and a dropout that never stops.

A network of them answers differently each time: its numbers come from torch's global randomness, on the CPU, so that
every device sees the same. One of the networks that it may be, for good, is `Draw(model, seed)`, see `expectation`.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from .normalize import Normalize


class Random:
    """What layers with dice share: thrown anew for every sample or, while a draw holds them, once for all samples."""

    dice: Generator | None = None

    def thrown(self, law: Callable[..., Tensor], shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Random numbers of this shape, in the precision and on the device of `like`."""
        device = self.dice.device if self.dice is not None else "cpu"
        return law(shape, generator=self.dice, device=device).to(like)

    def for_each(self, law: Callable[..., Tensor], z: Tensor) -> Tensor:
        """Random numbers for activations z [B, ...]: as many, or those of one sample, [1, ...]."""
        samples = len(z) if self.dice is None else 1
        return self.thrown(law, (samples, *z.shape[1:]), z)


class Gaussian(Random, nn.Module):
    """Numbers that are drawn from N(mean, std^2), each with a deviation of its own that is learned: exp(log_std).

    The draw is mean + std * e with e ~ N(0, 1), so that a gradient reaches both. Kingma and Welling, "Auto-Encoding
    Variational Bayes", ICLR 2014.
    """

    log_std: nn.Parameter

    @property
    def std(self) -> Tensor:
        """The deviations."""
        return self.log_std.exp()

    @property
    def entropy(self) -> Tensor:
        """Sum of log(std) + log(2 pi e) / 2 over all numbers, in nats."""
        return (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()


class GaussianWeights(Gaussian):
    """A layer whose weight [out, in, ...] is drawn, once for a batch; its bias is not."""

    weight: Tensor

    def drawn_weight(self) -> Tensor:
        """weight + std * e."""
        return self.weight + self.std * self.thrown(torch.randn, tuple(self.weight.shape), self.weight)

    def divergence(self, prior: float) -> Tensor:
        """KL(N(weight, std^2) || N(0, prior^2)) in nats, summed over all weights, in closed form."""
        size = (self.std.square() + self.weight.square()) / (2 * prior**2)
        return (math.log(prior) - self.log_std + size - 0.5).sum()


class GaussianLinear(GaussianWeights, nn.Linear):
    """[B, inputs] -> [B, outputs], with weights from N(weight, std^2)."""

    def __init__(self, inputs: int, outputs: int, *, std: float):
        super().__init__(inputs, outputs)
        self.log_std = nn.Parameter(torch.full_like(self.weight, math.log(std)))

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.drawn_weight(), self.bias)


class GaussianConv2d(GaussianWeights, nn.Conv2d):
    """[B, channels, H, W] -> [B, maps, H', W'], with kernels from N(weight, std^2)."""

    def __init__(self, channels: int, maps: int, size: int, *, std: float, stride: int = 1, padding: int = 0):
        super().__init__(channels, maps, size, stride=stride, padding=padding)
        self.log_std = nn.Parameter(torch.full_like(self.weight, math.log(std)))

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.drawn_weight(), self.bias)


class GaussianNoise(Gaussian):
    """z + std * e, with learned deviations of a shape that fits one sample: (C, 1, 1) is one for each channel."""

    def __init__(self, shape: tuple[int, ...], *, std: float):
        super().__init__()
        self.log_std = nn.Parameter(torch.full(shape, math.log(std)))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.std * self.for_each(torch.randn, z)


class MonteCarloDropout(Random, nn.Dropout):
    """Dropout that goes on in evaluation mode: each draw is a thinned network.

    Gal and Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016.
    """

    def forward(self, input: Tensor) -> Tensor:
        kept = self.for_each(torch.rand, input) >= self.p
        return input * kept / (1 - self.p)


def gaussians(model: nn.Module) -> Iterator[Gaussian]:
    """The layers of a network that draw from learned Gaussians."""
    return (layer for layer in model.modules() if isinstance(layer, Gaussian))


def entropy(model: nn.Module) -> Tensor:
    """Entropy of all that the network draws from learned Gaussians, in nats; a sum, as those are independent."""
    found = [layer.entropy for layer in gaussians(model)]
    if not found:
        raise ValueError(f"no layer of {type(model).__name__} draws from a learned Gaussian: see models.stochastic")
    return torch.stack(found).sum()


def divergence(model: nn.Module, prior: float) -> Tensor:
    """KL divergence, in nats, of the network's weights from a prior under which each of them is N(0, prior^2)."""
    if not 0 < prior < math.inf:
        raise ValueError(f"prior is the deviation that weights are expected to have, positive and finite; got {prior}")
    found = [layer.divergence(prior) for layer in gaussians(model) if isinstance(layer, GaussianWeights)]
    if not found:
        raise ValueError(
            f"no weight of {type(model).__name__} is drawn from a Gaussian: build it of stochastic.GaussianLinear "
            "and GaussianConv2d; where activations are noisy, use training.entropy_loss"
        )
    return torch.stack(found).sum()


def gaussian_mlp(
    shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10, width: int = 64, *, std: float = 0.1
) -> nn.Sequential:
    """A hidden layer of ReLUs, all weights Gaussian, with that deviation to begin with.

    Black is zero here: a weight at a pixel that is always black has nothing to learn from the data.
    """
    channels, height, columns = shape
    return nn.Sequential(
        Normalize([0.0] * channels, [1.0] * channels),
        nn.Flatten(),
        GaussianLinear(channels * height * columns, width, std=std),
        nn.ReLU(),
        GaussianLinear(width, classes, std=std),
    )
