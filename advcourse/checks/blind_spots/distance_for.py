"""The check for `distance_for(confidence, w, temperature)`: where a tempered classifier reaches a confidence."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Asked, Case, Spec, like, same, scaled, seen
from ..words import words


def distance(p: Tensor, w: Tensor, temperature: float) -> Tensor:
    return (temperature * torch.logit(p.double()) / w.double().norm()).to(p.dtype)


def _knows_no_temperature(asked: Asked) -> bool:
    """Whatever the temperature is, the answer is the same."""
    p, w, temperature = asked.args[0]
    return same(asked.ask(p, w, 2 * temperature), asked.answers[0], asked.tolerance)


def _is_capped(answer: Tensor, wanted: Tensor) -> bool:
    """All beyond some distance are put there."""
    return torch.allclose(answer, wanted.clamp_max(answer.max()), rtol=1e-3)


CAPPED = {"capped": seen(lambda a, p, w, t: _is_capped(a, distance(p, w, t)))}
GUARDS = {
    "outweighs-a-short-w": like(
        *(lambda p, w, t, by=by: t * torch.logit(p) / (w.norm() + by) for by in (1e-12, 1e-10, 1e-8, 1e-6)),
        *(lambda p, w, t, by=by: t * torch.logit(p) / w.norm().clamp_min(by) for by in (1e-8, 1e-6)),
    )
}
MISTAKES = {
    "forgets-temperature": like(lambda p, w, t: torch.logit(p) / w.norm()),
    "divides-by-temperature": like(lambda p, w, t: torch.logit(p) / (t * w.norm())),
    "forgets-weights": like(lambda p, w, t: t * torch.logit(p)),
    "multiplies-by-norm": like(lambda p, w, t: t * torch.logit(p) * w.norm()),
    "both-upside-down": like(lambda p, w, t: torch.logit(p) * w.norm() / t),
    "other-norm": like(
        lambda p, w, t: t * torch.logit(p) / w.abs().sum(),
        lambda p, w, t: t * torch.logit(p) / w.abs().max(),
        lambda p, w, t: t * torch.logit(p) / w.sum(),
    ),
    "squared-norm": like(lambda p, w, t: t * torch.logit(p) / w.norm() ** 2),
    "tempers-the-confidence": like(lambda p, w, t: torch.logit(p / t) / w.norm()),
    "minus-sign": like(lambda p, w, t: -t * torch.logit(p) / w.norm()),
    "logarithm-of-p": like(lambda p, w, t: t * p.log() / w.norm(), lambda p, w, t: -t * p.log() / w.norm()),
    "logarithm-of-the-rest": like(lambda p, w, t: -t * (1 - p).log() / w.norm()),
    "odds": like(lambda p, w, t: t * p / (1 - p) / w.norm()),
    "ratio-of-logarithms": like(
        lambda p, w, t: t * p.log() / (1 - p).log() / w.norm(), lambda p, w, t: t * (1 - p).log() / p.log() / w.norm()
    ),
    "sigmoid-again": like(
        lambda p, w, t: t * torch.sigmoid(p) / w.norm(),
        lambda p, w, t: t / torch.sigmoid(p) / w.norm(),
        lambda p, w, t: torch.sigmoid(p * w.norm() / t),
    ),
    "base-two": like(lambda p, w, t: t * torch.logit(p) / w.norm() / torch.tensor(2.0).log()),
    "base-ten": like(lambda p, w, t: t * torch.logit(p) / w.norm() / torch.tensor(10.0).log()),
    "tempers-twice": like(lambda p, w, t: t * t * torch.logit(p) / w.norm()),
    "zero": like(lambda p, w, t: torch.zeros_like(p)),
    "fixed-temperature": _knows_no_temperature,
    "wrong-factor": scaled(lambda *args: 3 * distance(*args)),
    "adds-a-constant": seen(lambda a, *args: (a - distance(*args)).std() < 1e-3),
    "negative-distance": seen(lambda a, *args: a.min() < 0),
} | CAPPED


def cases() -> Iterator[Case]:
    p, w, temperature = wishes(8, 3, 2.5)
    yield Case((p, w, temperature), "wrong-value", mistakes=MISTAKES, told={"nan": "nan"})
    yield Case(wishes(5, 3, 1.0), "wrong-elsewhere", "temperature 1")
    yield Case(wishes(1, 2, 10.0), "wrong-elsewhere", "a single confidence")
    free = torch.tensor([0.5, 0.9])
    yield Case((free, w, 4.0), "wrong-elsewhere", "a confidence of one half, which is had for nothing,")
    sure = torch.tensor([0.999, 0.9999])
    yield Case((sure, w, 4.0), "wrong-elsewhere", "confidences of 0.999 and above", mistakes=CAPPED)
    surest = 1 - torch.tensor([1e-5, 1e-9, 1e-13], dtype=torch.float64)
    yield Case((surest, w.double(), 4.0), "wrong-elsewhere", "confidences a billionth below 1", mistakes=CAPPED)
    short = "weights and a temperature of 1e-10"
    yield Case((p, 1e-10 * w, 1e-10 * temperature), "wrong-elsewhere", short, mistakes=GUARDS)
    double = tuple(a.double() for a in wishes(4, 20, 3.0)[:2])
    yield Case((*double, 3.0), "wrong-elsewhere", "float64")


def wishes(n: int, d: int, temperature: float) -> tuple[Tensor, Tensor, float]:
    """Confidences between 0.6 and 0.99, the first 0.9, and weights of length 1.7."""
    draw = torch.Generator().manual_seed(n)
    p = 0.6 + 0.39 * torch.rand(n, generator=draw)
    p[0] = 0.9
    w = torch.randn(d, generator=draw)
    return p, 1.7 * w / w.norm(), temperature


def _numbers(answer: Tensor, *args) -> dict:
    return {"got": answer[0], "times": answer[0] / distance(*args)[0]}


check_distance_for = Spec(words(__file__), distance, cases, _numbers, tolerance=1e-3)
