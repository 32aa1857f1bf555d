"""What changes in a notebook when it becomes a page: nothing is run, so it says where to run it."""

from __future__ import annotations

import copy
import re

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

# What a panel says of itself where no kernel runs: its class, what one chooses between, and how to move it.
PANEL = re.compile(r"(\w+)\(.*\): run this ", re.S)
LOOK = "Predict first, then look"  # over a result that the lecture keeps folded
TO_READ = """:::{{note}}
This page is to read. To solve it, open `exercises/{name}.ipynb` in JupyterLab (`make lab`): there each function is
checked as you write it. [The lecture](../lectures/{name}.ipynb) explains what is needed.
:::"""
TO_MOVE = """:::{{admonition}} {name} stands still here
:class: tip panel-note
This is its stored picture. To move it, open `lectures/{unit}.ipynb` in JupyterLab (`make lab`) and run all cells.
:::"""


def lecture_page(notebook: NotebookNode, unit: str) -> NotebookNode:
    """A lecture to be read: pictures with their words for who cannot see them, and a line below each panel."""
    cells = []
    for cell in map(described, copy.deepcopy(notebook.cells)):
        cells.append(cell)
        cells += [note(TO_MOVE.format(name=panel, unit=unit), cell.id) for panel in panels(cell)]
    return with_cells(notebook, cells)


def exercise_page(notebook: NotebookNode, unit: str) -> NotebookNode:
    """An exercise to be read, with a line below its title that says where to solve it."""
    first, *rest = copy.deepcopy(notebook.cells)
    return with_cells(notebook, [first, note(TO_READ.format(name=unit), first.id), *rest])


def with_cells(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    page = copy.copy(notebook)
    page["cells"] = cells
    return page


def note(text: str, beside: str) -> NotebookNode:
    """A cell that no notebook has; its id follows from its neighbour's, so that two builds agree."""
    return new_markdown_cell(text, id=f"{beside}-note"[-64:])


def panels(cell: NotebookNode) -> list[str]:
    """The classes of the panels that this cell has stored a picture of."""
    texts = [output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])]
    return [found[1] for found in map(PANEL.match, texts) if found]


def described(cell: NotebookNode) -> NotebookNode:
    """The cell with its picture's alt text where MyST-NB looks for it, and what was stored folded as folded."""
    shown: dict[str, object] = {}
    for output in cell.get("outputs", []):
        if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
            shown["image"] = {"alt": alt}
    seen = cell.metadata.get("jupyter", {})
    tags = {"hide-input"} if seen.get("source_hidden") else set()
    if seen.get("outputs_hidden"):
        tags.add("hide-output")
        shown |= {"code_prompt_show": LOOK, "code_prompt_hide": "Hide it again"}
    if {"hide-input", "hide-output"} <= tags:
        tags = {"hide-cell"}
    if shown:
        cell.metadata["mystnb"] = shown
    if tags:
        cell.metadata["tags"] = sorted(tags | set(cell.metadata.get("tags", [])))
    return cell
