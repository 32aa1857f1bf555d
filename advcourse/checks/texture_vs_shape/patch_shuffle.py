"""The check for `patch_shuffle(x, grid, generator)`: patches keep their pixels and lose their places."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from ..interview import Interview
from ..shuffles import (
    images,
    in_order,
    lines_that_moved,
    one_order_for_all,
    require_elsewhere,
    require_every_image,
    require_free_orders,
    require_generator,
    seeded,
)
from ..spec import Questions
from ..words import words

SAY = words(__file__)
GRID = 3
OTHERS = {
    "a grid of 4 x 4": ((3, 3, 12, 12), 4),
    "a batch of one": ((1, 3, 12, 12), 3),
    "images of one channel": ((3, 1, 12, 12), 3),
    "images that are not square": ((3, 3, 6, 12), 3),
}


def keeps_the_patches(ask: Interview) -> None:
    x = images(4, 3, 12, 12)
    z = ask(x, GRID, seeded(0))
    if torch.equal(z, x):
        SAY.fail("unchanged")
    if same_patches(z, x, GRID):
        return
    require_every_image(SAY, z, x)
    if torch.equal(z.flatten().sort().values, x.flatten().sort().values):
        _refuse_torn(z, x)
    kept = torch.isin(z, x).double().mean().item()
    SAY.fail("drawn-with-replacement" if kept == 1 else "new-pixels", kept=f"{kept:.0%}")


def _refuse_torn(z: Tensor, x: Tensor) -> None:
    """All numbers are there, but the patches of an image are not."""
    if torch.equal(*(in_order(cut(v, GRID).flatten(0, 1)[None]) for v in (z, x))):
        SAY.fail("mixes-images")
    if torch.equal(*(in_order(cut(v, GRID).sort(2).values) for v in (z, x))):
        SAY.fail("tears-patches")
    if torch.equal(*(in_order(_rows_of_patches(v, GRID)) for v in (z, x))):
        SAY.fail("patches-fall-apart")
    other = next((n for n in (2, 4, 6, 12) if same_patches(z, x, n)), 0)
    if other in (0, 12) and _went_at_a_stride(z, x):
        SAY.fail("pixels-at-a-stride", grid=GRID)
    if other:
        side, right = x.shape[2] // other, x.shape[2] // GRID
        SAY.fail("another-grid", side=side, right=right, grid=GRID)
    if torch.equal(z.flatten(2).sort(2).values, x.flatten(2).sort(2).values):
        SAY.fail("tears-colours-apart")
    SAY.fail("mixes-everything")


def moves_every_patch_by_itself(ask: Interview) -> None:
    x = images(4, 3, 12, 12)
    places = [cut(v, GRID)[..., 0].view(len(x), GRID, GRID) for v in (ask(x, GRID, seeded(0)), x)]
    if what := lines_that_moved(*places):
        SAY.fail("moves-lines", what=what)


def gives_each_image_its_order(ask: Interview) -> None:
    x = images(4, 3, 12, 12)
    z = ask(x, GRID, seeded(0))
    if _shifted(cut(z, GRID), cut(x, GRID)):
        SAY.fail("shifts-in-a-ring")
    require_every_image(SAY, z, x)
    if one_order_for_all(cut(z, GRID), cut(x, GRID)):
        SAY.fail("one-order-for-all", images=len(x))
    moved = float((cut(z, GRID)[..., 0] != cut(x, GRID)[..., 0]).sum(1).double().mean())
    if moved < 0.6 * GRID**2:  # of nine in random order eight move
        SAY.fail("hardly-shuffles", moved=moved, patches=GRID**2)


def _shifted(new: Tensor, old: Tensor) -> bool:
    """[B, N, D] before and after: whether the patches of every image were moved on by one number, in a ring."""
    rings = [torch.stack([x.roll(by, 0) for by in range(len(x))]) for x in old]
    return all(bool((ring == z).flatten(1).all(1).any()) for ring, z in zip(rings, new))


def draws_with_the_generator(ask: Interview) -> None:
    require_generator(ask, SAY, images(4, 3, 12, 12), GRID)


def takes_any_grid(ask: Interview) -> None:
    others = [(where, (images(*shape), grid)) for where, (shape, grid) in OTHERS.items()]
    require_elsewhere(ask, SAY, [*others, ("float64", (images(2, 3, 12, 12).double(), GRID))], cut)


def draws_every_order_by_itself(ask: Interview) -> None:
    """Asked of sixteen patches: of nine, two orders are alike by chance now and then."""
    x = images(16, 1, 8, 8)
    require_free_orders(SAY, cut(ask(x, 4, seeded(3)), 4), cut(x, 4))


def cut(x: Tensor, grid: int) -> Tensor:
    """[B, C, H, W] -> [B, grid * grid, C * h * w], patch after patch."""
    rows = [part for strip in x.chunk(grid, 2) for part in strip.chunk(grid, 3)]
    return torch.stack([part.flatten(1) for part in rows], 1)


def _went_at_a_stride(z: Tensor, x: Tensor) -> bool:
    """Whether what was cut, put together, or both was every third pixel and not a block."""
    ways = [[in_order(taken(v, GRID).sort(2).values) for taken in (cut, _at_a_stride)] for v in (z, x)]
    return any(torch.equal(new, old) for new, old in product(*ways))


def _at_a_stride(x: Tensor, grid: int) -> Tensor:
    """[B, C, H, W] -> [B, grid * grid, C * h * w]: every grid-th pixel both ways, from each place to begin at."""
    return torch.stack([x[:, :, i::grid, j::grid].flatten(1) for i in range(grid) for j in range(grid)], 1)


def _rows_of_patches(x: Tensor, grid: int) -> Tensor:
    """[B, C, H, W] -> [B, H * grid, C * w], row after row of every patch."""
    return x.unflatten(3, (grid, -1)).permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2)


def same_patches(z: Tensor, x: Tensor, grid: int) -> bool:
    return torch.equal(*(in_order(cut(v, grid)) for v in (z, x)))


check_patch_shuffle = Questions(
    SAY,
    (
        keeps_the_patches,
        gives_each_image_its_order,
        moves_every_patch_by_itself,
        draws_with_the_generator,
        takes_any_grid,
        draws_every_order_by_itself,
    ),
)
