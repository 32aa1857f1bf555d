"""What an answer was given exists twice, here and in the student's process: what changes there is written down and
done here too, so that a check finds its arguments as if the answer had been called beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from .wire import Garbled, Node, read, tensor_written, written

Part = nn.Module | Tensor | Generator | dict


def parts(things: object) -> list[Part]:
    """Whatever can be changed among the arguments, in their order, each once."""
    return list({id(part): part for part in _parts(things)}.values())


def _parts(things: object) -> Iterator[Part]:
    if isinstance(things, nn.Module | Tensor | Generator):
        yield things
    elif isinstance(things, list | tuple):
        for thing in things:
            yield from _parts(thing)
    elif isinstance(things, dict):
        yield things
        for thing in things.values():
            yield from _parts(thing)


def leaves(found: Sequence[Part]) -> list[Tensor]:
    """The tensors whose gradient may be asked for: weights, and what already asks for its own."""
    tensors = [part for part in found if isinstance(part, Tensor) and part.requires_grad]
    return tensors + [weight for part in found if isinstance(part, nn.Module) for weight in part.parameters()]


def states(found: Sequence[Part], blobs: list[bytes]) -> list[Node]:
    """How each part looks now."""
    return [_state(part, blobs) for part in found]


def _state(part: Part, blobs: list[bytes]) -> Node:
    if isinstance(part, nn.Module):
        return {
            "modes": {name: module.training for name, module in part.named_modules()},
            "weights": {name: _tensor_state(weight, blobs) for name, weight in part.named_parameters()},
            "buffers": {name: tensor_written(buffer, blobs) for name, buffer in part.named_buffers()},
        }
    if isinstance(part, Tensor):
        return _tensor_state(part, blobs)
    if isinstance(part, Generator):
        return tensor_written(part.get_state(), blobs)
    return written(part, blobs, lambda value, blobs: None)


def _tensor_state(tensor: Tensor, blobs: list[bytes]) -> Node:
    grad = tensor.grad if tensor.is_leaf else None
    return {
        "value": tensor_written(tensor, blobs),
        "needs": tensor.requires_grad,
        "grad": None if grad is None else tensor_written(grad, blobs),
    }


def take_over(found: Sequence[Part], nodes: object, blobs: list[bytes]) -> None:
    """Make every part look like what was written of its twin. Raises Garbled where that is no state of such a part."""
    if not isinstance(nodes, list) or len(nodes) != len(found):
        raise Garbled("states")
    with torch.no_grad():
        for part, node in zip(found, nodes):
            try:
                _take_over(part, node, blobs)
            except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
                raise Garbled("a state") from error


def _take_over(part: Part, node: Any, blobs: list[bytes]) -> None:
    if isinstance(part, nn.Module):
        for name, module in part.named_modules():
            module.training = node["modes"].get(name, module.training) is True
        for name, weight in part.named_parameters():
            if name in node["weights"]:
                _tensor_take_over(weight, node["weights"][name], blobs)
        for name, buffer in part.named_buffers():
            if name in node["buffers"]:
                _copy(buffer, _tensor(node["buffers"][name], blobs))
    elif isinstance(part, Tensor):
        _tensor_take_over(part, node, blobs)
    elif isinstance(part, Generator):
        part.set_state(_tensor(node, blobs))
    else:
        new = read(node, blobs, _nothing_else)
        if list(new) != list(part) or not all(isinstance(value, Tensor) for value in new.values()):
            part.clear()
            part.update(new)


def _tensor_take_over(tensor: Tensor, node: Any, blobs: list[bytes]) -> None:
    _copy(tensor, _tensor(node["value"], blobs))
    if tensor.is_leaf and tensor.is_floating_point():
        tensor.requires_grad_(node["needs"] is True)
        grad = None if node["grad"] is None else _tensor(node["grad"], blobs)
        if not _same(tensor.grad, grad) and (grad is None or (grad.shape, grad.dtype) == (tensor.shape, tensor.dtype)):
            tensor.grad = grad


def _same(a: Tensor | None, b: Tensor | None) -> bool:
    return a is b if a is None or b is None else torch.equal(a, b)


def _copy(tensor: Tensor, new: Tensor) -> None:
    if (tensor.shape, tensor.dtype) != (new.shape, new.dtype):
        tensor.data = new
    elif not torch.equal(tensor, new):
        tensor.copy_(new)


def _tensor(node: Node, blobs: list[bytes]) -> Tensor:
    found = read(node, blobs, _nothing_else)
    if not isinstance(found, Tensor):
        raise Garbled("a tensor was awaited")
    return found


def _nothing_else(node: Node, blobs: list[bytes]) -> object:
    raise Garbled("nothing is called so")
