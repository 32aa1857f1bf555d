"""Asking a candidate: fresh copies in, a well-formed answer out, or a finding that says what else came back."""

from __future__ import annotations

import copy
import dis
import inspect
import linecache
import re
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from .forms import Answer, Form, like_first_tensor, stripped
from .manners import Breach, breaches_of_input, breaches_of_model, network, remember, same
from .sandbox import call
from .verdict import NOT_ATTEMPTED, Finding, Verdict, kind_of
from .words import general_words

SAY, MANNERS, REMARKS = (general_words(table) for table in ("call", "manners", "remarks"))

LIBRARY = __name__.partition(".")[0] + "."

# For reading what came back, which takes no time unless it is an object that never answers.
PATIENCE = 30.0


class Interview:
    """One candidate under examination. `ask(*args)` calls it and returns its answer, detached and copied.

    Every call gets copies of its own, so that no call can spoil the next. A call that fails, or returns anything but
    what `form` asks for, ends the check at once. A call that answers well but leaves something behind is remembered,
    and held against the candidate only by `require_manners`: a wrong value is the more useful news. `rounding` is how
    far off a right answer may be in the coarsest precision that was answered in, where any will do.

    `examine(function, *things)` is for whatever else a check does with a thing that the candidate made or touched.
    """

    def __init__(self, candidate: Callable, signature: str, seconds: float, form: Form = like_first_tensor):
        self.candidate, self.signature, self.seconds, self.form = candidate, signature, seconds, form
        self.printed, self.latest, self.rounding = False, candidate, 0.0
        self.breaches: list[Breach] = []
        self.bound: set[int] = set()  # with so many arguments it can be called, as has been seen

    def __call__(self, *args: object) -> Answer:
        return self._ask(_own_copies(args))

    def twice(self, *args: object) -> tuple[Answer, Answer]:
        """Two calls with the very same objects."""
        args = _own_copies(args)
        return self._ask(args), self._ask(args)

    def read(self, formula: Callable, args: tuple) -> Answer:
        """What a formula of the check's own gives for copies of the arguments, read as an answer is."""
        args = _own_copies(args)
        return self.form(formula(*args), args)

    def require_manners(self, *diagnoses: str) -> None:
        """End the check if a call left something behind, or, where diagnoses are given, one of these."""
        for breach in self.breaches:
            if breach[0] in (diagnoses or MANNERS):
                MANNERS.fail(breach[0], **breach[1])

    def remark(self) -> str:
        """What else there is to say of a right answer."""
        seen = {breach[0] for breach in self.breaches} & {*REMARKS}
        if hands_it_to_the_library(self.candidate, self.signature.partition("(")[0]):
            seen.add("the-librarys")
        if self.printed:
            seen.add("prints")
        return REMARKS[next((remark for remark in REMARKS if remark in seen), "mannerly")]

    def examine(self, function: Callable, *things: object) -> object:
        """`function(*things)`, where the things may be anything: what raises or never ends there is a finding too."""
        if is_plain(things):  # these may raise, not linger, and to watch a call takes longer than most calls
            return self._at_once(function, things)
        outcome = call(function, things, max(self.seconds, PATIENCE))
        if isinstance(outcome.error, Finding):
            raise outcome.error
        if outcome.hung or outcome.error is not None:
            refuse_to_examine(self.latest, outcome.error)
        return outcome.value

    def _at_once(self, function: Callable, things: tuple) -> object:
        try:
            return function(*things)
        except Finding:
            raise
        except Exception as error:
            refuse_to_examine(self.latest, error)

    def _ask(self, args: tuple) -> Answer:
        if len(args) not in self.bound:
            self.examine(self._require_signature, args)
            self.bound.add(len(args))
        befores = [remember(net) if (net := network(a)) is not None else _own_copy(a) for a in args]
        outcome = call(self.candidate, args, self.seconds)
        self.seconds -= outcome.seconds
        self.printed |= outcome.printed
        if outcome.hung:
            SAY.fail("hangs")
        if isinstance(outcome.error, Finding):
            raise outcome.error  # an argument that was called, and had seen enough
        self.latest = outcome.value
        if outcome.error is not None:
            self.examine(_explain, outcome.error)
        return self.examine(self._read, befores, args, outcome.value, outcome.disturbed)

    def _read(self, befores: list, args: tuple, value: object, disturbed: str | None) -> Answer:
        if value is Ellipsis:
            _not_attempted()
        _require_untouched(befores, args)
        answer = self.form(value, args)
        if self.form is not like_first_tensor:  # which says in which precision
            self.rounding = max(self.rounding, rounding_of(value))
        self._note_breaches(befores, args, value, disturbed)
        return answer

    def _require_signature(self, args: tuple) -> None:
        try:
            inspect.signature(self.candidate).bind(*args)
        except TypeError:
            SAY.fail("wrong-signature", n=len(args), signature=self.signature)
        except ValueError:
            return  # some functions written in C have no signature to read; the call itself will tell

    def _note_breaches(self, befores: list, args: tuple, value: object, disturbed: str | None) -> None:
        if disturbed:
            self.breaches.append(("changes-torch-settings", {"what": disturbed}))
        for before, after in zip(befores, args):
            if (net := network(after)) is not None:
                self.breaches.extend(breaches_of_model(before, net))
            if isinstance(after, Tensor):
                self.breaches.extend(breaches_of_input(before, after))
        if isinstance(value, Tensor) and stripped(value).requires_grad:
            self.breaches.append(("attached", {}))


PLAIN = (bool, int, float, str, type(None), torch.Generator)
NESTED = 3  # lists in lists are looked into so deep


def is_plain(thing: object, deep: int = NESTED) -> bool:
    """Nothing but Python's own numbers, words and lists, and torch's own tensors: to read them calls nobody's code."""
    if isinstance(thing, tuple | list) and type(thing) in (tuple, list):
        return deep > 0 and all(is_plain(part, deep - 1) for part in thing)
    return type(thing) in PLAIN or (type(thing) is Tensor and not thing.__dict__)


def rounding_of(answer: object) -> float:
    """What a few operations may be off by in the answer's own precision; 0 for what is no tensor of such numbers."""
    floating = isinstance(answer, Tensor) and answer.dtype.is_floating_point
    return 4 * torch.finfo(answer.dtype).eps if floating else 0.0


def hands_it_to_the_library(candidate: Callable, name: str) -> bool:
    """Whether a function names that of the library which is called like the exercise."""
    code, known = getattr(candidate, "__code__", None), getattr(candidate, "__globals__", {})
    if code is None:
        return False
    used = [known[other] for other in code.co_names if other in known]
    used += [getattr(thing, name, None) for thing in used if isinstance(thing, ModuleType) and name in code.co_names]
    return any(
        isinstance(thing, FunctionType) and thing.__name__ == name and thing.__module__.startswith(LIBRARY)
        for thing in used
    )


def refuse_to_examine(answer: object, error: BaseException | None) -> NoReturn:
    """End the check because looking at the answer raised this error, or None where it never ended."""
    trouble = f"raised {kind_of(error)}" if error is not None else "did not end"
    SAY.fail("cannot-be-examined", kind=kind_of(answer), trouble=trouble)


def _own_copies(args: tuple) -> tuple:
    copies = tuple(_own_copy(a) if _is_copied(a) else a for a in args)
    for model, its_copy in zip(args, copies):
        if isinstance(model, nn.Module):
            for weight, its in zip(model.parameters(), its_copy.parameters()):
                if weight.grad is not None:  # which deepcopy leaves behind
                    its.grad = weight.grad.clone()
    return copies


def _own_copy(thing: Any) -> Any:
    """As `deepcopy`, which takes ten times as long for a tensor that is no more than its numbers."""
    plain = type(thing) is Tensor and not thing.requires_grad and thing.grad is None and not thing.__dict__
    return thing.clone() if plain else copy.deepcopy(thing)


def _is_copied(thing: object) -> bool:
    """What an answer may change, and whatever says itself how it is copied."""
    return isinstance(thing, (nn.Module, Tensor, dict, list)) or hasattr(type(thing), "__deepcopy__")


def _require_untouched(befores: list, args: tuple) -> None:
    """Of tensors and of dicts of tensors. What else a call may have changed is a breach, noted later."""
    for before, after in zip(befores, args):
        if isinstance(after, Tensor) and not same(before.detach(), after.detach()):
            what = f"The tensor {list(before.shape)} it was given has other values"
        elif isinstance(after, dict) and list(after) != list(before):
            what = f"The dict it was given had {len(before)} keys and has {len(after)}, or has them in another order,"
        elif isinstance(after, dict) and not all(map(same, before.values(), after.values())):
            what = "A tensor in the dict it was given has other values"
        else:
            continue
        SAY.fail("mutates-input", what=what)


def _not_attempted() -> NoReturn:
    raise Finding(Verdict(NOT_ATTEMPTED, "not-attempted", SAY["not-attempted"]))


def _explain(error: BaseException) -> NoReturn:
    """An untouched gap is not an error; anything else is shown with the student's line."""
    gap = isinstance(error, (TypeError, AttributeError)) and "ellipsis" in str(error).lower()
    if gap or _is_a_stub(error):
        _not_attempted()
    # Addresses differ from run to run, and torch appends pages of advice after the first line.
    said = re.sub(r"0x[0-9a-fA-F]+", "0x...", (str(error).splitlines() or [""])[0])[:160].rstrip(" .")
    SAY.fail("raises", error=f"{kind_of(error)}{': ' if said else ''}{said}", where=_where(error))


def _is_a_stub(error: BaseException) -> bool:
    """Whether the student's own code says `raise NotImplementedError`. Torch means something else by that error."""
    steps = [step for step in _steps(error) if _is_the_students(step.tb_frame)]
    if not isinstance(error, NotImplementedError) or not steps or steps[-1].tb_next is not None:
        return False
    # Functions in C have no frame: their errors seem to come from the line that calls them.
    return steps[-1].tb_frame.f_code.co_code[steps[-1].tb_lasti] == dis.opmap["RAISE_VARARGS"]


_NOT_THE_STUDENTS = tuple(
    str(Path(place).resolve())
    for place in (
        Path(__file__).parents[1],
        Path(torch.__file__).parent,
        *map(sysconfig.get_path, ("stdlib", "purelib")),
    )
)


def _is_the_students(frame: FrameType) -> bool:
    return _is_the_students_file(frame.f_code.co_filename)


@cache  # an endless recursion leaves a thousand frames of one file
def _is_the_students_file(name: str) -> bool:
    return not str(Path(name).resolve()).startswith(_NOT_THE_STUDENTS)


def _steps(error: BaseException) -> Iterator[TracebackType]:
    """Of the traceback, from the call to where it was raised."""
    step = error.__traceback__
    while step is not None:
        yield step
        step = step.tb_next


def _where(error: BaseException) -> str:
    """The student's line, counted from the `def` it stands in: a function may come from another cell."""
    own = [step for step in _steps(error) if _is_the_students(step.tb_frame)]
    if not own:
        return "Call it yourself on the small case above to see the whole traceback."
    code, line = own[-1].tb_frame.f_code, own[-1].tb_lineno
    source = linecache.getline(code.co_filename, line).strip()
    place = f"ine {line - code.co_firstlineno + 1} of {_called(code)}"
    return f"L{place}: {source}" if source else f"Look at l{place}."


def _called(code: CodeType) -> str:
    """Its name, without those of the functions it stands in; those of Python's own are `<lambda>`, `<listcomp>`."""
    return code.co_name if code.co_name.isidentifier() else f"a {code.co_name.strip('<>')}"
