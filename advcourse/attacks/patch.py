"""A patch that can be printed and worn: one picture for all, put into many, wherever, turned, darker and blurred."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor
from torch.nn import functional as F
from tqdm import tqdm

from advcourse.asking import Model, Trace, attacking, check_goal, ignore
from advcourse.attacks.adam import Adam
from advcourse.goals import Goal

# Rough colours of an office printer's paper and inks, and of their mixtures: it prints neither pure light nor pure ink.
INKS = [
    (0.95, 0.94, 0.91),
    (0.11, 0.11, 0.12),
    (0.10, 0.58, 0.83),
    (0.82, 0.13, 0.45),
    (0.94, 0.86, 0.16),
    (0.80, 0.19, 0.17),
    (0.13, 0.56, 0.28),
    (0.19, 0.21, 0.51),
    (0.53, 0.52, 0.51),
    (0.93, 0.60, 0.55),
    (0.62, 0.79, 0.60),
    (0.55, 0.70, 0.85),
]


@dataclass(frozen=True, eq=False)
class Where:
    """Where a patch goes in each of B pictures, K times: all [B, K]. Where the size is 0 there is none.

    x, y: its middle, in pixels from the picture's left upper corner; size: its side in pixels; angle: turned to the
    right, in radians; light: a factor on its colours; blur: the deviation of the print's Gaussian, in the patch's own
    pixels.
    """

    x: Tensor
    y: Tensor
    size: Tensor
    angle: Tensor
    light: Tensor
    blur: Tensor

    @classmethod
    def at(cls, x: Tensor, y: Tensor, size: Tensor) -> "Where":
        """Upright, as bright and as sharp as it is: [B, K] each."""
        zero = torch.zeros_like(size)
        return cls(x, y, size, zero, zero + 1, zero)

    @classmethod
    def worn(cls, boxes: Tensor, *, share: float = 0.3, high: float = 0.36) -> "Where":
        """On the chest of people with boxes [B, K, 4] in pixels: `high` of their height from the top, `share` wide."""
        height = boxes[..., 3] - boxes[..., 1]
        return cls.at((boxes[..., 0] + boxes[..., 2]) / 2, boxes[..., 1] + high * height, share * height)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Tensor | slice) -> "Where":
        return Where(*(getattr(self, f.name)[index] for f in fields(self)))

    def nth(self, k: int) -> "Where":
        """The k-th place of each picture: [B]."""
        return Where(*(getattr(self, f.name)[:, k] for f in fields(self)))

    def to(self, x: Tensor) -> "Where":
        """The same places on x's device and in its precision."""
        return Where(*(getattr(self, f.name).to(x) for f in fields(self)))


@dataclass(frozen=True)
class Jitter:
    """How far a worn patch may be from where it should be: each drawn evenly, from minus to plus (blur: from 0).

    shift is in sizes of the patch, scale and light are factors' distances from one, angle is in radians, blur in the
    patch's pixels.
    """

    shift: float = 0.0
    scale: float = 0.0
    angle: float = 0.0
    light: float = 0.0
    blur: float = 0.0

    def __call__(self, where: Where, generator: Generator | None = None) -> Where:
        """Random places around these, drawn on the generator's device (by default the CPU)."""
        device = generator.device if generator is not None else "cpu"
        u = 2 * torch.rand(6, *where.x.shape, generator=generator, device=device).to(where.x) - 1
        size = where.size * (1 + self.scale * u[0])
        return Where(
            where.x + self.shift * size * u[1],
            where.y + self.shift * size * u[2],
            size,
            where.angle + self.angle * u[3],
            where.light * (1 + self.light * u[4]),
            where.blur + self.blur * u[5].abs(),
        )


STILL = Jitter()


def place(patch: Tensor, x: Tensor, where: Where) -> Tensor:
    """New pictures [B, C, H, W] with the patch [C, h, w] in them; differentiable in the patch and in x.

    One picture's K patches lie above each other in order, the last on top. Outside of the patch pixels stay what they
    are, bit for bit; its own are bilinear between those of the print, blurred before where it is seen smaller than it
    is, and its edge is soft by one of its pixels. Light that would leave [0, 1] is cut.
    """
    _check(patch, x, where)
    where, patch = where.to(x), patch.to(x)
    for k in range(where.x.shape[1]):
        x = _placed(patch, x, where.nth(k))
    return x.clone() if not where.x.shape[1] else x


def total_variation(patch: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, down and across: [C, h, w] -> []. A smooth patch has little."""
    return (patch[:, 1:] - patch[:, :-1]).abs().mean() + (patch[:, :, 1:] - patch[:, :, :-1]).abs().mean()


def unprintable(patch: Tensor, inks: Sequence[tuple[float, ...]] = INKS) -> Tensor:
    """Mean distance of the pixels from the nearest colour of a printer: [3, h, w] -> [].

    Sharif, Bhagavatula, Bauer and Reiter, "Accessorize to a Crime", CCS 2016.
    """
    colours = torch.tensor(inks).to(patch)
    return (patch.flatten(1).T[:, None] - colours).square().sum(2).amin(1).clamp(min=1e-12).sqrt().mean()


def printed(patch: Tensor, inks: Sequence[tuple[float, ...]] = INKS) -> Tensor:
    """The patch in the printer's colours alone, each pixel in the nearest: [3, h, w] -> [3, h, w]."""
    colours = torch.tensor(inks).to(patch)
    nearest = torch.cdist(patch.flatten(1).T, colours).argmin(1)
    return colours[nearest].T.reshape(patch.shape).clone()


@torch.inference_mode(False)
def train_patch(
    model: Model,
    x: Tensor,
    goal: Goal,
    where: Where,
    *,
    side: int,
    steps: int,
    step_size: float,
    batch: int = 16,
    jitter: Jitter = STILL,
    smooth: float = 0.0,
    colours: float = 0.0,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """One patch [C, side, side] in [0, 1] for all of x [N, C, H, W]: what climbs the goal on average.

    Adam climbs the mean score over random pictures and placements, jitter(where), less smooth * `total_variation` and
    colours * `unprintable`; a step sees `batch` pictures. The patch starts as noise and stays in the box. The
    trace sees it before each step and at the end. A progress bar counts the steps. Wu, Lim, Davis and Goldstein,
    "Making an Invisibility Cloak: Real World Adversarial Attacks on Object Detectors", ECCV 2020; the expectation over
    placements is that of Athalye, Engstrom, Ilyas and Kwok, "Synthesizing Robust Adversarial Examples", ICML 2018.
    """
    check_goal(goal)
    _check_training(x, where, side=side, steps=steps, step_size=step_size, batch=batch)
    draw = generator.device if generator is not None else "cpu"
    patch = torch.rand(x.shape[1], side, side, generator=generator, device=draw).to(x)
    adam = Adam()
    with attacking(model, x, goal) as forward:
        for _ in tqdm(range(steps), desc="patch", unit="step"):
            trace(patch)
            pick = torch.randint(len(x), (min(batch, len(x)),), generator=generator, device=draw)
            on, some = jitter(where[pick.to(where.x.device)], generator), pick.to(x.device)
            z = patch.detach().requires_grad_()
            value = goal[some].score(forward(place(z, x[some], on))).mean()
            if smooth:
                value = value - smooth * total_variation(z)
            if colours:
                value = value - colours * unprintable(z)
            (g,) = torch.autograd.grad(value, z)
            patch = patch.add(adam.direction(g[None])[0], alpha=step_size).clamp(0, 1)
    trace(patch)
    return patch.clone()


def _placed(patch: Tensor, x: Tensor, where: Where) -> Tensor:
    """x [B, C, H, W] with one patch each: where holds [B]."""
    height, width = patch.shape[1:]
    shown = patch.expand(len(x), -1, -1, -1)
    shown = _blurred_each(shown, _deviation(where, width)) * where.light.view(-1, 1, 1, 1)
    shown = torch.cat([shown.clamp(0, 1), torch.ones_like(shown[:, :1])], 1)
    at = _seen_from(x, where) * torch.tensor([1.0, width / height]).to(x)  # the size is that of its width
    seen = F.grid_sample(shown, at, mode="bilinear", padding_mode="zeros", align_corners=False)
    # At the edge the sampled colour is a blend with nothing: its share is the same blend of ones.
    cover = seen[:, -1:] * (where.size > 0).view(-1, 1, 1, 1)
    colour = seen[:, :-1] / cover.clamp(min=1e-6)
    return torch.where(cover > 0, cover * colour + (1 - cover) * x, x)


def _seen_from(x: Tensor, where: Where) -> Tensor:
    """The pixels of each picture as the patch sees them, its middle at 0 and its edges at -1 and 1: [B, H, W, 2]."""
    down, across = (torch.arange(n).to(x) + 0.5 for n in x.shape[2:])
    dx = across[None, None, :] - where.x.view(-1, 1, 1)
    dy = down[None, :, None] - where.y.view(-1, 1, 1)
    cos, sin = where.angle.cos().view(-1, 1, 1), where.angle.sin().view(-1, 1, 1)
    half = where.size.clamp(min=1e-6).view(-1, 1, 1) / 2
    return torch.stack([(cos * dx + sin * dy) / half, (cos * dy - sin * dx) / half], -1)


def _deviation(where: Where, width: int) -> Tensor:
    """Of the blur, in the patch's pixels: the print's own, and what a camera cannot hold that sees it smaller: [B]."""
    smaller = (width / where.size.clamp(min=1)).square() - 1
    return (where.blur.square() + 0.09 * smaller.clamp(min=0)).sqrt() * (where.size > 0)


def _blurred_each(prints: Tensor, deviation: Tensor) -> Tensor:
    """prints [B, C, h, w], each under a Gaussian of its own deviation [B] in pixels, its edges continued outwards."""
    reach = math.ceil(3 * float(deviation.max())) if len(deviation) else 0
    if not reach:
        return prints
    at = torch.arange(-reach, reach + 1).to(prints)
    spread = deviation.clamp(min=1e-3).view(-1, 1)
    kernels = (-at.square() / (2 * spread**2)).softmax(1).repeat_interleave(prints.shape[1], 0)[:, None]
    flat = F.pad(prints, [reach] * 4, mode="replicate").reshape(1, -1, *(n + 2 * reach for n in prints.shape[2:]))
    for shape in ((1, -1), (-1, 1)):
        flat = F.conv2d(flat, kernels.view(len(kernels), 1, *shape), groups=len(kernels))
    return flat.view_as(prints)


def _check(patch: Tensor, x: Tensor, where: Where) -> None:
    if x.ndim != 4 or patch.ndim != 3 or patch.shape[0] != x.shape[1]:
        raise ValueError(
            f"a patch [C, h, w] goes into pictures [B, C, H, W]; got {list(patch.shape)} and {list(x.shape)}: one "
            "picture is x[None]"
        )
    if where.x.ndim != 2 or len(where) != len(x) or len({getattr(where, f.name).shape for f in fields(where)}) > 1:
        raise ValueError(
            f"where holds K places for each of {len(x)} pictures, [{len(x)}, K]; got {list(where.x.shape)}: one place "
            "in each is [B, 1]"
        )


def _check_training(x: Tensor, where: Where, *, side: int, steps: int, step_size: float, batch: int) -> None:
    if not len(x):
        raise ValueError("a patch is trained on pictures; got none")
    if side < 1 or batch < 1 or steps < 0 or not 0 <= step_size < math.inf:
        raise ValueError(
            f"side and batch must be >= 1, steps and step_size >= 0 and finite; got side={side}, batch={batch}, "
            f"steps={steps}, step_size={step_size}"
        )
    _check(torch.empty(x.shape[1], side, side), x, where)
