"""The check for `patch_shuffle(x, grid, generator)`: patches keep their pixels and lose their places."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..interview import Interview
from ..verdict import fail, instead_of


def check_patch_shuffle(ask: Interview) -> str:
    x, grid = images(4, 3, 12, 12), 3
    z = ask(x, grid, seeded(0))
    _require_shuffled(z, x, grid)
    _require_own_orders(z, x, grid)
    if not torch.equal(ask(x, grid, seeded(0)), z):
        fail(
            "ignores-generator",
            "Two calls with equally seeded generators gave different images.",
            "Whoever hands over a generator wants to be able to repeat this: what does your randomness come from?",
        )
    if torch.equal(ask(x, grid, seeded(1)), z):
        fail(
            "always-the-same",
            "Generators of different seeds gave the same images.",
            "The order should be drawn with the generator: where does yours come from?",
        )
    for other, grid, where in (
        (images(3, 3, 12, 12), 4, "a grid of 4 x 4"),
        (images(1, 3, 12, 12), 3, "a batch of one"),
        (images(3, 1, 12, 12), 3, "images of one channel"),
        (images(3, 3, 6, 12), 3, "images that are not square"),
        (images(2, 3, 12, 12).double(), 3, "float64"),
    ):
        with instead_of(
            "raises",
            "wrong-shape",
            diagnosis="wrong-elsewhere",
            seen=f"It works for 3 x 3 patches of 4 x 4 pixels, but not for {where}.",
            look="Which of these numbers does your code assume?",
        ):
            moved = ask(other, grid, seeded(2))
        if not same_patches(moved, other, grid) or torch.equal(moved, other):
            fail("wrong-elsewhere", f"Right for 3 x 3 patches of 4 x 4 pixels, not for {where}.", "What do you assume?")
    return "Every image keeps its patches, each of them whole, in an order of its own that the generator repeats."


def images(*shape: int) -> Tensor:
    """Images of which all numbers differ, so that every patch can be found again."""
    count = torch.Size(shape).numel()
    return (torch.randperm(count, generator=seeded(9)) + 0.5).view(shape) / count


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def cut(x: Tensor, grid: int) -> Tensor:
    """[B, C, H, W] -> [B, grid * grid, C * h * w], patch after patch."""
    rows = [part for strip in x.chunk(grid, 2) for part in strip.chunk(grid, 3)]
    return torch.stack([part.flatten(1) for part in rows], 1)


def same_patches(z: Tensor, x: Tensor, grid: int) -> bool:
    return torch.equal(_sorted(cut(z, grid)), _sorted(cut(x, grid)))


def _sorted(rows: Tensor) -> Tensor:
    """[B, N, D], the rows of each image in the order of their first number, in which all differ."""
    return torch.stack([image[image[:, 0].argsort()] for image in rows])


def _require_shuffled(z: Tensor, x: Tensor, grid: int) -> None:
    if torch.equal(z, x):
        fail("unchanged", "The images came back as they were.", "Where is the new order applied?")
    if same_patches(z, x, grid):
        _refuse_lines(z, x, grid)
        return
    if torch.equal(z.flatten().sort().values, x.flatten().sort().values):
        _refuse_torn(z, x, grid)
    kept = torch.isin(z, x).double().mean().item()
    if kept == 1:
        fail(
            "drawn-with-replacement",
            "Every number comes from the images, but some patches are there twice and others are gone.",
            "Dealing uses every patch exactly once: how are yours drawn?",
        )
    fail(
        "new-pixels",
        f"Only {kept:.0%} of the numbers in the answer were in the images.",
        "A shuffle makes no new colours: it moves those that are there.",
    )


def _refuse_torn(z: Tensor, x: Tensor, grid: int) -> None:
    """All numbers are there, but the patches of an image are not."""
    if torch.equal(_sorted(cut(z, grid).flatten(0, 1)[None]), _sorted(cut(x, grid).flatten(0, 1)[None])):
        fail(
            "mixes-images",
            "Patches moved from one image to another.",
            "Every image keeps its own patches: along which dimension do you shuffle?",
        )
    if torch.equal(*(_sorted(cut(a, grid).sort(2).values) for a in (z, x))):
        fail(
            "tears-patches",
            "The pixels of a patch stayed together, but not in their places within it.",
            "A patch moves as it is: look at the order of dimensions when you cut, and undo it when you put together.",
        )
    for other in (2, 4, 6, 12):
        if other != grid and all(n % other == 0 for n in x.shape[2:]) and same_patches(z, x, other):
            size = x.shape[2] // other
            what = "Single pixels moved" if size == 1 else f"Patches of {size} x {size} pixels moved"
            wanted = f"{x.shape[2] // grid} x {x.shape[3] // grid}"
            fail(
                "another-grid",
                f"{what} where the grid of {grid} x {grid} makes patches of {wanted}.",
                "grid counts the patches along a side: where does your patch size come from?",
            )
    planes = torch.equal(z.flatten(2).sort(2).values, x.flatten(2).sort(2).values)
    if planes:
        fail(
            "tears-colours-apart",
            "Red, green and blue of one patch went to different places.",
            "A patch is a piece of a colour image: its channels move together.",
        )
    fail(
        "mixes-everything",
        "Numbers moved between channels or images, so that patches fell apart.",
        "Print the shape after each reshape: which dimensions belong to one patch?",
    )


def _refuse_lines(z: Tensor, x: Tensor, grid: int) -> None:
    """Whole patches moved: each its own way?"""
    for turn, what in ((lambda a: a, "rows"), (lambda a: a.transpose(2, 3), "columns")):
        if torch.equal(_lines(turn(z), grid), _lines(turn(x), grid)):
            fail(
                "moves-lines",
                f"Whole {what} of patches changed places: patches that shared one of them still do.",
                "Every patch should go its own way: how many things are put into a new order?",
            )


def _lines(x: Tensor, grid: int) -> Tensor:
    """The patches of each row of patches, known by their first number, whatever their order and that of the rows."""
    lines = cut(x, grid)[..., 0].view(len(x), grid, grid).sort(2).values
    return torch.stack([image[image[:, 0].argsort()] for image in lines])


def _require_own_orders(z: Tensor, x: Tensor, grid: int) -> None:
    pairs = zip(cut(z, grid)[..., 0], cut(x, grid)[..., 0])
    came_from = [(new[:, None] == old[None]).int().argmax(1) for new, old in pairs]
    if all(torch.equal(order, came_from[0]) for order in came_from):
        fail(
            "one-order-for-all",
            f"All {len(x)} images were shuffled in the same order.",
            "Every image should get an order of its own: how many do you draw?",
        )
