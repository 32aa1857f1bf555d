"""A function in another process, which a check here can ask as if it were one."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from advcourse.checks.verdict import FAILED, NOT_ATTEMPTED, Finding, Verdict
from advcourse.checks.words import general_words, words

from . import mirror
from .exchange import Exchange, read_back, write
from .extract import Cell, Program
from .parcel import packed
from .processes import GRACE, TooLong, Worker
from .wire import Closed, Garbled, Head, Node, printable, read, tensor_read, thing

SAY, OWN = general_words("call"), words(__file__)


class Candidate:
    """`candidate(*args)` asks the function and does to the arguments what it did to them. Whatever ends the process,
    its time or its sense ends the check with a Finding."""

    def __init__(self, worker: Worker, program: Program, cells: Sequence[Cell]):
        self.worker, self.program, self.cells = worker, program, cells
        self.exchange = Exchange(worker.line, self._serve)
        self.watch, worker.line.idle = worker.watch, worker.watch.look
        self.args: tuple = ()
        self.parts: list[mirror.Part] = []
        self.kept: list[Any] = []
        self.left: set[str] = set()
        self.finding: Finding | None = None

    # Making it ---------------------------------------------------------------------------------------------------

    def make(self) -> Any:
        """What the name stands for there: this candidate, where it can be called. Raises Finding."""
        used = {line.place[0] for line in self.program.lines}
        cells = [[cell.number, cell.source if i in used else ""] for i, cell in enumerate(self.cells)]
        head = {"do": "make", "name": self.program.name, "cells": cells, "target": self.program.target.place}
        answer, _ = self._request(head | {"lines": [line.place for line in self.program.lines]}, [])
        if "raised" in answer:
            self._explain(answer["raised"])
        if answer.get("called") is not True:
            return thing(printable(answer.get("kind")), {})
        self.__signature__ = _signature(answer.get("takes"))
        if self.__signature__ is None:
            del self.__signature__
        return self

    @property
    def __code__(self) -> CodeType | None:
        """Of the text: names are read from it, it is never run here."""
        node = self.program.target.node
        if not isinstance(node, ast.FunctionDef):
            return None
        made = compile(ast.unparse(node), "answer", "exec")
        return next((c for c in made.co_consts if isinstance(c, CodeType) and c.co_name == node.name), None)

    @property
    def __globals__(self) -> dict[str, object]:
        """What it imports from the library."""
        found: dict[str, object] = {}
        for line in self.program.lines:
            if isinstance(line.node, ast.Import | ast.ImportFrom):
                found |= _imported(line.node)
        return found

    # Asking it ---------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any) -> Any:
        if self.finding:
            raise self.finding
        again = len(args) == len(self.args) > 0 and all(a is b for a, b in zip(args, self.args))
        blobs: list[bytes] = []
        if not again:
            parcel, self.kept = packed(args)
            self.args, self.parts, blobs = args, mirror.parts(args), [parcel]
        inputs = mirror.leaves(self.parts)
        head = {"do": "call", "again": again, "states": mirror.states(self.parts, blobs)}
        head, blobs = self._request(head, blobs)
        self.left |= {what for what in ("threads", "processes") if head.get(what) is True}
        self._take_over(head.get("states"), blobs)
        if head.get("printed") is True:
            print(end=" ")  # noqa: T201, as the answer did: whoever listens muffles it
        if head.get("disturbed") == "dtype":
            torch.set_default_dtype(torch.float64)
        elif head.get("disturbed"):
            torch.set_grad_enabled(False)
        if "raised" in head:
            self._explain(head["raised"])
        if "unreadable" in head:
            kind, trouble = printable(head["unreadable"]), f"raised {printable(head.get('trouble'))}"
            SAY.fail("cannot-be-examined", kind=kind, trouble=trouble)
        return self._read(head.get("value"), blobs, inputs)

    def _request(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        self.watch.rest()
        try:
            return self.exchange.request(head, blobs)
        except TooLong:
            self._end(*_failed(SAY, "hangs"))
        except Closed:
            self._gone()
        except (Garbled, KeyError, TypeError, ValueError, AttributeError, RecursionError):
            self._end(*_failed(OWN, "garbled"))

    def _end(self, status: str, diagnosis: str, message: str) -> NoReturn:
        """Nothing more is asked of it."""
        self.finding = Finding(Verdict(status, diagnosis, message))
        raise self.finding

    def _gone(self) -> NoReturn:
        code = self.worker.end(GRACE)
        how = f"signal {code - 128}" if 128 < code < 193 else f"exit code {code}"
        self._end(*_failed(OWN, "ended-its-process", how=how))

    def _take_over(self, states: object, blobs: list[bytes]) -> None:
        try:
            mirror.take_over(self.parts, states, blobs)
        except Garbled:
            self._end(*_failed(OWN, "garbled"))

    def _read(self, node: Node, blobs: list[bytes], inputs: list[Tensor]) -> Any:
        try:
            return read_back(node, blobs, self.exchange, inputs, self._other)
        except (Garbled, KeyError, TypeError, ValueError, RecursionError, RuntimeError):
            self._end(*_failed(OWN, "garbled"))

    def _explain(self, told: Any) -> NoReturn:
        """As `checks` explains an error that it sees itself."""
        try:
            kind, text = printable(told["kind"]), str(told["text"])
            place = told["frames"][0] if told["frames"] else None
        except (KeyError, TypeError, IndexError):
            self._end(*_failed(OWN, "garbled"))
        if told.get("gap") is True or (told.get("stub") is True and told.get("direct") is True and self._raises(place)):
            raise Finding(Verdict(NOT_ATTEMPTED, "not-attempted", SAY["not-attempted"]))
        if told.get("memory") is True or "can't allocate memory" in text:
            raise Finding(Verdict(*_failed(OWN, "out-of-memory")))
        said = re.sub(r"0x[0-9a-fA-F]+", "0x...", printable((text.splitlines() or [""])[0])[:160]).rstrip(" .")
        SAY.fail("raises", error=f"{kind}{': ' if said else ''}{said}", where=self._where(place))

    def _text(self, place: Any) -> tuple[str, str, int] | None:
        """The line that is meant, the function it stands in, and how far below its head."""
        match place:
            case [int(number), int(line), str(name), int(first)]:
                lines = next((c.python.splitlines() for c in self.cells if c.number == number), [])
                if 0 < line <= len(lines):
                    called = name if name.isidentifier() else f"a {printable(name).strip('<>')}"
                    return lines[line - 1].strip(), called, line - first + 1
        return None

    def _raises(self, place: Any) -> bool:
        found = self._text(place)
        return (found is not None and found[0].startswith("raise")) or bool(found and "; raise" in found[0])

    def _where(self, place: Any) -> str:
        found = self._text(place)
        if found is None:
            return "Call it yourself on the small case above to see the whole traceback."
        return f"Line {found[2]} of {found[1]}: {found[0]}"

    # What its arguments are asked there ------------------------------------------------------------------------------

    def _serve(self, head: Head, blobs: list[bytes]) -> tuple[Head, list[bytes]]:
        mirror.take_over(self.parts, head["states"], blobs)
        number = head["of"]
        if type(number) is not int or not 0 <= number < len(self.kept):
            raise Garbled("nobody has this number")
        handed: list[nn.Module] = []

        def other(node: Node, blobs: list[bytes]) -> object:
            if isinstance(node, dict) and node.get("is") == "hanging":
                return tensor_read(node["value"], blobs).requires_grad_()
            found = self._other(node, blobs)
            handed.extend([found] if isinstance(found, nn.Module) else [])
            return found

        args = [read(node, blobs, other) for node in head["args"]]
        named = {str(key): read(node, blobs, other) for key, node in head["named"]}
        inputs = mirror.leaves(mirror.parts([*args, *named.values()]))
        out: list[bytes] = []
        answer: Head = {"do": "reply"}
        try:
            if head["do"] == "step":
                value = self._step(self.kept[number], head["groups"])
            else:
                with torch.set_grad_enabled(head["graph"] is True):
                    value = self.kept[number](*args, **named)
            answer["value"] = write(value, out, self.exchange, inputs, lambda value, blobs: None)
        except Finding as found:
            self.finding = found
            raise
        except (Closed, TooLong):
            raise
        except Exception as error:
            answer |= {"raised": type(error).__name__, "text": str(error)}
        answer |= {"states": mirror.states(self.parts, out), "handed": mirror.states(handed, out)}
        self.watch.rest()
        return answer, out

    def _step(self, optimizer: Any, groups: list) -> None:
        for group, told in zip(optimizer.param_groups, groups):
            group.update({k: v for k, v in told.items() if k in group and type(group[k]) in (bool, int, float)})
        optimizer.step()

    def _other(self, node: Node, blobs: list[bytes]) -> object:
        models = [part for part in self.parts if isinstance(part, nn.Module)]
        match node:
            case {"is": "module" | "copy" as kind, "of": int(number), "state": state} if 0 <= number < len(models):
                model = models[number]
                if kind == "copy":
                    model = _copied(model)
                    mirror.take_over([model], [state], blobs)
                return model
            case {"is": "named", "kind": str(kind), "of": [*pairs]}:
                told = {str(key): read_back(said, blobs, self.exchange, (), _nothing) for key, said in pairs}
                return type(printable(kind), (), told)()
            case {"is": "asks", "number": int(number)}:
                return self._theirs(number)
            case {"is": "model", "number": int(number)}:
                return _Theirs(self._theirs(number))
        raise Garbled("nothing is called so")

    def _theirs(self, number: int) -> Callable:
        def ask(*args: object) -> Any:
            blobs: list[bytes] = []
            nodes = [write(arg, blobs, self.exchange, (), lambda value, blobs: None) for arg in args]
            head, blobs = self.exchange.request({"do": "ask", "of": number, "args": nodes}, blobs)
            if "raised" in head:
                raise RuntimeError(printable(head.get("text")))
            return read_back(head.get("value"), blobs, self.exchange, (), _nothing)

        return ask


class _Theirs(nn.Module):
    """A network of the student's own, which is asked there."""

    def __init__(self, ask: Callable):
        super().__init__()
        self.forward = ask


def _copied(model: nn.Module) -> nn.Module:
    import copy

    return copy.deepcopy(model)


def _failed(say: Any, diagnosis: str, **numbers: object) -> tuple[str, str, str]:
    return FAILED, diagnosis, say.say(diagnosis, **numbers)


def _signature(takes: object) -> inspect.Signature | None:
    if not isinstance(takes, list):
        return None
    try:
        parameters = [
            inspect.Parameter(f"p{i}", inspect._ParameterKind(kind), default=None if given else inspect.Parameter.empty)
            for i, (_, kind, given) in enumerate(takes)
        ]
        return inspect.Signature(parameters)
    except (ValueError, TypeError):
        return None


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, object]:
    """The names that such a line of the library's brings."""
    (alias,), module = node.names, getattr(node, "module", None)
    whole = module or alias.name
    if whole.partition(".")[0] != "advcourse" or ".checks" in whole or getattr(node, "level", 0):
        return {}
    try:
        if module is None:
            name = alias.asname or whole.partition(".")[0]
            return {name: importlib.import_module(whole if alias.asname else name)}
        room = importlib.import_module(module)
        return {alias.asname or alias.name: getattr(room, alias.name)}
    except (ImportError, AttributeError):
        return {}


def _nothing(node: Node, blobs: list[bytes]) -> object:
    raise Garbled("nothing is called so")
