"""What an answer has to be before its values are looked at: a tensor, a number or names.

A form takes what came back and the arguments. It returns the answer as the check reads it, or ends the check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, KeysView, Sequence

import torch
from torch import Tensor, nn

from .verdict import fail, kind_of

Answer = Tensor | float | list[str]
Form = Callable[[object, tuple], Answer]


def like_first_tensor(value: object, args: tuple) -> Tensor:
    """A finite tensor of the shape, dtype and device of the first tensor among the arguments."""
    like = next(a for a in args if isinstance(a, Tensor))
    value = _a_tensor(value)
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
    if value.dtype != like.dtype:  # quantised ones too: their dtypes are their own
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
    return value.detach().clone()


def tensor(shape: Callable[[tuple], Sequence[int]], what: str) -> Form:
    """Finite numbers of a shape the arguments imply, `what` in words; any precision, read as float64."""

    def form(value: object, args: tuple) -> Tensor:
        value, wanted = _a_tensor(value), list(shape(args))
        if list(value.shape) != wanted:
            fail(
                "wrong-shape",
                f"The answer has shape {list(value.shape)}, wanted is {what}: {wanted}.",
                "Print the shape after each line: where is a dimension lost, kept or mixed up?",
            )
        _require_plain(value)
        value = value.detach().double().clone()
        if not value.isfinite().all():
            fail(
                "nan",
                f"{int((~value.isfinite()).sum())} of {value.numel()} numbers are NaN or infinite.",
                "Something is divided by zero or overflows: which of the numbers you divide by can be zero?",
            )
        return value

    return form


def single_number(value: object, args: tuple) -> float:
    """A number, infinity included: of Python (a Fraction too), of NumPy or in a tensor by itself."""
    _refuse_none_and_tuple(value, "One number is wanted: unpack it.")
    if isinstance(value, Tensor):
        value = stripped(value)
        _require_plain(value)
    if math.prod(getattr(value, "shape", ())) != 1:
        fail("wrong-shape", f"The answer has shape {list(value.shape)}.", "One number is wanted: which one is it?")
    found = value.item() if hasattr(value, "item") else value
    if isinstance(found, bool) or not hasattr(type(found), "__float__"):
        fail("returns-no-number", f"It returned a {kind_of(found)}.", "One number is wanted: which one is it?")
    try:
        found = float(found)
    except OverflowError:
        fail(
            "too-large",
            "The number is larger than any float, and it is not infinity.",
            "Which power or product grows that far, and what should it have been?",
        )
    if math.isnan(found):
        fail("nan", "The answer is NaN, which is no number.", "Which line computes infinity minus infinity?")
    return found


def stripped(value: Tensor) -> Tensor:
    """The same numbers without what a subclass makes of the operations on them."""
    if type(value) is Tensor:
        return value
    with torch._C.DisableTorchFunctionSubclass():
        return value.as_subclass(Tensor)


def list_of_names(value: object, args: tuple) -> list[str]:
    """Keys of the dict that is the first argument, each once, in the order of the answer."""
    if value is None:
        fail("returns-none", "It returned None.", "Does the line that orders the names return a new list?")
    if isinstance(value, str):
        fail("one-name", f"It returned one name, {value!r}.", "All of them are wanted, in order.")
    if not isinstance(value, (list, tuple, dict, KeysView)):
        fail("returns-no-list", f"It returned a {kind_of(value)}.", "A list of names is wanted, in order.")
    found = list(value)
    if not all(isinstance(name, str) for name in found):
        strange = next(kind_of(name) for name in found if not isinstance(name, str))
        fail(
            "returns-no-names", f"In the list is a {strange}.", "Names are wanted, the keys of the dict, nothing else."
        )
    if sorted(found) != sorted(args[0]):
        fail(
            "other-names",
            f"The list has {len(found)} names, {len(set(found) & set(args[0]))} of the {len(args[0])} keys are there.",
            "Every key of the dict belongs into it once.",
        )
    return found


def _a_tensor(value: object) -> Tensor:
    _refuse_none_and_tuple(value, "One tensor is wanted: unpack it.")
    if type(value).__module__ == "numpy":
        fail(
            "returns-numpy",
            "It returned a NumPy array.",
            "A torch tensor like the input is wanted: stay in torch throughout.",
        )
    if not isinstance(value, Tensor):
        fail("returns-no-tensor", f"It returned a {kind_of(value)}.", "A torch tensor like the input is wanted.")
    return stripped(value)


def _require_plain(value: Tensor) -> None:
    odd = value.is_complex() or value.is_quantized
    if odd or value.device.type != "cpu" or value.layout != torch.strided:
        fail(
            "wrong-device",
            f"The answer is {value.dtype}, on {value.device} and {value.layout}.",
            "Plain real numbers on the device of the input are wanted.",
        )


def _refuse_none_and_tuple(value: object, look: str) -> None:
    if value is None:
        fail("returns-none", "It returned None.", "Is there a return line, and has what it returns been computed?")
    if isinstance(value, (tuple, list)):
        fail("returns-tuple", f"It returned a {kind_of(value)} of length {len(value)}.", look)
