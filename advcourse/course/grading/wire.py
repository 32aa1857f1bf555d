"""The line between the grader and a student's process: a head of JSON and plain numbers behind it.

Nothing that comes from the student's side runs when it is read: it is parsed by `json`, and tensors are made of bytes.
"""

from __future__ import annotations

import collections
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

Head = dict[str, Any]
Node = Any  # what JSON knows

MOST = 1 << 28  # bytes in one message: no case of any exercise comes near
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    )
}


class Closed(Exception):
    """The other side is gone."""


class Garbled(Exception):
    """What came over the line is no message."""


@dataclass
class Line:
    """One end. `idle` is called while nothing comes, every few hundredths of a second; what it raises ends the wait."""

    socket: socket.socket
    idle: Callable[[], None] = lambda: None
    waiting: bytearray = field(default_factory=bytearray)

    def send(self, head: Head, blobs: list[bytes]) -> None:
        text = json.dumps(head | {"sizes": [len(blob) for blob in blobs]}).encode()
        try:
            self._write(b"".join([struct.pack("<Q", len(text)), text, *blobs]))
        except OSError as error:
            raise Closed from error

    def receive(self) -> tuple[Head, list[bytes]]:
        """The next message. Raises Closed at the end of the line and Garbled where it makes no sense."""
        head = self._head(self._read(*struct.unpack("<Q", self._read(8))))
        sizes = head.pop("sizes", None)
        if not isinstance(sizes, list) or not all(type(size) is int and 0 <= size <= MOST for size in sizes):
            raise Garbled("sizes")
        if sum(sizes) > MOST:
            raise Garbled("too much")
        return head, [bytes(self._read(size)) for size in sizes]

    def _head(self, text: bytearray) -> Head:
        try:
            head = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Garbled(str(error)) from error
        if not isinstance(head, dict):
            raise Garbled("no dict")
        return head

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.socket.send(rest) :]
            except TimeoutError:
                self.idle()

    def _read(self, size: int) -> bytearray:
        if size > MOST:
            raise Garbled("too much")
        while len(self.waiting) < size:
            try:
                came = self.socket.recv(1 << 20)
            except TimeoutError:
                self.idle()
                continue
            except OSError as error:
                raise Closed from error
            if not came:
                raise Closed
            self.waiting += came
        found, self.waiting = self.waiting[:size], self.waiting[size:]
        return found


# Values ---------------------------------------------------------------------------------------------------------------

Writes = Callable[[Any, list[bytes]], Node | None]  # for things that are no plain values; None: it does not know it
Reads = Callable[[Node, list[bytes]], Any]


def written(value: Any, blobs: list[bytes], other: Writes) -> Node:
    """The value as JSON, its numbers appended to the blobs; `other` is asked first about whatever is not of Python."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if value is ...:
        return {"is": "gap"}
    if type(value) in (tuple, list):
        return {"is": type(value).__name__, "of": [written(item, blobs, other) for item in value]}
    if type(value) in (dict, collections.OrderedDict):
        pairs = [[written(key, blobs, other), written(item, blobs, other)] for key, item in value.items()]
        return {"is": "dict", "of": pairs}
    if type(value) is type({}.keys()):
        return {"is": "keys", "of": [written(key, blobs, other) for key in value]}
    if (node := other(value, blobs)) is not None:
        return node
    if isinstance(value, Tensor):
        return tensor_written(value, blobs)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiubc":
        return {"is": "numpy", "of": tensor_written(torch.from_numpy(np.array(value)), blobs), "array": value.ndim > 0}
    if isinstance(value, tuple | list):
        of = [written(item, blobs, other) for item in tuple(value)]
        return {"is": "tuple" if isinstance(value, tuple) else "list", "of": of, "kind": type(value).__name__[:60]}
    return {"is": "thing", "kind": type(value).__name__[:60], **float_of(value)}


def read(node: Node, blobs: list[bytes], other: Reads) -> Any:
    """What was written. Raises Garbled where nothing is."""
    if node is None or isinstance(node, bool | int | float | str):
        return node
    match node:
        case {"is": "gap"}:
            return ...
        case {"is": "tuple" | "list" as kind, "of": [*items]}:
            values = [read(item, blobs, other) for item in items]
            own = tuple if kind == "tuple" else list
            return type(printable(node["kind"]), (own,), {})(values) if "kind" in node else own(values)
        case {"is": "dict", "of": [*pairs]} if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            try:
                return {read(key, blobs, other): read(item, blobs, other) for key, item in pairs}
            except TypeError as error:
                raise Garbled("a key") from error
        case {"is": "keys", "of": [*keys]}:
            return dict.fromkeys([str(read(key, blobs, other)) for key in keys]).keys()
        case {"is": "tensor"}:
            return tensor_read(node, blobs)
        case {"is": "numpy", "of": {**numbers}, "array": bool(array)}:
            found = tensor_read(numbers, blobs).numpy()
            return found if array else found[()]
        case {"is": "thing", "kind": str(kind)}:
            return thing(kind, node)
    return other(node, blobs)


def float_of(value: Any) -> Head:
    """Of whatever calls itself a number, as a Fraction does."""
    if not hasattr(type(value), "__float__"):
        return {}
    try:
        return {"float": float(value)}
    except OverflowError:
        return {"float": None, "trouble": "OverflowError"}
    except Exception:
        return {"float": None, "trouble": "RuntimeError"}


def thing(kind: str, node: Head) -> object:
    """Something that is called like what the student's process had there, and is nothing else."""
    members: dict[str, Any] = {}
    if "float" in node:
        trouble = OverflowError if node.get("trouble") == "OverflowError" else RuntimeError

        def __float__(self: object) -> float:
            if not isinstance(node["float"], int | float):
                raise trouble("it is no number")
            return float(node["float"])

        members["__float__"] = __float__
    return type(printable(kind), (), members)()


def printable(text: object) -> str:
    """At most a line of what a student's process called something."""
    return "".join(c if c.isprintable() else "?" for c in str(text)[:200]) or "?"


# Tensors --------------------------------------------------------------------------------------------------------------


def bare(value: Tensor) -> Tensor:
    """The same numbers without what a subclass makes of the operations on them."""
    return value if type(value) is Tensor else value.as_subclass(Tensor)


def tensor_written(value: Tensor, blobs: list[bytes]) -> Node:
    """Shape, precision and bytes. Of a tensor that is no plain one only what it is: its numbers are not wanted."""
    with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
        if isinstance(value, (torch.nn.UninitializedParameter, torch.nn.UninitializedBuffer)):
            return {"is": "tensor", "odd": "uninitialized"}
        plain = bare(value).detach()
        node = {"is": "tensor", "shape": list(plain.shape)}
        for odd, holds in (
            ("quantized", plain.is_quantized),
            ("device", plain.device.type != "cpu"),
            ("sparse", plain.layout != torch.strided),
            ("dtype", str(plain.dtype).removeprefix("torch.") not in DTYPES),
        ):
            if holds:
                return node | {"odd": odd}
        plain = plain.resolve_conj().resolve_neg()
        blobs.append((plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain).numpy().tobytes())
        return node | {"dtype": str(plain.dtype).removeprefix("torch."), "at": len(blobs) - 1}


def tensor_read(node: Node, blobs: list[bytes]) -> Tensor:
    """A tensor of its own memory."""
    match node:
        case {"odd": "uninitialized"}:
            return torch.nn.UninitializedParameter()
        case {"odd": str(odd), "shape": [*shape]}:
            return _odd(odd, _size(shape))
        case {"dtype": str(name), "shape": [*shape], "at": int(at)} if name in DTYPES and 0 <= at < len(blobs):
            size, dtype, data = _size(shape), DTYPES[name], blobs[at]
            if len(data) != size.numel() * dtype.itemsize:
                raise Garbled("a tensor's bytes")
            numbers = (
                torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)
            )
            # A byte of a truth value may be anything on the line, and is 0 or 1 here.
            numbers = numbers.bool() if dtype == torch.bool else numbers.view(dtype)
            return numbers.reshape(size)
    raise Garbled("a tensor")


def _size(shape: list) -> torch.Size:
    if len(shape) > 20 or not all(type(n) is int and 0 <= n <= MOST for n in shape):
        raise Garbled("a shape")
    size = torch.Size(shape)
    if size.numel() > MOST:
        raise Garbled("a shape")
    return size


def _odd(kind: str, size: torch.Size) -> Tensor:
    match kind:
        case "quantized":
            return torch.quantize_per_tensor(torch.zeros(size), 0.1, 0, torch.quint8)
        case "sparse":
            return torch.zeros(size).to_sparse()
    return torch.empty(size, device="meta")
