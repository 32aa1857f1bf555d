"""What the exercises share that move every pixel by one signed step: the right one, wrong ones, and where to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..closed_forms import ELSEWHERE, Batch, edge_planes, faint_planes, flat_planes, gradient, image_planes, loss
from ..spec import Asked, Case, Follows, Formula, Sign, changes_from_call_to_call, like, right_alone, same, seen
from .wrong_slopes import WRONG_SLOPES, Slope, loss_slope

# (x, the gradient to be climbed, size) -> z
Step = Callable[[Tensor, Tensor, float], Tensor]


def _stretched(z: Tensor) -> Tensor:
    low, high = z.aminmax()
    return (z - low) / (high - low)


# So that the darkest pixel of all, or of each image, is 0 and the brightest 1.
STRETCHES = (_stretched, lambda z: torch.stack([_stretched(image) for image in z]))

# The largest probability falls where the loss of its class rises.
STEERING = {name: slopes for name, slopes in WRONG_SLOPES.items() if name != "max-probability"}


def signed(x: Tensor, g: Tensor, size: float) -> Tensor:
    """The right step."""
    return (x + size * g.sign()).clamp(0, 1)


SOFT = (1.0, 1e-3, 1e-4, 1e-5, 1e-6)  # what one adds below g / |g|


@dataclass(frozen=True)
class SignedStep:
    """An exercise that takes such a step, `uphill` or (-1) downhill along the loss of `labels(*args)`.

    `args(batch, size)` ask for one step; `size(*args)` is how long it has to be, `name` what the exercise calls that.
    `take(step, slope)` is the answer of a student who takes this step along that slope instead.
    """

    args: Callable[[Batch, float], tuple]
    labels: Callable[..., Tensor]
    uphill: int
    size: Callable[..., float]
    name: str
    take: Callable[[Step, Slope], Formula]

    def right(self, *args: Any) -> Tensor:
        return signed(args[1], self.slope(*args), self.size(*args))

    def slope(self, *args: Any) -> Tensor:
        """The gradient to be climbed: of the loss, or of minus the loss where the way is downhill."""
        return self.uphill * gradient(args[0], args[1], self.labels(*args))

    def cases(self, size: float, mistakes: dict[str, Sign]) -> Iterator[Case]:
        """Inside the box, at its walls, where the gradient is zero, and for other models, ranks and precisions."""
        yield Case(self.args(image_planes(), size), "wrong-value", mistakes=mistakes)
        edge = [self.args(edge_planes(), length) for length in (size, 1.0)]
        yield Case(edge[0], "wrong-at-the-edge", also=(edge[1],), mistakes=self._at_the_walls())
        flat = {"moves-flat-pixels": seen(self._moves_flat_pixels)}
        yield Case(self.args(flat_planes(), size), "wrong-elsewhere", "beside pixels without gradient", mistakes=flat)
        faint = {"rests-at-small-gradients": seen(lambda z, *args: same(z, args[1], 1e-5))}
        yield Case(self.args(faint_planes(), size), "wrong-elsewhere", "gradients of 1e-20", mistakes=faint)
        for where, batch in ELSEWHERE.items():
            yield Case(self.args(batch(), size), "wrong-elsewhere", where)

    def mistakes(self, *unknown: str) -> dict[str, Sign]:
        """By how far and which way, by what was differentiated, by the form of the step, but for `unknown` ones."""
        steered = {name: Steers(*(self.take(signed, slope) for slope in slopes)) for name, slopes in STEERING.items()}
        table = self._by_size_and_way() | steered | self._by_form()
        return {diagnosis: sign for diagnosis, sign in table.items() if diagnosis not in unknown}

    def _by_size_and_way(self) -> dict[str, Sign]:
        return {
            "soft-sign": self._soft_sign(),
            "ball-around-zero": self.like(lambda x, g, size: (x + size * g.sign()).clamp(-size, size)),
            "returns-perturbation": seen(lambda z, *args: z.abs().max() <= self.size(*args) + 1e-5 and z.any()),
            "unchanged": self.like(lambda x, g, size: x.clone()),
            "minus-sign": seen(lambda z, *args: self._points(z, -1, *args)),
            "double-step": seen(self._is_double),
            "eps-in-255": self.like(
                lambda x, g, size: signed(x, g, size / 255), lambda x, g, size: signed(x, g, 255 * size)
            ),
            "wrong-size": seen(lambda z, *args: self._points(z, 1, *args) and _constant((z - args[1]).abs())),
            "normalised-space": seen(lambda z, *args: self._points(z, 1, *args) and _by_channel((z - args[1]).abs())),
            "l2-normalised": seen(lambda z, *args: self._along(z, *args) and _constant(_lengths(z - args[1]))),
            "no-sign": seen(self._along),
            "in-parts": like(*(self._in_parts(n) for n in (2, 3, 4, 5, 10))),
        }

    def _by_form(self) -> dict[str, Sign]:
        return {
            "clamps-perturbation": self.like(
                lambda x, g, size: x + (size * g.sign()).clamp(0, 1),
                lambda x, g, size: x - (-size * g.sign()).clamp(0, 1),
                lambda x, g, size: x + g.sign().clamp(0, 1),
            ),
            "one-way": self.like(*(lambda x, g, size, way=way: signed(x, way * g.abs(), size) for way in (1, -1))),
            "relative-step": self.like(lambda x, g, size: (x * (1 + size * g.sign())).clamp(0, 1)),
            "stretches-the-image": self.like(*(lambda x, g, size, by=by: by(x + size * g.sign()) for by in STRETCHES)),
            "clips-to-data-range": self.like(
                lambda x, g, size: (x + size * g.sign()).clamp(float(x.min()), float(x.max()))
            ),
            "whole-grey-levels": self.like(lambda x, g, size: (255 * signed(x, g, size)).round() / 255),
            "left-to-chance": changes_from_call_to_call,
            "couples-samples": right_alone,
            "skips-images": seen(self._skips_images),
            "skips-pixels": seen(self._skips_pixels),
        }

    def numbers(self, z: Tensor, *args: Any) -> dict:
        """What the words of steps may name."""
        x, size = args[1], self.size(*args)
        move, flat = (z - x).abs(), self.slope(*args) == 0
        return {
            "name": self.name,
            "size": size,
            "data": x,
            "pixels": z,
            "largest": z.abs().max(),
            "moves": move,
            "resting": int((move == 0).flatten(1).all(1).sum()),
            "batch": len(x),
            "times": move.mean() / size,
            "length": _lengths(move),
            "before": loss(args[0], x, self.labels(*args)).mean(),
            "after": loss(args[0], z, self.labels(*args)).mean(),
            "stopped": int(((move == 0) & ~flat).sum()),
            "flat": int(flat.sum()),
            "moved_flat": int((flat & (move > 1e-5)).sum()),
        }

    def like(self, *steps: Step) -> Follows:
        """The answer takes one of these steps along the loss."""
        return like(*(self.take(step, loss_slope) for step in steps))

    def _in_parts(self, n: int) -> Formula:
        """The way in n shorter steps, each along the gradient where it begins; labels are those of the start."""

        def answer(*args: Any) -> Tensor:
            model, z, labels = args[0], args[1], self.labels(*args)
            for _ in range(n):
                z = signed(z, self.uphill * gradient(model, z, labels), self.size(*args) / n)
            return z

        return answer

    def _at_the_walls(self) -> dict[str, Sign]:
        # Only a step longer than the box is wide shows a wall at -1; the library takes none.
        far = self.args(edge_planes(), 1.5)
        return {
            "wrong-box": Asking(far, self.like(lambda x, g, size: (x + size * g.sign()).clamp(-1, 1))),
            "half-box": self.like(
                lambda x, g, size: (x + size * g.sign()).clamp_min(0),
                lambda x, g, size: (x + size * g.sign()).clamp_max(1),
            ),
            "no-box": seen(lambda z, *args: z.min() < -1e-5 or z.max() > 1 + 1e-5),
            "stops-short": self.like(lambda x, g, size: _unless_outside(x + size * g.sign(), x)),
            "soft-sign": self._soft_sign(),
        }

    def _soft_sign(self) -> Follows:
        """Nearly a sign, where the slope is steep."""
        return self.like(
            lambda x, g, size: (x + size * g.tanh()).clamp(0, 1),
            *(lambda x, g, size, c=c: (x + size * g / (g.abs() + c)).clamp(0, 1) for c in SOFT),
        )

    def _points(self, z: Tensor, way: int, *args) -> bool:
        """Every pixel has moved, uphill or downhill by the loss."""
        return bool(((z - args[1]).sign() == way * self.slope(*args).sign()).all())

    def _along(self, z: Tensor, *args) -> bool:
        """Every image moved along its gradient itself."""
        cosine = torch.cosine_similarity((z - args[1]).flatten(1), self.slope(*args).flatten(1), dim=1)
        return bool((cosine > 0.999).all())

    def _skips_images(self, z: Tensor, *args) -> bool:
        """Every image has made the right step or none."""
        x, right = args[1], self.right(*args)
        return all(same(one, still, 1e-5) or same(one, moved, 1e-5) for one, still, moved in zip(z, x, right))

    def _skips_pixels(self, z: Tensor, *args) -> bool:
        """Every pixel has made the right step or none."""
        return bool((((z - args[1]).abs() <= 1e-5) | ((z - self.right(*args)).abs() <= 1e-5)).all())

    def _is_double(self, z: Tensor, *args) -> bool:
        # Where the first step made a sign change, the second one undoes it.
        move, twice = z - args[1], 2 * self.size(*args) * self.slope(*args).sign()
        doubled = (move - twice).abs() <= 1e-5
        return bool(doubled.any() and (doubled | (move.abs() <= 1e-5)).all())

    def _moves_flat_pixels(self, z: Tensor, *args) -> bool:
        return bool(((self.slope(*args) == 0) & ((z - args[1]).abs() > 1e-5)).any())


class Asking:
    """The answers to the case and, asked only then, to these arguments are what the sign tells."""

    def __init__(self, args: tuple, sign: Follows):
        self.args, self.sign, self.formulas = args, sign, sign.formulas

    def __call__(self, asked: Asked) -> bool:
        return self.sign(asked) and self.sign(replace(asked, args=(self.args,), answers=(asked.ask(*self.args),)))


class Steers:
    """Every pixel goes where one of the formulas sends it, or just the other way, by whatever step."""

    ways = (1, -1)

    def __init__(self, *formulas: Formula):
        self.formulas = formulas

    def __call__(self, asked: Asked) -> bool:
        (args,), (answer,) = asked.args, asked.answers
        signs = (answer - args[1]).sign()
        sent = [(asked.ask.read(formula, args) - args[1]).sign() for formula in self.formulas]
        return any(torch.equal(signs, way * other) for other in sent for way in self.ways)


class Leads(Steers):
    """Every pixel goes where one of the formulas sends it, by whatever step."""

    ways = (1,)


def _lengths(move: Tensor) -> Tensor:
    return move.flatten(1).norm(dim=1)


def _constant(sizes: Tensor) -> bool:
    return bool((sizes - sizes.mean()).abs().max() < 1e-3 * sizes.mean())


def _by_channel(sizes: Tensor) -> bool:
    return bool((sizes - sizes.mean((0, 2, 3), keepdim=True)).abs().max() < 1e-3 * sizes.mean())


def _unless_outside(z: Tensor, x: Tensor) -> Tensor:
    return torch.where((z >= 0) & (z <= 1), z, x)
