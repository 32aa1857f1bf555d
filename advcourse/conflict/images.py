"""Cue-conflict images: the shape of one picture, the texture of another, made on a network's early features."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from advcourse.asking import evaluating, ignore

DEPTH = 3  # stages of the network whose features are compared; the last has 28 x 28 places


def early_features(network: nn.Sequential, x: Tensor) -> list[Tensor]:
    """What `models.pretrained()` computes after its stem and each of its first stages: [B, C, H, W] each."""
    normalize, body = network
    names = ("conv_stem", "bn1", *(f"blocks.{stage}" for stage in range(DEPTH)))
    stem, norm, *stages = map(body.get_submodule, names)
    found = [norm(stem(normalize(x)))]
    for stage in stages:
        found.append(stage(found[-1]))
    return found


def gram(features: Tensor) -> Tensor:
    """Which channels fire together, wherever they do: [B, C, H, W] -> [B, C, C], the mean over places of f f^T.

    Gatys, Ecker and Bethge, "Image style transfer using convolutional neural networks", CVPR 2016.
    """
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def objective(network: nn.Sequential, content: Tensor, texture: Tensor, weight: float) -> Callable[[Tensor], Tensor]:
    """How far z [1, 3, H, W] is from the texture, and with this weight from the shape: z -> texture + weight * shape.

    The texture's part is |G(z) - G(texture)|^2 / |G(texture)|^2 for the Gram matrices G, the mean over all early
    features. The shape's is |f(z) - f(content)|^2 for the deepest features f, as a share of what it is for a content
    whose channels are all flat. Half the roughness keeps the pixels from flickering. Gatys et al., CVPR 2016.
    """
    with torch.no_grad():
        kept = early_features(network, content)[-1]
        wanted = [gram(f) for f in early_features(network, texture)]
    flat = (kept - kept.mean((2, 3), keepdim=True)).square().sum()

    def loss(z: Tensor) -> Tensor:
        features = early_features(network, z)
        far = sum((gram(f) - g).square().sum() / g.square().sum() for f, g in zip(features, wanted)) / len(wanted)
        return far + weight * (features[-1] - kept).square().sum() / flat + 0.5 * roughness(z)

    return loss


def cue_conflict(
    network: nn.Sequential,
    content: Tensor,
    texture: Tensor,
    *,
    weight: float,
    steps: int,
    step_size: float = 0.03,
    trace: Callable[[Tensor], object] = ignore,
) -> Tensor:
    """The shape of `content` in the texture of `texture`, both [1, 3, H, W] in [0, 1]: another such image, in bytes.

    Minimises the `objective` from the content on, by Adam. Small weights give much texture. 60 steps take some seconds;
    trace is called with every iterate, as `bar.update` may be.

    Gatys, Ecker and Bethge, "Image style transfer using convolutional neural networks", CVPR 2016.
    """
    if content.shape != texture.shape or len(content) != 1:
        raise ValueError(
            f"content and texture are one image each, of one size [1, 3, H, W]; got {list(content.shape)} and "
            f"{list(texture.shape)}"
        )
    with evaluating(network), torch.enable_grad():
        loss = objective(network, content, texture, weight)
        z = content.clone().requires_grad_()
        adam = torch.optim.Adam([z], step_size)
        for _ in range(steps):
            (z.grad,) = torch.autograd.grad(loss(z), z)
            adam.step()
            with torch.no_grad():
                z.clamp_(0, 1)
            trace(z.detach().clone())
    return (z.detach() * 255).round() / 255


def roughness(x: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels."""
    return x.diff(dim=2).square().mean() + x.diff(dim=3).square().mean()
