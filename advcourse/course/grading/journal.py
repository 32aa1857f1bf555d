"""What was graded already, so that a run that was killed goes on: a file for each notebook, named by its content."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import advcourse

from .judging import Graded
from .room import Limits
from .roster import Entry

PACKAGE = Path(advcourse.__file__).parent


class Journal:
    """In a hidden folder of the report. What was graded by other checks or under other limits does not count."""

    def __init__(self, folder: Path, limits: Limits):
        self.folder = folder / ".graded"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rules = hashlib.sha256(repr(limits).encode())
        for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.toml")]):
            self.rules.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())

    def key(self, entry: Entry) -> str:
        """Who copies gets what the other got: the same notebook is graded once."""
        made = self.rules.copy()
        made.update(f"{entry.unit.digits} {entry.diagnosis}".encode() + entry.sheet.submission.file.data)
        return made.hexdigest()

    def known(self, key: str) -> list[Graded] | None:
        try:
            rows = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            return [Graded(**row) for row in rows]
        except (OSError, ValueError, TypeError):
            return None

    def note(self, key: str, rows: list[Graded]) -> None:
        """Whole or not at all."""
        beside = self.folder / f"{key}.{os.getpid()}"
        beside.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")
        beside.replace(self.folder / f"{key}.json")
