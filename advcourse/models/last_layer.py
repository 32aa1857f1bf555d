"""A little Bayes after training: the last layer of a network as unsure as its training data leave it."""

import copy
import math

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from advcourse.answers import check_classes, check_numbers
from advcourse.asking import evaluating
from advcourse.device import precise

from .stochastic import Random

AT_ONCE = 200  # samples whose derivatives are held in memory together


class Unsure(Random, nn.Module):
    """A layer whose n parameters are drawn together from N(their values, F F^T), F the factor [n, n], for a batch."""

    factor: Tensor

    def __init__(self, layer: nn.Module, factor: Tensor):
        super().__init__()
        self.layer = layer
        self.register_buffer("factor", factor)

    def forward(self, h: Tensor) -> Tensor:
        moved = self.factor @ self.thrown(torch.randn, (len(self.factor),), self.factor)
        named = dict(self.layer.named_parameters())
        parts = moved.split([p.numel() for p in named.values()])
        drawn = {name: p + part.view_as(p) for (name, p), part in zip(named.items(), parts)}
        return functional_call(self.layer, drawn, (h,))


def laplace(model: nn.Sequential, x: Tensor, y: Tensor, *, prior: float, noise: float = 1.0) -> nn.Sequential:
    """The network with its last layer drawn from the Gaussian that fits the posterior at the trained weights.

    Its covariance is (sum_n J_n^T L_n J_n + I / prior^2)^-1: J_n is the derivative of the answer to x_n [B, ...] with
    respect to the layer's parameters, L_n the curvature of the loss there, diag(p) - p p^T for classes y [B] and
    1 / noise^2 for numbers, whose own scatter `noise` is. `prior` is the deviation that parameters are expected to
    have. The other layers stay as they are; the answer is a stochastic network for `expected`. Kristiadi, Hein and
    Hennig, "Being Bayesian, Even Just a Bit, Fixes Overconfidence in ReLU Networks", ICML 2020.
    """
    for name, value in (("prior", prior), ("noise", noise)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is a standard deviation, positive and finite; got {value}")
    features, last = model[:-1], model[-1]
    with evaluating(model), torch.no_grad():
        parts = zip(x.split(AT_ONCE), y.split(AT_ONCE))
        information = sum(_information(last, features(some), label, noise) for some, label in parts)
    n = sum(p.numel() for p in last.parameters())
    precision = information + torch.eye(n).to(information) / prior**2
    # Of the precision R R^T: F = R^-T, as F F^T = (R R^T)^-1.
    root = torch.linalg.cholesky(precision)
    factor = torch.linalg.solve_triangular(root.mT, torch.eye(n).to(root), upper=True)
    weight = next(last.parameters())
    return nn.Sequential(*copy.deepcopy(features), Unsure(copy.deepcopy(last), factor.to(weight))).eval()


def _information(last: nn.Module, h: Tensor, y: Tensor, noise: float) -> Tensor:
    """sum_n J_n^T L_n J_n over features h [B, F]: [n, n], in double precision."""
    parameters = {name: p.detach() for name, p in last.named_parameters()}

    def answer(theta: dict[str, Tensor], one: Tensor) -> Tensor:
        return functional_call(last, theta, (one[None],))[0]

    slopes = vmap(jacrev(answer), (None, 0))(parameters, h)
    out = last(h)
    j = precise(torch.cat([s.reshape(*out.shape, -1) for s in slopes.values()], -1))
    if out.ndim == 1:
        check_numbers(out, y)
        return j.mT @ j / noise**2
    check_classes(out, y)
    p = precise(out).softmax(1)
    centred = j - (p[:, :, None] * j).sum(1, keepdim=True)  # J^T (diag p - p p^T) J = sum_k p_k c_k c_k^T
    weighted = (p.sqrt()[:, :, None] * centred).flatten(0, 1)
    return weighted.mT @ weighted
