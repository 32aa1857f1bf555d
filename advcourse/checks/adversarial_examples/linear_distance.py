"""The check for `linear_distance(W, b, x, y, p)`: how far the input has to move, in l_p, to change the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..spec import Asked, Case, Formula, Spec, like, same, scaled, seen
from ..words import words

NORMS = (2, math.inf)


def distance(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
    """min over k of (a_y - a_k) / |w_k - w_y|_q, where 1/p + 1/q = 1; at least 0. In float64."""
    ratios = _ratios(W.double(), b.double(), x.double(), y, _dual(p))
    return ratios.amin(1).clamp(min=0)


def _dual(p: float) -> float:
    return 1 if p == math.inf else p / (p - 1)


def _gaps(W: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
    a = x @ W.T + b
    return a.gather(1, y[:, None]) - a


def _others(values: Tensor, y: Tensor, instead: float = math.inf) -> Tensor:
    """[B, K] with the column of each sample's own class out of the way."""
    return values.scatter(1, y[:, None], instead)


def _norms(W: Tensor, y: Tensor, q: float) -> Tensor:
    """|w_k - w_y|_q [B, K]; 1 for the class itself."""
    return _others((W[None] - W[y][:, None]).norm(q, dim=2), y, 1.0)


def _ratios(W: Tensor, b: Tensor, x: Tensor, y: Tensor, q: float) -> Tensor:
    return _others(_gaps(W, b, x, y) / _norms(W, y, q), y)


def _nearest(ratios: Tensor) -> Tensor:
    return ratios.amin(1).clamp(min=0)


def _runner_up(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
    runner = _others(x @ W.T + b, y, -math.inf).argmax(1, keepdim=True)
    return _ratios(W, b, x, y, _dual(p)).gather(1, runner)[:, 0].clamp(min=0)


def _divided_by(norms: Callable[[Tensor, Tensor, float], Tensor]) -> Formula:
    return lambda W, b, x, y, p: _nearest(_others(_gaps(W, b, x, y) / norms(W, y, _dual(p)), y))


def _to_one_plane(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
    a, norm = x @ W.T + b, W.norm(_dual(p), dim=1)
    return (a / norm).gather(1, y[:, None])[:, 0].abs()


def _of_probabilities(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
    prob = (x @ W.T + b).softmax(1)
    return _nearest(_others((prob.gather(1, y[:, None]) - prob) / _norms(W, y, _dual(p)), y))


def _difference_of_norms(W: Tensor, y: Tensor, q: float) -> Tensor:
    return _others((W.norm(q, dim=1)[None] - W[y].norm(q, dim=1)[:, None]).abs(), y, 1.0)


def _to_one_other(other: Callable[[Tensor, int], Tensor]) -> Formula:
    """The distance to one class alone, `other(y, K)`."""

    def answer(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
        k = other(y, len(W)) % len(W)
        return _ratios(W, b, x, y, _dual(p)).gather(1, k[:, None])[:, 0].clamp(min=0)

    return answer


def _farthest(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
    return _others(_ratios(W, b, x, y, _dual(p)), y, -math.inf).amax(1).clamp(min=0)


def _right_alone(asked: Asked) -> bool:
    """Sample by sample the answer is right, in both norms."""
    for (W, b, x, y, p), right in zip(asked.args, asked.right):
        alone = [asked.ask(W, b, x[i : i + 1], y[i : i + 1], p) for i in range(len(x))]
        if not same(torch.cat(alone), right, asked.tolerance):
            return False
    return True


def _gap_of_one_norm_of_another(smallest: Callable[[Tensor, Tensor], Tensor]) -> Formula:
    """The smallest gap over the smallest or the largest norm, those of two classes."""

    def answer(W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> Tensor:
        gap = _others(_gaps(W, b, x, y), y).amin(1)
        return (gap / smallest(_norms(W, y, _dual(p)), y)).clamp(min=0)

    return answer


MISTAKES = {
    "couples-samples": _right_alone,
    "same-norm": like(lambda W, b, x, y, p: _nearest(_ratios(W, b, x, y, p))),
    "ignores-p": like(lambda W, b, x, y, p: _nearest(_ratios(W, b, x, y, 2))),
    "always-l1": like(lambda W, b, x, y, p: _nearest(_ratios(W, b, x, y, 1))),
    "runner-up": like(_runner_up),
    "swapped-norms": like(lambda W, b, x, y, p: distance(W, b, x, y, math.inf if p == 2 else 2)),
    "gap-and-norm-apart": like(
        _gap_of_one_norm_of_another(lambda norms, y: _others(norms, y).amin(1)),
        _gap_of_one_norm_of_another(lambda norms, y: _others(norms, y, 0.0).amax(1)),
    ),
    "per-cent": like(lambda *args: 100 * distance(*args)),
    "rounded": like(*(lambda *args, n=n: distance(*args).round(decimals=n) for n in (1, 2))),
    "all-zero": like(lambda W, b, x, y, p: torch.zeros_like(x[:, 0])),
    "negative-distance": like(lambda W, b, x, y, p: _ratios(W, b, x, y, _dual(p)).amin(1)),
    "absolute-gap": like(lambda W, b, x, y, p: _ratios(W, b, x, y, _dual(p)).abs().amin(1)),
    "uses-prediction": like(lambda W, b, x, y, p: _nearest(_ratios(W, b, x, (x @ W.T + b).argmax(1), _dual(p)))),
    "squared-norm": like(_divided_by(lambda W, y, q: _norms(W, y, q).square())),
    "gap-not-distance": like(_divided_by(lambda W, y, q: torch.ones(1))),
    "mean-norm": like(lambda W, b, x, y, p: distance(W, b, x, y, p) * W.shape[1] ** (1 / _dual(p))),
    "wrong-factor": scaled(lambda *args: 2 * distance(*args)),
    "norm-of-the-matrix": like(
        _divided_by(lambda W, y, q: W.norm()),
        _divided_by(lambda W, y, q: W.norm(q)),
        _divided_by(lambda W, y, q: torch.linalg.matrix_norm(W, 2)),
    ),
    "norm-of-all-rows": like(
        _divided_by(lambda W, y, q: (W[None] - W[y][:, None]).flatten(1).norm(q, dim=1, keepdim=True)),
    ),
    "mean-over-classes": like(
        lambda W, b, x, y, p: _others(_ratios(W, b, x, y, _dual(p)).clamp(min=0), y, 0.0).sum(1) / (len(W) - 1),
        lambda W, b, x, y, p: (_others(_ratios(W, b, x, y, _dual(p)), y, 0.0).sum(1) / (len(W) - 1)).clamp(min=0),
    ),
    "norm-of-one-row": like(
        _divided_by(lambda W, y, q: W.norm(q, dim=1)[None]),
        _divided_by(lambda W, y, q: W[y].norm(q, dim=1)[:, None]),
    ),
    "difference-of-norms": like(_divided_by(_difference_of_norms)),
    "no-bias": like(lambda W, b, x, y, p: distance(W, 0 * b, x, y, p)),
    "farthest-class": like(_farthest),
    "one-other-class": like(*map(_to_one_other, (lambda y, K: 1 - y, lambda y, K: y + 1, lambda y, K: y - 1))),
    "one-plane": like(
        _to_one_plane,
        lambda W, b, x, y, p: _to_one_plane(W, b, x, y, p).where((x @ W.T + b).argmax(1) == y, 0.0),
    ),
    "cut-from-above": like(lambda W, b, x, y, p: _ratios(W, b, x, y, _dual(p)).amin(1).clamp(max=0)),
    "ignores-x": like(lambda W, b, x, y, p: distance(W, b, 0 * x, y, p)),
    "probabilities": like(_of_probabilities),
    "minus-sign": like(
        lambda W, b, x, y, p: (-_others(_ratios(W, b, x, y, _dual(p)), y, -math.inf)).amin(1),
        lambda W, b, x, y, p: -_ratios(W, b, x, y, _dual(p)).amin(1).clamp(max=0),
    ),
}


def _added_to_the_norm(by: float) -> Formula:
    return _divided_by(lambda W, y, q: _norms(W, y, q) + by)


# Of what stands for infinity, and of what is added against a division by zero.
FAR = {"ends-somewhere": seen(lambda a, *args: torch.allclose(a, distance(*args).clamp(max=a.max()).to(a), rtol=1e-3))}
FLAT = {
    "adds-to-the-norm": like(
        *map(_added_to_the_norm, (1e-3, 1e-4, 1e-5, 1e-6, 1e-8)),
        _divided_by(lambda W, y, q: _norms(W, y, q).clamp_min(1e-4)),
    )
}


def _norms_of_the_first(W: Tensor, y: Tensor, q: float) -> Tensor:
    return _others((W - W[y[0]]).norm(q, dim=1).expand(len(y), -1), y, 1.0)


ONE_LABEL = {"label-of-the-first": like(_divided_by(_norms_of_the_first))}
OWN_CLASS = {"nan": "own-class"}
ELSEWHERE: dict[str, Callable[[], tuple[Tensor, ...]]] = {
    "two classes": lambda: planes(classes=2, n=5, batch=7, seed=2),
    "a batch of one": lambda: planes(classes=6, n=30, batch=1, seed=3),
    "float64": lambda: planes(classes=5, n=8, batch=4, seed=4, dtype=torch.float64),
    "three samples, three classes": lambda: planes(classes=3, n=2, batch=3, seed=6),
}


def cases() -> Iterator[Case]:
    two, infinity = ((*planes(), p) for p in NORMS)
    yield Case(two, "wrong-value", also=(infinity,), mistakes=MISTAKES, told=OWN_CLASS)
    for where, other in ELSEWHERE.items():
        two, infinity = ((*other(), p) for p in NORMS)
        yield Case(two, "wrong-elsewhere", where, also=(infinity,))
    two, infinity = ((*of_every_class(), p) for p in NORMS)
    yield Case(two, "wrong-elsewhere", "samples of several classes", also=(infinity,), mistakes=ONE_LABEL)
    W, b, x, y = planes()
    two, infinity = ((W, 1e6 * b, 1e6 * x, y, p) for p in NORMS)
    yield Case(two, "wrong-elsewhere", "inputs a million times as large", also=(infinity,), mistakes=FAR)
    two, infinity = ((1e-6 * W, 1e-6 * b, x, y, p) for p in NORMS)
    yield Case(two, "wrong-elsewhere", "weights W and b a millionth as large", also=(infinity,), mistakes=FLAT)
    two, infinity = ((*on_a_boundary(), p) for p in NORMS)
    yield Case(two, "leaves-the-boundary", also=(infinity,))


def planes(
    classes: int = 4, n: int = 6, batch: int = 9, seed: int = 16, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, ...]:
    """W, b, x and labels that are the predictions but for every third sample, which is misclassified."""
    draw = torch.Generator().manual_seed(seed)
    scale = torch.linspace(0.4, 1.6, classes)[:, None]
    W = scale * torch.randn(classes, n, generator=draw)
    b = torch.randn(classes, generator=draw)
    x = torch.rand(batch, n, generator=draw)
    first, second = (x @ W.T + b).topk(2, dim=1).indices.unbind(1)
    y = torch.where(torch.arange(batch) % 3 == 2, second, first)
    return W.to(dtype), b.to(dtype), x.to(dtype), y


def of_every_class() -> tuple[Tensor, ...]:
    """Two samples of each of four classes; those of the last are misclassified."""
    W, b, _, _ = planes(batch=8)
    W, y = W / W.norm(dim=1, keepdim=True), torch.arange(8) % 4
    x = 2 * W[y]
    y[3::4] = 1
    return W, 0.1 * b, x, y


def on_a_boundary() -> tuple[Tensor, ...]:
    """The first sample's logits are 1, 1, -3: its distance is 0, and it is classified rightly all the same."""
    W = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-3.0, 0.0]])
    return W, torch.zeros(3), torch.tensor([[1.0, 1.0], [0.5, 0.25]]), torch.tensor([0, 0])


def _numbers(answer: Tensor, W: Tensor, b: Tensor, x: Tensor, y: Tensor, p: float) -> dict:
    right = distance(W, b, x, y, p)
    i = int((answer - right).abs().argmax())
    return {
        "p": f"{p:g}",
        "i": i,
        "got": answer[i],
        "batch": len(x),
        # Of the sample with the largest distance, which is never 0.
        "ratio": answer[right.argmax()] / right.max(),
        "far": answer.max(),
    }


check_linear_distance = Spec(words(__file__), distance, cases, _numbers, tolerance=1e-3)
