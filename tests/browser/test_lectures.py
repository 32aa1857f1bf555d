"""Every lecture with a panel, as a student meets it: the still picture, run all, a slider moved, any theme and window.

All cells of all notebooks are run by nbval; here those statements run that the panels need.
"""

import ast
from pathlib import Path

import lab
import looks
import nbformat
import pytest
from experiments import lines_of

PANEL = "application/vnd.jupyter.widget-view+json"
LECTURES = sorted(
    path.relative_to(lab.ROOT).as_posix()
    for path in (lab.ROOT / "lectures").glob("*.ipynb")
    if "widgets." in path.read_text(encoding="utf-8")
)
# What a slider of theirs moves is in sight while it moves, also in a low window.
SEEN_WHOLE = ("PerturbationExplorer", "PathExplorer", "SliceExplorer")
# In a narrow and low window curves and ranking are scrolled to: beside the square neither could be read.
MOVED = {"Playground": "canvas"}


def panels(cells: list[dict]) -> list[dict]:
    """The outputs of the cells that show a panel, known by its line of text."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [o for o in outputs if "run this notebook to move" in str(o.get("data", {}).get("text/plain", ""))]


def with_what_panels_need(path: str) -> nbformat.NotebookNode:
    """The lecture, of its code only what shows its panels and what they depend on, statement by statement."""
    notebook = nbformat.read(lab.ROOT / path, as_version=4)
    lines = lines_of(Path(path).stem)
    last = {line.cell: line for line in lines}
    kept: dict[int, list[str]] = {}
    wanted: set[str] = set()
    for line in reversed(lines):
        shows = line is last[line.cell] and bool(panels([notebook.cells[line.cell]]))
        if shows or line.changes & wanted:
            kept.setdefault(line.cell, []).insert(0, ast.unparse(line.code))
            wanted = line.needs(wanted)
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.source = "\n".join(kept.get(i, []))
    return notebook


@pytest.mark.parametrize("path", LECTURES)
def test_a_lecture(path, folder, open_book, shoot):
    nbformat.write(with_what_panels_need(path), folder / path)
    saved = panels(nbformat.read(lab.ROOT / path, as_version=4).cells)
    assert saved, f"{path} has no saved panel: make notebooks"
    book = open_book(path)
    name = path.split("/")[-1].removesuffix(".ipynb")
    assert not book.modified

    # Not run, every panel is a picture that says how it moves, also to those who cannot see it.
    for output in saved:
        assert PANEL not in output.data and output.metadata["image/png"]["alt"].endswith("Run this cell to move it.")
    cell = next(i for i, cell in enumerate(book.cells) if panels([cell]))
    still = book.page.locator(".jp-Notebook-cell").nth(cell).locator(".jp-OutputArea-output img")
    still.scroll_into_view_if_needed()
    book.page.wait_for_function("one => one.getBoundingClientRect().width > 300", arg=still.element_handle())
    assert book.page.locator(lab.WIDGET).count() == 0
    shoot(book.page, f"{name}-not-run")

    book.run_all()
    assert book.errors == []
    for i in range(len(saved)):
        panel = book.panel(i)
        before = lab.settled(panel)
        panel.locator("input[type=range]").first.press("ArrowRight")
        assert lab.settled(panel) != before
        shoot(panel, f"{name}-panel-{i + 1}")
        kind = saved[i].data["text/plain"].partition("(")[0]
        looks.fits(book, panel, shoot, f"{name}-panel-{i + 1}", MOVED.get(kind, looks.MOVED))
        if kind in SEEN_WHOLE:
            looks.fits_in_height(book, panel)
    assert book.complaints == []
