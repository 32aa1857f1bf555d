"""The check for `iterative_fgsm(model, x, y, eps, steps, step_size)`: signed steps from x, each projected."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..closed_forms import bowls, gradient, image_planes, logits, loss
from ..spec import Case, Formula, Questions, Spec, changes_from_call_to_call, like, right_alone, seen
from ..words import words
from .lived_in import leaves_alone
from .project import nearest
from .steps import SignedStep, signed
from .wrong_slopes import Slope

SAY = words(__file__, "steps")

# (model, z, x, y) -> the gradient to climb at z;  (z, x, eps) -> where z is put after every step.
SlopeAt = Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]
Settle = Callable[[Tensor, Tensor, float], Tensor]


def _at_z(model: nn.Module, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return gradient(model, z, y)


def _iterates(slope: SlopeAt, settle: Settle, model, x, y, eps, steps, step_size) -> list[Tensor]:
    points = [x]
    for _ in range(steps):
        z = points[-1]
        points.append(settle(z + step_size * slope(model, z, x, y).sign(), x, eps))
    return points


def walk(slope: SlopeAt = _at_z, settle: Settle = nearest, *, last: Settle = lambda z, x, eps: z) -> Formula:
    """Signed steps along the slope, each settled, and the last iterate settled once more."""
    return lambda model, x, y, eps, *sizes: last(_iterates(slope, settle, model, x, y, eps, *sizes)[-1], x, eps)


right = walk()


def other_sizes(change: Callable[[float, int, float], tuple]) -> Formula:
    """The right walk with another eps, steps or step_size."""
    return lambda model, x, y, *sizes: right(model, x, y, *change(*sizes))


def _ball(z: Tensor, x: Tensor, eps: float) -> Tensor:
    return torch.minimum(torch.maximum(z, x - eps), x + eps)


def _box(z: Tensor, x: Tensor, eps: float) -> Tensor:
    return z.clamp(0, 1)


def _nothing(z: Tensor, x: Tensor, eps: float) -> Tensor:
    return z


def _drifting(model, x, y, eps, steps, step_size) -> Tensor:
    z = x
    for _ in range(steps):
        z = nearest(z + step_size * gradient(model, z, y).sign(), z, eps)
    return z


def _stops_when_fooled(model, x, y, eps, steps, step_size) -> Tensor:
    z = x
    for _ in range(steps):
        fooled = (logits(model, z).argmax(1) != y).view(-1, *[1] * (x.ndim - 1))
        z = torch.where(fooled, z, right(model, z, y, 1.0, 1, step_size))
        z = nearest(z, x, eps)
    return z


def _accumulated(model, x, y, eps, steps, step_size) -> Tensor:
    total = torch.zeros_like(x)
    return walk(lambda model, z, x, y: total.add_(gradient(model, z, y)))(model, x, y, eps, steps, step_size)


def _prediction(model: nn.Module, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return gradient(model, z, logits(model, z).argmax(1))


def _prediction_later(model: nn.Module, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return gradient(model, z, y) if torch.equal(z, x) else _prediction(model, z, x, y)


def _best(model, x, y, *sizes) -> Tensor:
    points = torch.stack(_iterates(_at_z, nearest, model, x, y, *sizes))
    best = torch.stack([loss(model, z, y) for z in points]).argmax(0)
    return points[best, torch.arange(len(x))]


def _best_of_the_batch(model, x, y, *sizes) -> Tensor:
    return max(_iterates(_at_z, nearest, model, x, y, *sizes)[1:], key=lambda z: float(loss(model, z, y).mean()))


def _average(model, x, y, *sizes) -> Tensor:
    return torch.stack(_iterates(_at_z, nearest, model, x, y, *sizes)[1:]).mean(0)


def _late(model, x, y, eps, steps, step_size) -> Tensor:
    """Every step goes along the gradient of the iterate before."""
    z, before = x, x
    for _ in range(steps):
        before, z = z, nearest(z + step_size * gradient(model, before, y).sign(), x, eps)
    return z


def _stops_when_all_are_fooled(model, x, y, *sizes) -> Tensor:
    points = _iterates(_at_z, nearest, model, x, y, *sizes)
    return next((z for z in points if bool((logits(model, z).argmax(1) != y).all())), points[-1])


def _shrinking(share: Callable[[int, int], float]) -> Formula:
    """Step i of so many, counted from 0, is this share of the step size long."""

    def answer(model, x, y, eps, steps, step_size) -> Tensor:
        z = x
        for i in range(steps):
            z = nearest(z + share(i, steps) * step_size * gradient(model, z, y).sign(), x, eps)
        return z

    return answer


# On a linear model hardly any sign changes: a pixel has moved by as many steps as were taken.
COUNTS = {
    "random-start": changes_from_call_to_call,
    "stops-early": like(_stops_when_fooled),
    "single-step": like(other_sizes(lambda eps, steps, size: (eps, 1, size))),
    "one-step-too-few": like(other_sizes(lambda eps, steps, size: (eps, steps - 1, size))),
    "one-step-too-many": like(other_sizes(lambda eps, steps, size: (eps, steps + 1, size))),
    "ignores-step-size": like(
        other_sizes(lambda eps, steps, size: (eps, steps, eps)),
        other_sizes(lambda eps, steps, size: (eps, steps, eps / steps)),
        other_sizes(lambda eps, steps, size: (steps * eps, steps, eps)),
    ),
    "shrinking-steps": like(
        _shrinking(lambda i, steps: 1 / (i + 1)),
        _shrinking(lambda i, steps: 1 - i / steps),
        *(_shrinking(lambda i, steps, by=by: by**i) for by in (0.5, 0.9)),
    ),
}
SWAPPED = {"swapped-sizes": like(other_sizes(lambda eps, steps, size: (size, steps, eps)))}
BALL = {
    "no-ball": like(walk(settle=_box), walk(settle=_nothing)),
    "drifting-ball": like(_drifting),
    "outside-the-ball": seen(lambda z, m, x, y, eps, *sizes: (z - x).abs().max() > eps + 1e-5),
}
# On a curved model the signs change along the way, so that the end tells how it was reached.
PATH = {
    "clean-gradient": like(walk(lambda model, z, x, y: gradient(model, x, y))),
    "accumulates": like(_accumulated),
    "predicted-label": like(walk(_prediction), walk(_prediction_later)),
    "projects-at-the-end": like(
        walk(settle=_nothing, last=nearest), walk(settle=_ball, last=_box), walk(settle=_box, last=_ball)
    ),
    "stops-when-all-are-fooled": like(_stops_when_all_are_fooled),
    "averages-the-iterates": like(_average),
    "late-gradient": like(_late),
    "returns-best": like(_best, _best_of_the_batch),
    "couples-samples": right_alone,
}


def _take(step, slope: Slope) -> Formula:
    def answer(model, x, y, eps, steps, step_size) -> Tensor:
        z = x
        for _ in range(steps):
            z = _ball(step(z, slope(model, z, y), step_size), x, eps)
        return z

    return answer


STEP = SignedStep(
    # A ball that never binds: what is left is one step and the box.
    args=lambda batch, size: (*batch, max(size, 1.0), 1, size),
    labels=lambda model, x, y, *sizes: y,
    uphill=1,
    size=lambda model, x, y, eps, steps, step_size: step_size,
    name="step_size",
    take=_take,
)


def cases() -> Iterator[Case]:
    yield Case((*image_planes(), 0.005, 3, 0.008), None, mistakes=SWAPPED)
    yield Case((*image_planes(), 0.02, 4, 0.002), None, mistakes=COUNTS)
    # A step 255 times too long ends at the edge of the ball, as one of length eps does.
    in_255 = STEP.like(lambda x, g, size: signed(x, g, size / 255))
    single, *others = STEP.cases(0.05, {**STEP.mistakes("in-parts"), "eps-in-255": in_255})
    yield single
    yield Case((*image_planes(), 0.05, 3, 0.08), None, mistakes=BALL)
    yield from others[:2]
    # Within a tight ball, across the whole box, and where the last iterate is not the best.
    path, *also = ((*bowls(), *sizes) for sizes in ((0.15, 6, 0.06), (0.6, 6, 0.2), (0.3, 4, 0.15)))
    yield Case(path, "wrong-path", also=tuple(also), mistakes=PATH)
    yield from others[2:]
    yield Case((*image_planes(), 0.05, 0, 0.02), "wrong-elsewhere", "no steps at all")


def _numbers(z: Tensor, model, x, y, eps, steps, step_size) -> dict:
    moved = (z - x).abs()
    return STEP.numbers(z, model, x, y, eps, steps, step_size) | {
        "eps": eps,
        "steps": steps,
        "typical": moved.median(),
        "taken": moved.median() / step_size,
        "farthest": moved.max(),
    }


check_iterative_fgsm = Questions(
    SAY, (Spec(SAY, right, cases, _numbers, tolerance=1e-5), leaves_alone(lambda batch: (*batch, 0.05, 2, 0.03)))
)
