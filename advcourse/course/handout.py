"""The course as students get it: no solutions, no tests, no tools for teachers; the same files give the same bytes.

It inevitably contains the library's own attacks and, in `advcourse/checks`, the formulas that answers are judged by.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from advcourse.course.build import BEGIN, COPY, worked_in
from advcourse.course.notebook import NotebookError, read
from advcourse.course.rules import START
from advcourse.course.update import RECORD, essence

HANDED_OUT = ("advcourse", "lectures", "exercises", ".jupyter", "LICENSE", "Makefile", "make.py")
HANDED_OUT += ("pyproject.toml", "pins.txt", "environment.yml")
KEPT_BACK = ("advcourse/course/grading/", "advcourse/course/site/")
README = "docs/handout.md"  # what the student reads as README.md
NOON = (1980, 1, 1, 12, 0, 0)  # the first day that a zip can name


def handout(root: Path, out: Path, units: Collection[str] = ()) -> tuple[Path, Path]:
    """Makes the hand-out of the repository in root: the folder out/handout and the zip out/handout.zip.

    units are the two digits of those to hand out, all where there are none. In the zip everything lies in one folder
    named after its content, so that unpacking it never meets an older hand-out. Raises NotebookError where a notebook
    is not as it should be handed out, or a unit does not exist.
    """
    content = contents(root, units)
    content[RECORD] = json.dumps({name: essence(name, text) for name, text in content.items()}, indent=1).encode()
    folder, archive = out / "handout", out / "handout.zip"
    fresh = out / ".handout.part"
    shutil.rmtree(fresh, ignore_errors=True)
    for name, text in content.items():
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh / name).write_bytes(text)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    pack(archive, f"advcourse-{essence(RECORD, content[RECORD])[:8]}", content)
    return folder, archive


def contents(root: Path, units: Collection[str] = ()) -> dict[str, bytes]:
    """What is handed out, by name and in order."""
    wanted = {path for path in files(root) if is_handed_out(path)}
    notebooks = {path: path.split("/")[1][:2] for path in wanted if path.startswith(("lectures/", "exercises/"))}
    if unknown := set(units) - set(notebooks.values()):
        known = ", ".join(sorted(set(notebooks.values()) - {START[:2]}))
        raise NotebookError(f"there is no unit {', '.join(sorted(unknown))}; there are {known}")
    wanted -= {path for path, digits in notebooks.items() if units and digits not in {*units, START[:2]}}
    for path in sorted(wanted & notebooks.keys()):
        refuse_what_tells(root / path)
    content = {path: (root / path).read_bytes() for path in wanted} | {"README.md": (root / README).read_bytes()}
    return dict(sorted(content.items()))


def files(root: Path) -> Iterator[str]:
    """The files of the repository; in a download without git, all that no tool has made."""
    if (root / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
        yield from (name for name in listed.split("\0") if name and (root / name).is_file())
    else:
        paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
        yield from (path.as_posix() for path in paths if "__pycache__" not in path.parts)


def is_handed_out(path: str) -> bool:
    """Whether students get it; copies that somebody made of a notebook are nobody's business."""
    top, _, rest = path.partition("/")
    copied = top in ("lectures", "exercises") and ("/" in rest or COPY.fullmatch(rest) or not rest.endswith(".ipynb"))
    return top in HANDED_OUT and not path.startswith(KEPT_BACK) and not copied


def refuse_what_tells(path: Path) -> None:
    """Raises NotebookError where a notebook holds a solution, or an exercise is not the one that was generated."""
    notebook = read(path)
    if any(BEGIN in cell.source for cell in notebook.cells):
        raise NotebookError(f"{path}: holds a solution; only solutions/ may")
    if path.parent.name == "exercises" and (reason := worked_in(notebook)):
        raise NotebookError(f"{path}: {reason}; make exercises, then hand it out")


def pack(archive: Path, folder: str, content: dict[str, bytes]) -> None:
    """The files in one folder of a zip, stored as they are: how they would be compressed differs between machines."""
    part = archive.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as file:
        for name, text in content.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", NOON)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # said to be of Unix, whatever this is
            file.writestr(entry, text)
    part.replace(archive)
