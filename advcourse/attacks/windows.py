"""What `square` tries next: windows of a picture in which every pixel changes at once, drawn for each sample by itself.

A picture is [C, H, W]; a row of n numbers counts as [1, 1, n]. What is `known` of N of them, flattened, is one tensor
[2 or 4, N, C H W], so that a window is read in one go: the pictures, the slope, which is an estimate of the score's
gradient, and in l_inf both ends of what is allowed.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from advcourse.threats import BallL2, Intervals

HALVINGS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)  # of the queries: after each, windows have half the area
TRIES = 2  # windows of which the most promising one is asked about
BLOCK = 100  # steps whose windows are drawn at once
NOISE = 1e-30  # of the slope at first


def pictures(x: Tensor) -> Tensor:
    """x [B, ...] as pictures [B, C, H, W]: its last two dimensions, or its last one, are the plane."""
    shape = [1, 1, *x.shape[1:]]
    return x.reshape(len(x), math.prod(shape[:-2]), *shape[-2:])


def window(share: float, height: int, width: int) -> tuple[int, int]:
    """Height and width of the window, as square as can be, that covers this share of a picture and never all of it."""
    h = min(max(round(math.sqrt(share * height * width)), 1), max(height - 1, 1))
    return h, min(max(round(share * height * width / h), 1), max(width - 1, 1))


def share(area: float, done: float) -> float:
    """The share of the picture that a window covers once so much of the queries is done: it halves ever more seldom."""
    return area / 2 ** sum(done >= at for at in HALVINGS)


def stretches(area: float, queries: int, height: int, width: int) -> Iterator[tuple[tuple[int, int], int]]:
    """The sizes of the windows after the first two queries, and how many steps in a row have each."""
    sizes = (window(share(area, step / queries), height, width) for step in range(2, queries))
    for size, steps in groupby(sizes):
        count = len(list(steps))
        yield from ((size, min(BLOCK, count - done)) for done in range(0, count, BLOCK))


class Proposal(NamedTuple):
    """What to ask about, and what is changed for it: which pixels of the flattened pictures, from what into what."""

    new: Tensor  # [N, C H W]
    pixels: Tensor  # [N, n]
    before: Tensor  # [N, n]
    after: Tensor  # [N, n]
    slope: Tensor  # [N, n]: what is known of it there


def known(allowed: Intervals | BallL2, x: Tensor) -> Tensor:
    """What is known of pictures x [N, C, H, W] before the first answer."""
    ends = [allowed.lower, allowed.upper] if isinstance(allowed, Intervals) else []
    dtype = torch.promote_types(x.dtype, torch.float32)
    return torch.stack([v.to(dtype) for v in (x, torch.zeros_like(x), *ends)]).flatten(2)


def corners(u: Tensor, size: tuple[int, int], height: int, width: int) -> Tensor:
    """Where in the flattened plane windows begin that the numbers u [..., 2] of [0, 1) place: [...]."""
    row, column = (u * u.new_tensor([height - size[0] + 1, width - size[1] + 1])).long().unbind(-1)
    return row * width + column


def first(allowed: Intervals | BallL2, known: Tensor, u: Tensor) -> Proposal:
    """Where the search begins, from numbers u [N, C, H, W] of [0, 1).

    Where the answer says nothing about the slope, chance decides the sign of later windows: noise so small that
    whatever is learnt drowns it.
    """
    new = tiled(allowed, u) if isinstance(allowed, BallL2) else striped(allowed, u)
    return _everywhere(known, new)._replace(slope=NOISE * (u - 0.5).flatten(1).to(known))


def proposal(allowed: Intervals | BallL2, known: Tensor, corners: Tensor, size: tuple[int, int], step: int) -> Proposal:
    """What to try next, from the corners [N, TRIES] of windows of that size for each picture."""
    if isinstance(allowed, BallL2):
        return _everywhere(known, shifted(allowed, known, corners, size, step))
    return at_an_end(known, corners, _inside(size, allowed.lower.shape[1:], known.device))


def striped(allowed: Intervals, u: Tensor) -> Tensor:
    """Columns at one end of what is allowed or at the other: the start in l_inf, from u [N, C, H, W], its first row."""
    return torch.where(u[:, :, :1] < 0.5, allowed.lower, allowed.upper)


def at_an_end(known: Tensor, corners: Tensor, inside: Tensor) -> Proposal:
    """One window of each picture moved to an end of what is allowed, channel by channel.

    Which end, and which of the windows at the corners, is what the slope speaks for. An end at which a window lies
    already would be a query for nothing. The pixels inside [C, n] are counted from a corner.
    """
    pixels = corners[..., None] + inside.flatten()  # [N, TRIES, C n]
    there = known.gather(2, pixels.flatten(1).expand(len(known), -1, -1)).view(-1, *corners.shape, *inside.shape)
    gain = (there[1] * (there[2:] - there[0])).sum(4)  # [2, N, TRIES, C]
    gain, up = gain.masked_fill(gain == 0, -torch.inf).max(0)
    one = gain.sum(2).argmax(1) + torch.arange(0, corners.numel(), TRIES, device=known.device)
    after = torch.where(up[..., None] > 0, there[3], there[2])
    pixels, after = (v.view(corners.numel(), -1).index_select(0, one) for v in (pixels, after))
    before, slope = there[:2].view(2, corners.numel(), -1).index_select(1, one)
    return Proposal(known[0].scatter(1, pixels, after), pixels, before, after, slope)


def tiled(allowed: BallL2, u: Tensor) -> Tensor:
    """Five by five bumps of the whole length that is allowed: the start in l_2, their signs from u [N, C, H, W]."""
    size = window(1 / 25, *u.shape[2:])
    i, j = (torch.arange(n, device=u.device) for n in u.shape[2:])
    sign = (u - 0.5).sign()[:, :, i - i % size[0]][..., j - j % size[1]]  # that of a bump's upper left
    d = sign * _bump(i % size[0], j % size[1], size)
    return _member(allowed, allowed.eps * d / _square(d).sum(1, keepdim=True).sqrt())


def shifted(allowed: BallL2, known: Tensor, corners: Tensor, size: tuple[int, int], step: int) -> Tensor:
    """A bump added in one window of each picture, paid for with all change in a second one: [N, C, H, W].

    Its sign, channel by channel, is what the slope speaks for. It stands and lies in turn.
    """
    here, slope = known.view(2, *allowed.x.shape)
    i, j = (
        torch.arange(whole, device=at.device) - at[..., None]
        for whole, at in zip(here.shape[2:], (corners // here.shape[3], corners % here.shape[3]))
    )  # positions counted from where each window starts: [N, 2, H], [N, 2, W]
    inside = ((i >= 0) & (i < size[0]))[..., None] & ((j >= 0) & (j < size[1]))[:, :, None]
    first, second = inside[:, :, None].unbind(1)
    bump = (_bump(i[:, 0], j[:, 0], size) if step % 2 else _bump(j[:, 0], i[:, 0], size[::-1]).mT)[:, None]
    sign = (slope * bump).sum((2, 3), keepdim=True).sign()
    d = here - allowed.x
    old = d.where(first, 0.0)
    new = sign * bump + old / _square(old).sqrt().clamp(min=_tiny(d))
    unused = (allowed.eps**2 - _square(d).sum(1, keepdim=True)).clamp(min=0) / d.shape[1]
    length = (_square(d.where(first | second, 0.0)) + unused).sqrt()
    new = new / _square(new).sqrt().clamp(min=_tiny(d)) * length
    return _member(allowed, torch.where(first, new, d.where(~second, 0.0)))


def _bump(i: Tensor, j: Tensor, size: tuple[int, int]) -> Tensor:
    """Two peaks, one up and one down, one above the other, of length one where the window of that size is, else zero.

    Rows i [..., H] and columns j [..., W] are counted from the window's start: [..., H, W].
    """
    h, w = size
    upper = i < h // 2
    row = (i - torch.where(upper, h // 4, h // 2 + (h - h // 2) // 2)).abs()
    away = torch.maximum(row[..., :, None], (j - w // 2).abs()[..., None, :])
    inside = ((i >= 0) & (i < h))[..., :, None] & ((j >= 0) & (j < w))[..., None, :]
    bump = torch.where(inside, torch.where(upper, 1.0, -1.0)[..., None] / (1 + away), 0.0)
    return bump / bump.square().sum((-2, -1), keepdim=True).sqrt()


def _square(d: Tensor) -> Tensor:
    """The squared length of every channel: [N, C, H, W] -> [N, C, 1, 1]."""
    return d.square().sum((2, 3), keepdim=True)


def _tiny(d: Tensor) -> float:
    return torch.finfo(d.dtype).tiny


def _member(allowed: BallL2, d: Tensor) -> Tensor:
    """The member nearest to x + d."""
    return allowed.project((allowed.x + d).to(allowed.x.dtype))


def _everywhere(known: Tensor, new: Tensor) -> Proposal:
    """The proposal of pictures [N, C, H, W] in which every pixel may be new."""
    new = new.flatten(1).to(known)
    return Proposal(new, torch.arange(new.shape[1], device=new.device).expand(len(new), -1), known[0], new, known[1])


@lru_cache(maxsize=32)
def _inside(size: tuple[int, int], picture: tuple[int, int, int], device: torch.device) -> Tensor:
    """The pixels of a window at the upper left of pictures [C, H, W] that are flattened: [C, h w]."""
    return torch.arange(math.prod(picture), device=device).view(picture)[:, : size[0], : size[1]].flatten(1)
