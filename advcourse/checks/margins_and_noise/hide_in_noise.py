"""The check for `hide_in_noise(model, z, generator)`: logits that stop PGD on one draw, and not PGD on their mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..closed_forms import Batch, Planes
from ..interview import Interview
from ..slopes import logits_and_slopes
from ..spec import Questions
from ..words import words

SAY = words(__file__)

CLASSES = 3
EPS, STEPS, DRAWS = 0.15, 4, 32
# Of the accuracy: what the noise may cost, what PGD on single draws may take, and what PGD on the mean may leave.
COST, TAKEN, LEFT = 0.1, 0.45, 0.4
LOUD = 20  # times the model's own slope: more than the mean can take off

Told = Callable[[Tensor, int], Tensor]  # z [B, ...] and a seed -> what `logits_and_slopes` makes of the answer

TOLD = logits_and_slopes(SAY, CLASSES)


def digits() -> Batch[Planes]:
    """Thirty images [30, 1, 4, 4] of three classes, and a linear classifier that reads each rightly, by no great
    margin."""
    dice = torch.Generator().manual_seed(0)
    weight = torch.randn(CLASSES, 16, generator=dice)
    x = 0.2 + 0.6 * torch.rand(600, 1, 4, 4, generator=dice)
    model = Planes(weight, -weight @ x.flatten(1).mean(0)).eval()
    with torch.no_grad():
        top = model(x).topk(2).values
    x = x[(top[:, 0] - top[:, 1]).sub(1.2).abs() < 0.3][:30]
    return Batch(model, x, model(x).argmax(1))


def uphill(told: Told, z: Tensor, y: Tensor, seeds: list[int]) -> Tensor:
    """The gradient of the loss of the mean probability over these draws, like z."""
    total, slope = torch.zeros(len(z)).double(), torch.zeros(z.shape).double()
    for seed in seeds:
        logits, slopes = told(z.clone().requires_grad_(), seed).split([1, z[0].numel()], dim=2)
        p = logits[:, :, 0].softmax(1)
        own = p.gather(1, y[:, None])[:, 0]
        turned = torch.einsum("bk,bkd->bd", p - F.one_hot(y, CLASSES), slopes)
        total, slope = total + own, slope + (own[:, None] * turned).view(z.shape)
    return slope / total.view(-1, 1, 1, 1)


def pgd(told: Told, x: Tensor, y: Tensor, draws: int) -> Tensor:
    """Signed steps up that gradient in the ball, with so many new draws at each step."""
    z = x.clone()
    for step in range(STEPS):
        g = uphill(told, z, y, [1000 * step + 7 * k + 1 for k in range(draws)])
        z = (z + EPS / 2 * g.sign()).clamp(x - EPS, x + EPS).clamp(0, 1).to(x.dtype)
    return z


def accuracy(told: Told, z: Tensor, y: Tensor, seeds: range) -> float:
    """Of the mean over these draws."""
    p = torch.stack([told(z, seed)[:, :, 0].softmax(1) for seed in seeds])
    return float((p.mean(0).argmax(1) == y).double().mean())


# Questions ------------------------------------------------------------------------------------------------------------


def it_drowns_and_nothing_else(ask: Interview) -> dict:
    model, x, y = digits()

    def told(z: Tensor, seed: int) -> Tensor:
        return ask(model, z, Generator().manual_seed(seed))

    _dice_are_those_given(ask, model, x)
    each = sum(accuracy(told, x, y, range(k, k + 1)) for k in range(500, 505)) / 5
    if each < 1 - COST:
        SAY.fail("costs-accuracy", clean=_percent(each))
    judge = partial(accuracy, told, y=y, seeds=range(600, 610))
    one = judge(pgd(told, x, y, 1))
    if one < 1 - TAKEN:
        SAY.fail("gradient-gets-through", left=_percent(one), noise=heard(told, x, model.weight.detach())[0])
    mean = judge(pgd(told, x, y, DRAWS))
    if mean > LEFT:
        noise, kept = heard(told, x, model.weight.detach())
        diagnosis = "too-loud" if noise > LOUD else "survives-the-mean"
        SAY.fail(diagnosis, left=_percent(mean), draws=DRAWS, noise=noise, kept=kept)
    ask.breaches = [breach for breach in ask.breaches if breach[0] != "attached"]  # which is meant here
    return {"each": _percent(each), "one": _percent(one), "mean": _percent(mean), "draws": DRAWS}


def _dice_are_those_given(ask: Interview, model: Planes, x: Tensor) -> None:
    dice = [Generator().manual_seed(seed) for seed in (3, 3, 4)]
    first, again, other = (ask(model, x.clone().requires_grad_(), one) for one in dice)
    values = first[:, :, 0]
    if (values >= 0).all() and torch.allclose(values.sum(1), torch.ones(len(values)).to(values), atol=1e-5):
        SAY.fail("probabilities")
    if not torch.equal(first, again):
        SAY.fail("other-dice")
    if torch.equal(first, other):
        rolled, _, apart = (one.get_state() for one in dice)
        drawn = not torch.equal(rolled, Generator().manual_seed(3).get_state()) and not torch.equal(rolled, apart)
        SAY.fail("dice-without-effect" if drawn else "no-dice")


def heard(told: Told, x: Tensor, own: Tensor) -> tuple[float, float]:
    """How large the noise in a draw's slopes is and which part of the model's own [K, D] is left on average, both as
    shares of it. What all classes have in common is left out: a loss does not notice it."""
    slopes = torch.stack([told(x.clone().requires_grad_(), seed)[:, :, 1:] for seed in range(700, 700 + DRAWS)])
    slopes, own = (s - s.mean(-2, keepdim=True) for s in (slopes, own.double()))
    size = own.square().mean()
    return round(float((slopes.var(0).mean() / size).sqrt()), 3), float((slopes.mean(0) * own).mean() / size)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


check_hide_in_noise = Questions(SAY, (it_drowns_and_nothing_else,))
