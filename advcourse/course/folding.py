"""What follows a prediction is folded until somebody runs it: the saved answer right below a question spoils it.

JupyterLab unfolds an output when its cell is run. The tags are those that make pages of notebooks, Jupyter Book and
MyST, know: `hide-output`, `hide-input` and `hide-cell`, for both. An author may put them on any cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode, from_dict

QUESTION = re.compile(r"\bPredict first\b")
HEADING = re.compile(r"^#+ ", re.MULTILINE)
CLAIM = re.compile(r"\bclaim\(")
ALT = re.compile(r"\balt=(?P<quote>[\"'])(?P<text>.*?)(?P=quote)\)")
TELLING = re.compile(
    r"\b(falls?|climbs?|rises?|leads?|stays?|bends?|holds?|nearly|hardly|near|farther|alike|less|few(er)?|none|still)\b"
)
OUTPUT, INPUT, CELL = "hide-output", "hide-input", "hide-cell"


def answers(cells: Sequence[NotebookNode]) -> Iterator[int]:
    """The indices of the code cells that tell what was to be predicted: from the question to the next heading."""
    asked = False
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            asked = bool(QUESTION.search(cell.source)) or (asked and not HEADING.search(cell.source))
        elif asked and cell.cell_type == "code":
            yield index


def fold(cells: Sequence[NotebookNode]) -> None:
    """Folds, in place, what these cells print after a prediction, of a claim its words too, and whatever has a tag."""
    for index in answers(cells):
        if CLAIM.search(cells[index].source):
            tag(cells[index], CELL)
        elif cells[index].outputs:
            tag(cells[index], OUTPUT)
    for cell in cells:
        hidden = {INPUT: "source_hidden", OUTPUT: "outputs_hidden"}
        tags = cell.metadata.get("tags", ())
        keys = [key for name, key in hidden.items() if (name in tags or CELL in tags) and shows(cell, key)]
        if keys:
            cell.metadata["jupyter"] = from_dict({**cell.metadata.get("jupyter", {}), **dict.fromkeys(keys, True)})


def shows(cell: NotebookNode, key: str) -> bool:
    return cell.cell_type == "code" and (key == "source_hidden" or bool(cell.outputs))


def tag(cell: NotebookNode, name: str) -> None:
    others = [t for t in cell.metadata.get("tags", ()) if t not in (OUTPUT, INPUT, CELL)]
    cell.metadata["tags"] = [*others, name]


def spoilers(cells: Sequence[NotebookNode]) -> Iterator[tuple[int, str]]:
    """What still tells a prediction's answer before it is run: the index of the cell, and what to do."""
    for index in answers(cells):
        cell = cells[index]
        if cell.outputs and not cell.metadata.get("jupyter", {}).get("outputs_hidden"):
            yield index, "shows what was to be predicted; run python -m advcourse.course normalise, which folds it"
        if line := telling_line(cell):
            yield (
                index,
                f"begins with {line[:40]!r}, which JupyterLab shows though it is folded; begin with neutral words",
            )
        yield from ((index, message) for message in told_beside(cell))


def told_beside(cell: NotebookNode) -> Iterator[str]:
    """What the alt texts in its code tell of the picture that it draws."""
    for alt in ALT.finditer(cell.source):
        if word := TELLING.search(alt["text"]):
            yield f"tells in its alt text what was to be predicted ({word[0]}); say there what is drawn"


def telling_line(cell: NotebookNode) -> str:
    """The line that JupyterLab shows of this cell when it is folded, of its code or else of its print, if it tells."""
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        line = cell.source.partition("\n")[0]
        return line if CLAIM.search(line) else ""
    printed = cell.outputs[0].get("text", "") if cell.outputs and cell.outputs[0].get("name") == "stdout" else ""
    line = printed.lstrip("\n").partition("\n")[0]
    return line if re.search(r"\d", line) else ""
