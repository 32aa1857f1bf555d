"""Questions and answers over a line, both ways: while one side waits for an answer it answers what the other asks.

A tensor that hangs on what it was computed from comes over as its value, and a backward pass through it asks the side
where its graph is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from .wire import Garbled, Head, Line, Node, bare, read, tensor_read, tensor_written, written

Serves = Callable[[Head, list[bytes]], tuple[Head, list[bytes]]]


class Exchange:
    """`serve` answers what the other side asks, but for slopes of what hangs here."""

    def __init__(self, line: Line, serve: Serves):
        self.line, self._serve = line, serve
        self.hanging: list[tuple[Tensor, list[Tensor]]] = []
        self.turn = threading.RLock()

    def request(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        """Ask, and wait for the answer."""
        with self.turn:
            self.line.send(head, blobs)
            while True:
                head, blobs = self.line.receive()
                if head.get("do") == "reply":
                    return head, blobs
                self.line.send(*self.serve(head, blobs))

    def serve(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        """The answer to one question."""
        if head.get("do") == "slopes":
            return self._slopes(head, blobs)
        return self._serve(head, blobs)

    def hang(self, value: Tensor, inputs: Sequence[Tensor], blobs: list[bytes]) -> Node:
        """Written so that the other side can ask for its slopes with respect to these inputs."""
        self.hanging.append((value, list(inputs)))
        return {"is": "hanging", "value": tensor_written(value, blobs), "number": len(self.hanging) - 1}

    def hung(self, node: Node, blobs: list[bytes], inputs: Sequence[Tensor]) -> Tensor:
        """The value of what hangs on the other side, from which gradients flow to these inputs, its twins here."""
        if type(node.get("number")) is not int:
            raise Garbled("a number was awaited")
        value = tensor_read(node["value"], blobs)
        anchor = torch.zeros((), requires_grad=True)  # so that it says of itself that it hangs, whatever its inputs do
        with torch.enable_grad():
            return Elsewhere.apply(self, node["number"], value, anchor, *inputs)

    def slopes(self, number: int, along: Tensor) -> list[Tensor | None]:
        """Of what hangs there, with respect to its inputs."""
        blobs: list[bytes] = []
        along_node = tensor_written(along, blobs)
        head, blobs = self.request({"do": "slopes", "of": number, "along": along_node}, blobs)
        if "raised" in head:
            raise RuntimeError(str(head["raised"])[:300])
        return [None if node is None else tensor_read(node, blobs) for node in head["slopes"]]

    def _slopes(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        number, along = head.get("of"), tensor_read(head.get("along"), blobs)
        if type(number) is not int or not 0 <= number < len(self.hanging):
            raise Garbled("slopes")
        value, inputs = self.hanging[number]
        asked = [tensor for tensor in inputs if tensor.requires_grad]
        try:
            found = torch.autograd.grad(value, asked, along, retain_graph=True, allow_unused=True) if asked else ()
        except RuntimeError as error:
            return {"do": "reply", "raised": str(error)[:300]}, []
        blobs, slopes = [], dict(zip(map(id, asked), found))
        nodes = [None if slopes.get(id(t)) is None else tensor_written(slopes[id(t)], blobs) for t in inputs]
        return {"do": "reply", "slopes": nodes}, blobs


class Elsewhere(torch.autograd.Function):
    """A value that was computed on the other side."""

    @staticmethod
    def forward(ctx: Any, exchange: Exchange, number: int, value: Tensor, anchor: Tensor, *inputs: Tensor) -> Tensor:
        ctx.exchange, ctx.number, ctx.like = exchange, number, [(t.shape, t.dtype) for t in inputs]
        return value.view_as(value)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, along: Tensor) -> tuple:
        slopes = ctx.exchange.slopes(ctx.number, along)
        if [None if s is None else (s.shape, s.dtype) for s in slopes] != [
            None if s is None else like for s, like in zip(slopes, ctx.like)
        ] or len(slopes) != len(ctx.like):
            raise RuntimeError("the slopes have other shapes than what they are slopes of")
        return None, None, None, None, *slopes


def write(value: object, blobs: list[bytes], exchange: Exchange, inputs: Sequence[Tensor], other: Any) -> Node:
    """The value as `written` does it, but that what hangs stays so."""

    def mine(value: Any, blobs: list[bytes]) -> Node | None:
        if isinstance(value, Tensor) and hangs(value):
            return exchange.hang(value, inputs, blobs)
        return other(value, blobs)

    return written(value, blobs, mine)


def hangs(value: Tensor) -> bool:
    """Whether it asks for a gradient, whatever a subclass says."""
    with torch._C.DisableTorchFunctionSubclass():
        return bare(value).requires_grad


def read_back(node: Node, blobs: list[bytes], exchange: Exchange, inputs: Sequence[Tensor], other: Any) -> Any:
    """What `write` wrote."""

    def mine(node: Node, blobs: list[bytes]) -> object:
        match node:
            case {"is": "hanging", "value": dict()}:
                return exchange.hung(node, blobs, inputs)
        return other(node, blobs)

    return read(node, blobs, mine)
