"""How arguments get into a student's process: pickled, which is safe in this direction, and without our secrets.

The modules of the checks are not there: they hold the right answers. So a network or a plain function with numbers in
it is sent with the few lines that compute it, and whatever else a check hands over to be called stays here: what the
student's process gets instead asks over the line.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import pickle
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import nn

SECRET = "advcourse.checks"
PLAIN = (bool, int, float, str, type(None))
OURS = ("advcourse",)


class Parcel(pickle.Pickler):
    """Notes in `kept` what stays here: callables and optimizers, in the order in which they are numbered."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file, protocol=5)
        self.kept: list[object] = []

    def persistent_id(self, obj: object) -> tuple | None:
        if isinstance(obj, torch.optim.Optimizer):
            return "optimizer", self._number(obj), usual_class(obj), obj.param_groups, obj.defaults
        return ("asks", self._number(obj)) if stays(obj) else None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type) and secret(obj):
            return make_class, (obj.__qualname__, source_of(obj), obj.__bases__)
        return NotImplemented

    def _number(self, obj: object) -> int:
        found = next((i for i, other in enumerate(self.kept) if other is obj), None)
        if found is None:
            self.kept.append(obj)
        return len(self.kept) - 1 if found is None else found


class Unpacking(pickle.Unpickler):
    """`asks(number)` and `optimizer(number, ...)` make what stands here for what was kept."""

    def __init__(self, data: bytes, asks: Callable[[int], object], optimizer: Callable[..., object]):
        super().__init__(io.BytesIO(data))
        self.asks, self.optimizer = asks, optimizer

    def persistent_load(self, pid: Any) -> object:
        kind, *told = pid
        return self.asks(*told) if kind == "asks" else self.optimizer(*told)


def packed(things: object) -> tuple[bytes, list[object]]:
    """Things as bytes, and what of them was kept."""
    file = io.BytesIO()
    parcel = Parcel(file)
    parcel.dump(things)
    return file.getvalue(), parcel.kept


def secret(obj: type | FunctionType) -> bool:
    return (getattr(obj, "__module__", None) or "").startswith(SECRET)


def stays(obj: object) -> bool:
    """Functions of the checks, and objects of theirs that are called but are neither a network nor plain numbers."""
    if isinstance(obj, FunctionType):
        return secret(obj) or "<lambda>" in obj.__qualname__ or "<locals>" in obj.__qualname__
    if isinstance(obj, type | nn.Module) or not secret(type(obj)) or not callable(obj):
        return False
    if not dataclasses.is_dataclass(obj) or not vars(type(obj))["__dataclass_params__"].frozen:
        return True
    return not all(_plain(getattr(obj, field.name)) for field in dataclasses.fields(obj))


def _plain(value: object) -> bool:
    return all(map(_plain, value)) if isinstance(value, tuple) else isinstance(value, PLAIN)


def usual_class(optimizer: torch.optim.Optimizer) -> type:
    """The nearest class of torch's own."""
    return next(kind for kind in type(optimizer).__mro__ if kind.__module__.startswith("torch.optim"))


@cache
def source_of(kind: type) -> str:
    """Lines that make this class, with what its module imports from elsewhere, and of its methods only those that
    calling it takes."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    (definition,) = tree.body
    assert isinstance(definition, ast.ClassDef)
    definition.body = [node for node in definition.body if not _is_extra(node)]
    module = ast.parse(inspect.getsource(sys.modules[kind.__module__]))
    imports = [node for node in module.body if isinstance(node, ast.Import | ast.ImportFrom) and _is_elsewhere(node)]
    return ast.unparse(ast.Module([*imports, definition], []))


def _is_extra(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name != "forward"


def _is_elsewhere(node: ast.Import | ast.ImportFrom) -> bool:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return not getattr(node, "level", 0) and not any(name.partition(".")[0] in OURS for name in names)


@cache
def make_class(name: str, source: str, bases: tuple[type, ...]) -> type:
    """The class that such lines make."""
    module = sys.modules.setdefault("advcourse_case", ModuleType("advcourse_case"))  # where dataclasses look
    space: dict[str, Any] = {base.__name__: base for base in bases} | {"__name__": module.__name__}
    exec(compile(source, "<a case of the exercise>", "exec"), space)
    return space[name.rpartition(".")[2]]
