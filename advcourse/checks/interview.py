"""Asking a candidate: fresh copies in, a well-formed tensor out, or a finding that says what else came back."""

from __future__ import annotations

import copy
import inspect
import linecache
import re
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor, nn

from .manners import Breach, breaches_of_input, breaches_of_model, remember, same
from .sandbox import Outcome, call
from .verdict import NOT_ATTEMPTED, Finding, Verdict, fail


class Interview:
    """One candidate under examination. `ask(*args)` calls it and returns its answer, detached and copied.

    Every call gets copies of its own, so that no call can spoil the next. A call that fails, or returns anything but a
    finite tensor like the first tensor it was given, ends the check at once. A call that answers well but leaves
    something behind is remembered, and held against the candidate only by `require_manners`: a wrong value is the more
    useful news.
    """

    def __init__(self, candidate: Callable, signature: str, seconds: float):
        self.candidate, self.signature, self.seconds = candidate, signature, seconds
        self.printed = False
        self.breaches: list[Breach] = []

    def __call__(self, *args) -> Tensor:
        return self._ask(_own_copies(args))

    def twice(self, *args) -> tuple[Tensor, Tensor]:
        """Two calls with the very same objects."""
        args = _own_copies(args)
        return self._ask(args), self._ask(args)

    def require_manners(self) -> None:
        for breach in self.breaches[:1]:
            fail(*breach)

    def _ask(self, args: tuple) -> Tensor:
        self._require_signature(args)
        befores = [remember(a) if isinstance(a, nn.Module) else copy.deepcopy(a) for a in args]
        outcome = call(self.candidate, args, self.seconds)
        self.seconds -= outcome.seconds
        self.printed |= outcome.printed
        if outcome.hung:
            fail(
                "hangs",
                "It was still running after several seconds, on images of a few pixels.",
                "Which loop never ends?",
            )
        if outcome.error is not None:
            _explain(outcome.error)
        answer = _well_formed(outcome.value, args)
        for before, after in zip(befores, args):
            if isinstance(after, Tensor) and not same(before.detach(), after.detach()):
                fail(
                    "mutates-input",
                    f"The tensor {list(before.shape)} it was given has other values after the call.",
                    "An operation in place wrote to an argument: the caller still needs it, so work on a copy.",
                )
        self._note_breaches(befores, args, outcome)
        return answer.detach().clone()

    def _require_signature(self, args: tuple) -> None:
        try:
            inspect.signature(self.candidate).bind(*args)
        except TypeError:
            fail(
                "wrong-signature",
                f"It cannot be called with {len(args)} arguments.",
                f"The exercise needs {self.signature}, in this order.",
            )
        except ValueError:
            return  # some functions written in C have no signature to read; the call itself will tell

    def _note_breaches(self, befores: list, args: tuple, outcome: Outcome) -> None:
        if outcome.disturbed:
            self.breaches.append(
                (
                    "changes-torch-settings",
                    f"After the call {outcome.disturbed} of torch was another one.",
                    "Global settings belong to the caller: change them inside a with block, or not at all.",
                )
            )
        for before, after in zip(befores, args):
            if isinstance(after, nn.Module):
                self.breaches.extend(breaches_of_model(before, after))
            if isinstance(after, Tensor):
                self.breaches.extend(breaches_of_input(before, after))
        if outcome.value.requires_grad:
            self.breaches.append(
                (
                    "attached",
                    "The values are right, but the answer still carries the graph it was computed with.",
                    "It keeps all that memory alive and gradients would flow through it: return plain values.",
                )
            )


def _own_copies(args: tuple) -> tuple:
    return tuple(copy.deepcopy(a) if isinstance(a, (nn.Module, Tensor)) else a for a in args)


def _well_formed(value: object, args: tuple) -> Tensor:
    """`value` itself if it is a finite tensor like the first tensor among the arguments, else a finding."""
    like = next(a for a in args if isinstance(a, Tensor))
    if value is Ellipsis:
        _not_attempted()
    if value is None:
        fail("returns-none", "It returned None.", "Is there a return line, and has what it returns been computed?")
    if isinstance(value, (tuple, list)):
        fail(
            "returns-tuple",
            f"It returned a {type(value).__name__} of length {len(value)}.",
            "One tensor is wanted: unpack it.",
        )
    if type(value).__module__ == "numpy":
        fail(
            "returns-numpy",
            "It returned a NumPy array.",
            "A torch tensor like the input is wanted: stay in torch throughout.",
        )
    if not isinstance(value, Tensor):
        fail("returns-no-tensor", f"It returned a {type(value).__name__}.", "A torch tensor like the input is wanted.")
    if value.shape != like.shape:
        for weights in (p for a in args if isinstance(a, nn.Module) for p in a.parameters()):
            if value.shape == weights.shape:
                fail(
                    "weight-gradient",
                    f"The answer has shape {list(value.shape)} like the model's weights, the image {list(like.shape)}.",
                    "An attack asks how the loss changes with the image: with respect to what did you differentiate?",
                )
        fail(
            "wrong-shape",
            f"The answer has shape {list(value.shape)}, the input has {list(like.shape)}.",
            "Every sample needs its own answer, of its own shape: print the shape after each line.",
        )
    if value.dtype != like.dtype:
        fail(
            "wrong-dtype",
            f"The answer is {value.dtype}, the input was {like.dtype}.",
            "Other precisions are fine on the way; what is returned has to be like the input.",
        )
    if value.device != like.device or value.layout != like.layout:
        fail(
            "wrong-device",
            f"The answer lives on {value.device} ({value.layout}), the input on {like.device} ({like.layout}).",
            "Let the input decide where to compute instead of naming a device.",
        )
    if not value.isfinite().all():
        fail(
            "nan",
            f"{int((~value.isfinite()).sum())} of {value.numel()} numbers are NaN or infinite.",
            "Something is divided by zero or overflows: what happens where the gradient is exactly zero?",
        )
    return value


def _not_attempted() -> NoReturn:
    raise Finding(
        Verdict(
            NOT_ATTEMPTED,
            "not-attempted",
            "A gap is still open, here or in a function this one calls. Fill it in and run the cell again.",
        )
    )


def _explain(error: BaseException) -> NoReturn:
    """An untouched gap is not an error; anything else is shown with the student's line."""
    gap = isinstance(error, (TypeError, AttributeError)) and "ellipsis" in str(error).lower()
    if gap or isinstance(error, NotImplementedError):
        _not_attempted()
    # Addresses differ from run to run, and torch appends pages of advice after the first line.
    said = re.sub(r"0x[0-9a-fA-F]+", "0x...", (str(error).splitlines() or [""])[0])[:160].rstrip(" .")
    fail("raises", f"It raised {type(error).__name__}{': ' if said else ''}{said}.", _where(error))


_NOT_THE_STUDENTS = tuple(
    str(Path(place).resolve())
    for place in (
        Path(__file__).parents[1],
        Path(torch.__file__).parent,
        *map(sysconfig.get_path, ("stdlib", "purelib")),
    )
)


def _where(error: BaseException) -> str:
    frames = traceback.walk_tb(error.__traceback__)
    places = [(frame.f_code.co_filename, line) for frame, line in frames]
    own = [(file, line) for file, line in places if not str(Path(file).resolve()).startswith(_NOT_THE_STUDENTS)]
    if not own:
        return "Call it yourself on the small case above to see the whole traceback."
    file, line = own[-1]
    source = linecache.getline(file, line).strip()
    return f"Line {line} of your cell: {source}" if source else f"Look at line {line} of your cell."
