"""The check for `place(patch, x, row, column)`: the patch is in every image, and the batch given is as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..flow import it_flows, with_slopes
from ..forms import tensor
from ..spec import Case, Formula, Questions, Spec, like
from ..words import words

like_the_images = with_slopes(
    tensor(lambda args: args[1].shape, "the batch of images with the patch in each"), "the patch"
)

Covers = Callable[[Tensor, Tensor], Tensor]  # what was there [B, C, h, w], the patch [C, h, w] -> what is there


def window(patch: Tensor, row: int, column: int) -> tuple[slice, ...]:
    """The pixels of a batch under a patch whose upper left corner is there."""
    height, width = patch.shape[1:]
    return slice(None), slice(None), slice(row, row + height), slice(column, column + width)


def put(patch: Tensor, x: Tensor, row: int, column: int, covers: Covers = lambda there, patch: patch) -> Tensor:
    out, at = x.clone(), window(patch, row, column)
    out[at] = covers(x[at], patch)
    return out


def right(patch: Tensor, x: Tensor, row: int, column: int) -> Tensor:
    return put(patch, x, row, column)


def _covering(covers: Covers) -> Formula:
    return lambda patch, x, row, column: put(patch, x, row, column, covers)


def _at(move: Callable[[int, int, int, int], tuple[int, int]]) -> Formula:
    """At another corner: move(row, column, height, width)."""
    return lambda patch, x, row, column: put(patch, x, *move(row, column, *patch.shape[1:]))


def _from_the_other_side(rows: int, columns: int) -> Formula:
    """Of the rows, the columns or both."""

    def answer(patch: Tensor, x: Tensor, row: int, column: int) -> Tensor:
        down, right = x.shape[2] - patch.shape[1] - row, x.shape[3] - patch.shape[2] - column
        return put(patch, x, down if rows else row, right if columns else column)

    return answer


def _in_these(which: slice) -> Formula:
    """Into some of the images only."""

    def answer(patch: Tensor, x: Tensor, row: int, column: int) -> Tensor:
        out = x.clone()
        out[which] = put(patch, x[which], row, column)
        return out

    return answer


def _one_channel(patch: Tensor, x: Tensor, row: int, column: int) -> Tensor:
    out = x.clone()
    out[:, :1] = put(patch[:1], x[:, :1], row, column)
    return out


def _turned(*dims: int) -> Formula:
    return lambda patch, x, row, column: put(patch.flip(dims), x, row, column)


def _cut(part: Callable[[Tensor], Tensor]) -> Formula:
    return lambda patch, x, row, column: put(part(patch), x, row, column)


MISTAKES = {
    "row-and-column-swapped": like(_at(lambda row, column, height, width: (column, row))),
    "first-image-only": like(_in_these(slice(0, 1))),
    "last-image-only": like(_in_these(slice(-1, None))),
    "added": like(
        _covering(lambda there, patch: there + patch), _covering(lambda there, patch: (there + patch).clamp(0, 1))
    ),
    "blended": like(_covering(lambda there, patch: (there + patch) / 2)),
    "multiplied": like(_covering(lambda there, patch: there * patch)),
    "black-is-transparent": like(_covering(lambda there, patch: torch.where(patch > 0, patch, there))),
    "brighter-wins": like(_covering(torch.maximum)),
    "black-around": like(lambda patch, x, row, column: put(patch, torch.zeros_like(x), row, column)),
    "hole-for-the-patch": like(_covering(lambda there, patch: torch.zeros_like(there))),
    "by-its-middle": like(_at(lambda row, column, height, width: (row - height // 2, column - width // 2))),
    "by-its-other-corner": like(
        _at(lambda row, column, height, width: (row - height, column - width)),
        _at(lambda row, column, height, width: (row - height + 1, column - width + 1)),
    ),
    "one-off": like(
        *(_at(lambda row, column, height, width, by=by: (row + by, column + by)) for by in (1, -1)),
    ),
    "in-the-corner": like(_at(lambda row, column, height, width: (0, 0))),
    "from-the-other-side": like(*(_from_the_other_side(*which) for which in ((1, 1), (1, 0), (0, 1)))),
    "on-its-side": like(lambda patch, x, row, column: put(patch.transpose(1, 2), x, row, column)),
    "mirrored": like(*(_turned(*dims) for dims in ((2,), (1,), (1, 2)))),
    "first-channel-only": like(_one_channel),
    "first-channel-for-all": like(_covering(lambda there, patch: patch[:1].expand_as(patch))),
    "one-colour": like(_covering(lambda there, patch: patch.mean((1, 2), keepdim=True).expand_as(patch))),
    "too-small": like(
        _cut(lambda patch: patch[:, :-1, :-1]), _cut(lambda patch: patch[:, :-1]), _cut(lambda patch: patch[:, :, :-1])
    ),
    "never-there": like(lambda patch, x, row, column: x),
}


def asked(
    images: tuple[int, int, int, int],
    size: tuple[int, int],
    corner: tuple[int, int],
    dtype: torch.dtype = torch.float32,
) -> tuple:
    """Images and a patch, some of whose pixels are black, in tenths from 0.1 to 1 elsewhere; and its corner."""
    draw = torch.Generator().manual_seed(sum(images))
    x = torch.randint(1, 11, images, generator=draw) / 10
    patch = torch.randint(1, 11, (images[1], *size), generator=draw) / 10
    patch.flatten()[::4] = 0
    return patch.to(dtype), x.to(dtype), *corner


def cases() -> Iterator[Case]:
    yield Case(asked((3, 3, 10, 12), (4, 3), (5, 4)), "wrong-value", mistakes=MISTAKES)
    for where, args in {
        "a single image": asked((1, 3, 6, 5), (2, 2), (1, 2)),
        "the upper left corner": asked((2, 3, 6, 5), (2, 3), (0, 0)),
        "the lower right corner": asked((2, 3, 6, 5), (2, 3), (4, 2)),
        "a patch as large as the image": asked((2, 3, 4, 5), (4, 5), (0, 0)),
        "a patch of one pixel": asked((2, 3, 4, 5), (1, 1), (3, 1)),
        "grey images": asked((2, 1, 6, 6), (3, 3), (1, 2)),
        "as many images as channels and rows": asked((3, 3, 5, 5), (3, 3), (2, 0)),
        "float64": asked((2, 3, 6, 5), (2, 3), (1, 1), torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where)
    patch, *rest = asked((2, 3, 6, 5), (2, 3), (1, 1))
    yield Case((3 * patch - 1, *rest), "wrong-elsewhere", "a patch with numbers below 0 and above 1")


def _numbers(answer: Tensor, patch: Tensor, x: Tensor, row: int, column: int) -> dict:
    under = torch.zeros_like(x, dtype=torch.bool)
    under[window(patch, row, column)] = True
    off = (answer - right(patch, x, row, column)).abs() > 1e-6
    return {
        "images": len(x),
        "height": patch.shape[1],
        "width": patch.shape[2],
        "row": row,
        "column": column,
        "inside": int((off & under).sum()),
        "outside": int((off & ~under).sum()),
    }


SAY = words(__file__)
check_place = Questions(
    SAY,
    (
        Spec(SAY, right, cases, _numbers, tolerance=1e-6),
        it_flows(right, lambda: asked((3, 3, 10, 12), (4, 3), (5, 4)), 0, to="the patch"),
    ),
)
