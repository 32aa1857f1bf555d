"""Whose notebook is where: in what GitHub Classroom, nbgrader, Moodle and Canvas give, or in a folder of one's own."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_file(_.*)?", re.IGNORECASE)
CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.IGNORECASE)
AGAIN = re.compile(r"(?P<stem>.+?)(?: \((?P<n>\d+)\)|-Copy(?P<copy>\d+))", re.IGNORECASE)
CANVAS_AGAIN = re.compile(r".*-(\d+)")
# What somebody may have handed in instead of the notebook.
INSTEAD = (".pdf", ".html", ".htm", ".docx", ".odt")
COURSE = {"lectures", "exercises", "solutions"}
OUTSIDE = ("__MACOSX", "__pycache__")
MOST, DEEPEST = 64 << 20, 3


@dataclass(frozen=True)
class File:
    """A file that may be a submission. `parts` is its path below FOLDER, through zips too; `when` a time stamp."""

    parts: tuple[str, ...]
    data: bytes
    when: float

    @property
    def path(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True)
class Submission:
    """A file and whose it is. `identity` tells apart who has the same name; the higher `attempt` counts."""

    student: str
    identity: str
    attempt: tuple
    file: File


def collect(folder: Path) -> tuple[list[Submission], list[str]]:
    """Every submission below the folder, or in the zip that it is, and what was left out, in words."""
    notes: list[str] = []
    files = list(_zip((), folder.read_bytes(), notes, 0) if folder.is_file() else _below(folder, notes))
    files = _without_wrapper(files, folder.is_file())
    found = [_submission(file) for file in files]
    return sorted(found, key=lambda s: (s.student, s.identity, s.attempt, s.file.parts)), sorted(notes)


# Files ----------------------------------------------------------------------------------------------------------------


def _below(folder: Path, notes: list[str]) -> Iterator[File]:
    root = folder.resolve()
    for path in sorted(p for p in folder.rglob("*") if not p.is_dir()):
        parts = path.relative_to(folder).parts
        if not _wanted(parts):
            continue
        try:
            if not path.resolve().is_relative_to(root) or any(p.is_symlink() for p in _between(folder, path)):
                notes.append(f"{'/'.join(parts)}: a link out of the folder is not followed")
                continue
            data, when = path.read_bytes(), path.stat().st_mtime
        except OSError as error:
            notes.append(f"{'/'.join(parts)}: cannot be read ({error.strerror})")
            data, when = b"", 0.0
        yield from _unpacked(File(parts, data, when), notes, 0)


def _between(folder: Path, path: Path) -> Iterator[Path]:
    return (p for p in path.parents if p != folder and p.is_relative_to(folder))


def _wanted(parts: tuple[str, ...]) -> bool:
    hidden = any(part.startswith(".") or part in OUTSIDE for part in parts)
    return not hidden and parts[-1].lower().endswith((".ipynb", ".zip", *INSTEAD))


def _unpacked(file: File, notes: list[str], depth: int) -> Iterator[File]:
    if not file.parts[-1].lower().endswith(".zip"):
        yield file
    elif depth >= DEEPEST:
        notes.append(f"{file.path}: zips in zips in zips are not opened")
    else:
        yield from _zip(file.parts, file.data, notes, depth + 1)


def _zip(parts: tuple[str, ...], data: bytes, notes: list[str], depth: int) -> Iterator[File]:
    """What it holds, as if it were a folder; a file in its place where it cannot be opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                inner = tuple(p for p in info.filename.replace("\\", "/").split("/") if p not in ("", ".", ".."))
                if info.is_dir() or not inner or not _wanted(inner):
                    continue
                if info.file_size > MOST:
                    notes.append(f"{'/'.join((*parts, *inner))}: is larger than {MOST >> 20} MiB")
                    content = b""
                else:
                    content = archive.read(info)
                when = float("".join(f"{n:02}" for n in info.date_time))
                yield from _unpacked(File((*parts, *inner), content, when), notes, depth)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError, zlib.error):
        notes.append(f"{'/'.join(parts) or 'the zip'}: cannot be opened")
        if parts:
            yield File(parts, data[:16], 0.0)


def _without_wrapper(files: list[File], archive: bool) -> list[File]:
    """A zip or folder around all of them is not a student: `submitted`, or one with several students in it."""
    inside = _inside(files, archive)
    return files if inside is None else _without_wrapper(inside, archive)


def _inside(files: list[File], archive: bool) -> list[File] | None:
    """What lies in the wrapper, None where there is none. A folder alone in a zip may be one that has been packed."""
    if not files or any(len(file.parts) < 2 for file in files) or len({file.parts[0] for file in files}) > 1:
        return None
    name, stripped = files[0].parts[0].lower(), [replace(file, parts=file.parts[1:]) for file in files]
    inner = {file.parts[0] for file in stripped}
    packed = archive or name.endswith(".zip")
    folders = all(len(file.parts) > 1 for file in stripped) and not inner & COURSE
    if name == "submitted" or (len(inner) > 1 and (packed or folders)):
        return stripped
    return _inside(stripped, archive=True) if packed else None


# Students -------------------------------------------------------------------------------------------------------------


def _submission(file: File) -> Submission:
    """By Moodle's folder, by Canvas' name, by the folder, by the name of the file."""
    stem, again = _stem(file.parts[-1])
    for part in file.parts:
        if found := MOODLE.fullmatch(part):
            return Submission(found["name"].strip(), found["number"], (again, file.when), file)
        if found := CANVAS.fullmatch(part):
            more = CANVAS_AGAIN.fullmatch(_stem(found["rest"])[0])
            again = int(more[1]) if more else again
            return Submission(found["name"], found["number"], (again, int(found["file"]), file.when), file)
    if len(file.parts) > 1:
        return Submission(_stem_of_zip(file.parts[0]), "", (again, file.when), file)
    return Submission(stem, "", (again, file.when), file)


def _stem_of_zip(name: str) -> str:
    return name[:-4] if name.lower().endswith(".zip") else name


def _stem(name: str) -> tuple[str, int]:
    """Without its ending and without what a browser or JupyterLab adds to a second one: that is a number."""
    stem = name.rpartition(".")[0] or name
    found = AGAIN.fullmatch(stem)
    if found is None:
        return stem, 0
    return found["stem"], int(found["n"] or found["copy"])
