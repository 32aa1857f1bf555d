"""Lays a student's copy of the course, then becomes their server: `python start.py HANDOUT COPY SERVER ARGUMENTS...`

It runs as the student whose copy it is, so that nothing it writes can land with anybody else, and needs Python alone.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "advcourse" / "course"))
from update import WORKED_IN, essence, read_record, write  # as a file: the library takes seconds to import

NOTES = ".handed-out.json"  # in the copy: what each file was when it was handed out


def lay(handout: Path, copy: Path) -> list[str]:
    """Bring the copy up to date, without ever overwriting what was worked in; the files that were written.

    What is missing is laid, and what nobody has touched is replaced by its new version; running a notebook is no touch.
    Where a file was changed, its new version is laid beside it, once, under a name that says so.
    """
    copy.mkdir(parents=True, exist_ok=True)
    copy.chmod(0o700)  # a home is open to all on many systems
    notes, written = read_record(copy / NOTES), []
    for source in handed_out(handout):
        name, new = source.relative_to(handout).as_posix(), source.read_bytes()
        target = place(copy, name, new, notes.get(name))
        if target is not None:
            write(target, new)
            written.append(target.relative_to(copy).as_posix())
        notes[name] = essence(name, new)
    write(copy / NOTES, json.dumps(notes, indent=1).encode())
    return written


def handed_out(handout: Path) -> list[Path]:
    """The files that students get."""
    files = (path for folder in WORKED_IN for path in (handout / folder).rglob("*") if path.is_file())
    return sorted(path for path in files if not any(p.startswith((".", "__")) for p in path.relative_to(handout).parts))


def place(copy: Path, name: str, new: bytes, handed: str | None) -> Path | None:
    """Where the new version goes; None where there is nothing to do. handed: essence of what was laid there before."""
    target, wanted = copy / name, essence(name, new)
    if not os.path.lexists(target):
        return target
    here = essence(name, target.read_bytes()) if target.is_file() else ""
    if wanted in (here, handed):
        return None
    if here == handed:
        return target
    beside = target.with_name(f"{target.stem}.new-{wanted[:8]}{target.suffix}")
    return None if os.path.lexists(beside) else beside


def main(arguments: list[str]) -> None:
    handout, copy, *server = arguments
    os.umask(0o077)
    try:
        lay(Path(handout), Path(copy).expanduser())
    except OSError as error:  # a full disk, say: who cannot open the server cannot make room either
        print(f"the copy of the course was not brought up to date: {error}", file=sys.stderr, flush=True)
    os.execv(server[0], server)


if __name__ == "__main__":
    main(sys.argv[1:])
