"""Small models whose gradients are known in closed form, and batches to try answers on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Planes(nn.Module):
    """A linear classifier: logits = W x + b, W [K, D]."""

    def __init__(self, weight: Tensor, bias: Tensor):
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.flatten(1), self.weight, self.bias)


class Bowls(nn.Module):
    """One paraboloid a class: logit_k = -sum_d a_kd (x_d - c_kd)^2. Its gradient turns along the way."""

    def __init__(self, curvature: Tensor, centre: Tensor):
        super().__init__()
        self.curvature, self.centre = nn.Parameter(curvature), nn.Parameter(centre)

    def forward(self, x: Tensor) -> Tensor:
        return -(self.curvature * (x.flatten(1).unsqueeze(1) - self.centre) ** 2).sum(-1)


@dataclass(frozen=True)
class Case:
    """A batch to examine an answer on. `slopes(x)` [B, K, D] are the gradients of the logits, in float64."""

    model: nn.Module
    x: Tensor
    y: Tensor
    slopes: Callable[[Tensor], Tensor]

    def logits(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            return self.model(z.to(self.x.dtype)).double()

    def loss(self, z: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy of every sample [B]."""
        return F.cross_entropy(self.logits(z), y, reduction="none")

    def pull_back(self, weights: Tensor, z: Tensor) -> Tensor:
        """The gradient w.r.t. the image of a function whose gradient w.r.t. the logits is `weights` [B, K]."""
        return torch.einsum("bk,bkd->bd", weights, self.slopes(z)).reshape(z.shape).to(self.x.dtype)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """Of the cross-entropy: the chain rule with (softmax - one-hot)."""
        return self.pull_back(self.logits(z).softmax(1) - self.one_hot(y), z)

    def one_hot(self, y: Tensor) -> Tensor:
        return F.one_hot(y, self.logits(self.x).shape[1]).double()

    def alone(self, i: int) -> Case:
        """Sample `i` as a batch of one."""
        return Case(self.model, self.x[i : i + 1], self.y[i : i + 1], self.slopes)


def planes(x: Tensor, weight: Tensor) -> Case:
    """A linear classifier on `x`, whose classes balance at the batch's mean. The first two thirds of the labels are
    the predictions, the others the runners-up."""
    model = Planes(weight, -weight @ x.flatten(1).mean(0)).eval()

    def slopes(z: Tensor) -> Tensor:
        return weight.double().expand(len(z), *weight.shape)

    return Case(model, x, _labels(model, x), slopes)


def image_planes() -> Case:
    """Six images [6, 3, 3, 4] well inside the box, five classes. No pixel's gradient is close to zero."""
    draw = _generator(5)
    return planes(0.3 + 0.4 * torch.rand(6, 3, 3, 4, generator=draw), torch.randn(5, 36, generator=draw))


def edge_planes() -> Case:
    """The same classifier on images of which most pixels are at, or close to, an end of [0, 1]."""
    inside = image_planes()
    levels = torch.tensor([0.0, 1.0, 0.02, 0.98, 0.5])
    x = levels[torch.randint(5, inside.x.shape, generator=_generator(1))]
    return planes(x, inside.model.weight.detach().clone())


def flat_planes() -> Case:
    """Every third pixel is invisible to the classifier: its gradient is exactly zero."""
    inside = image_planes()
    weight = inside.model.weight.detach().clone()
    weight[:, ::3] = 0
    return planes(inside.x, weight)


def point_planes() -> Case:
    """Five points of the plane [5, 2], three classes."""
    draw = _generator(2)
    return planes(0.3 + 0.4 * torch.rand(5, 2, generator=draw), 2 * torch.randn(3, 2, generator=draw))


def saturated_planes() -> Case:
    """Logits so far apart that in float32 the true class's probability is 0 where the prediction is wrong."""
    inside = image_planes()
    return planes(inside.x, 400 * inside.model.weight.detach())


def training_planes() -> Case:
    """A model that happens to be in training mode, with nothing in it that depends on the mode."""
    case = image_planes()
    case.model.train()
    return case


def double_planes() -> Case:
    """The same in float64."""
    inside = image_planes()
    return planes(inside.x.double(), inside.model.weight.detach().double())


def bowls() -> Case:
    """Six images [6, 1, 4, 5], four classes, some pixels at the ends of [0, 1]: for attacks of several steps."""
    draw = _generator(4)
    x = torch.rand(6, 1, 4, 5, generator=draw).mul(1.4).sub(0.2).clamp(0, 1)
    curvature, centre = 2 * torch.rand(4, 20, generator=draw), torch.rand(4, 20, generator=draw)
    model = Bowls(curvature, centre).eval()

    def slopes(z: Tensor) -> Tensor:
        return -2 * curvature.double() * (z.double().flatten(1).unsqueeze(1) - centre.double())

    return Case(model, x, _labels(model, x), slopes)


def network() -> Case:
    """Four images [4, 3, 4, 4] and a convolutional network in evaluation mode, with batch norm and dropout."""
    draw = _generator(6)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Softplus(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, 3)
    ).eval()
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            # Positive, because among them are variances.
            tensor.copy_(0.2 + 0.3 * torch.rand(tensor.shape, generator=draw))
    x = 0.3 + 0.4 * torch.rand(4, 3, 4, 4, generator=draw)
    with torch.no_grad():
        model[0].weight.copy_(torch.randn(4, 3, 3, 3, generator=draw))
        model[5].weight.copy_(0.5 * torch.randn(3, 64, generator=draw))
        model[5].bias.sub_(model(x).mean(0))
    exact = copy.deepcopy(model).double()

    def slopes(z: Tensor) -> Tensor:
        z = z.detach().double().requires_grad_()
        logits = exact(z)
        rows = [torch.autograd.grad(logits[:, k].sum(), z, retain_graph=True)[0].flatten(1) for k in range(3)]
        return torch.stack(rows, 1)

    return Case(model, x, _labels(model, x), slopes)


def _labels(model: nn.Module, x: Tensor) -> Tensor:
    """The prediction for the first two thirds, the second choice for the others: both kinds of sample matter."""
    with torch.no_grad():
        first, second = model(x).topk(2, dim=1).indices.unbind(1)
    return torch.where(torch.arange(len(x)) < len(x) * 2 // 3, first, second)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
