"""The check for `hide_the_gradient(model)`: a defence that stops PGD, not a search without gradients, and no image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..closed_forms import Batch, Planes
from ..interview import Interview
from ..spec import Questions
from ..verdict import kind_of
from ..words import words

SAY = words(__file__)

EPS, STEPS, QUERIES = 0.15, 15, 150
# Of the accuracy: what the defence may cost, what PGD may take, and what the search may leave.
COST, TAKEN, LEFT = 0.021, 0.1, 0.3

Model = Callable[[Tensor], Any]  # logits, if it is a good one
Loss = Callable[[Tensor, Tensor], Tensor]  # logits [B, K], labels [B] -> [B], what an attack makes larger


def a_model(value: object, args: tuple) -> Model:
    """Something that can be called."""
    if value is None:
        SAY.fail("returns-none")
    if isinstance(value, Tensor):
        SAY.fail("returns-logits", shape=[*value.shape])
    if not callable(value) or isinstance(value, type):
        SAY.fail("returns-no-model", kind=kind_of(value))
    return value


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


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, y, reduction="none")


def margin(logits: Tensor, y: Tensor) -> Tensor:
    others = logits.masked_fill(F.one_hot(y, logits.shape[1]) > 0, -torch.inf)
    return others.amax(1) - logits.gather(1, y[:, None])[:, 0]


def pgd(model: Model, x: Tensor, y: Tensor, loss: Loss) -> Tensor:
    """Signed steps up the loss in the ball, from a random start."""
    z = _allowed(x, x + EPS * (2 * torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) - 1))
    for _ in range(STEPS):
        z.requires_grad_()
        (slope,) = torch.autograd.grad(loss(model(z), y).sum(), z)
        if slope.isnan().any():
            SAY.fail("gradient-is-nan", odd=int(slope.isnan().flatten(1).any(1).sum()), n=len(x))
        z = _allowed(x, z.detach() + EPS / 5 * slope.sign())
    return z


def search(model: Model, x: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """Some pixels at a time to an edge of the ball, kept where the margin falls; and how often no score changed."""
    draw, z, flat = torch.Generator().manual_seed(2), x.clone(), 0.0
    best = margin(model(z), y)
    for _ in range(QUERIES):
        edge = EPS * (2 * torch.randint(2, x.shape, generator=draw) - 1)
        tried = torch.where(torch.rand(x.shape, generator=draw) < 0.2, _allowed(x, x + edge), z)
        now = margin(model(tried), y)
        flat += float((now == best).double().mean()) / QUERIES
        better = now > best
        z, best = torch.where(better.view(-1, 1, 1, 1), tried, z), torch.where(better, now, best)
    return z, flat


def _allowed(x: Tensor, z: Tensor) -> Tensor:
    return torch.minimum(torch.maximum(z, x - EPS), x + EPS).clamp(0, 1)


# Questions ------------------------------------------------------------------------------------------------------------


def it_hides_and_nothing_else(ask: Interview) -> dict:
    model, x, y = digits()
    defended = ask(model)
    told: dict[str, str] = {}
    ask.examine(lambda: told.update(_measured(defended, x, y)))
    return told


def _measured(defended: Model, x: Tensor, y: Tensor) -> dict:
    """The accuracies that the passed verdict tells; ends the check where one of them is not as it should be."""
    try:
        clean = _clean_accuracy(defended, x, y)
        _pgd_is_stopped(defended, x, y, clean)
        with torch.no_grad():
            z, flat = search(defended, x, y)
            left = _accuracy(defended, z, y)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        SAY.fail("defence-raises", error=kind_of(error), said=(str(error).splitlines() or [""])[0][:80])
    if left > LEFT:
        SAY.fail("hides-the-scores" if flat > 0.5 else "stops-the-search", left=_percent(left), flat=_percent(flat))
    return {"clean": _percent(clean), "left": _percent(left)}


def _clean_accuracy(defended: Model, x: Tensor, y: Tensor) -> float:
    z = x.clone().requires_grad_()
    out = defended(z)
    if not isinstance(out, Tensor) or out.shape != (len(x), 3) or not out.isfinite().all():
        SAY.fail("no-logits", wanted=[len(x), 3])
    # The graph may lead to the weights alone.
    if not out.requires_grad or torch.autograd.grad(out.sum(), z, allow_unused=True)[0] is None:
        SAY.fail("cut-off")
    if not torch.equal(out, defended(x)):
        SAY.fail("rolls-dice")
    clean = _accuracy(defended, x, y)
    if clean < 1 - COST:
        SAY.fail("costs-accuracy", clean=_percent(clean))
    return clean


def _pgd_is_stopped(defended: Model, x: Tensor, y: Tensor, clean: float) -> None:
    by_entropy, by_margin = (_accuracy(defended, pgd(defended, x, y, loss), y) for loss in (cross_entropy, margin))
    if by_entropy < clean - TAKEN:
        SAY.fail("gradient-gets-through", left=_percent(by_entropy))
    if by_margin < clean - TAKEN:
        SAY.fail("stops-one-loss-only", entropy=_percent(by_entropy), left=_percent(by_margin))


def _accuracy(model: Model, z: Tensor, y: Tensor) -> float:
    return float((model(z).argmax(1) == y).double().mean())


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


check_hide_the_gradient = Questions(SAY, (it_hides_and_nothing_else,))
