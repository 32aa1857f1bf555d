"""The examples of the reference: a text file for each room, sessions of three lines or so that are run as tests.

>>> from advcourse import Linf          above the first name: what all examples of the page begin with

Linf, L2
--------
A sentence, where the name itself has no docstring.

>>> Linf(8 / 255)
Linf(eps=0.03137254901960784, lo=0.0, hi=1.0)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HEADING = re.compile(r"^([A-Za-z_][\w, ]*)\n-{2,}\n", re.M)


@dataclass(frozen=True)
class Example:
    """A session, the names that it is an example of, and what is said before it."""

    names: tuple[str, ...]
    words: str
    session: str


@dataclass(frozen=True)
class Sheet:
    """The examples of one room, and the lines that come before each of them."""

    begins: str
    examples: tuple[Example, ...]

    def of(self, name: str) -> Example | None:
        """The example of this name, None where there is none."""
        return next((e for e in self.examples if name in e.names), None)


def read_sheet(path: Path) -> Sheet:
    """The examples in a file; a file that is not there has none."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    begins, *parts = HEADING.split(text)
    pairs = zip(parts[::2], parts[1::2])
    return Sheet(split(begins)[1], tuple(Example(names_in(names), *split(body)) for names, body in pairs))


def names_in(heading: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in heading.split(","))


def split(body: str) -> tuple[str, str]:
    """What stands before the first prompt, and the session."""
    words, prompt, session = body.partition(">>> ")
    return words.strip(), (prompt + session).strip()
