"""The check for `kurakin_loss(model, x, y, attack, share, weight)`: its value and the gradient of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..closed_forms import logits, loss
from ..forms import require_plain
from ..interview import Interview
from ..spec import Case, Formula, Questions, Spec, like, same, scaled, seen
from ..verdict import apart
from ..words import words
from .rehearsal import SHARE, WEIGHT, Labels, attack, attacked_with, batch, resting

SAY = words(__file__, "rehearsal")


def value_and_slope(value: object, args: tuple) -> Tensor:
    """A training loss is one number with a graph: that number and the gradient with respect to all weights, [1 + n]."""
    if value is None:
        SAY.fail("returns-none")
    if not isinstance(value, Tensor):
        SAY.fail("returns-no-tensor", kind=type(value).__name__)
    require_plain(value)
    if value.numel() != 1:
        SAY.fail("wrong-shape", shape=[*value.shape])
    if not value.isfinite():
        SAY.fail("nan")
    if not value.requires_grad:
        SAY.fail("no-graph", loss=value.item())
    weights = list(args[0].parameters())
    try:
        slopes = torch.autograd.grad(value, weights, allow_unused=True, retain_graph=True)
    except RuntimeError:  # the answer has gone this way itself, and what it needed was freed
        SAY.fail("backward-inside", loss=value.item())
    rows = [value.reshape(1), *(torch.zeros_like(w) if s is None else s for w, s in zip(weights, slopes, strict=True))]
    return torch.cat([row.detach().flatten().double() for row in rows])


def right(model: nn.Module, x: Tensor, y: Tensor, attack: Callable[..., Tensor], share: float, weight: float) -> Tensor:
    """Of the logits W x + b: the weighted mean, and sum c_i (p_i - onehot) x_i, and that without x_i."""
    k = round(share * len(x))
    z = torch.cat([attacked_with(x[:k], y[:k]), x[k:]])
    c = torch.where(torch.arange(len(x)) < k, weight, 1.0).double()
    c = c / c.sum() if c.any() else c
    out = logits(model, z)
    pulls = c[:, None] * (out.softmax(1) - F.one_hot(y, out.shape[1]))
    value = (c * loss(model, z, y)).sum().reshape(1)
    return torch.cat([value, (pulls.T @ z.flatten(1).double()).flatten(), pulls.sum(0)])


# Mistakes -----------------------------------------------------------------------------------------------------------

# Losses of the clean rest [m - k], of the attacked [k] and of all clean [m], and m, k, weight -> the loss.
Sums = Callable[[Tensor, Tensor, Tensor, int, int, float], Tensor]
# model, x, y, k -> the labels [k] that the attack is told.
Told = Callable[[nn.Module, Tensor, Tensor, int], Tensor]


def _each(model: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(model(z), y, reduction="none")


def _guess(model: nn.Module, x: Tensor) -> Tensor:
    return logits(model, x).argmax(1)


def of_sums(combine: Sums, first: Callable[[float, int], int] = lambda share, m: round(share * m)) -> Formula:
    """The first k replaced, and their losses put together otherwise, or another k."""

    def answer(model, x, y, attack, share, weight) -> Tensor:
        k = first(share, len(x))
        rest, hit = _each(model, x[k:], y[k:]), _each(model, attacked_with(x[:k], y[:k]), y[:k])
        return combine(rest, hit, _each(model, x, y), len(x), k, weight)

    return answer


def weighted(rest: Tensor, hit: Tensor, clean: Tensor, m: int, k: int, weight: float) -> Tensor:
    """The right way to put them together."""
    return (rest.sum() + weight * hit.sum()) / (m - k + weight * k)


def of_labels(labels: Told) -> Formula:
    """The attack is told other labels."""

    def answer(model, x, y, attack, share, weight) -> Tensor:
        k = round(share * len(x))
        z = attacked_with(x[:k], labels(model, x, y, k))
        return weighted(_each(model, x[k:], y[k:]), _each(model, z, y[:k]), y, len(x), k, weight)

    return answer


def _attacks_the_rest(model, x, y, attack, share, weight) -> Tensor:
    return of_sums(weighted)(model, x.flip(0), y.flip(0), attack, 1 - share, weight)


def _last_ones(model, x, y, attack, share, weight) -> Tensor:
    return of_sums(weighted)(model, x.flip(0), y.flip(0), attack, share, weight)


def _share_as_number(model, x, y, attack, share, weight) -> Tensor:
    exact = share * len(x)
    return of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.sum()) / (m - exact + w * exact))(
        model, x, y, attack, share, weight
    )


def _learns_its_predictions(model, x, y, attack, share, weight) -> Tensor:
    k, guess = round(share * len(x)), _guess(model, x)
    z = attacked_with(x[:k], y[:k])
    return weighted(_each(model, x[k:], guess[k:]), _each(model, z, guess[:k]), y, len(x), k, weight)


def _softmax_twice(model, *args) -> Tensor:
    return of_sums(weighted)(lambda z: model(z).softmax(1), *args)


def _weight_on_the_last(rest: Tensor, hit: Tensor, clean: Tensor, m: int, k: int, weight: float) -> Tensor:
    """The weight is that of the last k rows, the first k were attacked."""
    each = torch.cat([hit, rest])
    return (each[: m - k].sum() + weight * each[m - k :].sum()) / (m - k + weight * k)


def _behind(weigh_the_first: bool) -> Formula:
    """The attacked ones stand behind the clean ones, the labels where they were."""

    def answer(model, x, y, attack, share, weight) -> Tensor:
        k = round(share * len(x))
        each = _each(model, torch.cat([x[k:], attacked_with(x[:k], y[:k])]), y)
        parts = (each[k:], each[:k]) if weigh_the_first else (each[: len(x) - k], each[len(x) - k :])
        return weighted(*parts, each, len(x), k, weight)

    return answer


def _through_the_attack(model, x, y, attack, share, weight) -> Tensor:
    k = round(share * len(x))
    z = attack(model, x[:k], Labels(y[:k]))
    return weighted(_each(model, x[k:], y[k:]), _each(model, z, y[:k]), y, len(x), k, weight)


MISTAKES = {
    "through-the-attack": like(_through_the_attack),
    "wrong-gradient": seen(lambda answer, *args: same(answer[0], right(*args)[0])),
    "appends-only": like(of_sums(lambda rest, hit, clean, m, k, w: (clean.sum() + w * hit.sum()) / (m - k + w * k))),
    "appends": like(
        of_sums(lambda rest, hit, clean, m, k, w: (clean.sum() + w * hit.sum()) / (m + w * k)),
        of_sums(lambda rest, hit, clean, m, k, w: (clean.sum() + w * hit.sum()) / m),
    ),
    "weight-on-the-clean": like(
        of_sums(lambda rest, hit, clean, m, k, w: (w * rest.sum() + hit.sum()) / (w * (m - k) + k)),
        of_sums(lambda rest, hit, clean, m, k, w: (w * rest.sum() + hit.sum()) / (m - k + w * k)),
    ),
    "weight-on-others": like(of_sums(_weight_on_the_last)),
    "one-less-the-weight": like(
        of_sums(lambda rest, hit, clean, m, k, w: ((1 - w) * rest.sum() + w * hit.sum()) / (m - k + w * k)),
        of_sums(lambda rest, hit, clean, m, k, w: ((1 - w) * rest.sum() + w * hit.sum()) / m),
        of_sums(lambda rest, hit, clean, m, k, w: (1 - w) * rest.mean() + w * hit.mean()),
    ),
    "without-brackets": like(
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.sum()) / (m - k) + w * k),
        of_sums(lambda rest, hit, clean, m, k, w: rest.sum() + w * hit.sum() / (m - k + w * k)),
    ),
    "divides-by-m": like(of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.sum()) / m)),
    "other-divisor": like(
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.sum()) / (m - k)),
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.sum()) / (m + w * k)),
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.sum()) / (m + k)),
    ),
    "no-divisor": like(of_sums(lambda rest, hit, clean, m, k, w: rest.sum() + w * hit.sum())),
    "mean-of-means": like(
        of_sums(lambda rest, hit, clean, m, k, w: (rest.mean() + w * hit.mean()) / (1 + w)),
        of_sums(lambda rest, hit, clean, m, k, w: rest.mean() + w * hit.mean()),
        of_sums(lambda rest, hit, clean, m, k, w: (rest.mean() + w * hit.mean()) / (m - k + w * k)),
        of_sums(lambda rest, hit, clean, m, k, w: (rest.mean() + hit.mean()) / 2),
    ),
    "forgets-the-weight": like(of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + hit.sum()) / m)),
    "weight-on-all": like(
        of_sums(lambda rest, hit, clean, m, k, w: w * (rest.sum() + hit.sum()) / m),
        of_sums(lambda rest, hit, clean, m, k, w: w * (rest.sum() + hit.sum()) / (m - k + w * k)),
    ),
    "weight-in-one-place": like(
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + hit.sum()) / (m - k + w * k)),
    ),
    "attacks-all": like(lambda model, x, y, *_: _each(model, attacked_with(x, y), y).mean()),
    "clean-only": like(
        lambda model, x, y, *_: _each(model, x, y).mean(),
        of_sums(lambda rest, hit, clean, m, k, w: weighted(clean[k:], clean[:k], clean, m, k, w)),
    ),
    "softmax-twice": like(_softmax_twice),
    "attacked-only": like(of_sums(lambda rest, hit, clean, m, k, w: hit.mean())),
    "attacks-the-rest": like(_attacks_the_rest, of_sums(weighted, lambda share, m: m - round(share * m))),
    "rounds-down": like(of_sums(weighted, lambda share, m: int(share * m))),
    "share-as-number": like(_share_as_number),
    "off-by-one": like(of_sums(weighted, lambda share, m: round(share * m) + 1)),
    "first-only": like(of_sums(weighted, lambda share, m: 1)),
    "weight-once": like(
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.sum()) / (m - k + w)),
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.mean()) / (m - k + w)),
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w * hit.mean()) / (m - k + w * k)),
    ),
    "weight-squared": like(
        lambda *args: of_sums(weighted)(*args[:-1], args[-1] ** 2),
        of_sums(lambda rest, hit, clean, m, k, w: (rest.sum() + w**2 * hit.sum()) / (m - k + w * k)),
    ),
    "minus-sign": like(lambda *args: -of_sums(weighted)(*args)),
    "other-rows": like(_last_ones),
    "predicted-labels": like(of_labels(lambda model, x, y, k: _guess(model, x)[:k])),
    "labels-of-others": like(of_labels(lambda model, x, y, k: y[len(y) - k :])),
    "loss-of-predictions": like(_learns_its_predictions),
    "changes-the-order": like(_behind(weigh_the_first=False), _behind(weigh_the_first=True)),
    "wrong-factor": scaled(lambda *args: 2 * of_sums(weighted)(*args)),
}


EIGHT = {
    "batch-of-eight": like(
        of_sums(weighted, lambda share, m: round(8 * share)),
        of_sums(lambda rest, hit, clean, m, k, w: weighted(rest, hit, clean, 8, k, w)),
    )
}
UP = {"rounds-up": like(of_sums(weighted, lambda share, m: math.ceil(share * m)))}


def cases() -> Iterator[Case]:
    yield Case((*batch(), attack, SHARE, WEIGHT), "wrong-value", mistakes=MISTAKES)
    yield Case((*batch(), attack, 0.4, 2.0), "wrong-elsewhere", "a share of 0.4 and weight 2", mistakes=UP)
    for share, who in ((0.0, "attacked"), (1.0, "clean")):
        where = f"a share of {share:g}, with no {who} examples,"
        yield Case((*batch(), attack, share, WEIGHT), "wrong-elsewhere", where, told={"nan": "nan-of-none"})
    yield Case((*batch(), attack, SHARE, 0.0), "wrong-elsewhere", "weight 0")
    yield Case((*resting(7), attack, 0.2, 1.0), "wrong-elsewhere", "a batch of 7 and weight 1", mistakes=EIGHT)
    yield Case((*batch(dtype=torch.float64), attack, SHARE, WEIGHT), "wrong-elsewhere", "float64")


def _numbers(answer: Tensor, model, x, y, attack, share, weight) -> dict:
    wanted = right(model, x, y, attack, share, weight)
    found, correct = apart(answer[0], wanted[0])
    return {
        "loss": found,
        "right_loss": correct,
        "factor": answer[0] / wanted[0],
        "off": int(((answer - wanted).abs() > 1e-4).sum()),
        "m": len(x),
        "k": round(share * len(x)),
    }


def leaves_backward_to_the_caller(ask: Interview) -> None:
    for diagnosis, numbers in ask.breaches:
        if diagnosis == "fills-model-grads":
            SAY.fail("calls-backward", **numbers)


check_kurakin_loss = Questions(
    SAY, (Spec(SAY, right, cases, _numbers, meant=("attached",)), leaves_backward_to_the_caller)
)
