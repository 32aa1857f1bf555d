"""The check for `interval_layer(weight, bias, lo, hi)`: what relu(W x + b) can be while x stays between two bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..forms import tensor
from ..spec import Case, Formula, Spec, like, same, seen
from ..verdict import NOT_ATTEMPTED, Finding, Verdict, kind_of
from ..words import general_words, words

SAY = words(__file__)

ONE_BOUND = tensor(
    lambda args: [len(args[2]), len(args[0])], "each bound a row for each sample and a column for each output"
)
BOTH = tensor(lambda args: [2, len(args[2]), len(args[0])], "the lower and the upper bounds of all samples and outputs")


def lower_and_upper(value: object, args: tuple) -> Tensor:
    """A pair of tensors [B, m], or one of them on top of the other: [2, B, m]."""
    if isinstance(value, (tuple, list)):
        if any(bound is ... for bound in value):
            raise Finding(Verdict(NOT_ATTEMPTED, "not-attempted", general_words("call")["not-attempted"]))
        if len(value) != 2:
            SAY.fail("no-pair", kind=kind_of(value), n=len(value))
        return torch.stack([ONE_BOUND(bound, args) for bound in value])
    return BOTH(value, args)


def pair(lower: Tensor, upper: Tensor) -> Tensor:
    return torch.stack([lower, upper]).relu()


def right(weight: Tensor, bias: Tensor, lo: Tensor, hi: Tensor) -> Tensor:
    """The lower bound has the lower end where a weight is positive, and the upper end where it is negative."""
    return pair(*_ends(*(t.double() for t in (weight, bias, lo, hi))))


def _ends(weight: Tensor, bias: Tensor, lo: Tensor, hi: Tensor) -> tuple[Tensor, Tensor]:
    up, down = weight.clamp_min(0).T, weight.clamp_max(0).T
    return lo @ up + hi @ down + bias, hi @ up + lo @ down + bias


def before_relu(weight: Tensor, bias: Tensor, lo: Tensor, hi: Tensor) -> Tensor:
    return torch.stack(_ends(weight, bias, lo, hi))


def around(
    centre: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = lambda w, b, lo, hi: (lo + hi) / 2 @ w.T + b,
    radius: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = lambda w, b, lo, hi: (hi - lo) / 2 @ w.abs().T,
) -> Formula:
    """A centre give or take a radius, then ReLU."""

    def answer(w: Tensor, b: Tensor, lo: Tensor, hi: Tensor) -> Tensor:
        middle, far = centre(w, b, lo, hi), radius(w, b, lo, hi)
        return pair(middle - far, middle + far)

    return answer


def _relu_of_one(which: int) -> Formula:
    def answer(*args: Tensor) -> Tensor:
        bounds = before_relu(*args)
        bounds[which] = bounds[which].relu()
        return bounds

    return answer


def _both_at(*choose: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The layer at the two bounds as they are, of which the results are put in this order."""
    return lambda w, b, lo, hi: pair(*(pick(lo @ w.T + b, hi @ w.T + b) for pick in choose))


def _box(low: Tensor, high: Tensor) -> Formula:
    return lambda w, b, lo, hi: right(w, b, low.expand_as(lo), high.expand_as(hi))


def _sampled(w: Tensor, b: Tensor, lo: Tensor, hi: Tensor) -> Tensor:
    points = lo + (hi - lo) * torch.rand(64, *lo.shape, generator=torch.Generator().manual_seed(0))
    seen_at = (points @ w.T + b).relu()
    return torch.stack([seen_at.amin(0), seen_at.amax(0)])


def _relu_of_the_centre(w: Tensor, b: Tensor, lo: Tensor, hi: Tensor) -> Tensor:
    middle, far = ((lo + hi) / 2 @ w.T + b).relu(), (hi - lo) / 2 @ w.abs().T
    return torch.stack([middle - far, middle + far])


def _centre_and_radius(*args: Tensor) -> Tensor:
    lower, upper = before_relu(*args)
    return torch.stack([lower + upper, upper - lower]) / 2


MISTAKES = {
    "signs-forgotten": like(_both_at(lambda at_lo, at_hi: at_lo, lambda at_lo, at_hi: at_hi)),
    "swapped": like(lambda *args: right(*args).flip(0)),
    "two-corners": like(_both_at(torch.minimum, torch.maximum)),
    "bias-forgotten": like(lambda w, b, lo, hi: right(w, 0 * b, lo, hi)),
    "bias-on-one-side": like(
        lambda w, b, lo, hi: pair(_ends(w, 0 * b, lo, hi)[0], _ends(w, b, lo, hi)[1]),
        lambda w, b, lo, hi: pair(_ends(w, b, lo, hi)[0], _ends(w, 0 * b, lo, hi)[1]),
    ),
    "bias-in-the-radius": like(
        around(radius=lambda w, b, lo, hi: (hi - lo) / 2 @ w.abs().T + b),
        around(radius=lambda w, b, lo, hi: (hi - lo) / 2 @ w.abs().T + b.abs()),
    ),
    "size-of-the-bias": like(
        lambda w, b, lo, hi: right(w, b.abs(), lo, hi),
        lambda w, b, lo, hi: right(w, -b, lo, hi),
        lambda w, b, lo, hi: pair(_ends(w, b.abs(), lo, hi)[0], _ends(w, b, lo, hi)[1]),
        lambda w, b, lo, hi: pair(_ends(w, b, lo, hi)[0], _ends(w, b.abs(), lo, hi)[1]),
    ),
    "radius-not-halved": like(around(radius=lambda w, b, lo, hi: (hi - lo) @ w.abs().T)),
    "centre-not-halved": like(around(centre=lambda w, b, lo, hi: (lo + hi) @ w.T + b)),
    "nothing-halved": like(
        around(lambda w, b, lo, hi: (lo + hi) @ w.T + b, lambda w, b, lo, hi: (hi - lo) @ w.abs().T)
    ),
    "sizes-everywhere": like(lambda w, b, lo, hi: right(w.abs(), b, lo, hi)),
    "positive-weights-only": like(lambda w, b, lo, hi: right(w.clamp_min(0), b, lo, hi)),
    "negative-weights-only": like(lambda w, b, lo, hi: right(w.clamp_max(0), b, lo, hi)),
    "radius-of-the-ball": like(
        around(radius=lambda w, b, lo, hi: ((hi - lo) / 2).amax(1, keepdim=True) * w.abs().sum(1)),
        around(radius=lambda w, b, lo, hi: ((hi - lo) / 2).amax() * w.abs().sum(1)),
    ),
    "length-of-the-weights": like(
        around(radius=lambda w, b, lo, hi: ((hi - lo) / 2).amax(1, keepdim=True) * w.norm(dim=1)),
        around(radius=lambda w, b, lo, hi: ((hi - lo) ** 2 / 4 @ (w**2).T).sqrt()),
    ),
    "no-layer": like(around(radius=lambda w, b, lo, hi: ((hi - lo) / 2).amax(1, keepdim=True).expand(-1, len(w)))),
    "centre-alone": like(around(radius=lambda w, b, lo, hi: torch.zeros(len(lo), len(w)))),
    "no-relu": like(before_relu),
    "relu-of-the-lower-only": like(_relu_of_one(0)),
    "relu-of-the-upper-only": like(_relu_of_one(1)),
    "relu-first": like(
        lambda w, b, lo, hi: before_relu(w, b, lo.relu(), hi.relu()),
        lambda w, b, lo, hi: right(w, b, lo.relu(), hi.relu()),
    ),
    "relu-of-the-centre": like(_relu_of_the_centre, lambda *args: _relu_of_the_centre(*args).relu()),
    "size-for-relu": like(
        lambda *args: before_relu(*args).abs(), lambda *args: before_relu(*args).abs().sort(0).values
    ),
    "relu-the-wrong-way": like(
        lambda *args: before_relu(*args).clamp_max(0), lambda *args: (-before_relu(*args)).relu().flip(0)
    ),
    "clamped-at-one": like(lambda *args: right(*args).clamp_max(1)),
    "box-of-images": like(
        _box(torch.tensor(0.0), torch.tensor(1.0)), lambda w, b, lo, hi: right(w, b, lo.clamp(0, 1), hi.clamp(0, 1))
    ),
    "sampled": like(_sampled),
    "one-sample-for-all": like(
        lambda w, b, lo, hi: right(w, b, lo.amin(0).expand_as(lo), hi.amax(0).expand_as(hi)),
        lambda w, b, lo, hi: right(w, b, lo[:1].expand_as(lo), hi[:1].expand_as(hi)),
    ),
    "bias-after-relu": like(lambda w, b, lo, hi: right(w, 0 * b, lo, hi) + b),
    "lower-bound-zero": like(lambda *args: right(*args) * torch.tensor([0.0, 1.0]).view(2, 1, 1)),
    "around-one-end": like(
        *(
            around(lambda w, b, lo, hi, at=at: at(lo, hi) @ w.T + b, lambda w, b, lo, hi: (hi - lo) @ w.abs().T)
            for at in (lambda lo, hi: lo, lambda lo, hi: hi)
        )
    ),
    "centre-and-radius": like(_centre_and_radius, lambda *args: _centre_and_radius(*args).relu()),
    "one-of-two-right": seen(
        lambda answer, *args: same(answer[0], right(*args)[0]) != same(answer[1], right(*args)[1])
    ),
    "below-zero": seen(lambda answer, *args: answer.min() < -1e-6),
    "upside-down": seen(lambda answer, *args: (answer[0] > answer[1] + 1e-6).any()),
    "excludes-what-happens": seen(lambda answer, *args: _excess(answer, *args).max() > 1e-4),
    "too-loose": seen(lambda answer, *args: True),
}


def _excess(answer: Tensor, *args: Tensor) -> Tensor:
    """By how much the output can lie beyond a bound."""
    lower, upper = right(*args)
    return torch.stack([answer[0] - lower, upper - answer[1]]).clamp_min(0)


def cases() -> Iterator[Case]:
    yield Case(asked(6, 5, 4, seed=3), None, mistakes=MISTAKES)
    w, b, lo, hi = asked(3, 4, 6, seed=1)
    for where, args in {
        "a single sample": (w, b, lo[:1], hi[:1]),
        "a single output": (w[:1], b[:1], lo, hi),
        "bounds that are equal": (w, b, lo, lo),
        "weights that are all negative": (-w.abs(), b, lo, hi),
        "as many samples, inputs and outputs": asked(4, 4, 4, seed=2),
        "large weights": (20 * w, b, lo, hi),
        "float64": tuple(t.double() for t in (w, b, lo, hi)),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def asked(batch: int, inputs: int, outputs: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights of both signs, inputs below 0 and above 1, no two of one width; ReLU is off, on and undecided."""
    draw = torch.Generator().manual_seed(seed)
    lo = torch.randn(batch, inputs, generator=draw)
    hi = lo + 0.1 + 0.4 * torch.rand(batch, inputs, generator=draw)
    return torch.randn(outputs, inputs, generator=draw), torch.randn(outputs, generator=draw), lo, hi


def _numbers(answer: Tensor, *args: Tensor) -> dict:
    wanted, excess = right(*args), _excess(answer, *args)
    at = int((excess if excess.max() > 1e-4 else (answer - wanted).abs()).amax(0).argmax())
    width, wide = (bounds[1] - bounds[0] for bounds in (wanted, answer))
    i = int((wide - width).argmax())
    return {
        "outputs": wanted[0].numel(),
        "off": int(((answer - wanted).abs() > 1e-4).any(0).sum()),
        "excess": excess.max(),
        "lowest": answer.min(),
        "which": "lower" if same(answer[0], wanted[0]) else "upper",
        "reach": _interval(wanted, at),
        "bounds": _interval(answer, at),
        "wide": _interval(answer, i),
        "narrow": _interval(wanted, i),
        "upside": int((answer[0] > answer[1] + 1e-6).sum()),
    }


def _interval(bounds: Tensor, i: int) -> str:
    return " to ".join(f"{bound.flatten()[i]:.2f}" for bound in bounds)


check_interval_layer = Spec(SAY, right, cases, _numbers)
