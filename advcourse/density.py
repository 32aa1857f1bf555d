"""How usual an input is: Gaussians fitted to data, the one thing here that knows where the data lie.

p(y | x) says which class is likelier, wherever x is; only a density p(x) can say that x is nothing one has ever seen.
What is computed here is float64, and where a device has no such numbers it is on the CPU.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from advcourse.device import precise


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The normal density of a mean [D] and a covariance [D, D], which has to be positive definite; in float64."""

    mean: Tensor
    covariance: Tensor
    _factor: Tensor = field(init=False, repr=False)  # L of the covariance L L^T

    def __post_init__(self):
        if self.mean.ndim != 1 or self.covariance.shape != (len(self.mean), len(self.mean)):
            raise ValueError(
                f"a Gaussian needs a mean [D] and a covariance [D, D]; got {list(self.mean.shape)} and "
                f"{list(self.covariance.shape)}"
            )
        factor, failed = torch.linalg.cholesky_ex(precise(self.covariance))
        # A squared pivot is the variance that the features before do not explain: none is left, up to rounding.
        unexplained = factor.diagonal() ** 2 / precise(self.covariance).diagonal()
        if failed or not (unexplained > 1e-12).all():
            raise ValueError(
                "the covariance is not positive definite: some feature never varies, follows from others, or there are "
                "fewer samples than features; fit with a ridge, such as 1e-3"
            )
        object.__setattr__(self, "_factor", factor)

    def distance(self, x: Tensor) -> Tensor:
        """Mahalanobis distance sqrt((x - m)^T S^-1 (x - m)) of each row from the mean: [N, D] -> [N], in float64.

        In units of the data's own spread in that direction: typically sqrt(D) for points drawn from the density.
        """
        away = (precise(x) - precise(self.mean)).T
        return torch.linalg.solve_triangular(self._factor, away, upper=False).norm(dim=0)

    def log_density(self, x: Tensor) -> Tensor:
        """log N(x; m, S) of each row: [N, D] -> [N], in float64."""
        return -0.5 * self.distance(x) ** 2 - self._log_volume

    @cached_property
    def _log_volume(self) -> float:
        """The logarithm of what the bell integrates to before it is normalised: half the log of |2 pi S|."""
        return (self._factor.diagonal().log().sum() + 0.5 * len(self.mean) * math.log(2 * math.pi)).item()


@dataclass(frozen=True, eq=False)
class Mixture:
    """sum_k share[k] N(x; m_k, S_k): the density of data that come in classes."""

    share: Tensor
    parts: tuple[Gaussian, ...]

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) of each row: [N, D] -> [N], in float64; finite where every part underflows."""
        return self._joint(x).logsumexp(1)

    def posterior(self, x: Tensor) -> Tensor:
        """p(k | x) by Bayes' rule, [N, D] -> [N, K]. Like any posterior it forgets p(x)."""
        return self._joint(x).softmax(1)

    def _joint(self, x: Tensor) -> Tensor:
        """log p(x, k)."""
        return torch.stack([part.log_density(x) for part in self.parts], 1) + precise(self.share).log()


def fit(x: Tensor, *, ridge: float = 0.0) -> Gaussian:
    """The Gaussian with the mean and covariance of the rows x [N, D].

    A ridge adds that share of the average variance to each of them, so that features that hardly vary do not decide.
    """
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"a Gaussian is fitted to two or more rows [N, D]; got {list(x.shape)}")
    covariance = torch.cov(precise(x).T).reshape(x.shape[1], x.shape[1])
    lift = ridge * covariance.diagonal().mean()
    return Gaussian(precise(x).mean(0), covariance + lift * torch.eye(len(covariance), device=covariance.device))


def fit_classes(x: Tensor, y: Tensor, *, ridge: float = 0.0) -> Mixture:
    """One Gaussian for each class, with its share of the data: x [N, D], y [N] in 0..K-1.

    Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks", NeurIPS
    2018, fit them to a network's features; there all classes share one covariance.
    """
    classes = [x[y == k] for k in range(int(y.max()) + 1)]
    parts = tuple(fit(rows, ridge=ridge) for rows in classes)
    return Mixture(parts[0].mean.new_tensor([len(rows) / len(x) for rows in classes]), parts)


def texture(h: Tensor) -> Tensor:
    """What each channel does in an image, wherever it does it: mean and standard deviation, [B, C, H, W] -> [B, 2C]."""
    return torch.cat([h.mean((2, 3)), h.std((2, 3))], 1)
