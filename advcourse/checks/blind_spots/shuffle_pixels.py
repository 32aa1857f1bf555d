"""The check for `shuffle_pixels(x, generator)`: every image keeps its pixels and loses their places."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..verdict import fail, instead_of


def check_shuffle_pixels(ask: Interview) -> str:
    x = images(4, 3, 8, 8)
    z = ask(x, seeded(0))
    _require_shuffled(z, x)
    _require_own_orders(z, x)
    if not torch.equal(ask(x, seeded(0)), z):
        fail(
            "ignores-generator",
            "Two calls with equally seeded generators gave different images.",
            "Whoever hands over a generator wants to be able to repeat this: what does your randomness come from?",
        )
    if torch.equal(ask(x, seeded(1)), z):
        fail(
            "always-the-same",
            "Generators of different seeds gave the same images.",
            "The order should be drawn with the generator: where does yours come from?",
        )
    for other, where in (
        (images(1, 3, 8, 8), "a batch of one"),
        (images(3, 1, 6, 6), "images of one channel"),
        (images(2, 3, 4, 9), "images that are not square"),
        (images(2, 3, 8, 8).double(), "float64"),
    ):
        with instead_of(
            "raises",
            "wrong-shape",
            diagnosis="wrong-elsewhere",
            seen=f"It works for 4 colour images of 8 x 8 pixels, but not for {where}.",
            look="Which of these numbers does your code assume?",
        ):
            moved = ask(other, seeded(2))
        if not torch.equal(_sorted(_pixels(moved)), _sorted(_pixels(other))) or torch.equal(moved, other):
            fail("wrong-elsewhere", f"Right for colour images of 8 x 8 pixels, not for {where}.", "What do you assume?")
    return "Every image keeps its pixels, colours whole, in an order of its own that the generator repeats."


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


def _require_shuffled(z: Tensor, x: Tensor) -> None:
    if torch.equal(z, x):
        fail("unchanged", "The images came back as they were.", "Where is the new order applied?")
    if torch.equal(_sorted(_pixels(z)), _sorted(_pixels(x))):
        _require_all_moved(z, x)
        return
    if torch.equal(z.flatten().sort().values, x.flatten().sort().values):
        _refuse_mixed_up(z, x)
    kept = torch.isin(z, x).double().mean().item()
    if kept == 1:
        fail(
            "drawn-with-replacement",
            "Every number comes from the images, but some pixels are there twice and others are gone.",
            "A shuffle uses every place exactly once: how are yours drawn?",
        )
    fail(
        "new-pixels",
        f"Only {kept:.0%} of the numbers in the answer were in the images.",
        "A shuffle makes no new colours: it moves those that are there.",
    )


def _refuse_mixed_up(z: Tensor, x: Tensor) -> None:
    """All numbers of the batch are there, but not every pixel is whole and in its image."""
    whole = torch.equal(_sorted(_pixels(z).flatten(0, 1)[None]), _sorted(_pixels(x).flatten(0, 1)[None]))
    own = torch.equal(z.flatten(1).sort(1).values, x.flatten(1).sort(1).values)
    planes = torch.equal(z.flatten(2).sort(2).values, x.flatten(2).sort(2).values)
    if whole:
        fail(
            "mixes-images",
            "Pixels moved from one image to another.",
            "Every image keeps its own pixels: along which dimension do you shuffle?",
        )
    if planes:
        fail(
            "tears-colours-apart",
            "Each channel was shuffled by itself, so that red, green and blue of one pixel went different ways.",
            "A pixel is a colour: its channels move together.",
        )
    if own:
        fail(
            "mixes-channels",
            "Numbers moved from one channel to another, so that colours appear that were not there.",
            "A pixel is a colour: its channels move together, and stay channels.",
        )
    fail(
        "mixes-everything",
        "Numbers moved between channels and images.",
        "Every image keeps its pixels: which dimensions does your order run over?",
    )


def _require_all_moved(z: Tensor, x: Tensor) -> None:
    """Every pixel is still there: did each go its own way?"""
    for turn, what in ((lambda a: a, "rows"), (lambda a: a.transpose(2, 3), "columns")):
        if torch.equal(_lines(turn(z)), _lines(turn(x))):
            fail(
                "moves-lines",
                f"Whole {what} changed places: pixels that shared one of them still do.",
                "A face cut into stripes is still half a face: every pixel should go its own way.",
            )
    still = (z == x).all(1).double().mean().item()
    if still > 0.3:
        fail(
            "moves-few",
            f"{still:.0%} of the pixels stayed where they were.",
            "All places should take part in the new order.",
        )


def _lines(x: Tensor) -> Tensor:
    """The pixels of each row, known by their first channel, whatever their order and that of the rows."""
    lines = x[:, 0].sort(2).values
    return torch.stack([image[image[:, 0].argsort()] for image in lines])


def _require_own_orders(z: Tensor, x: Tensor) -> None:
    came_from = [(new[:, None, 0] == old[None, :, 0]).int().argmax(1) for new, old in zip(_pixels(z), _pixels(x))]
    if all(torch.equal(order, came_from[0]) for order in came_from):
        fail(
            "one-order-for-all",
            f"All {len(x)} images were shuffled in the same order.",
            "Every image should get an order of its own: how many do you draw?",
        )
