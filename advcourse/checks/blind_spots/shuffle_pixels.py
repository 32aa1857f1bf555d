"""The check for `shuffle_pixels(x, generator)`: every image keeps its pixels and loses their places."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..spec import Questions
from ..verdict import Finding
from ..words import words

SAY = words(__file__)


def keeps_the_pixels(ask: Interview) -> None:
    x = images(4, 3, 8, 8)
    z = ask(x, seeded(0))
    if torch.equal(z, x):
        SAY.fail("unchanged")
    if torch.equal(_sorted(_pixels(z)), _sorted(_pixels(x))):
        return
    if torch.equal(z.flatten().sort().values, x.flatten().sort().values):
        _refuse_mixed_up(z, x)
    kept = torch.isin(z, x).double().mean().item()
    SAY.fail("drawn-with-replacement" if kept == 1 else "new-pixels", kept=f"{kept:.0%}")


def _refuse_mixed_up(z: Tensor, x: Tensor) -> None:
    """All numbers of the batch are there, but not every pixel is whole and in its image."""
    if torch.equal(_sorted(_pixels(z).flatten(0, 1)[None]), _sorted(_pixels(x).flatten(0, 1)[None])):
        SAY.fail("mixes-images")
    if torch.equal(z.flatten(2).sort(2).values, x.flatten(2).sort(2).values):
        SAY.fail("tears-colours-apart")
    if torch.equal(z.flatten(1).sort(1).values, x.flatten(1).sort(1).values):
        SAY.fail("mixes-channels")
    SAY.fail("mixes-everything")


def moves_every_pixel_by_itself(ask: Interview) -> None:
    x = images(4, 3, 8, 8)
    z = ask(x, seeded(0))
    for turn, what in ((lambda a: a, "rows"), (lambda a: a.transpose(2, 3), "columns")):
        if torch.equal(_lines(turn(z)), _lines(turn(x))):
            SAY.fail("moves-lines", what=what)
    still = (z == x).all(1).double().mean().item()
    if still > 0.3:
        SAY.fail("moves-few", still=f"{still:.0%}")


def gives_each_image_its_order(ask: Interview) -> None:
    x = images(4, 3, 8, 8)
    z = ask(x, seeded(0))
    came_from = [(new[:, None, 0] == old[None, :, 0]).int().argmax(1) for new, old in zip(_pixels(z), _pixels(x))]
    if all(torch.equal(order, came_from[0]) for order in came_from):
        SAY.fail("one-order-for-all", images=len(x))


def draws_with_the_generator(ask: Interview) -> None:
    x, generator = images(4, 3, 8, 8), seeded(0)
    first, second = ask(x, generator), ask(x, generator)
    if not torch.equal(ask(x, seeded(0)), first):
        SAY.fail("ignores-generator")
    if torch.equal(ask(x, seeded(1)), first):
        SAY.fail("always-the-same")
    if torch.equal(first, second):
        SAY.fail("reseeds")


def takes_any_image(ask: Interview) -> None:
    for x, where in (
        (images(1, 3, 8, 8), "a batch of one"),
        (images(3, 1, 6, 6), "images of one channel"),
        (images(2, 3, 4, 9), "images that are not square"),
        (images(2, 3, 8, 8).double(), "float64"),
    ):
        try:
            z = ask(x, seeded(2))
        except Finding as found:
            if found.verdict.diagnosis in ("raises", "wrong-shape"):
                SAY.fail("wrong-elsewhere", where=where)
            raise
        if not torch.equal(_sorted(_pixels(z)), _sorted(_pixels(x))) or torch.equal(z, x):
            SAY.fail("wrong-elsewhere", where=where)


def images(*shape: int) -> Tensor:
    """Images of which all numbers differ, so that every pixel can be found again."""
    count = torch.Size(shape).numel()
    return (torch.randperm(count, generator=seeded(9)) + 0.5).view(shape) / count


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def _pixels(x: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, H * W, C]."""
    return x.flatten(2).transpose(1, 2)


def _sorted(pixels: Tensor) -> Tensor:
    """Pixels in the order of their first channel, in which all differ."""
    return torch.stack([image[image[:, 0].argsort()] for image in pixels])


def _lines(x: Tensor) -> Tensor:
    """The pixels of each row, known by their first channel, whatever their order and that of the rows."""
    lines = x[:, 0].sort(2).values
    return torch.stack([image[image[:, 0].argsort()] for image in lines])


check_shuffle_pixels = Questions(
    SAY,
    (
        keeps_the_pixels,
        moves_every_pixel_by_itself,
        gives_each_image_its_order,
        draws_with_the_generator,
        takes_any_image,
    ),
)
