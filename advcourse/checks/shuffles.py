"""What the checks of shuffles share, of pixels and of patches: images, and questions about the randomness."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Generator, Tensor

from .interview import Interview
from .verdict import Finding
from .words import Words


def images(*shape: int) -> Tensor:
    """Images of which all numbers differ, so that every part can be found again."""
    count = torch.Size(shape).numel()
    return (torch.randperm(count, generator=seeded(9)) + 0.5).view(shape) / count


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def in_order(rows: Tensor) -> Tensor:
    """[B, N, D], the rows of each image in the order of their first number, in which all differ."""
    return torch.stack([image[image[:, 0].argsort()] for image in rows])


def one_order_for_all(new: Tensor, old: Tensor) -> bool:
    """[B, N, D] before and after: whether the rows of every image went the same way."""
    came_from = orders(new, old)
    return all(torch.equal(order, came_from[0]) for order in came_from)


def orders(new: Tensor, old: Tensor) -> Tensor:
    """[B, N, D] before and after: from which place each row came, [B, N]."""
    return (new[:, :, None, 0] == old[:, None, :, 0]).int().argmax(2)


def follows(b: Tensor, a: Tensor) -> bool:
    """Two orders [N]: whether one is the other moved on in a ring, or that backwards."""
    there, back = (b, a), (b.argsort(), a.argsort())
    steps = [step % len(a) for one, other in (there, back) for step in (one - other, one + other)]
    return any(bool((step == step[0]).all()) for step in steps)


def lines_that_moved(new: Tensor, old: Tensor) -> str:
    """[B, H, W] before and after, all numbers different: what became of rows or columns that stayed whole, else ''.

    Who moves whole rows keeps together what stands in a column as well: the order inside tells which of them moved.
    """
    across, down = (new, old), (new.mT, old.mT)
    if torch.equal(*map(in_order, across)):
        return "Whole rows changed places"
    if torch.equal(*map(in_order, down)):
        return "Whole columns changed places"
    rows, columns = (torch.equal(*(in_order(one.sort(2).values) for one in pair)) for pair in (across, down))
    if rows and columns:
        return "Whole rows and columns changed places"
    return "All rows stayed together" if rows else "All columns stayed together" if columns else ""


def require_every_image(say: Words, new: Tensor, old: Tensor) -> None:
    """[B, ...] before and after: no image is as it was."""
    if still := int((new == old).flatten(1).all(1).sum()):
        say.fail("not-every-image", still=still, images=len(new))


def require_generator(ask: Interview, say: Words, x: Tensor, *settings: object) -> None:
    """The order is drawn with the generator, anew each time."""
    generator = seeded(0)
    first, second = (ask(x, *settings, generator) for _ in "12")
    if not torch.equal(ask(x, *settings, seeded(0)), first):
        say.fail("ignores-generator")
    if torch.equal(ask(x, *settings, seeded(1)), first):
        say.fail("always-the-same")
    if torch.equal(first, second):
        say.fail("reseeds")


def require_free_orders(say: Words, new: Tensor, old: Tensor) -> None:
    """[B, N, D] before and after, B and N large enough that none of this is chance: every image draws its own order,
    in which every place takes part."""
    found, n = orders(new, old), new.shape[1]
    require_every_image(say, new, old)
    if any(follows(found[i], found[j]) for i in range(len(found)) for j in range(i)):
        say.fail("orders-follow-each-other")
    if stuck := int((found == torch.arange(n)).all(0).sum()):
        say.fail("places-that-rest", stuck=stuck, n=n, images=len(new))


def require_elsewhere(
    ask: Interview, say: Words, others: Iterable[tuple[str, tuple]], parts: Callable[..., Tensor]
) -> None:
    """Shuffled in these cases too: `parts(x, *settings)` [B, N, D] are what changes places."""
    for where, (x, *settings) in others:
        try:
            z = ask(x, *settings, seeded(2))
        except Finding as found:
            if found.verdict.diagnosis in ("raises", "wrong-shape"):
                say.fail("wrong-elsewhere", where=where)
            raise
        if not torch.equal(*(in_order(parts(v, *settings)) for v in (z, x))) or torch.equal(z, x):
            say.fail("wrong-elsewhere", where=where)
