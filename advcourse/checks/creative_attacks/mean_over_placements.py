"""The check for `mean_over_placements(score, patch, x, places)`: the gradient of what a patch does on average."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, changes_from_call_to_call, like, scaled
from ..words import words
from .place import put, window

SAY = words(__file__)

Place = tuple[int, int]
PLACES = [(0, 0), (1, 4), (4, 1), (4, 5)]


@dataclass(frozen=True, eq=False)
class Score:
    """(u . z - level)^2 / 2 of each image, [B, C, H, W] -> [B]: curved, so that a second patch changes the slope."""

    u: Tensor
    level: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        return self._lead(z).square() / 2

    def _lead(self, z: Tensor) -> Tensor:
        if len(z) != len(self.u):
            SAY.fail("other-batch", asked=len(z), images=len(self.u))
        return (self.u * z).flatten(1).sum(1) - self.level

    def slope(self, z: Tensor) -> Tensor:
        """Its gradient, of each image's own score: like z."""
        return self._lead(z).view(-1, 1, 1, 1) * self.u


def through(slope: Tensor, patch: Tensor, corners: list[Place]) -> Tensor:
    """The gradient of the patch, put there in this order, of that of the images: a pixel counts where it is seen."""
    slope, total = slope.mean(0, keepdim=True), torch.zeros_like(patch)
    for row, column in reversed(corners):
        at = window(patch, row, column)
        total += slope[at][0]
        slope[at] = 0
    return total


def _all_in(patch: Tensor, x: Tensor, corners: list[Place]) -> Tensor:
    for row, column in corners:
        x = put(patch, x, row, column)
    return x


def at_each(gradient: Callable[[Score, Tensor, Tensor, Place], Tensor]) -> Formula:
    """The mean over the places of gradient(score, patch, x, place)."""
    return lambda score, patch, x, places: torch.stack([gradient(score, patch, x, p) for p in places]).mean(0)


def alone(score: Score, patch: Tensor, x: Tensor, place: Place) -> Tensor:
    return through(score.slope(put(patch, x, *place)), patch, [place])


right = at_each(alone)


def _at_once(score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> Tensor:
    return through(score.slope(_all_in(patch, x, places)), patch, places)


def _more_and_more(patch_of_before: bool) -> Formula:
    """Each score sees the patches of the places before; these are the patch itself, or what once was it."""

    def answer(score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> Tensor:
        found = []
        for k in range(1, len(places) + 1):
            slope = score.slope(_all_in(patch, x, places[:k]))
            found.append(through(slope, patch, places[0 if patch_of_before else k - 1 : k]))
        return torch.stack(found).mean(0)

    return answer


def _of_the_mean_image(score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> Tensor:
    slope = score.slope(torch.stack([put(patch, x, *p) for p in places]).mean(0))
    return torch.stack([through(slope.clone(), patch, [p]) for p in places]).mean(0)


def _strongest(score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> Tensor:
    return alone(score, patch, x, max(places, key=lambda p: float(score(put(patch, x, *p)).mean())))


def _added(score: Score, patch: Tensor, x: Tensor, place: Place) -> Tensor:
    return through(score.slope(put(patch, x, *place, lambda there, patch: there + patch)), patch, [place])


def _some(choose: Callable[[list[Place]], list[Place]]) -> Formula:
    """Of these places alone, also divided by the number of all."""
    return lambda score, patch, x, places: right(score, patch, x, choose(places))


def _times(factor: Callable[[list[Place], Tensor], float]) -> Formula:
    """The right gradient, times factor(places, x)."""
    return lambda score, patch, x, places: factor(places, x) * right(score, patch, x, places)


def _of_these(which: slice) -> Formula:
    """Of these images alone."""
    return lambda score, patch, x, places: right(Score(score.u[which], score.level[which]), patch, x[which], places)


def _one_place_an_image(score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> Tensor:
    worn = [_of_these(slice(b, b + 1))(score, patch, x, [places[b % len(places)]]) for b in range(len(x))]
    return torch.stack(worn).mean(0)


def _divided_each_time(by: Callable[[list[Place]], int]) -> Formula:
    def answer(score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> Tensor:
        total = torch.zeros_like(patch)
        for place in places:
            total = (total + alone(score, patch, x, place)) / by(places)
        return total

    return answer


def _of_length_one(*args) -> Tensor:
    return (g := alone(*args)) / g.norm()


def _first_image_for_all(score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> Tensor:
    return right(score, patch, x[:1].expand_as(x), places)


def _divided(formula: Formula) -> Formula:
    """Also by the number of places."""
    return lambda score, patch, x, places: formula(score, patch, x, places) / len(places)


FIRST, LAST = _some(lambda places: places[:1]), _some(lambda places: places[-1:])

MISTAKES = {
    "drawn-at-random": changes_from_call_to_call,
    "first-place-only": like(FIRST, _divided(FIRST)),
    "last-place-only": like(LAST, _divided(LAST)),
    "one-place-left-out": like(
        *(
            formula
            for rest in (_some(lambda places: places[1:]), _some(lambda places: places[:-1]))
            for formula in (rest, lambda *args, rest=rest: rest(*args) * (1 - 1 / len(args[3])))
        )
    ),
    "all-patches-at-once": like(_at_once, _divided(_at_once)),
    "patches-pile-up": like(_more_and_more(True), _more_and_more(False)),
    "mean-of-the-images": like(_of_the_mean_image),
    "strongest-place-only": like(_strongest),
    "sum-over-places": like(_times(lambda places, x: len(places))),
    "sum-over-images": like(_times(lambda places, x: len(x)), _times(lambda places, x: len(x) * len(places))),
    "minus-sign": like(_times(lambda places, x: -1)),
    "first-image-only": like(_of_these(slice(0, 1)), _of_these(slice(-1, None)), _first_image_for_all),
    "one-place-an-image": like(_one_place_an_image),
    "divides-each-time": like(_divided_each_time(len), _divided_each_time(lambda places: 2)),
    "without-the-patch": like(at_each(lambda score, patch, x, place: through(score.slope(x), patch, [place]))),
    "added": like(at_each(_added)),
    "row-and-column-swapped": like(at_each(lambda score, patch, x, place: alone(score, patch, x, place[::-1]))),
    "mean-of-signs": like(at_each(lambda *args: alone(*args).sign())),
    "mean-of-directions": like(at_each(_of_length_one)),
    "takes-the-sign": like(lambda *args: right(*args).sign()),
    "steps-already": like(lambda *args: args[1] + right(*args), lambda *args: args[1] - right(*args)),
    "zero": like(lambda score, patch, x, places: torch.zeros_like(patch)),
    "wrong-scale": scaled(lambda *args: 7 * right(*args)),
}


def asked(n: int, places: list[Place], size: tuple[int, int] = (3, 2), dtype: torch.dtype = torch.float32) -> tuple:
    """Images [n, 3, 8, 8], each with a score of its own, a patch, and where it goes."""
    draw = torch.Generator().manual_seed(n + len(places))
    x, u = torch.rand(n, 3, 8, 8, generator=draw), torch.randn(n, 3, 8, 8, generator=draw) / 4
    patch = torch.rand(3, *size, generator=draw)
    level = (u * x).flatten(1).sum(1) + torch.linspace(-1, 2, n)
    return Score(u.to(dtype), level.to(dtype)), patch.to(dtype), x.to(dtype), places


def cases() -> Iterator[Case]:
    yield Case(asked(3, PLACES), "wrong-value", mistakes=MISTAKES)
    score, patch, x, places = asked(2, PLACES)
    for where, args in {
        "a single place": asked(3, [(2, 3)]),
        "a single image": asked(1, PLACES[:3]),
        "places that overlap": asked(2, [(1, 1), (2, 2), (0, 1)]),
        "a place that comes twice": asked(2, [(1, 1), (4, 3), (1, 1)]),
        "as many places as images": asked(4, PLACES[::-1]),
        "a patch as large as the image": asked(2, [(0, 0)], (8, 8)),
        "a patch with numbers below 0 and above 1": (score, 3 * patch - 1, x, places),
        "float64": asked(2, PLACES, dtype=torch.float64),
    }.items():
        yield Case(args, "wrong-elsewhere", where)


def _numbers(answer: Tensor, score: Score, patch: Tensor, x: Tensor, places: list[Place]) -> dict:
    wanted = right(score, patch, x, places)
    factor = (answer * wanted).sum() / (wanted * wanted).sum()
    return {"places": len(places), "images": len(x), "factor": float(factor), "largest": wanted.abs().max()}


check_mean_over_placements = Spec(SAY, right, cases, _numbers)
