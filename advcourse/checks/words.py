"""What is said about each diagnosis: prose in a words.toml beside the checks, which a teacher edits or translates."""

from __future__ import annotations

import tomllib
from collections import ChainMap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

from torch import Tensor

from .verdict import FAILED, Finding, Verdict, number, span


class Words(Mapping):
    """The sentences of one exercise, by diagnosis; `ok` is what a passed verdict says.

    A sentence may name in braces what the check has measured: {error}, {where}, ... Those of an earlier table go
    before those of a later one, which several exercises share. The file is read when the first one is needed.
    """

    def __init__(self, file: Path, *tables: str):
        self.file, self.tables = file, tables

    def __getitem__(self, diagnosis: str) -> str:
        return self._sentences()[diagnosis]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sentences())

    def __len__(self) -> int:
        return len(self._sentences())

    def say(self, diagnosis: str, **numbers: object) -> str:
        """The sentence with its numbers: tensors as a span, floats with two digits, all else as it is."""
        return self[diagnosis].format(**{name: _shown(value) for name, value in numbers.items()})

    def of(self, table: str) -> dict[str, str]:
        """The sentences of one of the tables."""
        return _read(self.file)[table]

    def _sentences(self) -> ChainMap[str, str]:
        return ChainMap(*map(self.of, self.tables))

    def fail(self, diagnosis: str, **numbers: object) -> NoReturn:
        """End the check with this diagnosis."""
        raise Finding(Verdict(FAILED, diagnosis, self.say(diagnosis, **numbers)))


def words(check: str, *shared: str) -> Words:
    """The table of words.toml that is named like the check's file, `words(__file__)`, and tables that it shares."""
    return Words(Path(check).with_name("words.toml"), Path(check).stem, *shared)


def general_words(*tables: str) -> Words:
    """What is said whatever the exercise, by these tables of the words.toml beside this file."""
    return Words(Path(__file__).with_name("words.toml"), *tables)


@cache
def _read(file: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _shown(value: object) -> object:
    if isinstance(value, Tensor):
        return span(value.double())
    return number(value) if isinstance(value, float) else value
