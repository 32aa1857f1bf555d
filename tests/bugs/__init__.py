"""Bugs, and which claim finds each: one file a unit, a table of claims, the bugs that break it beside each.

A bug is a wrong function in place of a right one. It is written `lambda f, x: ...`, and f is the right one: it may call
it with something wrong, or spoil what it says.
"""

import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from experiments import Made


@dataclass(frozen=True)
class Bug:
    """A slip someone could make: a function, method or property of the library, and what it is mistaken for."""

    name: str
    right: Callable | property
    wrong: Callable

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Wherever the library holds the right one, the wrong one stands. Raises LookupError where that is nowhere."""
        places = [
            (owner, name, held)
            for owner in owners()
            for name, held in list(vars(owner).items())
            if held is self.right or getattr(held, "__func__", None) is self.right
        ]
        if not places:
            raise LookupError(f"the library holds no {self.right} in a module or a class: {self.name}")
        instead = self._instead()
        try:
            for owner, name, held in places:
                setattr(owner, name, staticmethod(instead) if isinstance(held, staticmethod) else instead)
            yield
        finally:
            for owner, name, held in places:
                setattr(owner, name, held)

    def _instead(self) -> Callable | property:
        """What stands for the right one: the wrong one, told of it."""
        right, wrong = self.right, self.wrong
        if isinstance(right, property):
            return property(lambda one: wrong(right.fget, one))

        @functools.wraps(right)
        def instead(*arguments, **named):
            return wrong(right, *arguments, **named)

        return instead


def owners() -> Iterator[object]:
    """The library's modules, as far as they are loaded, and their classes."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "advcourse":
            yield module
            yield from (one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name)


class Claim:
    """A lecture's claim, by its first words, the bugs that break it, and what is smaller while they are looked for."""

    def __init__(self, words: str, *bugs: Bug, smaller: Mapping[str, Made] = MappingProxyType({})):
        self.words, self.bugs, self.smaller = words, bugs, smaller


def rows() -> list[tuple[str, Claim]]:
    """Every claim that has bugs, with the lecture that makes it."""
    files = [importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)]
    return [(file.LECTURE, claim) for file in files if hasattr(file, "CLAIMS") for claim in file.CLAIMS]
