"""A newer hand-out into the one somebody works in: `python make.py update NEW.zip`. Nothing of theirs is overwritten.

It needs Python alone, because it replaces everything else.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from pathlib import Path, PurePosixPath

RECORD = ".handout.json"  # in every hand-out: what each file was when it was handed out
WORKED_IN = ("lectures", "exercises")


class UpdateError(Exception):
    """What is wrong and what to do, one line for the reader of a terminal."""


def essence(name: str, content: bytes) -> str:
    """What a file is as far as somebody can have changed it: of a notebook its cells, without what they printed."""
    if name.endswith(".ipynb"):
        try:
            cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(content)["cells"]]
            content = json.dumps(cells).encode()
        except (ValueError, KeyError, TypeError):
            pass  # then it is its bytes
    return hashlib.sha256(content).hexdigest()


def packed(archive: Path) -> dict[str, bytes]:
    """The files of a hand-out by their names, its record first checked against them. Raises UpdateError."""
    try:
        with zipfile.ZipFile(archive) as file:
            names = {PurePosixPath(*PurePosixPath(n).parts[1:]).as_posix(): n for n in file.namelist() if n[-1] != "/"}
            content = {name: file.read(whole) for name, whole in names.items()}
        record = json.loads(content.pop(RECORD))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UpdateError(f"{archive}: is no hand-out of this course ({error}); download it again") from error
    if {name: essence(name, text) for name, text in content.items()} != record:
        raise UpdateError(f"{archive}: its files are not those it was made of; download it again")
    for name in content:
        if ".." in name.split("/") or PurePosixPath(name).is_absolute() or ":" in name:
            raise UpdateError(f"{archive}: names a file outside of its folder ({name}); do not use it")
    return content


def update(root: Path, archive: Path) -> list[str]:
    """Brings the hand-out in root up to the one in this zip; a line for each file that somebody has to know of.

    What is missing comes, what nobody changed is replaced. Of a notebook that was worked in the new version is laid
    beside it; a changed file of the library makes way, and is kept beside the new one. What is no longer handed out
    goes if nobody changed it; notebooks stay. Killed, it goes on when started again. Raises UpdateError, with nothing
    changed, where the zip is damaged or is none.
    """
    new, old, told = packed(archive), read_record(root / RECORD), []
    for name, content in new.items():
        told += [line for line in [lay(root, name, content, old.get(name))] if line]
    for name in old.keys() - new.keys():
        gone = root / name
        if gone.is_file() and not name.startswith(WORKED_IN) and essence(name, gone.read_bytes()) == old[name]:
            gone.unlink()
    record = {name: essence(name, content) for name, content in new.items()}
    write(root / RECORD, json.dumps({**old, **record} if old.keys() - new.keys() else record, indent=1).encode())
    return told


def lay(root: Path, name: str, content: bytes, handed: str | None) -> str:
    """Puts one new file where it belongs; what to tell about it, or nothing."""
    target = root / name
    there = target.read_bytes() if target.is_file() else None
    if there is None or there == content:
        if there is None:
            write(target, content)
        return ""
    here, mark = essence(name, there), essence(name, content)[:8]
    if here in (handed, essence(name, content)):
        write(target, content)
        return ""
    if name.startswith(WORKED_IN):
        beside = target.with_name(f"{target.stem}.new-{mark}{target.suffix}")
        write(beside, content)
        return f"{name}: yours, left as it is; the new version is {beside.name}"
    kept = target.with_name(f"{target.name}.yours-{here[:8]}")
    write(kept, there)
    write(target, content)
    return f"{name}: was changed here and is new now; yours is kept as {kept.name}"


def read_record(path: Path) -> dict[str, str]:
    """What was handed out; where that cannot be read every file counts as changed."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write(path: Path, content: bytes) -> None:
    """The whole file or nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not (Path.cwd() / RECORD).exists():
        print("usage, in the folder of a hand-out: python make.py update NEW.zip; a clone is updated by git pull")
        return 2
    try:
        told = update(Path.cwd(), Path(arguments[0]))
    except (UpdateError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join([*told, "up to date; python make.py lab opens it"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
