"""The check for `kurakin_loss(model, x, y, attack, share, weight)`: its value and the gradient of the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..interview import Interview
from ..models import Case
from ..verdict import fail, number
from .rehearsal import SHARE, WEIGHT, attack, batch, codes, told

# Coefficients of the losses at the clean and at the attacked images, [m] each.
Mixture = tuple[Tensor, Tensor]


def value_and_slope(value: object, args: tuple) -> Tensor:
    """A training loss is one number with a graph: that number and the gradient with respect to all weights, [1 + n]."""
    if value is None:
        fail("returns-none", "It returned None.", "Is there a return line, and has what it returns been computed?")
    if not isinstance(value, Tensor):
        fail(
            "returns-no-tensor",
            f"It returned a {type(value).__name__}, from which no optimizer can learn.",
            "The gradient with respect to the weights is taken of it: keep the tensor.",
        )
    if value.numel() != 1:
        fail(
            "wrong-shape",
            f"The answer has shape {list(value.shape)}, a training loss is one number.",
            "What has to be done with the losses of all examples?",
        )
    if not value.isfinite():
        fail("nan", "The loss is NaN or infinite.", "What do you divide by?")
    if not value.requires_grad:
        fail(
            "no-graph",
            f"The loss is {number(value)}, but it knows nothing of the weights any more.",
            "Which line cuts the graph, and which part of the formula has to be cut off instead?",
        )
    weights = list(args[0].parameters())
    slopes = torch.autograd.grad(value, weights, allow_unused=True, retain_graph=True)
    rows = [value.reshape(1), *(torch.zeros_like(w) if s is None else s for w, s in zip(weights, slopes, strict=True))]
    return torch.cat([row.detach().flatten().double() for row in rows])


def check_kurakin_loss(ask: Interview) -> str:
    _compare(ask, batch(), SHARE, WEIGHT)
    for case, share, weight, where in (
        (batch(), 0.4, 2.0, "a share of 0.4 and weight 2"),
        (batch(), 0.0, WEIGHT, "a share of 0"),
        (batch(), 1.0, WEIGHT, "a share of 1"),
        (batch(), SHARE, 0.0, "weight 0"),
        (batch(7), 0.3, 1.0, "a batch of 7 and weight 1"),
        (batch(dtype=torch.float64), SHARE, WEIGHT, "float64"),
    ):
        found, wanted = _ask(ask, case, share, weight), Parts(case, share, weight).of(right)
        if not _same(found, wanted):
            fail(
                "wrong-elsewhere",
                f"Right at first, but for {where} the loss is {number(found[0])} where {number(wanted[0])} is right, "
                "or its gradient is off.",
                "What is special about that case?",
            )
    # A loss has to carry its graph: what is bad manners for an attack is its purpose.
    ask.breaches = [breach for breach in ask.breaches if breach[0] != "attached"]
    return "The loss is the weighted mean, and its gradient that of the weights at attacked images held fixed."


@dataclass(frozen=True, eq=False)
class Parts:
    """The losses that any answer is made of: each image, clean or attacked with these labels, and its closed form."""

    case: Case
    share: float
    weight: float

    @property
    def m(self) -> int:
        return len(self.case.x)

    @property
    def k(self) -> int:
        return round(self.share * self.m)

    def of(self, mixture: Callable[[Parts], Mixture], labels: Tensor | None = None) -> Tensor:
        """Value and gradient of sum a_i l(x_i, y_i) + sum b_i l(z_i, y_i), with z told the true or these labels."""
        case = self.case
        z = told(case.x, case.y if labels is None else labels)
        return sum(self.term(at, c) for at, c in zip((case.x, z), mixture(self), strict=True))

    def term(self, images: Tensor, coefficients: Tensor, y: Tensor | None = None) -> Tensor:
        """sum c_i l(x_i, y_i) and its gradient, for logits W x + b: sum c_i (p_i - onehot) x_i, and without x_i."""
        case, y = self.case, self.case.y if y is None else y
        wrong = coefficients[:, None] * (case.logits(images).softmax(1) - case.one_hot(y))
        value = (coefficients * case.loss(images, y)).sum().reshape(1)
        return torch.cat([value, (wrong.T @ images.flatten(1).double()).flatten(), wrong.sum(0)])

    def first(self, k: int, inside: float, outside: float) -> Tensor:
        """[m]: `inside` for the first k examples, `outside` for the others."""
        return torch.where(torch.arange(self.m) < k, inside, outside).double()


def right(p: Parts) -> Mixture:
    return _over(p, p.k, p.m - p.k + p.weight * p.k)


def _over(p: Parts, k: int, divisor: float) -> Mixture:
    return p.first(k, 0, 1 / divisor), p.first(k, p.weight / divisor, 0)


def _appended(p: Parts, divisor: float) -> Mixture:
    return p.first(p.m, 1 / divisor, 0), p.first(p.k, p.weight / divisor, 0)


@dataclass(frozen=True)
class WrongMixture:
    diagnosis: str
    seen: str
    look: str
    mixture: Callable[[Parts], Mixture]


_WEIGHTS = "Give every example the loss 1: what should the weighted mean be, and what do you get?"
_BATCH = "How many clean examples are left when k of m are replaced?"

WRONG_MIXTURES = (
    WrongMixture(
        "appends-only",
        "All {m} clean examples count, {k} attacked ones on top, and the divisor is that of a batch of {m}: "
        "the slide's other reading.",
        _WEIGHTS,
        lambda p: _appended(p, p.m - p.k + p.weight * p.k),
    ),
    WrongMixture(
        "appends",
        "All {m} clean examples count, {k} attacked ones on top, with a divisor that fits them.",
        "A weighted mean of another batch: how many clean examples are left when k of m are replaced?",
        lambda p: _appended(p, p.m + p.weight * p.k),
    ),
    WrongMixture(
        "appends",
        "All {m} clean examples count and {k} attacked ones on top, divided by {m}.",
        _BATCH,
        lambda p: _appended(p, p.m),
    ),
    WrongMixture(
        "weight-on-the-clean",
        "The clean examples get the weight, the attacked ones count fully.",
        "Which of the two sums does the weight multiply?",
        lambda p: (
            p.first(p.k, 0, p.weight / (p.weight * (p.m - p.k) + p.k)),
            p.first(p.k, 1 / (p.weight * (p.m - p.k) + p.k), 0),
        ),
    ),
    WrongMixture(
        "weight-on-the-clean",
        "The clean examples get the weight, the divisor gives it to the attacked ones.",
        "Which of the two sums does the weight multiply?",
        lambda p: (
            p.first(p.k, 0, p.weight / (p.m - p.k + p.weight * p.k)),
            p.first(p.k, 1 / (p.m - p.k + p.weight * p.k), 0),
        ),
    ),
    WrongMixture(
        "divides-by-m",
        "The weighted sum is right, and divided by the {m} examples of the batch.",
        _WEIGHTS,
        lambda p: _over(p, p.k, p.m),
    ),
    WrongMixture(
        "no-divisor",
        "The weighted sum is right, and not divided by anything.",
        "A loss that grows with the batch changes the learning rate with it: what is missing?",
        lambda p: _over(p, p.k, 1),
    ),
    WrongMixture(
        "mean-of-means",
        "It is the mean of the clean loss and the weighted mean of the attacked one, each by itself.",
        "What does a single attacked example count in your formula, and what does a clean one?",
        lambda p: (p.first(p.k, 0, 1 / (p.m - p.k) / (1 + p.weight)), p.first(p.k, p.weight / p.k / (1 + p.weight), 0)),
    ),
    WrongMixture(
        "mean-of-means",
        "It is the sum of the mean clean loss and of the weighted mean attacked one.",
        "What does a single attacked example count in your formula, and what does a clean one?",
        lambda p: (p.first(p.k, 0, 1 / (p.m - p.k)), p.first(p.k, p.weight / p.k, 0)),
    ),
    WrongMixture(
        "mean-of-means",
        "It is half the mean clean loss and half the mean attacked one.",
        "What does a single attacked example count in your formula, and where is the weight?",
        lambda p: (p.first(p.k, 0, 0.5 / (p.m - p.k)), p.first(p.k, 0.5 / p.k, 0)),
    ),
    WrongMixture(
        "forgets-the-weight",
        "Every example counts the same, attacked or not.",
        "What is an attacked example worth?",
        lambda p: (p.first(p.k, 0, 1 / p.m), p.first(p.k, 1 / p.m, 0)),
    ),
    WrongMixture(
        "weight-in-one-place",
        "In the sum every example counts the same, in the divisor the attacked ones have their weight.",
        _WEIGHTS,
        lambda p: (
            p.first(p.k, 0, 1 / (p.m - p.k + p.weight * p.k)),
            p.first(p.k, 1 / (p.m - p.k + p.weight * p.k), 0),
        ),
    ),
    WrongMixture(
        "attacks-all",
        "All {m} examples are attacked, none is clean.",
        "That is another training method: what does the share say?",
        lambda p: (p.first(p.m, 0, 0), p.first(p.m, 1 / p.m, 0)),
    ),
    WrongMixture(
        "clean-only",
        "It is the mean loss of the clean batch.",
        "Where do the attacked images come in?",
        lambda p: (p.first(p.m, 1 / p.m, 0), p.first(p.m, 0, 0)),
    ),
    WrongMixture(
        "attacked-only",
        "Only the {k} attacked examples count.",
        "What about the others?",
        lambda p: (p.first(p.m, 0, 0), p.first(p.k, 1 / p.k, 0)),
    ),
    WrongMixture(
        "attacks-the-rest",
        "The first {k} examples stay clean and the others are attacked.",
        "The share is that of the attacked ones.",
        lambda p: (
            p.first(p.k, 1 / (p.k + p.weight * (p.m - p.k)), 0),
            p.first(p.k, 0, p.weight / (p.k + p.weight * (p.m - p.k))),
        ),
    ),
    WrongMixture(
        "rounds-down",
        "Of {m} examples {k} should be attacked, and one fewer is.",
        "What does turning a float into an integer do, and which whole number is nearest?",
        lambda p: _over(p, p.k - 1, p.m - p.k + 1 + p.weight * (p.k - 1)),
    ),
    WrongMixture(
        "share-as-number",
        "The number of attacked examples is {k} in the sum and a fraction in the divisor.",
        "There are no fractions of an example: with which number do you count?",
        lambda p: _over(p, p.k, p.m - p.share * p.m + p.weight * p.share * p.m),
    ),
    WrongMixture(
        "other-rows",
        "The right number of examples is attacked, the last ones instead of the first.",
        "Any would do for training; here the first are asked for, so that a check can know them.",
        lambda p: tuple(c.flip(0) for c in right(p)),
    ),
)


def _compare(ask: Interview, case: Case, share: float, weight: float) -> None:
    parts = Parts(case, share, weight)
    found, wanted = _ask(ask, case, share, weight), parts.of(right)
    if _same(found, wanted):
        return
    if _same(found[:1], wanted[:1]):
        _explain_slope(found, wanted, parts)
    for wrong in WRONG_MIXTURES:
        if _same(found, parts.of(wrong.mixture)):
            fail(wrong.diagnosis, wrong.seen.format(m=parts.m, k=parts.k), wrong.look)
    _refuse_labels(found, parts)
    for factor in (1000.0, -1.0, 0.5, 2.0):
        if _same(found, factor * wanted):
            fail("wrong-factor", f"The loss is {factor:g} times the right one.", "Which factor is there too many?")
    fail(
        "wrong-value",
        f"The loss is {number(found[0])} where {number(wanted[0])} is right, with {parts.k} of {parts.m} attacked.",
        _WEIGHTS,
    )


def _explain_slope(found: Tensor, wanted: Tensor, parts: Parts) -> None:
    case, k = parts.case, parts.k
    # Through the attack the images move with the sum of the weights: one more term, equal for all of them.
    _, b = right(parts)
    z = told(case.x, case.y)
    pull = case.gradient(z, case.y).double().flatten(1) @ codes()[0].flatten().double()
    extra = (b * pull).sum()
    if _same(found[1:], wanted[1:] + extra):
        fail(
            "through-the-attack",
            f"The loss is right, but its gradient also runs through the attack, on {k} of {parts.m} images.",
            "The attacked images are data for this step: what makes a tensor forget where it came from?",
        )
    fail(
        "wrong-gradient",
        f"The loss is right, but {int((found - wanted).abs().gt(1e-4).sum())} of {len(wanted) - 1} entries of its "
        "gradient are off.",
        "Which part of the loss is cut off from the weights?",
    )


def _refuse_labels(found: Tensor, parts: Parts) -> None:
    case, k = parts.case, parts.k
    guess = case.logits(case.x).argmax(1)
    if _same(found, parts.of(right, guess)):
        fail(
            "predicted-labels",
            f"The {k} attacks were told what the network predicts instead of the labels.",
            "A good idea that comes later in this unit: whose labels are asked for here?",
        )
    others = torch.cat([case.y[-k:], case.y[k:]])
    if _same(found, parts.of(right, others)):
        fail(
            "labels-of-others",
            f"The first {k} images were attacked with the labels of the last {k}.",
            "Images and labels have to be cut at the same place.",
        )
    a, b = right(parts)
    if _same(found, parts.term(case.x, a, guess) + parts.term(told(case.x, case.y), b, guess)):
        fail(
            "loss-of-predictions",
            "The loss compares the network with its own predictions.",
            "From which labels is it to learn?",
        )
    for z, weights in (
        (torch.cat([case.x[k:], told(case.x, case.y)[:k]]), torch.cat([a[k:], b[:k]])),
        (torch.cat([case.x[k:], told(case.x, case.y)[:k]]), a + b),
    ):
        if _same(found, parts.term(z, weights)):
            fail(
                "changes-the-order",
                "The attacked images were put behind the clean ones, the labels stayed where they were.",
                "Which image does the first label belong to now?",
            )


def _ask(ask: Interview, case: Case, share: float, weight: float) -> Tensor:
    return ask(case.model, case.x, case.y, attack, share, weight)


def _same(a: Tensor, b: Tensor) -> bool:
    return bool(((a - b).abs() <= 1e-4 * (1 + b.abs())).all())
