"""The check for `mean_gradient(draws, x, y)`: the gradient of the loss of the mean probability over many draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..closed_forms import Planes, gradient, logits, loss, slopes
from ..interview import Interview
from ..spec import Case, Formula, Questions, Spec, like, scaled
from ..words import words

Draws = list[nn.Module]


def _like(weight: Tensor, x: Tensor) -> Tensor:
    return weight.view(-1, *[1] * (x.ndim - 1))


def _each(draws: Draws, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Of every draw the probability of y, [D, B], and the gradient of its own loss, [D, B, ...]."""
    p = torch.stack([(-loss(one, x, y)).exp() for one in draws])
    return p, torch.stack([gradient(one, x, y).double() for one in draws])


def right(draws: Draws, x: Tensor, y: Tensor) -> Tensor:
    """Each draw's own gradient counts as much as its probability of y does."""
    p, own = _each(draws, x, y)
    return sum(_like(w, x) * g for w, g in zip(p / p.sum(0), own)).to(x.dtype)


def _of_own(combine: Callable[[Tensor], Tensor]) -> Formula:
    """Of the draws' own gradients, [D, B, ...] -> like x."""
    return lambda draws, x, y: combine(_each(draws, x, y)[1]).to(x.dtype)


def _of_probability(sign: float, mean: bool) -> Formula:
    """The gradient of the probability, not of its logarithm."""

    def answer(draws: Draws, x: Tensor, y: Tensor) -> Tensor:
        p, _ = _each(draws, x, y)
        whole = p.mean(0) if mean else p.sum(0)
        return (sign * _like(whole, x) * right(draws, x, y)).to(x.dtype)

    return answer


def _of_mean_logits(draws: Draws, x: Tensor, y: Tensor) -> Tensor:
    out = torch.stack([logits(one, x) for one in draws]).mean(0)
    slope = torch.stack([slopes(one, x) for one in draws]).mean(0)
    residual = out.softmax(1) - F.one_hot(y, out.shape[1])
    return torch.einsum("bk,bkd->bd", residual, slope).view_as(x).to(x.dtype)


def _of_one_weighted(which: int) -> Formula:
    """All draws come into the mean, and one of them into its gradient."""

    def answer(draws: Draws, x: Tensor, y: Tensor) -> Tensor:
        p, own = _each(draws, x, y)
        return (_like(p[which] / p.sum(0), x) * own[which]).to(x.dtype)

    return answer


def _strongest(draws: Draws, x: Tensor, y: Tensor) -> Tensor:
    """Of the draw whose loss is highest, sample by sample."""
    p, own = _each(draws, x, y)
    return own[p.argmin(0), torch.arange(len(x))].to(x.dtype)


def _through(whole: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The gradient of whole(logits, y), a number made of the logits of all draws, [D, B, K]."""

    def answer(draws: Draws, x: Tensor, y: Tensor) -> Tensor:
        z = x.detach().clone().requires_grad_()
        (g,) = torch.autograd.grad(whole(torch.stack([one(z) for one in draws]), y), z)
        return g

    return answer


def _of_class(p: Tensor, y: Tensor) -> Tensor:
    return p.gather(1, y[:, None])[:, 0]


def _mean(out: Tensor) -> Tensor:
    """The mean probabilities, [B, K]."""
    return out.softmax(2).mean(0)


def _times(factor: Callable[[Draws, Tensor], float]) -> Formula:
    return lambda draws, x, y: factor(draws, x) * right(draws, x, y)


MISTAKES = {
    "first-draw-only": like(_of_own(lambda own: own[0]), _of_own(lambda own: own[0] / len(own))),
    "last-draw-only": like(_of_own(lambda own: own[-1]), _of_own(lambda own: own[-1] / len(own))),
    "mean-of-losses": like(_of_own(lambda own: own.mean(0)), _of_own(lambda own: own.sum(0))),
    "mean-of-logits": like(_of_mean_logits),
    "softmax-twice": like(_through(lambda out, y: F.cross_entropy(_mean(out), y, reduction="sum"))),
    "no-softmax": like(_through(lambda out, y: -_of_class(out.mean(0), y).sum())),
    "sigmoid": like(_through(lambda out, y: -_of_class(out.sigmoid().mean(0), y).log().sum())),
    "softmax-over-the-images": like(_through(lambda out, y: -_of_class(out.softmax(1).mean(0), y).log().sum())),
    "of-the-guess": like(_through(lambda out, y: -_mean(out).amax(1).log().sum())),
    "of-all-classes": like(_through(lambda out, y: -_mean(out).log().sum())),
    "labels-of-others": like(
        _through(lambda out, y: -_mean(out)[:, y].log().sum()),
        _through(lambda out, y: -_mean(out)[:, y[0]].log().sum()),
    ),
    "logarithm-of-the-batch": like(
        _through(lambda out, y: -_of_class(_mean(out), y).mean().log()),
        _through(lambda out, y: -_of_class(_mean(out), y).sum().log() * len(y)),
    ),
    "constant-in-the-logarithm": like(
        *(_through(lambda out, y, c=c: -(_of_class(_mean(out), y) + c).log().sum()) for c in (0.1, 0.01, 0.001))
    ),
    "draws-cut-off": like(_of_one_weighted(0), _of_one_weighted(-1)),
    "strongest-draw-only": like(_strongest),
    "of-the-probability": like(*(_of_probability(sign, mean) for sign in (-1, 1) for mean in (True, False))),
    "mean-over-the-batch": like(_times(lambda draws, x: 1 / len(x))),
    "divided-by-draws": like(_times(lambda draws, x: 1 / len(draws))),
    "minus-sign": like(_times(lambda draws, x: -1)),
    "mean-of-signs": like(_of_own(lambda own: own.sign().mean(0)), _of_own(lambda own: own.sign().sum(0))),
    "takes-the-sign": like(lambda *args: right(*args).sign()),
    "zero": like(lambda draws, x, y: torch.zeros_like(x)),
    "wrong-scale": scaled(_times(lambda draws, x: 7)),
}


def asked(number: int, samples: int, seed: int, *, shape: tuple[int, ...] = (2, 3, 3), scale: float = 1.0) -> tuple:
    """So many draws of one linear classifier, each with weights of its own, and images with their labels."""
    dice = torch.Generator().manual_seed(seed)
    x = 0.3 + 0.4 * torch.rand(samples, *shape, generator=dice)
    size = x[0].numel()
    draws: Draws = [
        Planes(scale * torch.randn(4, size, generator=dice), scale * torch.randn(4, generator=dice)).eval()
        for _ in range(number)
    ]
    return draws, x, torch.arange(samples) % 4


def in_double(draws: Draws, x: Tensor, y: Tensor) -> tuple:
    return [one.double() for one in draws], x.double(), y


def unlikely(draws: Draws, x: Tensor, _: Tensor) -> tuple:
    """With the label that the mean of the draws finds least likely."""
    return draws, x, torch.stack([logits(one, x).softmax(1) for one in draws]).mean(0).argmin(1)


def cases() -> Iterator[Case]:
    yield Case(asked(5, 6, 0), "wrong-value", mistakes=MISTAKES)
    for where, args in {
        "a single draw": asked(1, 3, 1),
        "a single image": asked(4, 1, 2),
        "as many draws as images": asked(3, 3, 3),
        "points [B, 2]": asked(6, 5, 4, shape=(2,)),
        "forty draws": asked(40, 2, 5),
        "labels that are very unlikely": unlikely(*asked(3, 4, 8, scale=4.0)),
        "float64": in_double(*asked(3, 4, 6)),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def _numbers(answer: Tensor, draws: Draws, x: Tensor, y: Tensor) -> dict:
    wanted = right(draws, x, y)
    factor = (answer * wanted).sum() / (wanted * wanted).sum()
    return {"draws": len(draws), "images": len(x), "factor": float(factor)}


class InTraining(Planes):
    """A draw whose weights hold the gradients of a training step, in every copy too."""

    def __deepcopy__(self, memo: dict) -> InTraining:
        twin = InTraining(*(w.detach().clone() for w in self.parameters())).train(self.training)
        for w in twin.parameters():
            w.grad = torch.linspace(0.2, 1.2, w.numel()).view_as(w)
        return twin


def leaves_gradients_alone(ask: Interview) -> None:
    draws, x, y = asked(3, 4, 7)
    ask([InTraining(*one.parameters()).eval() for one in draws], x, y)
    ask.breaches = [breach for breach in ask.breaches if breach[0] not in _values.meant]
    if any(breach[0] == "erases-grads" for breach in ask.breaches):
        SAY.fail("erases-the-gradients")


SAY = words(__file__)
# torch.func.grad leaves the graph on what it returns.
_values = Spec(SAY, right, cases, _numbers, meant=("attached",))
check_mean_gradient = Questions(SAY, (_values, leaves_gradients_alone))
