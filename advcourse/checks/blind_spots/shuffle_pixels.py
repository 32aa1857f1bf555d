"""The check for `shuffle_pixels(x, generator)`: every image keeps its pixels and loses their places."""

from __future__ import annotations

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
OTHERS = {
    "a batch of one": (1, 3, 8, 8),
    "images of one channel": (3, 1, 6, 6),
    "images that are not square": (2, 3, 4, 9),
}


def keeps_the_pixels(ask: Interview) -> None:
    x = images(4, 3, 8, 8)
    z = ask(x, seeded(0))
    if torch.equal(z, x):
        SAY.fail("unchanged")
    if torch.equal(in_order(_pixels(z)), in_order(_pixels(x))):
        return
    if torch.equal(z.flatten().sort().values, x.flatten().sort().values):
        _refuse_mixed_up(z, x)
    kept = torch.isin(z, x).double().mean().item()
    SAY.fail("drawn-with-replacement" if kept == 1 else "new-pixels", kept=f"{kept:.0%}")


def _refuse_mixed_up(z: Tensor, x: Tensor) -> None:
    """All numbers of the batch are there, but not every pixel is whole and in its image."""
    if torch.equal(*(in_order(_pixels(v).flatten(0, 1)[None]) for v in (z, x))):
        SAY.fail("mixes-images")
    if torch.equal(z.flatten(2).sort(2).values, x.flatten(2).sort(2).values):
        SAY.fail("tears-colours-apart")
    if torch.equal(z.flatten(1).sort(1).values, x.flatten(1).sort(1).values):
        SAY.fail("mixes-channels")
    SAY.fail("mixes-everything")


def moves_every_pixel_by_itself(ask: Interview) -> None:
    x = images(4, 3, 8, 8)
    z = ask(x, seeded(0))
    if what := lines_that_moved(z[:, 0], x[:, 0]):
        SAY.fail("moves-lines", what=what)
    require_every_image(SAY, z, x)
    still = (z == x).all(1).double().mean().item()
    if still > 0.3:
        SAY.fail("moves-few", still=f"{still:.0%}")


def gives_each_image_its_order(ask: Interview) -> None:
    x = images(4, 3, 8, 8)
    if one_order_for_all(_pixels(ask(x, seeded(0))), _pixels(x)):
        SAY.fail("one-order-for-all", images=len(x))


def draws_with_the_generator(ask: Interview) -> None:
    require_generator(ask, SAY, images(4, 3, 8, 8))


def takes_any_image(ask: Interview) -> None:
    others = [(where, (images(*shape),)) for where, shape in OTHERS.items()]
    require_elsewhere(ask, SAY, [*others, ("float64", (images(2, 3, 8, 8).double(),))], _pixels)


def draws_every_order_by_itself(ask: Interview) -> None:
    x = images(8, 3, 8, 8)
    require_free_orders(SAY, _pixels(ask(x, seeded(3))), _pixels(x))


def _pixels(x: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, H * W, C]."""
    return x.flatten(2).transpose(1, 2)


check_shuffle_pixels = Questions(
    SAY,
    (
        keeps_the_pixels,
        moves_every_pixel_by_itself,
        gives_each_image_its_order,
        draws_with_the_generator,
        takes_any_image,
        draws_every_order_by_itself,
    ),
)
