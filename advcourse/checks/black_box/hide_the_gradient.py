"""The check for `hide_the_gradient(model, z)`: logits that stop PGD, not a search without gradients, and no image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ..closed_forms import Batch, Planes
from ..interview import Interview
from ..slopes import logits_and_slopes
from ..spec import Questions
from ..words import words

SAY = words(__file__)

CLASSES = 3
EPS, STEPS, QUERIES = 0.15, 15, 150
WIDE = 0.25  # a radius for PGD by which a gradient that was hidden in some of the pixels alone is found
# Of the accuracy: what the defence may cost, what PGD may take, and what the search may leave.
COST, TAKEN, LEFT = 0.021, 0.1, 0.3

Told = Callable[[Tensor], Tensor]  # z [B, ...] -> what `logits_and_slopes` makes of the answer for it
Uphill = Callable[[Tensor, Tensor], Tensor]  # logits [B, K], y [B] -> how the loss grows with each logit [B, K]

TOLD = logits_and_slopes(SAY, CLASSES)


def digits() -> Batch[Planes]:
    """Fifty images [50, 1, 4, 4] of three classes, and a linear classifier that reads each rightly, by no great
    margin."""
    draw = torch.Generator().manual_seed(0)
    weight = torch.randn(3, 16, generator=draw)
    x = torch.rand(400, 1, 4, 4, generator=draw)
    model = Planes(weight, -weight @ x.flatten(1).mean(0)).eval()
    with torch.no_grad():
        top = model(x).topk(2).values
    x = x[(top[:, 0] - top[:, 1]).sub(1.6).abs() < 0.3][:50]
    return Batch(model, x, model(x).argmax(1))


# Attacks --------------------------------------------------------------------------------------------------------------


def up_the_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    return logits.softmax(1) - F.one_hot(y, CLASSES)


def up_the_margin(logits: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(_others(logits, y).argmax(1), CLASSES) - F.one_hot(y, CLASSES).float()


def _others(logits: Tensor, y: Tensor) -> Tensor:
    return logits.masked_fill(F.one_hot(y, CLASSES) > 0, -torch.inf)


def pgd(told: Told, x: Tensor, y: Tensor, uphill: Uphill, eps: float, start: float) -> Tensor:
    """Signed steps up a loss in the ball, from a random start up to so far from x."""
    z = _allowed(x, x + start * (2 * torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) - 1), eps)
    for _ in range(STEPS):
        # In single precision, as the networks of the course: where a loss saturates depends on it.
        logits, slopes = told(z.requires_grad_()).float().split([1, x[0].numel()], dim=2)
        slope = torch.einsum("bk,bkd->bd", uphill(logits[:, :, 0], y), slopes).view_as(x)
        z = _allowed(x, z.detach() + eps / 5 * slope.sign(), eps)
    return z


def search(told: Told, x: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """Some pixels at a time to an edge of the ball, kept where the margin falls; and how often no score changed."""
    draw, z, flat = torch.Generator().manual_seed(2), x.clone(), 0.0
    best = _lead(told, z, y)
    for _ in range(QUERIES):
        edge = EPS * (2 * torch.randint(2, x.shape, generator=draw) - 1)
        tried = torch.where(torch.rand(x.shape, generator=draw) < 0.2, _allowed(x, x + edge, EPS), z)
        now = _lead(told, tried, y)
        flat += float((now == best).double().mean()) / QUERIES
        better = now > best
        z, best = torch.where(better.view(-1, 1, 1, 1), tried, z), torch.where(better, now, best)
    return z, flat


def _lead(told: Told, z: Tensor, y: Tensor) -> Tensor:
    """Of the best other class before the true one."""
    logits = told(z)[:, :, 0]
    return _others(logits, y).amax(1) - logits.gather(1, y[:, None])[:, 0]


def _allowed(x: Tensor, z: Tensor, eps: float) -> Tensor:
    return torch.minimum(torch.maximum(z, x - eps), x + eps).clamp(0, 1)


def accuracy(told: Told, z: Tensor, y: Tensor) -> float:
    return float((told(z)[:, :, 0].argmax(1) == y).double().mean())


# Questions ------------------------------------------------------------------------------------------------------------


def it_hides_and_nothing_else(ask: Interview) -> dict:
    model, x, y = digits()
    told = partial(ask, model)
    clean = _clean_accuracy(model, told, x, y)
    by_entropy, by_margin, farther = (
        accuracy(told, pgd(told, x, y, *how), y)
        for how in ((up_the_cross_entropy, EPS, EPS), (up_the_margin, EPS, EPS), (up_the_margin, WIDE, 0.0))
    )
    if by_entropy < clean - TAKEN:
        SAY.fail("gradient-gets-through", left=_percent(by_entropy))
    if by_margin < clean - TAKEN:
        SAY.fail("stops-one-loss-only", entropy=_percent(by_entropy), left=_percent(by_margin))
    if farther < clean - TAKEN:
        SAY.fail("gradient-gets-through", left=_percent(farther))
    z, flat = search(told, x, y)
    left = accuracy(told, z, y)
    if left > LEFT:
        SAY.fail("hides-the-scores" if flat > 0.5 else "stops-the-search", left=_percent(left), flat=_percent(flat))
    ask.breaches = [breach for breach in ask.breaches if breach[0] != "attached"]  # which is meant here
    return {"clean": _percent(clean), "left": _percent(left)}


def _clean_accuracy(model: Planes, told: Told, x: Tensor, y: Tensor) -> float:
    if not torch.equal(told(x.clone().requires_grad_())[:, :, :1], told(x)):
        SAY.fail("rolls-dice")
    clean = accuracy(told, x, y)
    if clean < 1 - COST:
        scale = _scale(model, told, x)
        SAY.fail("other-pixels" if scale > 10 else "costs-accuracy", clean=_percent(clean), scale=scale)
    return clean


def _scale(model: Planes, told: Told, x: Tensor) -> float:
    """By how much the images would have to be brighter for such logits, each from where it is for a black one."""
    black = torch.zeros_like(x)
    bare, got = (model(x) - model(black)).double(), told(x)[:, :, 0] - told(black)[:, :, 0]
    return float((bare * got).sum() / bare.square().sum())


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


check_hide_the_gradient = Questions(SAY, (it_hides_and_nothing_else,))
