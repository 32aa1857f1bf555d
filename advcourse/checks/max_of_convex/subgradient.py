"""The check for `subgradient(functions, w)`: any mixture of the active gradients is right, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..interview import Interview
from ..spec import Case, Formula, Questions, Spec, like, same, scaled
from ..words import words
from .bowls import SEA, Bowl, bowls, largest, largest_from_zero, largest_size, sunken, twins

SAY = words(__file__, "maximum")
POINTS = ((2.0, 1.0), (-1.5, 0.7), (0.4, 2.5), (0.2, -0.9), (-0.6, -2.0), (0.2, 0.6), (-2.1, 1.8))
KINK = (0.0, 2.0)  # of the twins


def active(functions: list[Bowl], w: Tensor) -> Tensor:
    return largest(functions, w).gradient(w)


def _of(pick: Callable[[list[Bowl], Tensor], Bowl]) -> Formula:
    """The gradient of another function than the largest."""
    return lambda f, w: pick(f, w).gradient(w)


def _all(functions: list[Bowl], w: Tensor) -> Tensor:
    return torch.stack([g.gradient(w) for g in functions])


def _of_all_leaders(functions: list[Bowl], w: Tensor) -> Tensor:
    """Whoever is larger than all before it has left its gradient there."""
    values = torch.stack([g(w) for g in functions])
    leads = values == values.cummax(0).values
    return _all(functions, w)[leads].sum(0)


def _difference(functions: list[Bowl], w: Tensor, h: float) -> Tensor:
    """What a step of length h along each axis adds to the maximum, over h."""
    value = max(g(w) for g in functions)
    return torch.stack([max(g(w + e) for g in functions) - value for e in h * torch.eye(len(w)).to(w)]) / h


WRONG: dict[str, tuple[Formula, ...]] = {
    "of-the-smallest": (_of(lambda f, w: min(f, key=lambda g: float(g(w)))),),
    "of-the-first": (_of(lambda f, w: f[0]),),
    "of-the-last": (_of(lambda f, w: f[-1]),),
    "leaves-one-out": (_of(lambda f, w: largest(f[:-1], w)), _of(lambda f, w: largest(f[1:], w))),
    "mean-of-all": (lambda f, w: _all(f, w).mean(0),),
    "sum-of-all": (lambda f, w: _all(f, w).sum(0),),
    "divides-by-all": (lambda f, w: active(f, w) / len(f),),
    "steepest-function": (lambda f, w: max(_all(f, w), key=lambda v: float(v.norm())),),
    "flattest-function": (lambda f, w: min(_all(f, w), key=lambda v: float(v.norm())),),
    "largest-slopes": (lambda f, w: _all(f, w).amax(0),),
    "soft-maximum": (lambda f, w: torch.stack([g(w) for g in f]).softmax(0) @ _all(f, w),),
    "slope-at-the-origin": (lambda f, w: largest(f, w).gradient(torch.zeros_like(w)),),
    "adds-up": (_of_all_leaders,),
    "difference-quotient": tuple(lambda f, w, h=h: _difference(f, w, h) for h in (0.1, 0.01, 1e-3)),
    "minus-sign": (lambda f, w: -active(f, w),),
    "signs": (lambda f, w: active(f, w).sign(),),
    "normalised": (lambda f, w: active(f, w) / active(f, w).norm(),),
    "zero": (lambda f, w: torch.zeros_like(w),),
    "returns-w": (lambda f, w: w,),
    "steps-down": (lambda f, w: w - active(f, w),),
}
WRONG_BELOW: dict[str, tuple[Formula, ...]] = {
    "largest-size": (_of(largest_size),),
    "best-starts-at-zero": (_of(largest_from_zero), lambda f, w: active([*f, SEA], w)),
}
MISTAKES = {name: like(*formulas) for name, formulas in WRONG.items()}
MISTAKES["wrong-length"] = scaled(lambda f, w: 2 * active(f, w))
BELOW = {name: like(*formulas) for name, formulas in WRONG_BELOW.items()}
STARTS_AT_ZERO = {"returns-none": "best-starts-at-zero", "raises": "best-starts-at-zero"}


def cases() -> Iterator[Case]:
    first, *others = ((bowls(), torch.tensor(point)) for point in POINTS)
    yield Case(first, "wrong-value", mistakes=MISTAKES, also=(*others,))
    w = torch.tensor([0.1, -2.8])
    yield Case((sunken(), w), "wrong-elsewhere", "functions below zero", mistakes=BELOW, told=STARTS_AT_ZERO)
    yield Case((bowls(), w.double()), "wrong-elsewhere", "float64")
    alone = [Bowl((1.0, 2.0, 3.0), 2.0, 0.0)]
    yield Case((alone, torch.tensor([0.0, 0.5, -1.0])), "wrong-elsewhere", "one function of three variables")


def is_a_mixture_at_a_kink(ask: Interview) -> None:
    """Of the two active gradients; the third function lies below."""
    w = torch.tensor(KINK)
    answer, a, b = (v.double() for v in (ask(twins(), w), *_all(twins()[:2], w)))
    if same(answer, a + b):
        SAY.fail("sum-at-a-kink", found=answer.norm(), longest=max(a.norm(), b.norm()))
    share = ((answer - b) @ (a - b) / (a - b).square().sum()).clamp(0, 1)
    far = (answer - share * a - (1 - share) * b).norm()
    if far > 1e-4:
        SAY.fail("no-mixture", far=far)


def at(w: Tensor) -> str:
    """The point in words."""
    return f"({', '.join(f'{v:.2g}' for v in w.tolist())})"


check_subgradient = Questions(
    SAY, (Spec(SAY, active, cases, lambda answer, functions, w: {"at": at(w)}), is_a_mixture_at_a_kink)
)
