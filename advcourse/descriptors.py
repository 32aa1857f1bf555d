"""How far what a network computes of one image is from what it computed of another: 0 where both are the same.

A retrieval system compares descriptors, vectors pooled from its last feature map. Who knows the pooling compares them
too; who does not compares what every pooling is made of.
"""

import torch
from torch import Tensor

BINS, SOFTNESS = 21, 0.1  # the paper's histogram: centres 0, 0.05, ..., 1 of the largest activation, and their width


def cosine_distance(out: Tensor, target: Tensor) -> Tensor:
    """1 - <out, target> / (|out| |target|), for a known descriptor: [B, D], [B, D] -> [B] in 0..2.

    A descriptor that is all zero points nowhere: its distance is 1 and has no gradient. Tolias, Radenovic and Chum,
    "Targeted Mismatch Adversarial Attack: Query with a Flower to Retrieve the Tower", ICCV 2019.
    """
    _check_same(out, target)
    return 1 - (_unit(out) * _unit(target)).sum(1)


def tensor_distance(out: Tensor, target: Tensor) -> Tensor:
    """|out - target|^2 / |target|^2 of whole feature maps, for an unknown pooling: [B, C, H, W] twice -> [B].

    It asks for more than any pooling needs: every activation at its own place. Tolias, Radenovic and Chum, "Targeted
    Mismatch Adversarial Attack: Query with a Flower to Retrieve the Tower", ICCV 2019.
    """
    _check_same(out, target)
    aim = target.flatten(1)
    size = aim.square().sum(1)
    return (out.flatten(1) - aim).square().sum(1) / torch.where(size > 0, size, 1.0)


def histogram_distance(out: Tensor, target: Tensor) -> Tensor:
    """How far the histograms of the channels' activations are apart, for an unknown pooling: [B, C, H, W] -> [B].

    The mean over the channels of the Euclidean distance of two `soft_histogram`s, in parts of the target's largest
    activation. Where in the image something fires does not matter to it, as it does not to mean, max and GeM pooling;
    nor do the sizes of the two maps have to agree. Tolias, Radenovic and Chum, "Targeted Mismatch Adversarial Attack:
    Query with a Flower to Retrieve the Tower", ICCV 2019.
    """
    _check_maps(out, target)
    top = target.flatten(1).amax(1)
    gap = soft_histogram(out, top) - soft_histogram(target, top)
    length = gap.square().sum(2)
    # The root's slope is infinite at zero, where a channel fits and has nothing to gain.
    return torch.where(length > 0, length, 1.0).sqrt().mul(length > 0).mean(1)


def soft_histogram(features: Tensor, top: Tensor) -> Tensor:
    """Shares of each channel's places in bins from 0 to `top` [B], each place spread over the bins near its activation.

    features [B, C, H, W] -> [B, C, 21]; each row sums to one. A count has no gradient, this does.
    Tolias et al., ICCV 2019.
    """
    top = torch.where(top > 0, top, 1.0).view(-1, 1, 1, 1)
    centres = torch.linspace(0, 1, BINS, dtype=features.dtype, device=features.device)
    gap = (features.flatten(2)[..., None] / top).clamp(0, 1) - centres
    return (-gap.square() / (2 * SOFTNESS**2)).softmax(3).mean(2)


def _unit(d: Tensor) -> Tensor:
    """Each descriptor at length one; divided by its largest entry first, so that no square is lost or overflows."""
    top = d.detach().abs().amax(1, keepdim=True)
    d = d / torch.where(top > 0, top, 1.0)
    length = d.square().sum(1, keepdim=True)
    return d / torch.where(length > 0, length, 1.0).sqrt()


def _check_same(out: Tensor, target: Tensor) -> None:
    if out.shape != target.shape or out.ndim < 2:
        raise ValueError(
            f"descriptors of images and target must have one shape, [B, D] or [B, C, H, W]; got {list(out.shape)} and "
            f"{list(target.shape)}: compute both with the same embedding, at the same resolution"
        )


def _check_maps(out: Tensor, target: Tensor) -> None:
    if out.ndim < 3 or target.ndim < 3 or out.shape[:2] != target.shape[:2]:
        raise ValueError(
            "a histogram is taken of feature maps [B, C, H, W], before they are pooled, with the channels of the "
            f"target's; got {list(out.shape)} and {list(target.shape)}: use cosine_distance for descriptors [B, D]"
        )
