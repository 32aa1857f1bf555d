"""Docstrings as pages: they are plain English with formulas in ASCII, so nothing in them but `code` is markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

SPECIAL = re.compile(r"([\\*_|<>:])")
CODE = re.compile(r"`([^`]+)`")
# Types as they are written out in a signature, and the names that the course has for them.
ALIASES = {
    "~collections.abc.Callable[[~torch.Tensor], ~torch.Tensor]": "~advcourse.asking.Model",
    "~collections.abc.Callable[[~torch.Tensor], object]": "~advcourse.asking.Trace",
    "~advcourse.threats.Linf | ~advcourse.threats.L2 | ~advcourse.threats.L1 | ~advcourse.threats.Unbounded | "
    "~advcourse.threats.Patch": "~advcourse.threats.Threat",
}


def marked_up(lines: Iterable[str]) -> list[str]:
    """A docstring in reStructuredText: paragraphs stay, `code` is code, and what is indented is a block of its own."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        rows = block.splitlines()
        if rows and all(row.startswith("    ") for row in rows):
            found += ["::", "", *rows, ""]
        else:
            found += [*map(escaped, rows), ""]
    return found


def escaped(row: str) -> str:
    """One line in which only code is marked up; a letter may follow the code, as in `threats`s."""
    return "".join(pieces(row.strip()))


def pieces(text: str) -> Iterator[str]:
    parts = CODE.split(text)
    for i, piece in enumerate(parts):
        if i % 2:
            yield f"``{piece}``" + (r"\ " if parts[i + 1][:1].isalnum() else "")
        else:
            yield SPECIAL.sub(r"\\\1", piece)


def shortened(signature: str) -> str:
    """A signature with the course's names for its types, and defaults by their names, without an address in memory."""
    signature = re.sub(r"<function ([\w.]+)(?: at 0x[0-9a-f]+)?>|<class '(?:\w+\.)*(\w+)'>", r"\1\2", signature)
    for written, name in ALIASES.items():
        signature = signature.replace(written, name)
    return signature
