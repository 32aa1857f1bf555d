"""Small models whose gradients are known in closed form, and batches to try answers on."""

from __future__ import annotations

import copy
from functools import singledispatch
from typing import Generic, NamedTuple, TypeVar

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


@singledispatch
def slopes(model: nn.Module, z: Tensor) -> Tensor:
    """The gradients of the logits at z, [B, K, D] in float64; of a network, whose are not known, by autograd."""
    z = z.detach().double().requires_grad_()
    logits = copy.deepcopy(model).double()(z)
    rows = [torch.autograd.grad(k.sum(), z, retain_graph=True)[0].flatten(1) for k in logits.unbind(1)]
    return torch.stack(rows, 1)


@slopes.register
def _(model: Planes, z: Tensor) -> Tensor:
    return model.weight.detach().double().expand(len(z), *model.weight.shape)


@slopes.register
def _(model: Bowls, z: Tensor) -> Tensor:
    curvature, centre = model.curvature.detach().double(), model.centre.detach().double()
    return -2 * curvature * (z.double().flatten(1).unsqueeze(1) - centre)


def logits(model: nn.Module, z: Tensor) -> Tensor:
    """[B, K] in float64, as an attack sees them: in evaluation mode."""
    if type(model) not in (Planes, Bowls):  # which answer alike in either mode, and remember nothing
        model = copy.deepcopy(model).eval()
    with torch.no_grad():
        return model(z).double()


def loss(model: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of every sample [B]."""
    return F.cross_entropy(logits(model, z), y, reduction="none")


def gradient(model: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    """Of the summed cross-entropy w.r.t. z, like z: the chain rule with (softmax - one-hot)."""
    out = logits(model, z)
    residual = out.softmax(1) - F.one_hot(y, out.shape[1])
    return torch.einsum("bk,bkd->bd", residual, slopes(model, z)).reshape(z.shape).to(z.dtype)


Model = TypeVar("Model", bound=nn.Module)


class Batch(NamedTuple, Generic[Model]):
    """A model, inputs and labels to examine an answer on."""

    model: Model
    x: Tensor
    y: Tensor


def planes(x: Tensor, weight: Tensor) -> Batch[Planes]:
    """A linear classifier on `x`, whose classes balance at the batch's mean. The first two thirds of the labels are
    the predictions, the others the runners-up."""
    model = Planes(weight, -weight @ x.flatten(1).mean(0)).eval()
    return Batch(model, x, _labels(model, x))


def image_planes() -> Batch[Planes]:
    """Six images [6, 3, 3, 4] well inside the box, five classes. No pixel's gradient is close to zero."""
    draw = _generator(5)
    return planes(0.3 + 0.4 * torch.rand(6, 3, 3, 4, generator=draw), torch.randn(5, 36, generator=draw))


def one_image() -> Batch[Planes]:
    """One of them alone, whose label is not the prediction."""
    model, x, y = image_planes()
    return Batch(model, x[4:5], y[4:5])


def edge_planes() -> Batch[Planes]:
    """The same classifier on images of which most pixels are at, or close to, an end of [0, 1]."""
    inside = image_planes()
    levels = torch.tensor([0.0, 1.0, 0.02, 0.98, 0.5])
    return planes(levels[torch.randint(5, inside.x.shape, generator=_generator(1))], _weight(inside))


def flat_planes() -> Batch[Planes]:
    """Every third pixel is invisible to the classifier: its gradient is exactly zero."""
    inside = image_planes()
    weight = _weight(inside)
    weight[:, ::3] = 0
    return planes(inside.x, weight)


def faint_planes() -> Batch[Planes]:
    """The same images and classes as far apart as ever, by their biases alone: gradients are as small as 1e-20."""
    inside = image_planes()
    model = Planes(1e-20 * _weight(inside), torch.linspace(-1, 1, len(_weight(inside)))).eval()
    return Batch(model, inside.x, _labels(model, inside.x))


def point_planes() -> Batch[Planes]:
    """Five points of the plane [5, 2], three classes."""
    draw = _generator(2)
    return planes(0.3 + 0.4 * torch.rand(5, 2, generator=draw), 2 * torch.randn(3, 2, generator=draw))


def saturated_planes() -> Batch[Planes]:
    """Logits so far apart that in float32 the true class's probability is 0 where the prediction is wrong."""
    inside = image_planes()
    return planes(inside.x, 400 * _weight(inside))


def training_planes() -> Batch[Planes]:
    """A model that happens to be in training mode, with nothing in it that depends on the mode."""
    batch = image_planes()
    batch.model.train()
    return batch


def double_planes() -> Batch[Planes]:
    """The same in float64."""
    inside = image_planes()
    return planes(inside.x.double(), _weight(inside).double())


def bowls() -> Batch[Bowls]:
    """Six images [6, 1, 4, 5], four classes, some pixels at the ends of [0, 1]: for attacks of several steps."""
    draw = _generator(4)
    x = torch.rand(6, 1, 4, 5, generator=draw).mul(1.4).sub(0.2).clamp(0, 1)
    model = Bowls(2 * torch.rand(4, 20, generator=draw), torch.rand(4, 20, generator=draw)).eval()
    return Batch(model, x, _labels(model, x))


def network() -> Batch[nn.Sequential]:
    """Four images [4, 3, 4, 4] and a convolutional network in evaluation mode, with batch norm and dropout."""
    draw = _generator(6)
    first, last = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(64, 3)
    model = nn.Sequential(first, nn.BatchNorm2d(4), nn.Softplus(), nn.Dropout(0.5), nn.Flatten(), last).eval()
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            # Positive, because among them are variances.
            tensor.copy_(0.2 + 0.3 * torch.rand(tensor.shape, generator=draw))
    x = 0.3 + 0.4 * torch.rand(4, 3, 4, 4, generator=draw)
    with torch.no_grad():
        first.weight.copy_(torch.randn(4, 3, 3, 3, generator=draw))
        last.weight.copy_(0.5 * torch.randn(3, 64, generator=draw))
        last.bias.sub_(model(x).mean(0))
    return Batch(model, x, _labels(model, x))


def network_in_training() -> Batch[nn.Sequential]:
    """The same in the middle of its training: in training mode, and its weights hold the gradients of a step."""
    batch = network()
    for weight in batch.model.train().parameters():
        weight.grad = torch.ones_like(weight)
    return batch


# Where an answer that is right for images of a linear classifier is asked for as well.
ELSEWHERE = {
    "on a single image": one_image,
    "on points [B, 2]": point_planes,
    "in float64": double_planes,
    "with a model in training mode": training_planes,
    "on a convolutional network with batch norm and dropout": network,
}


def _labels(model: nn.Module, x: Tensor) -> Tensor:
    """The prediction for the first two thirds, the second choice for the others: both kinds of sample matter."""
    with torch.no_grad():
        first, second = model(x).topk(2, dim=1).indices.unbind(1)
    return torch.where(torch.arange(len(x)) < len(x) * 2 // 3, first, second)


def _weight(batch: Batch[Planes]) -> Tensor:
    return batch.model.weight.detach().clone()


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
