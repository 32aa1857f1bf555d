"""The check for `deepfool_step(f, w)`: the smallest L2 step onto the nearest of several linearised boundaries."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..spec import Case, Formula, Spec, like, seen
from ..verdict import apart
from ..words import words


def nearest_step(f: Tensor, w: Tensor) -> Tensor:
    """f_l / |w_l|^2 * w_l for the l with the smallest f_l / |w_l|. In float64."""
    return _step_to(f.double(), w.double(), (f.double() / w.double().norm(dim=1)).argmin())


def _step_to(f: Tensor, w: Tensor, l: Tensor | int) -> Tensor:  # noqa: E741, the letter of the paper
    return f[l] / w[l].square().sum() * w[l]


def _along(f: Tensor, w: Tensor, weight) -> Tensor:
    """The right class, with another factor in front of its gradient."""
    l = (f / w.norm(dim=1)).argmin()  # noqa: E741
    return weight(f[l], w[l]) * w[l]


def _largest_entry_step(f: Tensor, w: Tensor) -> Tensor:
    size = w.abs().sum(1)
    l = (f / size).argmin()  # noqa: E741
    return f[l] / size[l] * w[l].sign()


def _times(answer: Tensor, f: Tensor, w: Tensor) -> float:
    return float(answer.norm() / nearest_step(f, w).norm())


def _longer(answer: Tensor, f: Tensor, w: Tensor) -> bool:
    """The right direction with another length."""
    return bool(torch.cosine_similarity(answer, nearest_step(f, w), dim=0) > 0.9999)


def _nearest_of(among: slice, f: Tensor, w: Tensor) -> Tensor:
    """The step to the nearest of some of the classes; to the only one, where there is one."""
    ratio = f / w.norm(dim=1)
    chosen = torch.full_like(ratio, torch.inf)
    chosen[among] = ratio[among]
    return _step_to(f, w, chosen.argmin())


def _with_a_constant(by: float) -> Formula:
    return lambda f, w: _along(f, w, lambda f, w: f / (w.square().sum() + by))


SHORT_OF_IT = {
    "constant-below-the-line": like(*map(_with_a_constant, (1e-8, 1e-7, 1e-6, 1e-5))),
    "wrong-length": seen(lambda r, f, w: _longer(r, f, w)),
}
LEFT_OUT = {
    "leaves-out-the-last": like(lambda f, w: _nearest_of(slice(-1), f, w)),
    "leaves-out-the-first": like(lambda f, w: _nearest_of(slice(1, None), f, w)),
}
OVERSHOOTS = {"overshoots": seen(lambda r, f, w: _longer(r, f, w) and 1 < _times(r, f, w) < 1.2)}
MISTAKES = {
    "fixed-class": like(lambda f, w: _step_to(f, w, 0)),
    "last-class": like(lambda f, w: _step_to(f, w, -1)),
    "smallest-gap": like(lambda f, w: _step_to(f, w, f.argmin())),
    "farthest-boundary": like(lambda f, w: _step_to(f, w, (f / w.norm(dim=1)).argmax())),
    "squared-in-choice": like(lambda f, w: _step_to(f, w, (f / w.square().sum(1)).argmin())),
    "steepest-class": like(lambda f, w: _step_to(f, w, w.norm(dim=1).argmax())),
    "flattest-class": like(lambda f, w: _step_to(f, w, w.norm(dim=1).argmin())),
    "sum-of-steps": like(lambda f, w: (f / w.square().sum(1)) @ w),
    "mean-of-steps": like(lambda f, w: (f / w.square().sum(1)) @ w / len(f)),
    "l1-in-choice": like(lambda f, w: _step_to(f, w, (f / w.abs().sum(1)).argmin())),
    "sign-step": like(_largest_entry_step),
    "norm-not-squared": like(lambda f, w: _along(f, w, lambda f, w: f / w.norm())),
    "not-divided": like(lambda f, w: _along(f, w, lambda f, w: f)),
    "only-the-gradient": like(lambda f, w: _along(f, w, lambda f, w: 1)),
    "forgets-the-gap": like(lambda f, w: _along(f, w, lambda f, w: 1 / w.square().sum())),
    "unit-step": like(lambda f, w: _along(f, w, lambda f, w: 1 / w.norm())),
    "gap-as-length": like(lambda f, w: _along(f, w, lambda f, w: f * f / w.norm())),
    "fixed-denominator": like(lambda f, w: _along(f, w, lambda g, _: g / w.square().sum())),
    "zero-step": like(lambda f, w: torch.zeros_like(w[0])),
    "minus-sign": like(lambda f, w: -nearest_step(f, w)),
    "gap-over-l1": like(lambda f, w: _along(f, w, lambda f, w: f / w.abs().sum())),
    "per-cent": like(lambda f, w: 100 * nearest_step(f, w)),
    "rounded": like(*(lambda f, w, n=n: nearest_step(f, w).round(decimals=n) for n in (1, 2, 3))),
    "norm-cubed": like(lambda f, w: _along(f, w, lambda f, w: f / w.norm() ** 3)),
    "divided-by-entries": like(lambda f, w: f[(f / w.norm(dim=1)).argmin()] / w[(f / w.norm(dim=1)).argmin()]),
    "closes-all-gaps": like(lambda f, w: torch.linalg.pinv(w) @ f),
    **OVERSHOOTS,
    "constant-below-the-line": like(*map(_with_a_constant, (1e-4, 1e-3, 1e-2))),
    "wrong-length": seen(lambda r, f, w: _longer(r, f, w)),
    "other-boundary": seen(lambda r, f, w: (f.double() - w.double() @ r).abs().min() < 1e-4),
}


AT_ZERO_GAP = {"nan": "nan-at-zero-gap"}
NO_ANSWER = dict.fromkeys(("nan", "raises", "wrong-shape"), "unreachable-class")


def cases() -> Iterator[Case]:
    f, w = boundaries()
    # Turned round as well: the last class is not the flattest there.
    yield Case((f, w), "wrong-value", also=((f.flip(0), w.flip(0)),), mistakes=MISTAKES)
    yield Case((f, 0.01 * w), "wrong-elsewhere", "gradients a hundredth as long", mistakes=SHORT_OF_IT)
    # Alone among three: whoever forgets it goes to another class than whoever goes by the gap.
    near = torch.tensor([3.0, 0.6, 0.5]), torch.tensor([[6.0, -6.0], [0.3, -0.3], [0.2, 0.1]])
    for end, (f3, w3) in {"first": near, "last": (near[0].flip(0), near[1].flip(0))}.items():
        yield Case((f3, w3), "wrong-elsewhere", f"three other classes, the {end} the nearest", mistakes=LEFT_OUT)
    yield Case(boundaries(classes=1, n=7, seed=2), "wrong-elsewhere", "a single other class", mistakes=OVERSHOOTS)
    yield Case(boundaries(classes=25, n=3, seed=3), "wrong-elsewhere", "25 other classes and three inputs")
    double = tuple(a.double() for a in boundaries(classes=5, n=8, seed=5))
    yield Case(double, "wrong-elsewhere", "float64")
    # The nearest boundary is the one with the largest gap, because its gradient is steepest.
    steep = torch.tensor([0.5, 3.0]), torch.tensor([[0.2, 0.1], [6.0, -6.0]])
    yield Case(steep, "wrong-elsewhere", "two other classes, the nearer one with the larger gap")
    on_one = f.clone()
    on_one[1] = 0
    yield Case((on_one, w), "moves-at-zero-gap", told=AT_ZERO_GAP)
    # To look at a class that cannot be reached is a virtue, not part of the task.
    f, w = f.clone(), w.clone()
    f[2], w[2] = 9.0, 0
    yield Case((f, w), "unreachable-class", told=NO_ANSWER, blemish=True)


def boundaries(classes: int = 10, n: int = 6, seed: int = 22137) -> tuple[Tensor, Tensor]:
    """Gaps [classes] and gradients [classes, n] of different lengths; this seed and order send every wrong choice
    elsewhere."""
    draw = torch.Generator().manual_seed(seed)
    length = torch.linspace(0.5, 1.6, classes)[torch.randperm(classes, generator=draw)]
    w = torch.randn(classes, n, generator=draw)
    w = length[:, None] * w / w.norm(dim=1, keepdim=True)
    return (length * (0.5 + 1.5 * torch.rand(classes, generator=draw))).roll(-2), w.roll(-2, 0)


def _numbers(answer: Tensor, f: Tensor, w: Tensor) -> dict:
    left = f.double() - w.double() @ answer
    length, shortest = apart(answer.norm(), nearest_step(f, w).norm())
    return {
        "length": length,
        "shortest": shortest,
        "more": _times(answer, f, w),
        "largest": answer.abs().max(),
        "left": left.abs().min(),
        "lowest": left.min(),
    }


check_deepfool_step = Spec(words(__file__), nearest_step, cases, _numbers, tolerance=1e-5)
