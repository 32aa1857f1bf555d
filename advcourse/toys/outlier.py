"""Two Gaussian classes and the logistic classifier between them: where a confidence comes from, in closed form."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from advcourse.device import precise


def two_gaussians(generator: Generator, n: int = 200) -> tuple[Tensor, Tensor]:
    """Slanted clouds around (-1.6, -0.7) and (1.6, 0.7) that touch: points [n, 2], labels [n] in {0, 1}, in turn."""
    y = torch.arange(n) % 2
    slant = torch.tensor([[1.1, 0.0], [0.4, 1.0]])
    return (2.0 * y - 1)[:, None] * torch.tensor([1.6, 0.7]) + torch.randn(n, 2, generator=generator) @ slant.T, y


@dataclass(frozen=True, eq=False)
class Logistic:
    """p(1 | x) = sigmoid(<w, x> + b), with w [D] and b a tensor without dimensions."""

    w: Tensor
    b: Tensor

    def score(self, x: Tensor) -> Tensor:
        """<w, x> + b of each row: [N, D] -> [N]; above 0 the classifier says 1."""
        return precise(x).to(self.w) @ self.w + self.b

    def margin(self, x: Tensor) -> Tensor:
        """How far each row is from the boundary, |<w, x> + b| / |w|: [N, D] -> [N]."""
        return self.score(x).abs() / self.w.norm()

    def confidence(self, x: Tensor) -> Tensor:
        """Probability of the class it says, sigmoid(margin |w|): [N, D] -> [N]. The distance is all it knows."""
        return torch.sigmoid(self.margin(x) * self.w.norm())


def logistic(x: Tensor, y: Tensor, *, decay: float = 1e-3, steps: int = 30) -> Logistic:
    """The w, b with the least mean cross entropy + decay |w|^2 / 2 on x [N, D], y [N] in {0, 1}: Newton's method.

    The decay keeps |w| finite where a line separates the classes. Computes in float64.
    """
    x, y = precise(x), precise(y)
    rows = torch.cat([x, torch.ones_like(x[:, :1])], 1)
    lift = decay * torch.eye(rows.shape[1], dtype=x.dtype, device=x.device)
    lift[-1, -1] = 1e-12  # b is free; this only keeps Newton's matrix invertible
    w = torch.zeros_like(rows[0])
    for _ in range(steps):
        p = torch.sigmoid(rows @ w)
        slope = rows.T @ (p - y) / len(rows) + lift @ w
        curvature = rows.T @ (rows * (p * (1 - p))[:, None]) / len(rows) + lift
        step = torch.linalg.solve(curvature, slope)
        # Far from the optimum a full Newton step can overshoot; one of length 1 cannot do harm.
        w = w - step / step.norm().clamp_min(1)
        if step.norm() < 1e-10:
            break
    return Logistic(w[:-1], w[-1])
