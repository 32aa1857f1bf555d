"""Seven defences that defend nothing: each fools a naive evaluation, and each is a wrapper around a sound network.

They are there to be caught, by `measure.evaluate` and by the reader.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Probabilities(nn.Module):
    """The softmax of the network's logits: [B, ...] -> [B, K]. A cross entropy of it takes the softmax twice."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        return self.network(z).softmax(1)


class Scaled(nn.Module):
    """The network's logits times a factor: the same classes, but the cross entropy is flat wherever it is sure."""

    def __init__(self, network: nn.Module, factor: float = 1e4):
        super().__init__()
        self.network, self.factor = network, factor

    def forward(self, z: Tensor) -> Tensor:
        return self.factor * self.network(z)


class GradientKiller(nn.Module):
    """The network's own answers, and a gradient that is zero everywhere."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        # Finite also where the input is, unlike 0 * out.
        return self.network(z).detach() + 0.0 * z.flatten(1).sum(1, keepdim=True)


class Quantised(nn.Module):
    """The network behind an input of few grey levels, i / (levels - 1): between two of them nothing changes."""

    def __init__(self, network: nn.Module, levels: int = 8):
        super().__init__()
        self.network, self.levels = network, levels

    def forward(self, z: Tensor) -> Tensor:
        return self.network((z * (self.levels - 1)).round() / (self.levels - 1))


class Noisy(nn.Module):
    """The network behind normal noise on its input, drawn anew, from the global randomness, whenever it is asked."""

    def __init__(self, network: nn.Module, std: float = 0.3):
        super().__init__()
        self.network, self.std = network, std

    def forward(self, z: Tensor) -> Tensor:
        return self.network(z + self.std * torch.randn_like(z))


class Dropping(nn.Dropout):
    """Dropout that goes on in evaluation mode."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, training=True)


class DropoutLeftOn(nn.Module):
    """The network behind a dropout of its input that no `eval()` turns off."""

    def __init__(self, network: nn.Module, p: float = 0.3):
        super().__init__()
        self.dropout, self.network = Dropping(p), network

    def forward(self, z: Tensor) -> Tensor:
        return self.network(self.dropout(z))


class BatchNormalising(nn.BatchNorm2d):
    """Batch normalisation by the batch at hand, its running statistics updated, in evaluation mode too."""

    def forward(self, input: Tensor) -> Tensor:
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, True, self.momentum or 0.1, self.eps
        )


class BatchNormTraining(nn.Module):
    """The network behind a batch normalisation of its input that no `eval()` ends.

    Each batch is brought to the mean and the deviation of one channel that the network was trained with, by default
    those of the digits: what an attack does to all images alike is taken back, and a single image is another one.
    """

    def __init__(self, network: nn.Module, mean: float = 0.13, std: float = 0.31):
        super().__init__()
        self.norm, self.network = BatchNormalising(1), network
        nn.init.constant_(self.norm.weight, std)
        nn.init.constant_(self.norm.bias, mean)
        self.norm.to(next((p.device for p in network.parameters()), None))

    def forward(self, z: Tensor) -> Tensor:
        return self.network(self.norm(z))
