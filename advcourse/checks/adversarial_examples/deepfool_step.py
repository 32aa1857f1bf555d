"""The check for `deepfool_step(f, w)`: the smallest L2 step onto the nearest of several linearised boundaries."""

from __future__ import annotations

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import Finding, fail, instead_of, number


def check_deepfool_step(ask: Interview) -> str:
    f, w = boundaries()
    _compare(ask(f, w), f, w)
    for f, w, where in (
        (*boundaries(classes=1, n=7, seed=2), "a single other class"),
        (*boundaries(classes=25, n=3, seed=3), "25 other classes and three inputs"),
        (*(a.double() for a in boundaries(classes=5, n=8, seed=5)), "float64"),
        (*_more_classes_than_one_needs(), "two other classes, the nearer one with the larger gap"),
    ):
        error = (ask(f, w) - step(f, w)).norm()
        if error > 1e-3:
            fail(
                "wrong-elsewhere",
                f"Right for 10 other classes and 6 inputs, off by {number(error)} for {where}.",
                "What is special about that case?",
            )
    _require_rest_on_a_boundary(ask)
    return f"The step ends on the nearest linearised boundary and is the shortest that does{_at_zero_gradient(ask)}."


def step(f: Tensor, w: Tensor) -> Tensor:
    """f_l / |w_l|^2 * w_l for the l with the smallest f_l / |w_l|. In float64."""
    return _step_to(f.double(), w.double(), (f.double() / w.double().norm(dim=1)).argmin())


def boundaries(classes: int = 10, n: int = 6, seed: int = 22137) -> tuple[Tensor, Tensor]:
    """Gaps [classes] and gradients [classes, n] of different lengths; this seed sends every wrong choice elsewhere."""
    draw = torch.Generator().manual_seed(seed)
    length = torch.linspace(0.5, 1.6, classes)[torch.randperm(classes, generator=draw)]
    w = torch.randn(classes, n, generator=draw)
    w = length[:, None] * w / w.norm(dim=1, keepdim=True)
    return length * (0.5 + 1.5 * torch.rand(classes, generator=draw)), w


def _more_classes_than_one_needs() -> tuple[Tensor, Tensor]:
    """The nearest boundary is the one with the largest gap, because its gradient is steepest."""
    return torch.tensor([0.5, 3.0]), torch.tensor([[0.2, 0.1], [6.0, -6.0]])


def _step_to(f: Tensor, w: Tensor, l: Tensor) -> Tensor:  # noqa: E741, the letter of the paper
    return f[l] / w[l].square().sum() * w[l]


def _along(f: Tensor, w: Tensor, weight) -> Tensor:
    """The right class, with another factor in front of its gradient."""
    l = (f / w.norm(dim=1)).argmin()  # noqa: E741
    return weight(f[l], w[l]) * w[l]


def _largest_entry_step(f: Tensor, w: Tensor) -> Tensor:
    size = w.abs().sum(1)
    l = (f / size).argmin()  # noqa: E741
    return f[l] / size[l] * w[l].sign()


_CHOICE = "Near means near in the space of the input: how long is the step to each boundary?"
_LENGTH = "Insert the step into f - <w, r>: which factor in front of w makes that zero?"
_ONE = "One boundary is enough to be fooled: which one takes the shortest step?"

WRONG_STEPS = (
    WrongFormula(
        "smallest-gap",
        "The step has length {length} and leads to the class with the smallest gap, {more} times as far as need be.",
        _CHOICE,
        lambda f, w: _step_to(f, w, f.argmin()),
    ),
    WrongFormula(
        "farthest-boundary",
        "The step has length {length}, {more} times as long as to the nearest boundary.",
        _ONE,
        lambda f, w: _step_to(f, w, (f / w.norm(dim=1)).argmax()),
    ),
    WrongFormula(
        "squared-in-choice",
        "The step has length {length} and ends on a boundary, {more} times as far away as the nearest.",
        "The distance to a boundary is measured in inputs: which power of the gradient's norm does that take?",
        lambda f, w: _step_to(f, w, (f / w.square().sum(1)).argmin()),
    ),
    WrongFormula(
        "steepest-class",
        "The step leads to the class with the largest gradient, {more} times as far as need be.",
        _CHOICE,
        lambda f, w: _step_to(f, w, w.norm(dim=1).argmax()),
    ),
    WrongFormula(
        "flattest-class",
        "The step leads to the class with the smallest gradient, {more} times as far as need be.",
        _CHOICE,
        lambda f, w: _step_to(f, w, w.norm(dim=1).argmin()),
    ),
    WrongFormula(
        "sum-of-steps",
        "The step has length {length}, {more} times that to the nearest boundary: it adds up several.",
        _ONE,
        lambda f, w: (f / w.square().sum(1)) @ w,
    ),
    WrongFormula(
        "mean-of-steps",
        "The step has length {length} and mixes the directions of all classes.",
        _ONE,
        lambda f, w: (f / w.square().sum(1)) @ w / len(f),
    ),
    WrongFormula(
        "l1-in-choice",
        "The step has length {length} and ends on a boundary, {more} times as far away as the nearest.",
        "In which norm is the step to be short, and in which one was the nearest class chosen?",
        lambda f, w: _step_to(f, w, (f / w.abs().sum(1)).argmin()),
    ),
    WrongFormula(
        "sign-step",
        "All entries have size {largest}, and the length is {length}, {more} times as long as need be.",
        "That is the smallest step for the largest entry: which norm is to be small here?",
        _largest_entry_step,
    ),
    WrongFormula(
        "norm-not-squared",
        "The direction is right, the length {length}, {more} times what is needed.",
        _LENGTH,
        lambda f, w: _along(f, w, lambda f, w: f / w.norm()),
    ),
    WrongFormula(
        "not-divided",
        "The direction is right, the length {length}, {more} times what is needed.",
        "A steeper logit takes a shorter step: " + _LENGTH[0].lower() + _LENGTH[1:],
        lambda f, w: _along(f, w, lambda f, w: f),
    ),
    WrongFormula(
        "only-the-gradient",
        "The direction is right, the length {length}, however small the gap.",
        _LENGTH,
        lambda f, w: _along(f, w, lambda f, w: 1),
    ),
    WrongFormula(
        "unit-step",
        "The direction is right, the length exactly 1, however small the gap.",
        _LENGTH,
        lambda f, w: _along(f, w, lambda f, w: 1 / w.norm()),
    ),
    WrongFormula(
        "gap-as-length",
        "The direction is right, and the length {length} is the gap between two logits.",
        "A gap is measured in logits, a step in inputs: " + _LENGTH[0].lower() + _LENGTH[1:],
        lambda f, w: _along(f, w, lambda f, w: f * f / w.norm()),
    ),
    WrongFormula(
        "fixed-denominator",
        "The direction is right, the length {length}: it was divided by the gradients of all classes together.",
        "Whose norm belongs to the boundary you step onto?",
        lambda f, w: _along(f, w, lambda g, _: g / w.square().sum()),
    ),
    WrongFormula(
        "zero-step",
        "The step is zero although every gap is positive.",
        "Which line uses the class you found?",
        lambda f, w: torch.zeros_like(w[0]),
    ),
)


def _compare(answer: Tensor, f: Tensor, w: Tensor) -> None:
    right = step(f, w)
    if same(answer, right):
        return
    more = answer.norm() / right.norm()
    numbers = {"length": number(answer.norm()), "more": number(more), "largest": number(answer.abs().max())}
    refuse(answer, WRONG_STEPS, lambda formula: formula(f.double(), w.double()), **numbers)
    if same(-answer, right):
        fail(
            "minus-sign",
            f"After the step the smallest linearised gap is {number((f - w.double() @ answer).min())}, not 0.",
            "A gap falls when the other class's logit rises: which way along w is that?",
        )
    if torch.cosine_similarity(answer, right, dim=0) > 0.9999:
        _refuse_wrong_length(answer, float(more))
    left = f.double() - w.double() @ answer
    if left.abs().min() < 1e-4:
        fail(
            "other-boundary",
            f"The step ends on a boundary but has length {number(answer.norm())}, {number(more)} times the shortest.",
            _CHOICE,
        )
    fail(
        "wrong-value",
        f"After the step the linearised gaps are at least {number(left.abs().min())} away from zero.",
        "It has to end on one of the boundaries: insert it into f - <w, r> on the small case above.",
    )


def _refuse_wrong_length(answer: Tensor, more: float) -> None:
    if 1 < more < 1.2:
        fail(
            "overshoots",
            f"The direction is right, the step {more:.2f} times as long as it has to be.",
            "A little more than needed is for the loop that calls this: here the boundary itself is wanted.",
        )
    fail(
        "wrong-length",
        f"The direction is right, the length {number(answer.norm())} is {number(more)} times what is needed.",
        _LENGTH,
    )


def _require_rest_on_a_boundary(ask: Interview) -> None:
    f, w = boundaries()
    f[1] = 0
    with instead_of(
        "nan",
        diagnosis="nan-at-zero-gap",
        seen="Where a gap is exactly 0 the step is NaN or infinite.",
        look="The input is on that boundary already: which of your divisions has the gap below the line?",
    ):
        answer = ask(f, w)
    if answer.norm() > 1e-4:
        fail(
            "moves-at-zero-gap",
            f"One gap is exactly 0, yet the step has length {number(answer.norm())}.",
            "The input is on a boundary already: how long is the smallest step onto it?",
        )


def _at_zero_gradient(ask: Interview) -> str:
    """What to add about a class that cannot be reached: to look at it is a virtue, not part of the task."""
    f, w = boundaries()
    f[2], w[2] = 9.0, 0
    try:
        answer = ask(f, w)
    except Finding:
        return " (a class whose gradient is zero spoils it: can a step lead there?)"
    return ", and a class that no step can reach is left out" if same(answer, step(f, w)) else ""
