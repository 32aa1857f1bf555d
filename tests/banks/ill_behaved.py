"""Candidates that fail as callables: they take whatever they are given.

`ANYWHERE` is for any exercise, `ILL_BEHAVED` for those whose first argument of tensors is to be answered by its like.
"""

import sys
import time
import warnings

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


def sleeps(*args):
    time.sleep(0.5)


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


ANYWHERE = {
    "raises": ("raises", raises),
    "raises with an address": ("raises", raises_with_an_address),
    "exits": ("raises", exits),
    "interrupts": ("raises", interrupts),
    "recurses": ("raises", recurses),
    "hangs": ("hangs", hangs),
    "hangs stubbornly": ("hangs", hangs_stubbornly),
    "prints and hangs": ("hangs", prints_and_hangs),
    "sleeps": ("hangs", sleeps),
    "returns None": ("returns-none", lambda *args: None),
    "warns and returns None": ("returns-none", warns),
    "too many arguments": ("wrong-signature", needs_more),
    "no arguments": ("wrong-signature", lambda: None),
    "three dots": ("not-attempted", lambda *args: ...),
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
    "a scalar": ("wrong-shape", lambda *args: given(args).sum()),
    "float64": ("wrong-dtype", lambda *args: given(args).double()),
    "integers": ("wrong-dtype", lambda *args: given(args).long()),
    "complex": ("wrong-dtype", lambda *args: given(args).to(torch.complex64)),
    "sparse": ("wrong-device", lambda *args: given(args).to_sparse()),
    "another device": ("wrong-device", lambda *args: given(args).to("meta")),
    "NaN": ("nan", lambda *args: given(args) * float("nan")),
    "infinite": ("nan", lambda *args: given(args) / 0),
    "a function written in C": ("raises", torch.gcd),
    "mutates": ("mutates-input", mutates),
}
