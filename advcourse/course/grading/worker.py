"""In the student's process: make the function, then call it with what comes over the line, and send back what came."""

from __future__ import annotations

import ast
import builtins
import inspect
import io
import linecache
import os
import random
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from . import mirror, parcel
from .exchange import Exchange, read_back, write
from .extract import Cell, lines_of
from .wire import Garbled, Head, Line, Node

ATTRIBUTES = ("y", "t", "eps", "lo", "hi", "radius", "loss")  # what goals and threats are told apart by


class Counted(io.TextIOBase):
    """A stream that goes nowhere and knows whether anything was written."""

    def __init__(self):
        self.used = False

    def write(self, text: str) -> int:
        self.used = True
        return len(text)

    def writable(self) -> bool:
        return True


class Answerer:
    """Holds the function, and the arguments of the call it is in."""

    def __init__(self, line: Line):
        self.exchange = Exchange(line, self.serve)
        self.space: dict[str, Any] = {"__name__": "__main__", "display": lambda *_, **__: None}
        self.function: Any = None
        self.args: tuple = ()
        self.parts: list[mirror.Part] = []
        self.asked_of: list[Callable] = []
        self.out = sys.stdout = sys.stderr = Counted()

    def serve(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        match head["do"]:
            case "make":
                return self.make(head), []
            case "call":
                return self.call(head, blobs)
            case "ask":
                return self.ask(head, blobs)
        raise Garbled(head["do"])

    # The function ------------------------------------------------------------------------------------------------

    def make(self, head: Head) -> Head:
        """Run the lines that it needs; one that fails leaves its names as they were."""
        cells = [Cell(number, source) for number, source in head["cells"]]
        lines = {line.place: line for line in lines_of(cells)}
        failed: Head = {}
        for place in map(tuple, head["lines"]):
            trouble = self._run(lines[place].node, cells[place[0]])
            if trouble and place == tuple(head["target"]):
                failed = {"raised": trouble}
        self.function = self.space.get(head["name"])
        if head["name"] not in self.space:
            return {"do": "reply", **(failed or {"raised": {"kind": "NameError", "text": "", "frames": []}})}
        return {"do": "reply", "kind": _kind(self.function), "called": callable(self.function), **self._signature()}

    def _run(self, node: ast.stmt, cell: Cell) -> Head | None:
        name = f"cell {cell.number}"
        linecache.cache[name] = (len(cell.python), None, cell.python.splitlines(keepends=True), name)
        try:
            exec(compile(ast.Module([node], []), name, "exec", dont_inherit=True), self.space)
        except BaseException as error:
            return raised(error)
        return None

    def _signature(self) -> Head:
        try:
            parameters = inspect.signature(self.function).parameters.values()
            return {"takes": [[p.name, int(p.kind), p.default is not p.empty] for p in parameters]}
        except Exception:
            return {}

    # A call ------------------------------------------------------------------------------------------------------

    def call(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        """The answer to one case, and how the arguments look after it."""
        if not head["again"]:
            self.args = parcel.Unpacking(blobs[0], self._asker, self._optimizer).load()
            self.parts = mirror.parts(self.args)
            for part, node in zip(self.parts, head["states"]):
                mirror.take_over([part], [node], blobs)
        self.asked_of.clear()
        inputs = mirror.leaves(self.parts)
        result, self.out.used = Head(), False
        before = threading.active_count()
        thread = threading.Thread(target=self._answer, args=(result,), name="answer")
        thread.start()
        thread.join()
        printed, left = self.out.used, threading.active_count() > before
        blobs = []
        answer: Head = {"do": "reply", "printed": printed, "disturbed": result.get("disturbed")}
        answer |= {"threads": left, "processes": _has_children(), "states": mirror.states(self.parts, blobs)}
        if "raised" in result:
            return answer | {"raised": result["raised"]}, blobs
        try:
            return answer | {"value": write(result["value"], blobs, self.exchange, inputs, self._written)}, blobs
        except Exception as error:
            return answer | {"unreadable": _kind(result["value"]), "trouble": _kind(error)}, blobs

    def _answer(self, result: Head) -> None:
        # In a thread of its own, because torch keeps the gradient mode per thread.
        try:
            result["value"] = self.function(*self.args)
        except BaseException as error:
            result["raised"] = raised(error)
        if not torch.is_grad_enabled() or torch.is_inference_mode_enabled():
            result["disturbed"] = "gradient"
        if torch.get_default_dtype() != torch.float32:
            torch.set_default_dtype(torch.float32)
            result["disturbed"] = "dtype"

    # What the arguments ask ------------------------------------------------------------------------------------------

    def _asker(self, number: int) -> Callable:
        def ask(*args: object, **named: object) -> Any:
            return self._ask({"do": "ask", "of": number}, args, named)

        return ask

    def _ask(self, head: Head, args: tuple, named: dict) -> Any:
        blobs: list[bytes] = []
        handed = [part for part in mirror.parts([*args, *named.values()]) if isinstance(part, nn.Module)]
        inputs = mirror.leaves(mirror.parts([*args, *named.values()]))
        head |= {
            "states": mirror.states(self.parts, blobs),
            "args": [write(arg, blobs, self.exchange, inputs, self._written) for arg in args],
            "named": [[key, write(arg, blobs, self.exchange, inputs, self._written)] for key, arg in named.items()],
            "graph": torch.is_grad_enabled(),
        }
        head, blobs = self.exchange.request(head, blobs)
        mirror.take_over(self.parts, head["states"], blobs)
        mirror.take_over(handed, head["handed"], blobs)
        if "raised" in head:
            kind = getattr(builtins, head["raised"], RuntimeError)
            raise kind(head["text"])
        return read_back(head["value"], blobs, self.exchange, inputs, _nothing)

    def _written(self, value: Any, blobs: list[bytes]) -> Node | None:
        """Models by who they are, goals and threats by what they say, functions as something to ask."""
        if isinstance(value, nn.Module):
            return self._module_written(value, blobs)
        if isinstance(value, Tensor | np.ndarray | np.generic | type):
            return None
        if callable(value):
            self.asked_of.append(value)
            return {"is": "asks", "number": len(self.asked_of) - 1}
        told = {name: getattr(value, name) for name in ATTRIBUTES if hasattr(value, name)}
        told = {name: said for name, said in told.items() if not callable(said)}
        if not told:
            return None
        of = [[name, write(said, blobs, self.exchange, (), _nothing_written)] for name, said in told.items()]
        return {"is": "named", "kind": _kind(value), "of": of}

    def _module_written(self, model: nn.Module, blobs: list[bytes]) -> Node:
        models = [part for part in self.parts if isinstance(part, nn.Module)]
        (state,) = mirror.states([model], blobs)
        for number, own in enumerate(models):
            if model is own:
                return {"is": "module", "of": number, "state": state}
        names = [name for name, _ in model.named_parameters()]
        for number, own in enumerate(models):
            if type(model) is type(own) and names == [name for name, _ in own.named_parameters()]:
                return {"is": "copy", "of": number, "state": state}
        self.asked_of.append(model)
        return {"is": "model", "kind": _kind(model), "number": len(self.asked_of) - 1, "state": state}

    def _optimizer(self, number: int, kind: type, groups: list[dict], defaults: dict) -> torch.optim.Optimizer:
        def step(own: Any, closure: Callable | None = None) -> Any:
            with torch.enable_grad():
                loss = closure() if closure is not None else None
            plain = [{k: v for k, v in g.items() if type(v) in (bool, int, float)} for g in own.param_groups]
            self._ask({"do": "step", "of": number, "groups": plain}, (), {})
            return loss

        return type(kind.__name__, (kind,), {"step": step})(groups, **defaults)

    def ask(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        """A function of the student's that was handed to one of ours."""
        args = [read_back(node, blobs, self.exchange, (), _nothing) for node in head["args"]]
        blobs = []
        try:
            value = self.asked_of[head["of"]](*args)
            value = value.detach() if isinstance(value, Tensor) else value
            return {"do": "reply", "value": write(value, blobs, self.exchange, (), self._written)}, blobs
        except Exception as error:
            return {"do": "reply", "raised": _kind(error), "text": str(error)[:300]}, []


def raised(error: BaseException) -> Head:
    """What was raised, and in which lines of which cells; the last one first."""
    frames, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if code.co_filename.startswith("cell "):
            frames.append([int(code.co_filename[5:]), step.tb_lineno, code.co_name, code.co_firstlineno])
        last, step = code, step.tb_next
    try:
        text = str(error)
    except Exception:
        text = ""
    direct = bool(frames) and last.co_filename.startswith("cell ")
    open_gap = isinstance(error, TypeError | AttributeError) and "ellipsis" in text.lower()
    kind = {"kind": _kind(error), "text": text[:2000], "gap": open_gap, "direct": direct, "frames": frames[-1:]}
    return kind | {"memory": isinstance(error, MemoryError), "stub": isinstance(error, NotImplementedError)}


def _kind(thing: object) -> str:
    return type.__dict__["__name__"].__get__(type(thing))


def _nothing(node: Node, blobs: list[bytes]) -> object:
    raise Garbled("nothing is called so")


def _nothing_written(value: object, blobs: list[bytes]) -> None:
    return None


def _has_children() -> bool:
    """Or anybody else in here, where this process has a room of its own."""
    if (first := Path("/proc/1/comm")).exists() and first.read_text() == "sleep\n":
        return len([p for p in Path("/proc").iterdir() if p.name.isdigit()]) > 2
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def quiet() -> None:
    """The same start for every answer."""
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    threading.excepthook = lambda *_: None


def answer(end: socket.socket) -> None:
    """Until the line is closed."""
    quiet()
    answerer = Answerer(Line(end))
    while True:
        head, blobs = answerer.exchange.line.receive()
        answerer.exchange.line.send(*answerer.exchange.serve(head, blobs))
