"""Maxima of convex functions: kinks, subgradients, the direction of steepest descent, and the subgradient method.

f(w) = max_i g_i(w) is convex where every g_i is, and has a kink where several of them are largest at once. There the
negative gradient of one of them need not lead down; the negative of the hull's minimum-norm element does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from advcourse.asking import Trace, ignore
from advcourse.device import precise

Function = Callable[[Tensor], Tensor]  # w [n] -> a number, differentiable by autograd
Step = Callable[[int, float, Tensor], float]  # t = 0, 1, ..., f(w_t), the subgradient there [n] -> how much of it

ROUNDINGS = 32  # how many roundings of one value count as nothing


@dataclass(frozen=True, repr=False)
class MaxOf:
    """f(w) = max_i g_i(w) of convex, differentiable functions w [n] -> scalar, in float32 or float64.

    Raises ValueError where w is not a vector of floats, or a function returns anything but one finite number.
    """

    functions: Sequence[Function]

    def __post_init__(self):
        object.__setattr__(self, "functions", tuple(self.functions))
        if not self.functions:
            raise ValueError("a maximum needs at least one function; got none: MaxOf([g1, g2])")

    def __repr__(self) -> str:
        return f"MaxOf({len(self.functions)} functions)"

    def value(self, w: Tensor) -> Tensor:
        """f(w), a scalar. Autograd through it gives a subgradient: at a tie the mean of the active gradients."""
        return self.values(w).amax()

    def values(self, w: Tensor) -> Tensor:
        """All g_i(w): [n] -> [k]."""
        _check_vector(w)
        return torch.stack(self._each(w))

    def active_set(self, w: Tensor) -> Tensor:
        """I(w) = {i: g_i(w) = f(w)}, indices in ascending order; values that differ by rounding alone are equal.

        What rounding can do to g_i(w): its own last digits, and what it changes when the entries of w change theirs,
        eps (|g_i(w)| + sum_j |w_j| |d g_i / d w_j|). So ties at f = 0 are found, and no units have to be known.
        """
        return self._active(w)[0]

    def subgradients(self, w: Tensor) -> Tensor:
        """The gradients of the active functions, one a row: [n] -> [k, n]. Their hull holds all subgradients."""
        return self._active(w)[1]

    def min_norm(self, w: Tensor) -> Tensor:
        """v*, the shortest of all subgradients at w: [n] -> [n]."""
        return min_norm_point(self.subgradients(w)).point

    def steepest_descent(self, w: Tensor) -> Tensor:
        """-v*: no direction of its length leads down faster, f'(w; -v*) = -|v*|^2: [n] -> [n]. Zero at a minimiser."""
        return -self.min_norm(w)

    def directional_derivative(self, w: Tensor, d: Tensor) -> Tensor:
        """f'(w; d) = max_{i active} <grad g_i(w), d>, a scalar: d leads down exactly where this is negative."""
        return (self.subgradients(w) @ d).amax()

    def is_minimiser(self, w: Tensor) -> bool:
        """Whether w minimises f: 0 is a subgradient there, v* = 0 up to rounding. A certificate, as f is convex."""
        gradients = self.subgradients(w)
        longest = gradients.norm(dim=1).max()
        return bool(min_norm_point(gradients).point.norm() <= ROUNDINGS * torch.finfo(w.dtype).eps * longest)

    def _each(self, w: Tensor) -> list[Tensor]:
        return [_one_number(g(w), i, w) for i, g in enumerate(self.functions)]

    @torch.inference_mode(False)
    @torch.enable_grad()
    def _active(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """The active set, and the gradients of its functions."""
        _check_vector(w)
        leaf = w.detach().clone().requires_grad_()
        each = self._each(leaf)
        gradients = torch.stack([_gradient(value, leaf) for value in each])
        values = torch.stack(each).detach()
        blur = ROUNDINGS * torch.finfo(w.dtype).eps * (values.abs() + gradients.abs() @ leaf.detach().abs())
        top = values.argmax()
        active = (values[top] - values <= blur[top] + blur).nonzero().flatten()
        if not (values[top].isfinite() and len(active) and gradients[active].isfinite().all()):
            raise ValueError(f"f or a gradient is not finite at w = {w.tolist()}: is w outside the domain?")
        return active, gradients[active]


class HullPoint(NamedTuple):
    """A point of a convex hull [n], and how it is mixed from the points that span it: weights [k] >= 0 with sum 1."""

    point: Tensor
    weights: Tensor


def min_norm_point(points: Tensor) -> HullPoint:
    """The point of the convex hull of the rows that is nearest to zero, and its weights: points [k, n], any k and n.

    Computed in float64 by Wolfe's method, which ends on the face it lies in and is exact up to rounding.
    Wolfe, "Finding the nearest point in a polytope", Mathematical Programming 11, 1976.
    """
    if points.ndim != 2 or not points.numel() or not points.is_floating_point():
        raise ValueError(
            f"points must be rows of floats [k, n], at least one; got {points.dtype} {list(points.shape)}: "
            "stack the gradients with torch.stack"
        )
    if not points.isfinite().all():
        raise ValueError("points must be finite; found NaN or infinity: look at the gradients one by one")
    exact = precise(points.detach())
    scale = exact.abs().max().clamp(min=torch.finfo(torch.float64).tiny)
    # k points lie in k dimensions: the triangular factor keeps their lengths and angles, however long the rows are.
    corners = torch.linalg.qr((exact / scale).T, mode="r").R.T.cpu()
    weights = _wolfe(corners).to(exact.device)
    return HullPoint((weights @ exact).to(points), weights.to(points))


def _wolfe(p: Tensor) -> Tensor:
    """The weights [k] of the point of the hull of p [k, d] nearest to zero; the largest entries of p are about 1.

    x is nearest exactly if <p_i, x> >= |x|^2 for all i. A corner that violates this is mixed in, and those that the
    mixture no longer needs are left out: x gets shorter each time, so no set of corners comes back.
    """
    tiny = ROUNDINGS * torch.finfo(p.dtype).eps
    weights = torch.zeros(len(p), dtype=p.dtype)
    weights[p.norm(dim=1).argmin()] = 1
    while True:
        x = weights @ p
        along = p @ x
        new = along.argmin()
        if x.norm() <= tiny or along[new] >= x @ x - tiny * x.norm():
            return weights
        better = _mixed(p, weights, new)
        if (better @ p).norm() >= x.norm():
            return weights  # rounding is all that is left to gain
        weights = better


def _mixed(p: Tensor, weights: Tensor, new: Tensor) -> Tensor:
    """Weights of the nearest point to zero of a face spanned by the corners in use and one more, or by some of them.

    Towards the nearest point of the face's whole plane, as far as no weight turns negative; a corner whose weight
    reaches zero on the way is left out, and so on until the plane's nearest point lies in the face itself.
    """
    used = weights > 0
    used[new] = True
    while True:
        aim = torch.zeros_like(weights)
        aim[used] = _nearest_of_plane(p[used])
        leaving = (used & (aim <= 0)).nonzero().flatten()
        if not len(leaving):
            return aim
        before, after = weights[leaving], aim[leaving]
        shares = before / (before - after).clamp(min=torch.finfo(p.dtype).tiny)
        weights = weights + shares.min() * (aim - weights)
        used[leaving[shares.argmin()]] = False
        weights = torch.where(used, weights, 0).clamp(min=0)


def _nearest_of_plane(p: Tensor) -> Tensor:
    """Weights [k], of any sign and with sum 1, of the point nearest to zero of the plane through the rows p [k, d]."""
    rest = torch.linalg.lstsq((p[1:] - p[0]).T, -p[0][:, None]).solution[:, 0] if len(p) > 1 else p.new_zeros(0)
    return torch.cat([1 - rest.sum(0, keepdim=True), rest])


# The subgradient method -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant:
    """A step of `size` times the subgradient: ends up walking around the minimum, within size |g|^2 / 2 of it."""

    size: float

    def __call__(self, t: int, value: float, g: Tensor) -> float:
        return self.size


@dataclass(frozen=True)
class Diminishing:
    """size / sqrt(t + 1): too small to keep walking around, large enough in sum to get anywhere."""

    size: float

    def __call__(self, t: int, value: float, g: Tensor) -> float:
        return self.size / (t + 1) ** 0.5


@dataclass(frozen=True)
class Polyak:
    """(f(w) - optimum) / |g|^2: the step that brings the bound on the distance to a minimiser down most.

    optimum is f's smallest value, which one has to know. Polyak, "Minimization of unsmooth functionals", 1969.
    """

    optimum: float

    def __call__(self, t: int, value: float, g: Tensor) -> float:
        return max(value - self.optimum, 0.0) / (g @ g).item() if g.any() else 0.0


def subgradient_method(f: MaxOf, w: Tensor, step: Step, *, steps: int, trace: Trace = ignore) -> Tensor:
    """w_{t+1} = w_t - step(t, f(w_t), g_t) g_t, with g_t the gradient of the first active function: the best iterate.

    Best, because a step may lead up; what gets smaller is the distance to every minimiser w*, as long as
    step < 2 (f(w_t) - f(w*)) / |g_t|^2. The trace sees every iterate, the start included.
    Shor, "Minimization Methods for Non-Differentiable Functions", Springer 1985.
    """
    if steps < 0:
        raise ValueError(f"steps must be 0 or more; got {steps}")
    w = w.detach().clone()
    best, lowest = w, f.value(w).item()
    trace(w)
    for t in range(steps):
        g = f.subgradients(w)[0]
        w = w - step(t, f.value(w).item(), g) * g
        trace(w)
        if (value := f.value(w).item()) < lowest:
            best, lowest = w, value
    return best.clone()


def averages(iterates: Sequence[Tensor]) -> Tensor:
    """The mean of the first iterates, for every number of them: T times [n] -> [T, n].

    With a constant step it is the mean, not the last iterate, whose value is known to approach the minimum:
    f(mean) - f(w*) <= |w_0 - w*|^2 / (2 step T) + step max |g|^2 / 2.
    """
    walked = torch.stack(tuple(iterates))
    return walked.cumsum(0) / torch.arange(1, len(walked) + 1, dtype=walked.dtype, device=walked.device)[:, None]


# What is given --------------------------------------------------------------------------------------------------------


def _check_vector(w: Tensor) -> None:
    if not isinstance(w, Tensor) or w.ndim != 1 or w.dtype not in (torch.float32, torch.float64):
        found = f"{w.dtype} {list(w.shape)}" if isinstance(w, Tensor) else type(w).__name__
        raise ValueError(f"w must be a vector [n] of float32 or float64; got {found}: torch.tensor([1.0, 2.0])")


def _one_number(value: Tensor, i: int, w: Tensor) -> Tensor:
    value = torch.as_tensor(value, dtype=w.dtype, device=w.device)
    if value.ndim:
        raise ValueError(f"function {i} must return one number; got a tensor of shape {list(value.shape)}: reduce it")
    return value


def _gradient(value: Tensor, leaf: Tensor) -> Tensor:
    """Zero where the function is a constant."""
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    return torch.autograd.grad(value, leaf, retain_graph=True, materialize_grads=True)[0]
