"""The check for `random_start(x, eps, generator)`: a point drawn uniformly from the l_inf ball, within [0, 1]."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..shuffles import seeded
from ..spec import Questions
from ..words import words

SAY = words(__file__)
EPS = 0.1
ROUNDING = 1e-6


def starts_near_x(ask: Interview) -> None:
    x = images(8, 3, 6, 6)
    z = ask(x, EPS, seeded(1))
    farthest = (z - x).abs().max()
    if not farthest:
        SAY.fail("unchanged")
    if z.abs().max() <= EPS + ROUNDING:
        SAY.fail("returns-perturbation", largest=z.abs().max(), eps=EPS)
    if farthest > 0.5 and z.min() >= 0 and z.max() <= 1:
        SAY.fail("anywhere-in-the-box", farthest=farthest, eps=EPS)


def draws_with_the_generator(ask: Interview) -> None:
    x, generator = images(8, 3, 6, 6), seeded(1)
    z, next_one = ask(x, EPS, generator), ask(x, EPS, generator)
    again, other = (ask(x, EPS, seeded(seed)) for seed in (1, 2))
    if not torch.equal(z, again):
        SAY.fail("ignores-generator", apart=(z - again).abs().max())
    if torch.equal(z, other):
        SAY.fail("always-the-same")
    if torch.equal(z, next_one):
        SAY.fail("reseeds")


def stays_in_ball_and_box(ask: Interview) -> None:
    x = images(8, 3, 6, 6)
    z = ask(x, EPS, seeded(1))
    d, n = (z - x).abs(), z.numel()
    if d.max() > EPS + ROUNDING:
        over = float((d[inside(x)] > EPS + ROUNDING).double().mean())
        if 0.1 < over < 0.6 and d.max() > 2 * EPS:
            SAY.fail("gaussian", percent=100 * over, farthest=d.max(), eps=EPS)
        SAY.fail("outside-the-ball", farthest=d.max(), eps=EPS)
    outside = int(((z < 0) | (z > 1)).sum())
    if outside:
        SAY.fail("no-box", outside=outside, n=n)


def is_uniform(ask: Interview) -> None:
    """By the changes, in units of eps, of pixels that no end of the box is near."""
    x = images(8, 3, 6, 6)
    share = (ask(x, EPS, seeded(1)) - x)[inside(x)] / EPS
    n, farthest = share.numel(), share.abs().max()
    if (share >= 0).all() or (share <= 0).all():
        SAY.fail("half-the-ball", n=n, side="brighter" if (share >= 0).all() else "darker")
    if (share.abs() > 0.999).all():
        SAY.fail("corners-only", n=n)
    if farthest < 0.9:
        SAY.fail("wrong-radius", n=n, farthest=farthest)
    # Of uniform noise 0.577; three deviations of the estimate from a few hundred pixels are 0.04.
    if abs(float(share.std()) - 3**-0.5) > 0.06 or abs(float(share.mean())) > 0.12:
        SAY.fail("not-uniform", mean=share.mean(), deviation=share.std())


def is_put_into_the_box_at_the_end(ask: Interview) -> None:
    """Of pixels at an end of the box half of the ball lies outside, and that half comes to the end again."""
    x = images(8, 3, 6, 6)
    ends = (x == 0) | (x == 1)
    stay = (ask(x, EPS, seeded(1)) == x)[ends]
    if stay.double().mean() < 0.25:
        SAY.fail("uniform-in-the-box", stay=int(stay.sum()), n=len(stay))


def comes_to_the_border_by_chance(ask: Interview) -> None:
    """Of uniform draws none is an end of the range; of noise that was made to fit the largest is, every time."""
    x = 0.3 + 0.4 * torch.rand(4, 3, 6, 6, generator=seeded(3), dtype=torch.float64)
    farthest = [float((ask(x, EPS, seeded(seed)) - x).abs().max()) for seed in range(1, 5)]
    if all(abs(far / EPS - 1) < 1e-6 for far in farthest):
        SAY.fail("stretched", draws=len(farthest), eps=EPS)


def moves_every_pixel_by_itself(ask: Interview) -> None:
    x = images(8, 3, 6, 6)
    d = (ask(x, EPS, seeded(1)) - x).flatten(1)
    both = inside(x[:1]).flatten(1) & inside(x[1:2]).flatten(1)
    if (d[0] - d[1])[both[0]].abs().max() < ROUNDING:
        SAY.fail("shared-noise")
    first = d[0][inside(x[:1]).flatten()]
    if first.std() < ROUNDING:
        SAY.fail("one-number", change=first[0])


def starts_anywhere_else(ask: Interview) -> None:
    for shape, dtype, eps, where in (
        ((40, 2), torch.float32, EPS, "points [B, 2]"),
        ((4, 1, 5, 3), torch.float64, EPS, "float64"),
        ((1, 1, 5, 5), torch.float32, 0.02, "a single image and a smaller eps"),
        ((3, 1, 4, 4), torch.float32, 0.0, "eps = 0"),
    ):
        x = images(*shape).to(dtype)
        z = ask(x, eps, seeded(2))
        farthest = (z - x).abs().max()
        off = farthest > eps + ROUNDING or z.min() < 0 or z.max() > 1
        if off or (eps and farthest < 0.7 * eps):
            SAY.fail("wrong-elsewhere", eps=EPS, where=where, farthest=farthest, pixels=z)


def images(*shape: int) -> Tensor:
    """Pixels all over [0, 1], some at its ends."""
    draw = Generator().manual_seed(3)
    return (1.4 * torch.rand(shape, generator=draw) - 0.2).clamp(0, 1)


def inside(x: Tensor) -> Tensor:
    """Pixels whose whole interval of radius EPS lies in [0, 1]."""
    return (x > EPS) & (x < 1 - EPS)


check_random_start = Questions(
    SAY,
    (
        starts_near_x,
        draws_with_the_generator,
        stays_in_ball_and_box,
        is_uniform,
        is_put_into_the_box_at_the_end,
        comes_to_the_border_by_chance,
        moves_every_pixel_by_itself,
        starts_anywhere_else,
    ),
)
