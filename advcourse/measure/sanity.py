"""Whether a model can be evaluated at all: what its answers look like, and whether its gradients tell the truth.

Each question is put to a few samples and answered by one line of the report: a verdict, the number it rests on, and
what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from advcourse.answers import check_no_nan
from advcourse.asking import Model, answer, evaluating
from advcourse.attacks.gradient import input_gradient
from advcourse.behind import networks
from advcourse.goals import Untargeted, cross_entropy, margin
from advcourse.measure.report import Finding
from advcourse.threats import Threat

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
ROUNDING = 1e-5  # of the largest answer: so far may two roundings of the same answer lie apart


class Logarithms:
    """A model of probabilities as one of logits: the logarithm undoes a softmax up to a constant of the sample."""

    def __init__(self, model: Model):
        self.model = model

    def __call__(self, z: Tensor) -> Tensor:
        p = self.model(z)
        return p.clamp(min=torch.finfo(p.dtype).tiny).log()


def look_like_probabilities(out: Tensor) -> bool:
    """Whether every row of out [B, K] is >= 0 and sums to one."""
    return len(out) > 0 and bool((out >= 0).all()) and bool(((out.sum(1) - 1).abs() < 1e-4).all())


def logits_line(probabilities: bool) -> Finding:
    """Are the answers logits?"""
    found = "every answer is >= 0 and sums to one" if probabilities else "the answers are no probabilities"
    return Finding(
        "logits", not probabilities, found, "drop the last softmax; here its logarithm was attacked in its place"
    )


def answers(model: Model, x: Tensor) -> Iterator[Finding]:
    """Does the same question get the same answer, alone or in company, and does asking leave the model as it was?"""
    before = [b.clone() for b in _buffers(model)]
    with evaluating(model), torch.no_grad():
        first, again = answer(model, x), answer(model, x)
        halves = torch.cat([answer(model, part) for part in x.split(max(1, len(x) // 2))])
    changed = sum(not torch.equal(a, b) for a, b in zip(before, _buffers(model)))
    repeats = _apart(first, again) <= ROUNDING
    culprit = None if repeats else _who_varies(model, x)
    drops = culprit is not None and isinstance(culprit[1], DROPOUTS)
    yield Finding(
        "repeatable",
        repeats,
        f"two answers to one question are {_apart(first, again):.2g} of the largest apart"
        + (f", from {culprit[0]} on" if culprit else ""),
        "turn the randomness off, or attack and judge the mean of many answers",
    )
    yield Finding(
        "dropout",
        not drops,
        f"{culprit[0]} drops in evaluation mode" if culprit and drops else "no dropout is at work",
        "call model.eval(), and no F.dropout without training=self.training",
    )
    apart = _apart(first, halves)
    yield Finding(
        "batch",
        apart <= ROUNDING if repeats else None,
        f"in half the batch the same samples' answers are {apart:.2g} of the largest apart",
        "a normalisation uses the statistics of the batch: call model.eval()",
    )
    yield Finding(
        "state",
        not changed,
        f"{changed} of {len(before)} buffers changed while the model was asked",
        "call model.eval(); they were put back",
    )


@dataclass(frozen=True)
class Slopes:
    """Of B samples [B] bool: `still` where no tiny step changes the answer; `wrong` where the margin's gradient misses.

    `flat`: the cross entropy's gradient is exactly zero and the margin's is not.
    """

    still: Tensor
    wrong: Tensor
    flat: Tensor


def slopes(model: Model, x: Tensor, y: Tensor, threat: Threat) -> Slopes:
    """Compare gradients with what the model does a little further: x [B, ...], y [B].

    Along the margin's gradient, every pixel a thousandth of the box, the margin has to rise by what it promises; where
    that is nothing, a random direction must change nothing. Halfway may be a kink: a factor of two is allowed.
    """
    zero = torch.zeros_like(x)
    can = differentiable(model, x)
    g = input_gradient(model, x, Untargeted(y, margin)) if can else zero
    ce = input_gradient(model, x, Untargeted(y, cross_entropy)) if can else zero
    width = threat.hi - threat.lo
    random = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x).sign()
    direction = torch.where(_rows_of(g == 0, x), random, g.sign())
    there, near = ((x + h * width * direction).clamp(threat.lo, threat.hi) for h in (1e-3, 1e-4))
    with evaluating(model), torch.no_grad():
        out, out_there, out_near = (answer(model, z) for z in (x, there, near))
    check_no_nan(out)
    rise, promised = margin(out_there, y) - margin(out, y), (g * (there - x)).flatten(1).sum(1)
    least = ROUNDING * out.abs().amax(1)
    wrong = (rise - promised).abs() > 0.5 * torch.maximum(rise.abs(), promised.abs()) + least
    flat = (ce == 0).flatten(1).all(1) & (g != 0).flatten(1).any(1)
    return Slopes((out_near == out).all(1), wrong, flat)


def gradients(seen: Slopes, repeatable: bool) -> Iterator[Finding]:
    """Do answers change where the input does, as the gradient says, and does the cross entropy have one?"""
    n = len(seen.still)
    asked = n > 0 and repeatable
    still, wrong, flat = (int(those.sum()) for those in (seen.still, seen.wrong & ~seen.still, seen.flat))
    yield Finding(
        "continuity",
        2 * still <= n if asked else None,
        f"the answers to {still} of {n} samples stay the same when every pixel moves by 1/10000",
        "the input is quantised, its gradient zero: put a smooth step in its place for the gradient, and trust Square",
    )
    yield Finding(
        "gradients",
        4 * wrong <= n if asked else None,
        f"the gradients of {wrong} of {n} samples are not what the model does a little further",
        "something cuts or replaces the gradient (detach, round, no_grad): give the attack one that is true",
    )
    yield Finding(
        "scale",
        10 * flat <= n if asked else None,
        f"the cross entropy of {flat} of {n} samples has no gradient, their margin has",
        "divide the logits by a constant; of the attacks here those on margins are to be believed",
    )


def differentiable(model: Model, x: Tensor) -> bool:
    """Whether the answer has a gradient with respect to the input at all."""
    with evaluating(model), torch.enable_grad():
        return answer(model, x.detach().clone().requires_grad_()).requires_grad


def _apart(a: Tensor, b: Tensor) -> float:
    """The largest difference, in parts of the largest answer."""
    if not len(a):
        return 0.0
    return ((a - b).abs().max() / a.abs().max().clamp(min=torch.finfo(a.dtype).tiny)).item()


def _rows_of(zero: Tensor, x: Tensor) -> Tensor:
    """Samples all of whose entries are so, against x: [B, ...] -> [B, 1, ...]."""
    return zero.flatten(1).all(1).view(-1, *[1] * (x.ndim - 1))


def _buffers(model: Model) -> list[Tensor]:
    return [b for network in networks(model) for b in network.buffers()]


def _who_varies(model: Model, x: Tensor) -> tuple[str, nn.Module] | None:
    """The first layer, by name, that makes different answers of the same input."""
    names = {m: name for network in networks(model) for name, m in network.named_modules()}
    seen: list[tuple[nn.Module, float, float]] = []

    def note(layer: nn.Module, given: tuple, made: object) -> None:
        if given and isinstance(given[0], Tensor) and isinstance(made, Tensor):
            seen.append((layer, given[0].float().sum().item(), made.float().sum().item()))

    hooks = [m.register_forward_hook(note) for m in names]
    try:
        with evaluating(model), torch.no_grad():
            answer(model, x)
            first, seen = seen, []
            answer(model, x)
    finally:
        for hook in hooks:
            hook.remove()
    for (layer, given, made), (_, given_again, made_again) in zip(first, seen):
        if given == given_again and made != made_again:
            return f"{names[layer] or 'the model'} ({type(layer).__name__})", layer
    return None
