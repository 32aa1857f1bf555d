"""What `square` tries next: windows of a picture in which every pixel changes at once, drawn for each sample by itself.

A picture is [C, H, W]; a row of n numbers counts as [1, 1, n]. Random numbers u [N, NUMBERS + C] of [0, 1) say where
two windows lie, how they are turned, and a sign for every channel.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from advcourse.threats import BallL2, Intervals

HALVINGS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)  # of the queries: after each, windows have half the area
TRIES = 2  # windows of which the most promising one is asked about
NUMBERS = 2 * TRIES + 1  # random numbers of a step, besides one for each channel


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


class Proposal(NamedTuple):
    """Pictures to ask about, and what they change: which pixels of the flattened planes, from what into what."""

    new: Tensor  # [N, C, H, W]
    pixels: Tensor  # [N, C, n]
    before: Tensor  # [N, C, n]
    after: Tensor  # [N, C, n]
    slope: Tensor  # [N, C, n]: what the search has of it there


def first(allowed: Intervals | BallL2, here: Tensor, slope: Tensor, u: Tensor) -> Proposal:
    """Where the search begins, from numbers u [N, C, H, W]."""
    return _everywhere(here, slope, striped(allowed, u) if isinstance(allowed, Intervals) else tiled(allowed, u))


def proposal(allowed: Intervals | BallL2, here: Tensor, slope: Tensor, u: Tensor, size: tuple[int, int]) -> Proposal:
    """What to try next in place of here [N, C, H, W], from the slope, and numbers u [N, NUMBERS + C]."""
    if isinstance(allowed, Intervals):
        return at_an_end(allowed, here, slope, u, size)
    return _everywhere(here, slope, shifted(allowed, here, slope, u, size))


def striped(allowed: Intervals, u: Tensor) -> Tensor:
    """Columns at one end of what is allowed or at the other: the start in l_inf, from u [N, C, H, W], its first row."""
    return torch.where(u[:, :, :1] < 0.5, allowed.lower, allowed.upper)


def at_an_end(allowed: Intervals, here: Tensor, slope: Tensor, u: Tensor, size: tuple[int, int]) -> Proposal:
    """One window of each picture moved to an end of what is allowed, channel by channel.

    Which end, and which of two windows, is what the slope, an estimate of the score's gradient, speaks for. An end at
    which a window lies already would be a query for nothing.
    """
    pixels = _pixels(u, size, here)  # those of both windows: [N, 2, C, h w]
    now, rise, low, high = (_at(pixels, v) for v in (here, slope, allowed.lower, allowed.upper))
    gain = (rise * (torch.stack([low, high]) - now)).sum(4)  # [2, N, 2, C]
    down, up = gain.masked_fill_(gain == 0, -torch.inf)
    up = torch.where(down == up, u[:, None, NUMBERS:] < 0.5, up > down)
    there = torch.where(up[..., None], high, low)
    one = gain.amax(0).sum(2).argmax(1) + torch.arange(0, TRIES * len(here), TRIES, device=here.device)
    pixels, now, there, rise = (v.flatten(0, 1).index_select(0, one) for v in (pixels, now, there, rise))
    return Proposal(here.flatten(2).scatter(2, pixels, there).view_as(here), pixels, now, there, rise)


def tiled(allowed: BallL2, u: Tensor) -> Tensor:
    """Five by five bumps of the whole length that is allowed: the start in l_2, their signs from u [N, C, H, W]."""
    size = window(1 / 25, *u.shape[2:])
    i, j = (torch.arange(n, device=u.device) for n in u.shape[2:])
    sign = (u - 0.5).sign()[:, :, i - i % size[0]][..., j - j % size[1]]  # that of a bump's upper left
    d = sign * _bump(i % size[0], j % size[1], size)
    return _member(allowed, allowed.eps * d / _square(d).sum(1, keepdim=True).sqrt())


def shifted(allowed: BallL2, here: Tensor, slope: Tensor, u: Tensor, size: tuple[int, int]) -> Tensor:
    """A bump added in one window of each picture, paid for with all change in a second one: [N, C, H, W].

    Its sign, channel by channel, is what the slope, an estimate of the score's gradient, speaks for.
    """
    rows, columns = _inside(u[:, [0, 2]], size[0], here.shape[2]), _inside(u[:, [1, 3]], size[1], here.shape[3])
    first, second = (rows[:, :, :, None] & columns[:, :, None, :])[:, :, None].unbind(1)
    i, j = _offsets(u[:, 0], size[0], here.shape[2]), _offsets(u[:, 1], size[1], here.shape[3])
    upright = (u[:, NUMBERS - 1] < 0.5)[:, None, None, None]
    bump = torch.where(upright, _bump(i, j, size)[:, None], _bump(j, i, size[::-1]).mT[:, None])
    told = (slope * bump).sum((2, 3), keepdim=True)
    sign = torch.where(told == 0, u[:, NUMBERS:, None, None] - 0.5, told).sign()
    d = (here - allowed.x).to(slope.dtype)
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


def _pixels(u: Tensor, size: tuple[int, int], here: Tensor) -> Tensor:
    """Where the pixels of both windows lie in the flattened planes of here [N, C, H, W]: [N, 2, C, h w]."""
    (h, w), (height, width) = size, here.shape[2:]
    row = (u[:, 0 : 2 * TRIES : 2] * (height - h + 1)).long()
    column = (u[:, 1 : 2 * TRIES : 2] * (width - w + 1)).long()
    first = torch.arange(height * width, device=u.device).view(height, width)[:h, :w]  # those at the upper left
    pixels = (row * width + column)[..., None] + first.flatten()
    return pixels[:, :, None].expand(-1, -1, here.shape[1], -1)


def _everywhere(here: Tensor, slope: Tensor, new: Tensor) -> Proposal:
    """The proposal of pictures in which every pixel may be new."""
    pixels = torch.arange(new[0, 0].numel(), device=new.device).expand(*new.shape[:2], -1)
    return Proposal(new, pixels, here.flatten(2), new.flatten(2), slope.flatten(2))


def _at(pixels: Tensor, v: Tensor) -> Tensor:
    """The values of v [N, C, H, W] at the pixels [N, 2, C, h w]."""
    return v.flatten(2)[:, None].expand(-1, TRIES, -1, -1).gather(3, pixels)


def _offsets(u: Tensor, size: int, whole: int) -> Tensor:
    """Positions 0 .. whole - 1 counted from the start of a window of that size, which u [...] places: [..., whole]."""
    return torch.arange(whole, device=u.device) - (u * (whole - size + 1)).floor().long()[..., None]


def _inside(u: Tensor, size: int, whole: int) -> Tensor:
    """Which positions are in the window: [..., whole] bool."""
    at = _offsets(u, size, whole)
    return (at >= 0) & (at < size)
