"""How a network is read: the layers of an nn.Sequential as steps that bounds can go through."""

from collections.abc import Callable, Iterator
from functools import singledispatch

import torch
from torch import Tensor, nn

from advcourse.asking import Model
from advcourse.models import Normalize

from .pooling import Average, Maximum, Mean
from .steps import Convolution, Dense, Flatten, Relu, Scale, Step

Values = Callable[[Tensor], Tensor]  # in which precision, and where, the weights are used
Size = int | tuple[int, ...]
KNOWN = (
    "Linear, Conv2d, ReLU, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d(1), Flatten, BatchNorm1d and 2d, models.Normalize, "
    "Dropout, Identity, and nn.Sequential of them"
)


def steps(model: Model, values: Values) -> list[Step]:
    """What the model does in evaluation mode, step by step, with `values(weight)` in the place of every weight.

    Raises a ValueError that names the layer for one whose bounds are not known.
    """
    model = getattr(model, "_orig_mod", model)  # what torch.compile was given
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"bounds are computed from a network's layers; got {type(model).__name__}: give the nn.Module itself, with "
            "what is done before and after it as layers of an nn.Sequential"
        )
    return list(_steps(model, values, "")) or [Flatten()]


def _steps(layer: nn.Module, values: Values, name: str) -> Iterator[Step]:
    known = [kind for kind in type(layer).__mro__ if issubclass(kind, nn.Module) and kind in _read.registry]
    if not known or type(layer).forward is not known[0].forward:  # a subclass may answer otherwise
        raise _unknown(name, f"a {type(layer).__name__}")
    if isinstance(layer, nn.Sequential):
        for part, inner in layer.named_children():
            yield from _steps(inner, values, f"{name}.{part}" if name else part)
        return
    try:
        yield from _read(layer, values)
    except NotImplementedError as error:
        raise _unknown(name, f"{layer}: {error}") from None


def _unknown(name: str, what: str) -> ValueError:
    return ValueError(
        f"no bounds are known for the layer {name or 'that is the whole model'}, {what}; known are {KNOWN}: without "
        "bounds nothing can be certified, only attacked"
    )


@singledispatch
def _read(layer: object, values: Values) -> Iterator[Step]:
    raise NotImplementedError


@_read.register(nn.Sequential)
@_read.register(nn.Identity)
@_read.register(nn.Dropout)
@_read.register(nn.Dropout2d)
def _(layer: nn.Module, values: Values) -> Iterator[Step]:
    """In evaluation mode they do nothing."""
    yield from ()


@_read.register
def _(layer: nn.Linear, values: Values) -> Iterator[Step]:
    yield Dense(values(layer.weight), _bias(layer.bias, layer.weight, values))


@_read.register
def _(layer: nn.Conv2d, values: Values) -> Iterator[Step]:
    if layer.padding_mode != "zeros" or layer.padding == "same":
        raise NotImplementedError("it needs zeros around the image, as many as numbers say")
    padding = (0, 0) if isinstance(layer.padding, str) else _pair(layer.padding)
    bias = _bias(layer.bias, layer.weight, values)
    shape = (_pair(layer.stride), padding, _pair(layer.dilation), layer.groups)
    yield Convolution(values(layer.weight), bias, *shape)


@_read.register
def _(layer: nn.ReLU, values: Values) -> Iterator[Step]:
    yield Relu()


@_read.register
def _(layer: nn.Flatten, values: Values) -> Iterator[Step]:
    if (layer.start_dim, layer.end_dim) != (1, -1):
        raise NotImplementedError("it must flatten all but the batch")
    yield Flatten()


@_read.register
def _(layer: nn.MaxPool2d, values: Values) -> Iterator[Step]:
    if layer.ceil_mode or layer.return_indices:
        raise NotImplementedError("without ceil_mode and return_indices it is")
    kernel, stride = _pair(layer.kernel_size), _pair(layer.stride)
    yield Maximum(kernel, stride, _pair(layer.padding), _pair(layer.dilation))


@_read.register
def _(layer: nn.AvgPool2d, values: Values) -> Iterator[Step]:
    padding = _pair(layer.padding)
    if layer.ceil_mode or layer.divisor_override or (padding != (0, 0) and not layer.count_include_pad):
        raise NotImplementedError("every window must be divided by its size")
    yield Average(_pair(layer.kernel_size), _pair(layer.stride), padding)


@_read.register
def _(layer: nn.AdaptiveAvgPool2d, values: Values) -> Iterator[Step]:
    if layer.output_size not in (1, (1, 1)):
        raise NotImplementedError("to one number a channel it is")
    yield Mean()


@_read.register
def _(layer: Normalize, values: Values) -> Iterator[Step]:
    mean, std = values(layer.mean), values(layer.std)
    yield Scale(mean, 1 / std, torch.zeros_like(mean))


@_read.register(nn.BatchNorm1d)
@_read.register(nn.BatchNorm2d)
def _(layer: nn.BatchNorm1d | nn.BatchNorm2d, values: Values) -> Iterator[Step]:
    if layer.running_mean is None or layer.running_var is None:
        raise NotImplementedError("it has no running mean and variance, so that an answer depends on the whole batch")
    shape = (-1, 1, 1) if isinstance(layer, nn.BatchNorm2d) else (-1,)
    mean = values(layer.running_mean)
    scale = (values(layer.running_var) + layer.eps).rsqrt()
    shift = torch.zeros_like(mean)
    if layer.affine:
        scale, shift = scale * values(layer.weight), values(layer.bias)
    yield Scale(mean.view(shape), scale.view(shape), shift.view(shape))


def _bias(bias: Tensor | None, weight: Tensor, values: Values) -> Tensor:
    return values(weight.new_zeros(len(weight)) if bias is None else bias)


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])
