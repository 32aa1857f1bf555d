"""What a picture is to a database: the last feature map of a network, pooled to a descriptor of length one.

Every part is a module, so that a descriptor is an `nn.Sequential` and can be attacked like any network.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from advcourse import measure
from advcourse.device import precise

Pooling = Callable[[Tensor], Tensor]


def mean_pool(features: Tensor) -> Tensor:
    """The mean activation of each channel: [B, C, H, W] -> [B, C]."""
    return features.mean((2, 3))


def max_pool(features: Tensor) -> Tensor:
    """The largest activation of each channel: [B, C, H, W] -> [B, C]."""
    return features.amax((2, 3))


def gem_pool(features: Tensor, p: float = 3.0) -> Tensor:
    """The generalised mean (mean f^p)^(1/p) of each channel, between mean (p = 1) and max: [B, C, H, W] -> [B, C].

    Activations must not be negative; those below 1e-6 count as that, where the root would have no slope.
    Radenovic, Tolias and Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI 2019.
    """
    return features.clamp(min=1e-6).pow(p).mean((2, 3)).pow(1 / p)


class Layer(nn.Module):
    """Any function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def extra_repr(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


class Resize(nn.Module):
    """Images [B, C, H, W] to size x size, bicubic and antialiased: how the database looks at what it is given."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2:] == (self.size, self.size):
            return x
        x = F.interpolate(x, (self.size, self.size), mode="bicubic", antialias=True, align_corners=False)
        return x.clamp(0, 1)

    def extra_repr(self) -> str:
        return f"{self.size}"


def features(network: nn.Sequential, stages: int | None = None) -> nn.Sequential:
    """`models.pretrained()` up to its last feature maps [B, 1280, H, W], or up to one of its seven stages."""
    normalize, body = network
    blocks = [f"blocks.{stage}" for stage in range(7 if stages is None else stages)]
    names = ["conv_stem", "bn1", *blocks, *(["conv_head", "bn2"] if stages is None else [])]
    return nn.Sequential(normalize, *map(body.get_submodule, names)).eval()


class Whitening(nn.Module):
    """(d - mean) @ matrix: descriptors whose directions are uncorrelated and of one spread, [B, D] -> [B, K]."""

    mean: Tensor
    matrix: Tensor

    def __init__(self, mean: Tensor, matrix: Tensor):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("matrix", matrix)

    def forward(self, d: Tensor) -> Tensor:
        return (d - self.mean) @ self.matrix


def whitening(descriptors: Tensor, keep: int) -> Whitening:
    """The whitening onto the `keep` directions in which the descriptors [N, D] of a database vary most.

    Jegou and Chum, "Negative Evidences and Co-occurrences in Image Retrieval: the Benefit of PCA and Whitening", ECCV
    2012. Raises ValueError where the descriptors do not vary in so many directions.
    """
    mean = precise(descriptors).mean(0)
    _, spread, directions = torch.linalg.svd(precise(descriptors) - mean, full_matrices=False)
    found = int((spread > 1e-6 * spread[0]).sum()) if len(descriptors) > 1 else 0
    if not 1 <= keep <= found:
        raise ValueError(
            f"{len(descriptors)} descriptors of {descriptors.shape[1]} numbers vary in {found} directions; keep={keep} "
            "was asked for: keep fewer, or learn from a larger database"
        )
    matrix = directions[:keep].T / spread[:keep] * (len(descriptors) - 1) ** 0.5
    return Whitening(mean.to(descriptors), matrix.to(descriptors))


def unit(d: Tensor) -> Tensor:
    """Each descriptor at length one, so that nearest and most alike by cosine are the same: [B, D] -> [B, D]."""
    return F.normalize(d, dim=1)


def descriptor(maps: nn.Module, pool: Pooling, *, size: int, white: Whitening | None = None) -> nn.Sequential:
    """Images of any size -> descriptors [B, D] of length one: resized, mapped, pooled and perhaps whitened."""
    end = [] if white is None else [white, Layer(unit)]
    return nn.Sequential(Resize(size), maps, Layer(pool), Layer(unit), *end).eval()


def described(embed: nn.Module, x: Tensor) -> Tensor:
    """The descriptors of many images, some at a time, in evaluation mode and without a graph: [N, ...] -> [N, D]."""
    return measure.logits(embed, x, batch=64)
