"""The code cells of a notebook, however it was saved, edited or merged, as long as it is one at all."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass

from .extract import Cell

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONFLICT = re.compile(
    r"^<{7}[^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n.*?)?^={7}[^\n]*\n(?P<theirs>.*?)^>{7}[^\n]*\n?",
    re.MULTILINE | re.DOTALL,
)
MOST = 64 << 20


class NoNotebook(Exception):
    """Its message is a diagnosis: what the file is instead."""


@dataclass(frozen=True)
class Notebook:
    """Its code cells, and what was odd about it."""

    cells: tuple[Cell, ...]
    remarks: tuple[str, ...] = ()


def notebook(data: bytes) -> Notebook:
    """The notebook in these bytes. Raises NoNotebook."""
    if not data.strip(b" \t\r\n\0"):
        raise NoNotebook("empty-file")
    if data.startswith(b"%PDF"):
        raise NoNotebook("pdf")
    if len(data) > MOST:
        raise NoNotebook("too-large")
    text = _text(data).replace("\r\n", "\n").replace("\r", "\n")
    for remarks, version in _versions(text):
        try:
            content = json.loads(version, strict=False)
        except (ValueError, RecursionError):
            continue
        return Notebook(tuple(_cells(content)), remarks)
    raise NoNotebook("not-a-notebook")


def _text(data: bytes) -> str:
    encoding = next((name for bom, name in BOMS if data.startswith(bom)), "utf-8")
    if encoding == "utf-8" and data[:4].count(0) >= 2:
        encoding = "utf-16-le" if data[1] == 0 else "utf-16-be"
    return data.decode(encoding, errors="replace")


def _versions(text: str) -> list[tuple[tuple[str, ...], str]]:
    """As it is; and where a merge was left unfinished, with either side of every conflict."""
    if not CONFLICT.search(text):
        return [((), text)]
    return [((), text), *((("merge-conflict",), CONFLICT.sub(rf"\g<{side}>", text)) for side in ("ours", "theirs"))]


def _cells(content: object) -> list[Cell]:
    """Of format 4, and of 3, where they lie in sheets and their text is called input."""
    if not isinstance(content, dict):
        raise NoNotebook("not-a-notebook")
    raw = content.get("cells")
    if raw is None and isinstance(content.get("worksheets"), list):
        raw = [c for sheet in content["worksheets"] if isinstance(sheet, dict) for c in sheet.get("cells") or ()]
    if not isinstance(raw, list):
        raise NoNotebook("not-a-notebook")
    found = []
    for number, cell in enumerate(raw, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = _source(cell.get("source", cell.get("input", "")))
            # A merge of a cell's own lines is undone here; its own side is the student's.
            found.append(Cell(number, CONFLICT.sub(r"\g<ours>", source + "\n").removesuffix("\n")))
    return found


def _source(source: object) -> str:
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    text = source if isinstance(source, str) else ""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").removeprefix("\ufeff")
