"""The check for `project(z, x, eps)`: the point of the l_inf ball around x, within [0, 1], that is nearest to z."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Asked, Case, Spec, like, right_alone, seen
from ..words import words

EPS = 0.1


def nearest(z: Tensor, x: Tensor, eps: float) -> Tensor:
    """Both sets are boxes, so the nearest point is found pixel by pixel."""
    return torch.minimum(torch.maximum(z, (x - eps).clamp_min(0)), (x + eps).clamp_max(1))


def _box(v: Tensor) -> Tensor:
    return v.clamp(0, 1)


def _scaled(z: Tensor, x: Tensor, eps: float, order: float) -> Tensor:
    delta = z - x
    length = torch.linalg.vector_norm(delta, order, tuple(range(1, x.ndim)), keepdim=True)
    return x + delta * (eps / length).clamp_max(1)


def _another_radius(asked: Asked) -> bool:
    """The nearest point of a ball as large as the answer is far away."""
    (answer,), ((z, x, _),) = asked.answers, asked.args
    return bool((answer - nearest(z, x, float((answer - x).abs().max()))).abs().max() <= 1e-6)


def _one_side_only(answer: Tensor, z: Tensor, x: Tensor, eps: float) -> bool:
    """Nothing that was allowed has moved, and the ball's limit holds above or below, not both."""
    above, below = ((way * (answer - x)).max() <= eps + 1e-6 for way in (1, -1))
    return bool(above != below) and not _moved(answer, z, x, eps).any()


MISTAKES = {
    "returns-x": like(lambda z, x, eps: x),
    "returns-z": like(lambda z, x, eps: z),
    "no-box": like(lambda z, x, eps: x + (z - x).clamp(-eps, eps)),
    "no-ball": like(lambda z, x, eps: _box(z)),
    "swapped-arguments": like(
        lambda z, x, eps: nearest(x, z, eps),
        lambda z, x, eps: _box(torch.minimum(torch.maximum(x, z - eps), z + eps)),
    ),
    "ball-around-zero": like(lambda z, x, eps: _box(z.clamp(-eps, eps)), lambda z, x, eps: z.clamp(-eps, eps)),
    "returns-perturbation": like(
        lambda z, x, eps: (z - x).clamp(-eps, eps),
        lambda z, x, eps: nearest(z, x, eps) - x,
        lambda z, x, eps: _box((z - x).clamp(-eps, eps)),
    ),
    "cuts-z": like(lambda z, x, eps: _box(x + z.clamp(-eps, eps)), lambda z, x, eps: x + z.clamp(-eps, eps)),
    "one-corner": like(*(lambda z, x, eps, way=way: _box(x + way * eps) for way in (1, -1))),
    "relative-ball": like(lambda z, x, eps: _box(torch.minimum(torch.maximum(z, x * (1 - eps)), x * (1 + eps)))),
    "moves-the-centre": like(lambda z, x, eps: nearest(z, x.clamp(eps, 1 - eps), eps)),
    "clamps-perturbation": like(
        lambda z, x, eps: x + (z - x).clamp(-eps, eps).clamp(0, 1), lambda z, x, eps: _box(x + (z - x).clamp(0, eps))
    ),
    "l2-ball": like(lambda z, x, eps: _box(_scaled(z, x, eps, 2)), lambda z, x, eps: _scaled(z, x, eps, 2)),
    "scales-the-image": like(lambda z, x, eps: _box(_scaled(z, x, eps, torch.inf))),
    "always-at-the-edge": like(lambda z, x, eps: _box(x + eps * (z - x).sign())),
    "half-ball": like(
        lambda z, x, eps: _box(torch.minimum(z, x + eps)), lambda z, x, eps: _box(torch.maximum(z, x - eps))
    ),
    "folds-back": like(lambda z, x, eps: 1 - (1 - (x + (z - x).clamp(-eps, eps)).abs()).abs()),
    "half-box": like(
        lambda z, x, eps: (x + (z - x).clamp(-eps, eps)).clamp_min(0),
        lambda z, x, eps: (x + (z - x).clamp(-eps, eps)).clamp_max(1),
    ),
    "resets-outside-points": like(
        lambda z, x, eps: _box(z.where((z - x).abs() <= eps, x)), lambda z, x, eps: z.where(z == nearest(z, x, eps), x)
    ),
    "steps-back": like(
        lambda z, x, eps: _box(z - (z - x).clamp(-eps, eps).where((z - x).abs() > eps, 0)),
        lambda z, x, eps: _box(z - eps * (z - x).sign() * ((z - x).abs() > eps)),
    ),
    "wraps-round": like(
        lambda z, x, eps: (x + (z - x).clamp(-eps, eps)) % 1, lambda z, x, eps: (x + (z - x).clamp(-eps, eps)).frac()
    ),
    "narrow-box": like(
        *(lambda z, x, eps, by=by: nearest(z, x, eps).clamp(by, 1 - by) for by in (1e-4, 1e-3, 1 / 255, 0.01))
    ),
    "wrong-radius": _another_radius,
    "couples-samples": right_alone,
    "one-side-only": seen(_one_side_only),
    "moves-inside-points": seen(lambda a, z, x, eps: _moved(a, z, x, eps).any()),
}


# Of images neither dark nor bright: there the limits of all pixels together are no longer those of the box.
GREY = {
    "one-interval-for-all": like(
        lambda z, x, eps: z.clamp(float(x.min()) - eps, float(x.max()) + eps).clamp(0, 1),
        lambda z, x, eps: torch.stack(
            [_box(a.clamp(float(b.min()) - eps, float(b.max()) + eps)) for a, b in zip(z, x)]
        ),
    )
}


def cases() -> Iterator[Case]:
    z, x = _points(6, 3, 3, 4)
    yield Case((z, 0.3 + 0.4 * x, EPS), None, mistakes=GREY)
    yield Case((z, x, EPS), "wrong-value", mistakes=MISTAKES)
    yield Case((*_points(5, 2), EPS), "wrong-elsewhere", "points [B, 2]")
    yield Case((*_points(4, 1, 5, 3, dtype=torch.float64), EPS), "wrong-elsewhere", "float64")
    yield Case((*_points(4, 1, 5, 3), 0.0), "wrong-elsewhere", "eps = 0")
    yield Case((*_points(4, 1, 5, 3), 1.0), "wrong-elsewhere", "a ball that holds the whole box")


def _points(*shape: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Points that are inside, outside the ball, the box, or both, and centres all over [0, 1], ends included."""
    draw = torch.Generator().manual_seed(3)
    x = (1.4 * torch.rand(shape, generator=draw) - 0.2).clamp(0, 1).to(dtype)
    far = x + 0.8 * (2 * torch.rand(shape, generator=draw) - 1).to(dtype)
    close = x + 0.15 * (2 * torch.rand(shape, generator=draw) - 1).to(dtype)
    return torch.where(torch.rand(shape, generator=draw) < 0.5, far, close), x


def _moved(answer: Tensor, z: Tensor, x: Tensor, eps: float) -> Tensor:
    """Which pixels were allowed as they are, and are not as they were."""
    return (z == nearest(z, x, eps)) & ((answer - z).abs() > 1e-6)


def _numbers(answer: Tensor, z: Tensor, x: Tensor, eps: float) -> dict:
    farthest = (answer - x).abs().max()
    return {
        "eps": eps,
        "darkest": answer.min(),
        "farthest": farthest,
        "times": farthest / EPS,
        "outside": int(((answer < 0) | (answer > 1)).sum()),
        "inside": int((z == nearest(z, x, eps)).sum()),
        "moved": int(_moved(answer, z, x, eps).sum()),
    }


check_project = Spec(words(__file__), nearest, cases, _numbers, tolerance=1e-6)
