"""The check for `random_start(x, eps, generator)`: a point drawn uniformly from the l_inf ball, within [0, 1]."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..verdict import fail, number, span

EPS = 0.1
ROUNDING = 1e-6


def check_random_start(ask: Interview) -> str:
    x = images((8, 3, 6, 6), torch.float32)
    z = ask(x, EPS, Generator().manual_seed(1))
    _refuse_other_places(z, x)
    _require_the_generator(ask, x, z)
    _require_box_and_ball(z, x)
    _require_uniform((z - x)[inside(x)] / EPS)
    _refuse_shared_noise(z, x)
    for shape, dtype, eps, where in (
        ((40, 2), torch.float32, EPS, "points [B, 2]"),
        ((4, 1, 5, 3), torch.float64, EPS, "float64"),
        ((1, 1, 5, 5), torch.float32, 0.02, "a single image and a smaller eps"),
        ((3, 1, 4, 4), torch.float32, 0.0, "eps = 0"),
    ):
        other = images(shape, dtype)
        start = ask(other, eps, Generator().manual_seed(2))
        off = ((start - other).abs().max() > eps + ROUNDING) or start.min() < 0 or start.max() > 1
        if off or (eps and (start - other).abs().max() < 0.7 * eps):
            far = number((start - other).abs().max())
            fail(
                "wrong-elsewhere",
                f"Right at eps = {EPS}, but with {where} pixels are up to {far} away, within {span(start)}.",
                "What is special about that case?",
            )
    return "Starts fill ball and box evenly, every pixel by itself, and the generator alone decides which."


def images(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Pixels all over [0, 1], some at its ends."""
    draw = Generator().manual_seed(3)
    return (1.4 * torch.rand(shape, generator=draw) - 0.2).clamp(0, 1).to(dtype)


def inside(x: Tensor) -> Tensor:
    """Pixels whose whole interval of radius EPS lies in [0, 1]."""
    return (x > EPS) & (x < 1 - EPS)


def _refuse_other_places(z: Tensor, x: Tensor) -> None:
    d = z - x
    if not d.any():
        fail("unchanged", "The start is x itself, in every pixel.", "Where does the noise come in?")
    if z.abs().max() <= EPS + ROUNDING:
        fail(
            "returns-perturbation",
            f"No pixel is larger than {number(z.abs().max())} at eps = {EPS}.",
            "That is the change: what does the attack start from?",
        )
    if d.abs().max() > 0.5 and z.min() >= 0 and z.max() <= 1:
        fail(
            "anywhere-in-the-box",
            f"Pixels are up to {number(d.abs().max())} away from x at eps = {EPS}.",
            "The start is an image already, but does it know x and eps?",
        )


def _require_the_generator(ask: Interview, x: Tensor, z: Tensor) -> None:
    again, other = (ask(x, EPS, Generator().manual_seed(seed)) for seed in (1, 2))
    if not torch.equal(z, again):
        fail(
            "ignores-generator",
            f"Two generators of the same seed give starts that differ by up to {number((z - again).abs().max())}.",
            "Who draws the noise, if not the generator that was given?",
        )
    if torch.equal(z, other):
        fail(
            "always-the-same",
            "Generators of two different seeds give the very same start.",
            "Then all restarts climb the same hill: is there a seed in your code?",
        )


def _require_box_and_ball(z: Tensor, x: Tensor) -> None:
    d = (z - x).abs()
    if d.max() > EPS + ROUNDING:
        over = float((d[inside(x)] > EPS + ROUNDING).double().mean())
        if 0.1 < over < 0.6 and d.max() > 2 * EPS:
            fail(
                "gaussian",
                f"{number(100 * over)} % of the pixels are farther than eps = {EPS} from x, one by {number(d.max())}.",
                "Normal noise has no bound: which distribution has exactly the ball for its range?",
            )
        fail(
            "outside-the-ball",
            f"Pixels are up to {number(d.max())} away from x at eps = {EPS}.",
            "Which range does your noise have before and after it is scaled?",
        )
    outside = int(((z < 0) | (z > 1)).sum())
    if outside:
        fail(
            "no-box",
            f"{outside} of {z.numel()} pixels of the start are below 0 or above 1.",
            "The start has to be allowed like every later iterate: what keeps it an image?",
        )


def _require_uniform(share: Tensor) -> None:
    """`share` is the change in units of eps, of pixels that no end of the box is near."""
    if (share >= 0).all() or (share <= 0).all():
        side = "brighter" if (share >= 0).all() else "darker"
        fail(
            "half-the-ball",
            f"All {share.numel()} pixels became {side}, none the other way.",
            "Which range does the noise have, and where should its middle be?",
        )
    if (share.abs() > 0.999).all():
        fail(
            "corners-only",
            f"All {share.numel()} pixels moved by eps exactly.",
            "Every point of the ball should be possible: what did you do to the noise?",
        )
    if share.abs().max() < 0.9:
        fail(
            "wrong-radius",
            f"No pixel of {share.numel()} moved by more than {number(share.abs().max())} eps.",
            "What else multiplies or divides the radius?",
        )
    # Of uniform noise 0.577; three deviations of the estimate from a few hundred pixels are 0.04.
    if abs(float(share.std()) - 3**-0.5) > 0.06 or abs(float(share.mean())) > 0.12:
        fail(
            "not-uniform",
            f"In units of eps the changes have mean {number(share.mean())} and deviation {number(share.std())}.",
            "Uniform noise has 0 and 0.58: is yours of another kind, or moved when it was made to fit?",
        )


def _refuse_shared_noise(z: Tensor, x: Tensor) -> None:
    d = (z - x).flatten(1)
    both = inside(x[:1]).flatten(1) & inside(x[1:2]).flatten(1)
    if (d[0] - d[1])[both[0]].abs().max() < ROUNDING:
        fail(
            "shared-noise",
            "The first two images got the same change in every pixel.",
            "Each sample draws its own start: which shape does your noise have?",
        )
    first = d[0][inside(x[:1]).flatten()]
    if first.std() < ROUNDING:
        fail(
            "one-number",
            f"All pixels of the first image changed by {number(first[0])}.",
            "Each pixel draws its own change: which shape does your noise have?",
        )
