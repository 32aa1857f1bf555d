"""What an answer has to be before its values are looked at: a tensor, a number or names.

A form takes what came back and the arguments. It returns the answer as the check reads it, or ends the check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, KeysView, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .verdict import kind_of
from .words import Words, general_words

Answer = Any  # a tensor, a number or names: the form of the exercise says which
Form = Callable[[object, tuple], Answer]

ANY = general_words("answer")
LIKE, TENSOR, NUMBER, NAMES = (
    general_words(form, "answer") for form in ("like_first_tensor", "tensor", "single_number", "list_of_names")
)


def like_first_tensor(value: object, args: tuple) -> Tensor:
    """Finite numbers of the shape and on the device of the first tensor among the arguments; any precision."""
    like = next(a for a in args if isinstance(a, Tensor))
    value = _a_tensor(value)
    if value.shape != like.shape:
        shapes = {"shape": [*value.shape], "wanted": [*like.shape]}
        if any(value.shape == p.shape for a in args if isinstance(a, nn.Module) for p in a.parameters()):
            LIKE.fail("weight-gradient", **shapes)
        LIKE.fail("wrong-shape", **shapes)
    if not value.dtype.is_floating_point:  # nor is that of quantised ones
        LIKE.fail("wrong-dtype", dtype=value.dtype, wanted=like.dtype)
    if value.device != like.device or value.layout != like.layout:
        wanted = f"{like.device} ({like.layout})"
        LIKE.fail("wrong-device", device=value.device, layout=value.layout, wanted=wanted)
    _require_finite(value, LIKE)
    return value.detach().to(like.dtype, copy=True)


def tensor(shape: Callable[[tuple], Sequence[int]], what: str) -> Form:
    """Finite numbers of a shape the arguments imply, `what` in words; any precision, read as float64."""

    def form(value: object, args: tuple) -> Tensor:
        value, wanted = _a_tensor(value), [*shape(args)]
        if [*value.shape] != wanted:
            TENSOR.fail("wrong-shape", shape=[*value.shape], what=what, wanted=wanted)
        require_plain(value)
        value = value.detach().double().clone()
        _require_finite(value, TENSOR)
        return value

    return form


def true_or_false(shape: Callable[[tuple], Sequence[int]], what: str) -> Form:
    """True or false in a shape the arguments imply, read as 1 and 0. Other numbers are left to the check."""
    numbers = tensor(shape, what)

    def form(value: object, args: tuple) -> Tensor:
        read = numbers(value, args)
        if isinstance(value, Tensor) and value.dtype != torch.bool and ((read == 0) | (read == 1)).all():
            TENSOR.fail("no-truth-values", dtype=value.dtype)
        return read

    return form


def single_number(value: object, args: tuple) -> float:
    """A number, infinity included: of Python (a Fraction too), of NumPy or in a tensor by itself."""
    _refuse_none_and_tuple(value, NUMBER)
    if isinstance(value, Tensor):
        value = stripped(value)
        require_plain(value)
    shape = getattr(value, "shape", ())
    if math.prod(shape) != 1:
        NUMBER.fail("wrong-shape", shape=[*shape])
    found: Any = getattr(value, "item", lambda: value)()
    if isinstance(found, bool) or not hasattr(type(found), "__float__"):
        NUMBER.fail("returns-no-number", kind=kind_of(found))
    try:
        found = float(found)
    except OverflowError:
        NUMBER.fail("too-large")
    if math.isnan(found):
        NUMBER.fail("nan")
    return found


def stripped(value: Tensor) -> Tensor:
    """The same numbers without what a subclass makes of the operations on them."""
    if type(value) is Tensor:
        return value
    with torch._C.DisableTorchFunctionSubclass():
        return value.as_subclass(Tensor)


def require_plain(value: Tensor) -> None:
    """Ends the check unless these are plain real numbers on the CPU, which can be read."""
    odd = value.is_complex() or value.is_quantized
    if odd or value.device.type != "cpu" or value.layout != torch.strided:
        ANY.fail("wrong-device", dtype=value.dtype, device=value.device, layout=value.layout)


def list_of_names(value: object, args: tuple) -> list[str]:
    """Keys of the dict that is the first argument, each once, in the order of the answer."""
    if value is None:
        NAMES.fail("returns-none")
    if isinstance(value, str):
        NAMES.fail("one-name", name=repr(value))
    if not isinstance(value, (list, tuple, dict, KeysView)):
        NAMES.fail("returns-no-list", kind=kind_of(value))
    found, keys = list(value), list(args[0])
    if not all(isinstance(name, str) for name in found):
        NAMES.fail("returns-no-names", kind=next(kind_of(name) for name in found if not isinstance(name, str)))
    if sorted(found) != sorted(keys):
        NAMES.fail("other-names", n=len(found), right=len(set(found) & set(keys)), wanted=len(keys))
    return found


def _a_tensor(value: object) -> Tensor:
    _refuse_none_and_tuple(value, ANY)
    if type(value).__module__ == "numpy":
        ANY.fail("returns-numpy")
    if not isinstance(value, Tensor):
        ANY.fail("returns-no-tensor", kind=kind_of(value))
    return stripped(value)


def _require_finite(value: Tensor, say: Words) -> None:
    if odd := int((~value.isfinite()).sum()):
        say.fail("nan", odd=odd, n=value.numel())


def _refuse_none_and_tuple(value: object, say: Words) -> None:
    if value is None:
        say.fail("returns-none")
    if isinstance(value, (tuple, list)):
        say.fail("returns-tuple", kind=kind_of(value), n=len(value))
