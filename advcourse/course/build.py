"""Solutions are the source, exercises are generated: what stands between the markers is cut out, everything else stays.

    z = ...  # one step uphill
    ### BEGIN SOLUTION
    z = x + eps * gradient.sign()
    ### END SOLUTION

A notebook that somebody has worked in is never overwritten.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote

from nbformat import NotebookNode, from_dict

from advcourse.course.notebook import (
    KERNELSPEC,
    LANGUAGE_INFO,
    NotebookError,
    code_error,
    place,
    read,
    with_ids,
    write_all,
)

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
# However many hashes, blanks and small letters: whoever writes this means the marker.
MARKER = re.compile(r"(?:#|<!--)[\W_]*(begin|end)[\W_]*solution\b", re.IGNORECASE)
WHOLE_LINE = re.compile(r"\s*[#\"']")  # a comment, or a string that stands by itself
# Copies that JupyterLab, Windows and a Mac put beside a notebook, our own backups, and hidden files.
COPY = re.compile(r"\..*|.*\.backup-.*|.*(-Copy\d*| - Copy| copy( \d+)?| ?\(\d+\))\.ipynb")
GOOD = {"written", "up to date"}


@dataclass(frozen=True)
class Outcome:
    """What became of one exercise."""

    path: Path
    status: str  # written, up to date, worked in, missing, different, extra
    note: str = ""

    @property
    def good(self) -> bool:
        return self.status in GOOD

    def __str__(self) -> str:
        return f"{self.path}: {self.status}" + (f" ({self.note})" if self.note else "")


def exercise_of(solution: NotebookNode, *, generated_from: str = "") -> NotebookNode:
    """The exercise: solutions cut out, cells left empty by that left out, ids kept, outputs and counts removed.

    Raises NotebookError where markers do not pair up within a cell, or what is left of a code cell is not Python.
    """
    cells = [exercise_cell(index, cell) for index, cell in enumerate(with_ids(solution).cells)]
    cells = [cell for cell in cells if cell.source.strip()]
    record = {"generated_from": generated_from, "sha256": fingerprint(cells)}
    metadata = {"kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO, "advcourse": record}
    return from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def exercise_cell(index: int, cell: NotebookNode) -> NotebookNode:
    refuse_near_misses(cell, place(index, cell))
    source = without_solution(cell.source, place(index, cell))
    if cell.cell_type == "code" and (error := code_error(source)):
        hint = "keep a stub line before the markers, such as `z = ...`"
        raise NotebookError(f"{place(index, cell)}: without its solution this is not Python ({error}); {hint}")
    kept = {key: cell.metadata[key] for key in ("tags", "nbval", "jupyter") if key in cell.metadata}
    if "jupyter" in kept:  # outputs that are not there cannot be folded
        kept["jupyter"] = {key: value for key, value in kept["jupyter"].items() if key != "outputs_hidden"}
    kept = {key: value for key, value in kept.items() if value}
    bare = {"cell_type": cell.cell_type, "id": cell.id, "metadata": kept, "source": source}
    if cell.cell_type == "code":
        bare |= {"outputs": [], "execution_count": None}
    elif shown := {name: data for name, data in cell.get("attachments", {}).items() if shows(source, name)}:
        bare["attachments"] = shown
    return from_dict(bare)


def shows(source: str, attachment: str) -> bool:
    """Whether this text still has the picture: what was shown by the solution alone would give it away."""
    return bool(re.search(rf"attachment:{re.escape(attachment)}(?![\w.-])", unquote(source)))


def markers(line: str) -> list[str]:
    """The markers in this line, "begin" and "end", however they are written."""
    return [word.lower() for word in MARKER.findall(line)]


def refuse_near_misses(cell: NotebookNode, where: str) -> None:
    """Raise where a comment in code, or a line of text, seems to be meant as a marker and is none."""
    code = cell.cell_type == "code"
    for line in cell.source.splitlines():
        if not markers(line) and (misspelt(line.partition("#")[2] if code else line) or fences(line, code=code)):
            hint = f"write {BEGIN} or {END}, or say it in other words"
            raise NotebookError(f"{where}: `{line.strip()}` looks like a solution marker and is none; {hint}")


def misspelt(said: str) -> bool:
    """Whether these few words are nearly those of a marker."""
    words = re.findall(r"[^\W\d_]+", said.lower())
    joined = any(get_close_matches(word, ("beginsolution", "endsolution"), cutoff=0.85) for word in words)
    apart = all(
        any(get_close_matches(word, meant, cutoff=0.75) for word in words)
        for meant in (("begin", "end", "start", "stop"), ("solution",))
    )
    return (joined or apart) and len(words) <= 4


def fences(line: str, *, code: bool) -> bool:
    """Whether the whole line fences something off: BEGIN, `## END sol`, `# Solution:`, a marker in quotes.

    A comment that only starts with one of these words, as in `# begin with the clean image`, is none.
    """
    if code and not WHOLE_LINE.match(line):
        return False
    words = re.findall(r"[^\W\d_]+", line)
    first, *tail = words or [""]
    if first.lower() in ("solution", "solutions"):
        return not tail
    shouted = first.isupper() or (code and line.lstrip().startswith("##"))
    return first.lower() in ("begin", "end") and (len(tail) < 2 or shouted)


def without_solution(source: str, where: str) -> str:
    """The lines outside the markers; a source without markers comes back as it is."""
    kept, inside = [], False
    for line in source.splitlines():
        found = markers(line)
        begins, ends = "begin" in found, "end" in found
        if begins and (ends or inside):
            raise NotebookError(f"{where}: BEGIN SOLUTION inside a solution; close the one before it first")
        if ends and not inside:
            raise NotebookError(f"{where}: END SOLUTION without a BEGIN SOLUTION above it in this cell")
        if not (begins or ends or inside):
            kept.append(line)
        inside = begins or (inside and not ends)
    if inside:
        raise NotebookError(f"{where}: BEGIN SOLUTION is never closed; put {END} after it in the same cell")
    return source if not markers(source) else "\n".join(kept).strip("\n")


def fingerprint(cells: list[NotebookNode]) -> str:
    """Of what a student edits: kinds, ids and sources, in order."""
    essence = [[cell.cell_type, cell.get("id"), cell.source] for cell in cells]
    return hashlib.sha256(json.dumps(essence).encode()).hexdigest()


def worked_in(exercise: NotebookNode) -> str | None:
    """Why this is no longer the notebook that was generated, None where it still is."""
    recorded = exercise.metadata.get("advcourse", {}).get("sha256")
    if recorded is None:
        return "it has no record of being generated"
    if recorded != fingerprint(exercise.cells):
        return "its cells were edited"
    if any(cell.get("outputs") for cell in exercise.cells):
        return "it was run and saved"
    return None


def generate(solutions: Path, exercises: Path) -> dict[Path, NotebookNode]:
    """Every exercise, by the path it belongs at; all problems of all solutions in one error."""
    made, problems = {}, []
    for path in notebooks_in(solutions):
        try:
            made[exercises / path.name] = exercise_of(read(path), generated_from=f"{solutions.name}/{path.name}")
        except NotebookError as error:
            problems.append(str(error) if str(error).startswith(str(path)) else f"{path} {error}")
    if problems:
        raise NotebookError("\n".join(problems))
    if not made:
        raise NotebookError(f"{solutions}: holds no notebooks; run this in the root of the repository")
    return made


def notebooks_in(folder: Path) -> list[Path]:
    """The course's notebooks; copies that somebody works in are left alone."""
    return sorted(p for p in folder.glob("*.ipynb") if not COPY.fullmatch(p.name))


def build(solutions: Path, exercises: Path, *, check: bool = False, force: bool = False) -> list[Outcome]:
    """Generates all exercises, then writes those that changed; with `check` it writes nothing and says what differs.

    An exercise that was worked in is left alone; `force` puts a backup of it beside the new one. Raises NotebookError,
    with nothing changed, where a solution cannot be read or a file cannot be written.
    """
    made = generate(solutions, exercises)
    hint = "no solution has this name; a notebook of your own belongs into another folder"
    extra = [Outcome(p, "extra", hint) for p in notebooks_in(exercises) if p not in made]
    if check:
        return [compared(path, notebook) for path, notebook in made.items()] + extra
    outcomes, files = [], {}
    for path, notebook in made.items():
        outcome, writes = planned(path, notebook, force=force)
        outcomes.append(outcome)
        files |= writes
    write_all(files)
    return outcomes + extra


def compared(path: Path, notebook: NotebookNode) -> Outcome:
    if not path.exists():
        return Outcome(path, "missing", "make exercises")
    same = read(path) == notebook
    return Outcome(path, "up to date") if same else Outcome(path, "different", "make exercises; edit only solutions")


def planned(path: Path, notebook: NotebookNode, *, force: bool) -> tuple[Outcome, dict[Path, NotebookNode | str]]:
    """What is to happen to one exercise, and the files to write for it."""
    if not path.exists():
        return Outcome(path, "written"), {path: notebook}
    try:
        present = read(path)
        if present == notebook:
            return Outcome(path, "up to date"), {}
        reason = worked_in(present)
    except NotebookError:
        reason = "it is there, but is not a notebook that can be read"
    if reason is None:
        return Outcome(path, "written"), {path: notebook}
    if not force:
        return Outcome(path, "worked in", f"{reason}; left as it is, --force replaces it and keeps a backup"), {}
    backup = backup_path(path)
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    return Outcome(path, "written", f"{reason}; kept as {backup.name}"), {backup: text, path: notebook}


def backup_path(path: Path) -> Path:
    """A name not taken yet, with the time in it."""
    stem = f"{path.stem}.backup-{time.strftime('%Y%m%d-%H%M%S')}"
    names = [f"{stem}.ipynb", *(f"{stem}-{n}.ipynb" for n in range(2, 1000))]
    return next(path.with_name(name) for name in names if not path.with_name(name).exists())
