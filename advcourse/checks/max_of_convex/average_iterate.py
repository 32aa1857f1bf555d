"""The check for `average_iterate(functions, w, step_size, steps)`: subgradient steps, and the mean of all iterates."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..interview import Interview
from ..mistakes import WrongFormula, refuse, same
from ..verdict import fail, number
from .bowls import Bowl, bowls, largest

CASES = (((2.0, 1.0), 0.1, 7), ((-1.5, 0.7), 0.3, 5), ((0.2, -1.9), 0.15, 9))

Functions = list[Bowl]
Slope = Callable[[Functions, Tensor, int, Tensor], Tensor]  # functions, where one stands, t, the start


def check_average_iterate(ask: Interview) -> str:
    answers = torch.stack([ask(bowls(), torch.tensor(w), size, steps) for w, size, steps in CASES])
    if not same(answers, of_all(mean_of_all)):
        _explain(answers)
    w = torch.tensor(CASES[0][0])
    if not same(ask(bowls(), w, 0.1, 0), w):
        fail("no-steps", "With no steps at all it is not the start.", "Of which iterates is the mean then?")
    for functions, start, about in (
        ([Bowl((1.0, 0.0, 2.0), 1.0, 0.0)], torch.tensor([3.0, 3.0, 3.0]), "one function of three variables"),
        (bowls(), w.double(), "float64"),
    ):
        if not same(ask(functions, start, 0.2, 4), mean_of_all(functions, start, 0.2, 4)):
            fail("wrong-elsewhere", f"Right in the plane, wrong for {about}.", "What is special about that case?")
    return "Every step follows the function that is largest where it stands, and the mean is that of all iterates."


def active(functions: Functions, w: Tensor, t: int, start: Tensor) -> Tensor:
    return largest(functions, w).gradient(w)


def walk(functions: Functions, w: Tensor, size: float, steps: int, slope: Slope = active) -> Tensor:
    """All iterates, [steps + 1, n]."""
    path = [w]
    for t in range(steps):
        path.append(path[-1] - size * slope(functions, path[-1], t, w))
    return torch.stack(path)


def mean_of_all(functions: Functions, w: Tensor, size: float, steps: int) -> Tensor:
    return walk(functions, w, size, steps).mean(0)


def of_all(formula) -> Tensor:
    return torch.stack([formula(bowls(), torch.tensor(w), size, steps) for w, size, steps in CASES])


def _best(functions: Functions, w: Tensor, size: float, steps: int) -> Tensor:
    return min(walk(functions, w, size, steps), key=lambda z: float(largest(functions, z)(z)))


def _fed_back(functions: Functions, w: Tensor, size: float, steps: int) -> Tensor:
    total, mean = w, w
    for t in range(1, steps + 1):
        total = total + mean - size * active(functions, mean, t, w)
        mean = total / (t + 1)
    return mean


def _with(slope: Slope):
    return lambda f, w, a, steps: walk(f, w, a, steps, slope).mean(0)


WRONG_WALKS = (
    WrongFormula(
        "last-iterate",
        "It is the last iterate.",
        "The last one may stand on the wrong side of a kink: of what was the mean to be taken?",
        lambda f, w, a, steps: walk(f, w, a, steps)[-1],
    ),
    WrongFormula(
        "best-iterate",
        "It is the iterate with the lowest value.",
        "That is a fine answer to another question: here the mean is asked for.",
        _best,
    ),
    WrongFormula(
        "leaves-out-the-start",
        "It is the mean of all iterates but the start.",
        "How many points are there after as many steps, and when is each one noted?",
        lambda f, w, a, steps: walk(f, w, a, steps)[1:].mean(0),
    ),
    WrongFormula(
        "leaves-out-the-end",
        "It is the mean of all iterates but the last.",
        "How many points are there after as many steps, and when is each one noted?",
        lambda f, w, a, steps: walk(f, w, a, steps)[:-1].mean(0),
    ),
    WrongFormula(
        "divides-by-steps",
        "It is the sum of all iterates over the number of steps.",
        "With one step there are two points: by how many do you divide?",
        lambda f, w, a, steps: walk(f, w, a, steps).sum(0) / steps,
    ),
    WrongFormula(
        "sum",
        "It is the sum of all iterates.",
        "A mean lies among the points: what is missing?",
        lambda f, w, a, steps: walk(f, w, a, steps).sum(0),
    ),
    WrongFormula(
        "ends-only",
        "It is the point half way between start and end.",
        "Every iterate counts once: what about those on the way?",
        lambda f, w, a, steps: (w + walk(f, w, a, steps)[-1]) / 2,
    ),
    WrongFormula(
        "uphill",
        "Every step goes up the active function.",
        "Which sign does a step down have?",
        lambda f, w, a, steps: walk(f, w, -a, steps).mean(0),
    ),
    WrongFormula(
        "gradient-of-the-start",
        "Every step uses the subgradient of the start.",
        "Where do you stand when you take the next step?",
        _with(lambda f, w, t, start: active(f, start, t, start)),
    ),
    WrongFormula(
        "function-of-the-start",
        "Every step follows the function that was active at the start.",
        "Which function is the largest changes on the way: where is that looked up?",
        _with(lambda f, w, t, start: largest(f, start).gradient(w)),
    ),
    WrongFormula(
        "first-function",
        "Every step follows the first function, whichever is the largest.",
        "Which of them is active where you stand?",
        _with(lambda f, w, t, start: f[0].gradient(w)),
    ),
    WrongFormula(
        "mean-of-all-functions",
        "Every step follows the mean of all functions.",
        "It is their maximum that should get small: which of them may come in?",
        _with(lambda f, w, t, start: torch.stack([g.gradient(w) for g in f]).mean(0)),
    ),
    WrongFormula(
        "sum-of-all-functions",
        "Every step follows the sum of all functions.",
        "It is their maximum that should get small: which of them may come in?",
        _with(lambda f, w, t, start: torch.stack([g.gradient(w) for g in f]).sum(0)),
    ),
    WrongFormula(
        "smallest-function",
        "Every step follows the smallest of the functions.",
        "It is their maximum that should get small: which end do you pick?",
        _with(lambda f, w, t, start: min(f, key=lambda g: float(g(w))).gradient(w)),
    ),
    WrongFormula(
        "normalised",
        "Every step has the same length, step_size itself.",
        "The step is step_size times the subgradient: why was its length divided away?",
        _with(lambda f, w, t, start: active(f, w, t, start) / active(f, w, t, start).norm()),
    ),
    WrongFormula(
        "diminishing",
        "The steps get smaller on the way.",
        "Here the step size is constant: what does it depend on in your code?",
        _with(lambda f, w, t, start: active(f, w, t, start) / (t + 1)),
    ),
    WrongFormula(
        "diminishing",
        "The steps get smaller on the way, like one over a root.",
        "Here the step size is constant: what does it depend on in your code?",
        _with(lambda f, w, t, start: active(f, w, t, start) / (t + 1) ** 0.5),
    ),
    WrongFormula(
        "goes-on-from-the-mean",
        "Every step starts from the mean so far, not from the last iterate.",
        "The mean only watches: which variable does the next step start from?",
        _fed_back,
    ),
    WrongFormula(
        "one-step-more",
        "It is the mean of one iterate too many.",
        "How often does your loop run?",
        lambda f, w, a, steps: walk(f, w, a, steps + 1).mean(0),
    ),
    WrongFormula(
        "stands-still",
        "It is the start.",
        "Is what you subtract ever assigned?",
        lambda f, w, a, steps: w,
    ),
)


def _explain(answers: Tensor) -> None:
    refuse(answers, WRONG_WALKS, of_all)
    right = of_all(mean_of_all)
    i = int((answers - right).abs().amax(1).argmax())
    w, size, steps = CASES[i]
    fail(
        "wrong-value",
        f"From {w} with {steps} steps of {size} it is off by {number((answers - right)[i].norm())}.",
        "Print the first two iterates, and compute them by hand.",
    )
