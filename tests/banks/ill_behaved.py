"""Candidates that fail as callables: they take whatever they are given.

`ANYWHERE` is for any exercise, `ILL_BEHAVED` for those whose first argument of tensors is to be answered by its like,
`A_NUMBER` for those that are answered by a number.
"""

import sys
import time
import warnings
from fractions import Fraction

import torch


def raises(*args):
    return args[0].no_such_thing


def raises_with_an_address(*args):
    raise ValueError(f"bad {object()}\nand a second line")


def exits(*args):
    sys.exit(3)


def interrupts(*args):
    raise KeyboardInterrupt


def recurses(*args):
    return recurses(*args)


def hangs(*args):
    while True:
        pass


def hangs_stubbornly(*args):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def prints_and_hangs(*args):
    while True:
        print("still here")
        print("and here", file=sys.stderr)
        time.sleep(0.001)


def not_written_yet(*args):
    raise NotImplementedError("do this first")


def not_implemented_by_torch(*args):
    mask = torch.zeros(2, dtype=torch.bool)
    return mask.mean(0)


def not_implemented_by_a_module(*args):
    return torch.nn.Module()(1)


class Evasive:
    """It cannot even be asked what it is."""

    @property
    def __class__(self):
        raise RuntimeError("no")


class Touchy:
    """Every look at it raises."""

    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __eq__ = __len__ = __iter__ = __float__ = __bool__ = __repr__
    __hash__ = None


class Contrary(torch.Tensor):
    """A tensor on which every operation raises."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError("no")


def given(args):
    """The first tensor among the arguments."""
    return next(a for a in args if isinstance(a, torch.Tensor))


def mutates(*args):
    given(args).mul_(0.5)
    return given(args)


def warns(*args):
    warnings.warn("careful", stacklevel=1)
    return None


def needs_more(a, b, c, d, e, f, g, h):
    return a


def quantised(x):
    return torch.quantize_per_tensor(x.detach().float(), 0.1, 0, torch.quint8)


ANYWHERE = {
    "raises": ("raises", raises),
    "raises with an address": ("raises", raises_with_an_address),
    "exits": ("raises", exits),
    "interrupts": ("raises", interrupts),
    "recurses": ("raises", recurses),
    "hangs": ("hangs", hangs),
    "hangs stubbornly": ("hangs", hangs_stubbornly),
    "prints and hangs": ("hangs", prints_and_hangs),
    "returns None": ("returns-none", lambda *args: None),
    "warns and returns None": ("returns-none", warns),
    "too many arguments": ("wrong-signature", needs_more),
    "no arguments": ("wrong-signature", lambda: None),
    "three dots": ("not-attempted", lambda *args: ...),
    "a stub that raises": ("not-attempted", not_written_yet),
    "torch cannot do that": ("raises", not_implemented_by_torch),
    "a module without forward": ("raises", not_implemented_by_a_module),
    "an answer that raises when asked what it is": ("cannot-be-examined", lambda *args: Evasive()),
    "not a function": ("not-a-function", 3),
    "the result of a call": ("not-a-function", torch.zeros(2)),
    "none": ("not-a-function", None),
}

ILL_BEHAVED = {
    **ANYWHERE,
    "returns NumPy": ("returns-numpy", lambda *args: given(args).numpy()),
    "returns a NumPy number": ("returns-numpy", lambda *args: given(args).numpy().mean()),
    "returns a float": ("returns-no-tensor", lambda *args: 0.5),
    "returns a tuple": ("returns-tuple", lambda *args: (given(args), 1)),
    "wrong shape": ("wrong-shape", lambda *args: given(args)[:1]),
    "an enormous integer": ("returns-no-tensor", lambda *args: 10**400),
    "an object that raises at every look": ("returns-no-tensor", lambda *args: Touchy()),
    "quantised": ("wrong-dtype", lambda *args: quantised(given(args))),
    "a parameter without a shape": ("wrong-shape", lambda *args: torch.nn.UninitializedParameter()),
    "a scalar": ("wrong-shape", lambda *args: given(args).sum()),
    "integers": ("wrong-dtype", lambda *args: given(args).long()),
    "complex": ("wrong-dtype", lambda *args: given(args).to(torch.complex64)),
    "sparse": ("wrong-device", lambda *args: given(args).to_sparse()),
    "another device": ("wrong-device", lambda *args: given(args).to("meta")),
    "NaN": ("nan", lambda *args: given(args) * float("nan")),
    "infinite": ("nan", lambda *args: given(args) / 0),
    "a function written in C": ("raises", torch.gcd),
    "mutates": ("mutates-input", mutates),
}

# For exercises that are answered by a number.
A_NUMBER = {
    "an enormous integer": ("too-large", lambda *args: 10**400),
    "an enormous fraction": ("too-large", lambda *args: Fraction(10**400)),
    "a number on another device": ("wrong-device", lambda *args: torch.zeros((), device="meta")),
    "a quantised number": ("wrong-device", lambda *args: quantised(torch.zeros(1))),
    "a complex number": ("returns-no-number", lambda *args: 1j),
    "a word": ("returns-no-number", lambda *args: "0.5"),
    "a truth value": ("returns-no-number", lambda *args: True),
    "an object that raises at every look": ("cannot-be-examined", lambda *args: Touchy()),
    "several numbers": ("wrong-shape", lambda *args: torch.zeros(3)),
    "not a number": ("nan", lambda *args: float("nan")),
}
