"""Notebooks as files: read them or say in one line what is wrong; write all of them or none."""

from __future__ import annotations

import ast
import copy
import os
import re
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode, ValidationError
from nbformat.validator import iter_validate

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# All that JupyterLab fills in when the kernel has started: what lacks a part of it opens as modified. The version of
# whoever opens it comes from .jupyter/jupyter_server_config.py.
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.11.7",
}
CELL_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class NotebookError(Exception):
    """What is wrong, where, and the likely fix: one line each, meant for the reader of a terminal."""


def read(path: Path) -> NotebookNode:
    """The notebook in this file, checked against the notebook format and otherwise untouched."""
    try:
        notebook = nbformat.v4.reads(path.read_text(encoding="utf-8-sig"))
        version = notebook["nbformat"]
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "restore it from git, or look for an unfinished merge"
        raise NotebookError(f"{path}: is not a notebook ({error}); {hint}") from error
    if version != 4:
        raise NotebookError(f"{path}: has notebook format {version}, needed is 4; open and save it in JupyterLab")
    named = with_ids(notebook)
    for error in iter_validate(named, version=4, version_minor=named.nbformat_minor):
        raise NotebookError(f"{path}: is not a valid notebook ({explained(notebook, error)}); restore it from git")
    return notebook


def with_ids(notebook: NotebookNode) -> NotebookNode:
    """A copy whose cells all have an id: what has none, as in notebooks saved by Colab, gets Colab's or a number."""
    result = copy.deepcopy(notebook)
    result["nbformat_minor"] = max(5, result.get("nbformat_minor", 0))  # the first with ids
    cells = result.get("cells", [])
    taken = {cell.get("id") for cell in cells}
    for index, cell in enumerate(cells):
        if not cell.get("id"):
            own = str(cell.get("metadata", {}).get("id", ""))
            cell["id"] = own if CELL_ID.fullmatch(own) and own not in taken else free(f"cell-{index + 1}", taken)
            taken.add(cell["id"])
    return result


def free(name: str, taken: set[str | None]) -> str:
    return name if name not in taken else free(f"{name}-again", taken)


def explained(notebook: NotebookNode, error: ValidationError) -> str:
    """The first line of what the notebook format's schema has to say, and in which cell."""
    where = list(error.absolute_path)
    cell = f"{place(int(where[1]), notebook.cells[where[1]])}: " if where[:1] == ["cells"] and len(where) > 1 else ""
    return cell + str(error).strip().splitlines()[0]


def write_all(files: Mapping[Path, NotebookNode | str]) -> None:
    """Replaces every file at once: where one cannot be written, all stay as they were."""
    prepared: dict[Path, str] = {}
    path = None
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            prepared[path] = write_beside(path, content if isinstance(content, str) else text_of(content))
        for path, temporary in prepared.items():
            os.replace(temporary, path)
    except OSError as error:
        for temporary in prepared.values():
            Path(temporary).unlink(missing_ok=True)
        hint = "is the folder read-only, or the disk full?"
        raise NotebookError(f"{path}: cannot be written ({error.strerror}); {hint} Nothing was changed.") from error


def write_beside(path: Path, text: str) -> str:
    """A finished temporary file in the same folder, so that the final step is one rename."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o644)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return temporary


def text_of(notebook: NotebookNode) -> str:
    return nbformat.v4.writes(notebook) + "\n"


def place(index: int, cell: NotebookNode) -> str:
    """How messages name a cell: its position as JupyterLab counts, from one, and its id."""
    return f"cell {index + 1} (id {cell.get('id', 'none')})"


MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)$", re.MULTILINE)


def code_error(source: str) -> str | None:
    """Why this is not Python, IPython's magics allowed; None where it is."""
    if source.lstrip().startswith("%%"):
        return None
    error = syntax_error(source)
    return error and syntax_error(MAGIC.sub(r"\1pass", source))


def syntax_error(source: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape is the linter's business, not the parser's
        try:
            compile(source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError) as error:
            return f"{getattr(error, 'msg', error)}, line {getattr(error, 'lineno', '?')}"
    return None
