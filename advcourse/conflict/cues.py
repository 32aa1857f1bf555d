"""Take one cue away, or trade it between two pictures: images [B, 3, H, W] in [0, 1] in, images out."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from advcourse.device import precise


def patch_shuffle(x: Tensor, grid: int, generator: Generator) -> Tensor:
    """Cut every image into grid x grid patches and deal them anew: texture stays, shape goes.

    Every image has an order of its own; a patch keeps its pixels and is not turned. Raises ValueError where height or
    width cannot be cut evenly.
    """
    b, c, h, w = x.shape
    if grid < 1 or h % grid or w % grid:
        raise ValueError(f"{h} x {w} pixels cannot be cut into {grid} x {grid} equal patches; 224 takes 2, 4, 7, 8, 14")
    patches = x.reshape(b, c, grid, h // grid, grid, w // grid).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    order = torch.rand(b, grid * grid, generator=generator).argsort(1).to(x.device)
    dealt = patches[torch.arange(b, device=x.device)[:, None], order]
    return dealt.view(b, grid, grid, c, h // grid, w // grid).permute(0, 3, 1, 4, 2, 5).reshape(b, c, h, w)


def silhouette(x: Tensor, blur: float = 2.0) -> Tensor:
    """Black where the blurred image is darker than Otsu's threshold, white elsewhere: shape stays, texture goes."""
    grey = low_pass(brightness(x), blur)
    return torch.stack([(one > otsu(one)).to(x) for one in grey]).expand(-1, 3, -1, -1).clone()


def edges(x: Tensor, blur: float = 1.0) -> Tensor:
    """Dark lines on white where the brightness changes: shape stays, most of the texture and all colour go."""
    across = x.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    sobel = torch.stack([across, across.T])[:, None]
    steep = F.conv2d(F.pad(low_pass(brightness(x), blur), (1, 1, 1, 1), mode="replicate"), sobel)
    lines = steep.square().sum(1, keepdim=True).sqrt()
    strong = lines.flatten(1).quantile(0.97, dim=1).clamp_min(0.05).view(-1, 1, 1, 1)
    return (1 - lines / strong).clamp(0, 1).expand(-1, 3, -1, -1).clone()


def swap_frequencies(coarse: Tensor, fine: Tensor, sigma: float) -> Tensor:
    """What is coarser than a Gaussian of sigma pixels from one image, all that is finer from the other: a hybrid.

    Oliva, Torralba and Schyns, "Hybrid images", SIGGRAPH 2006: from afar one sees the first, near by the second.
    """
    return (low_pass(coarse, sigma) + fine - low_pass(fine, sigma)).clamp(0, 1)


def fade(content: Tensor, conflict: Tensor, texture: Tensor, at: float) -> Tensor:
    """On the way from content (-1) over the conflict image (0) to the texture (1), mixed pixel by pixel."""
    if not -1 <= at <= 1:
        raise ValueError(f"the way runs from -1, the content, over 0 to 1, the texture; got {at}")
    return torch.lerp(conflict, texture if at > 0 else content, abs(at))


def brightness(x: Tensor) -> Tensor:
    """Luma of ITU-R BT.601, [B, 3, H, W] -> [B, 1, H, W]."""
    return (x * x.new_tensor([0.299, 0.587, 0.114]).view(-1, 1, 1)).sum(1, keepdim=True)


def low_pass(x: Tensor, sigma: float) -> Tensor:
    """Blurred by a Gaussian of sigma pixels, the border repeated; sigma 0 changes nothing."""
    if sigma == 0:
        return x
    half = min(math.ceil(3 * sigma), min(x.shape[2:]))
    at = torch.arange(-half, half + 1, dtype=x.dtype, device=x.device)
    bell = torch.exp(-0.5 * (at / sigma) ** 2)
    bell = (bell / bell.sum()).expand(x.shape[1], 1, 1, -1)
    x = F.conv2d(F.pad(x, (half, half, 0, 0), mode="replicate"), bell, groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, half, half), mode="replicate"), bell.transpose(2, 3), groups=x.shape[1])


def otsu(grey: Tensor) -> float:
    """The threshold that parts the values of [0, 1] into two groups of least variance within. Otsu, 1979."""
    counts = torch.histc(precise(grey).flatten(), 256, 0, 1)
    middle = (torch.arange(256, dtype=counts.dtype, device=counts.device) + 0.5) / 256
    below, mass = counts.cumsum(0), (counts * middle).cumsum(0)
    above = below[-1] - below
    # The variance between the groups, up to a factor; a group without members has none.
    between = (mass * below[-1] - mass[-1] * below).square() / (below * above).clamp_min(1)
    best = (between == between.max()).nonzero().flatten()
    return middle[best[len(best) // 2]].item() + 0.5 / 256
