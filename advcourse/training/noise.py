"""Training with dice: noise on the inputs, and stochastic networks with a price for being sure of their weights."""

import torch
from torch import Tensor, nn

from advcourse.models import stochastic

from .losses import standard_loss


def noise_loss(model: nn.Module, x: Tensor, y: Tensor, *, sigma: float) -> Tensor:
    """Mean cross entropy at x + sigma * e with e ~ N(0, I), drawn anew for every sample: what smoothing asks for.

    Not kept in the box, as in `certify.smoothed`, and drawn on the CPU, from torch's global randomness.
    """
    return standard_loss(model, x + sigma * torch.randn(x.shape).to(x), y)


def variational_loss(model: nn.Module, x: Tensor, y: Tensor, *, prior: float, samples: int) -> Tensor:
    """Mean cross entropy of one draw + KL(weights || N(0, prior^2)) / samples: the negative evidence bound a sample.

    `samples` is the size of the training set, of which x [B, ...] is a batch: the prior counts once for all of it. Its
    minimum over all Gaussians of the weights is the one nearest to the posterior. The KL is the price of a mean far
    from zero, less the entropy of the weights. Blundell et al., "Weight Uncertainty in Neural Networks", ICML 2015.
    """
    if samples < 1:
        raise ValueError(f"samples is the size of the training set, one or more; got {samples}")
    return standard_loss(model, x, y) + stochastic.divergence(model, prior) / samples


def entropy_loss(model: nn.Module, x: Tensor, y: Tensor, *, weight: float) -> Tensor:
    """Mean cross entropy of one draw - weight * entropy of what is drawn, in nats and a mean over the numbers drawn.

    Without the second part noise that is learned goes to zero: right answers need none. The entropy pays for it, so
    that there is as much noise as the answers can bear. It is the lecture's regulariser; the KL of `variational_loss`
    has it inside.
    """
    drawn = sum(layer.log_std.numel() for layer in stochastic.gaussians(model))
    return standard_loss(model, x, y) - weight * stochastic.entropy(model) / max(1, drawn)
