"""What becomes a page of the site: notebooks, docstrings and links, without building it."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from advcourse import widgets
from advcourse.course.build import notebooks_in
from advcourse.course.notebook import read, with_ids
from advcourse.course.site.docstrings import marked_up
from advcourse.course.site.links import problems
from advcourse.course.site.notebooks import exercise_page, lecture_page
from advcourse.course.site.quoted import sections, within
from advcourse.course.site.site import lay_out
from advcourse.widgets.live import Live

ROOT = Path(__file__).resolve().parents[2]
LECTURES = ROOT / "lectures"

DOCSTRING = """argmax <g, d> over |d|_2 = 1: the gradient, see `fgsm`s.

    z = P(x + eps * sign)

Raises *nothing*."""


def test_only_code_and_blocks_of_a_docstring_are_markup():
    first, _, sign, _, block, _, last, _ = marked_up(DOCSTRING.splitlines())
    assert first == r"argmax \<g, d\> over \|d\|\_2 = 1\: the gradient, see ``fgsm``\ s."
    assert (sign, block, last) == ("::", "    z = P(x + eps * sign)", r"Raises \*nothing\*.")


def picture(text: str) -> list:
    data = {"image/png": "iVBORw0KGgo=", "text/plain": text}
    return [new_output("execute_result", data, metadata={"image/png": {"alt": "a seven"}})]


def test_a_panel_gets_a_line_that_says_how_to_move_it_and_a_figure_does_not():
    panel, figure = picture("PathExplorer(7, 5): run this notebook to move its controls"), picture("a seven")
    cells = [new_code_cell("a", outputs=panel), new_code_cell("b", outputs=figure)]
    first, line, second = lecture_page(new_notebook(cells=cells), "04_name").cells
    assert "PathExplorer stands still here" in line.source and "lectures/04_name.ipynb" in line.source
    assert first.metadata.mystnb.image.alt == second.metadata.mystnb.image.alt == "a seven"
    assert cells[0].metadata == {}


def test_what_was_stored_folded_stays_folded():
    hidden = new_code_cell("a", metadata={"jupyter": {"source_hidden": True}, "tags": ["nbval-ignore-output"]})
    closed = new_code_cell("b", metadata={"jupyter": {"outputs_hidden": True}})
    first, second = lecture_page(new_notebook(cells=[hidden, closed]), "04_name").cells
    assert first.metadata.tags == ["hide-input", "nbval-ignore-output"] and second.metadata.tags == ["hide-output"]
    assert second.metadata.mystnb.code_prompt_show.startswith("Predict first")


def test_an_exercise_says_below_its_title_where_to_solve_it():
    page = exercise_page(new_notebook(cells=[new_markdown_cell("# 4"), new_code_cell("x = ...")]), "04_name")
    title, line, code = page.cells
    assert (title.source, code.source) == ("# 4", "x = ...") and "exercises/04_name.ipynb" in line.source


PAGES = {
    "index.html": '<a href="a/b.html#here">x</a><a href="https://x.org">y</a><img src="data:image/png;base64,">',
    "a/b.html": '<p id="here"></p><a href="#here">x</a><a href="../index.html">y</a><script src="../s.js"></script>',
    "s.js": "",
    "s.css": "p { background: url(data:image/png;base64,) }",
}
BROKEN = {
    "index.html": [
        '<a href="c.html">',
        '<a href="a/b.html#there">',
        '<img src="p.png">',
        '<script src="https://cdn.org/x">',
    ],
    "a/b.html": ['<a href="#there">', '<link rel="stylesheet" href="//cdn.org/x.css">'],
    "s.css": ["@font-face { src: url('https://cdn.org/f.woff') }"],
}


def laid_out(folder: Path, pages: dict[str, str]) -> Path:
    for name, text in pages.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_whole_site_has_no_problems_and_each_broken_link_is_one(tmp_path):
    assert problems(laid_out(tmp_path / "whole", PAGES)) == []
    for name, more in BROKEN.items():
        for i, bad in enumerate(more):
            (problem,) = problems(laid_out(tmp_path / f"{name}{i}", {**PAGES, name: PAGES[name] + bad}))
            assert problem.startswith(name)


def test_students_get_no_notes_for_instructors(tmp_path):
    for instructors in (True, False):
        folder = tmp_path / str(instructors)
        folder.mkdir()
        lay_out(ROOT, folder, instructors=instructors)
        notes = {path.stem for path in folder.glob("instructors/*.md")}
        assert notes == ({path.stem for path in notebooks_in(ROOT / "lectures")} if instructors else set())
        texts = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.md"))
        assert ("## The three usual mistakes" in texts) == ("For instructors\n:hidden:" in texts) == instructors


# What pages quote -----------------------------------------------------------------------------------------------------

README = """# The course

Begin with the [license](LICENSE).

```
# no heading
make lab
```

## Teach with it

### Grading

See [the code](advcourse/course) and [elsewhere](https://x.org).

```python
### neither is this
```
"""


def test_each_section_of_a_page_is_a_file_whose_headings_move_up():
    found = dict(sections(README))
    assert found.keys() == {"the_course.md", "teach_with_it.md"}
    assert "# no heading\nmake lab" in found["the_course.md"] and "### neither is this" in found["teach_with_it.md"]
    assert found["teach_with_it.md"].startswith("## Grading\n")


def test_a_link_to_what_the_site_lacks_keeps_its_words():
    quoted = within(README, {"LICENSE"}.__contains__)
    assert "[license](LICENSE)" in quoted and "[elsewhere](https://x.org)" in quoted and "See the code and" in quoted


# What is laid out -----------------------------------------------------------------------------------------------------


def test_students_get_neither_solutions_nor_notes_and_instructors_get_the_notes(tmp_path):
    root = laid_out(tmp_path / "root", dict.fromkeys(("README.md", "CONTRIBUTING.md", "LICENSE"), ""))
    laid_out(root, {"docs/site/index.md": "# Front", "docs/site/instructors/04_name.md": "# Notes"})
    laid_out(root, {"docs/perturbation_explorer.png": ""})
    for kind in ("lectures", "exercises", "solutions"):
        book = with_ids(new_notebook(cells=[new_markdown_cell(f"# {kind}")], metadata={}))
        laid_out(root, {f"{kind}/04_name.ipynb": nbformat.writes(book)})
    students, instructors = tmp_path / "students", tmp_path / "instructors"
    for folder in (students, instructors):
        folder.mkdir()
        lay_out(root, folder, instructors=folder is instructors)
    names = {path.relative_to(students).as_posix() for path in students.rglob("*") if path.is_file()}
    more = {path.relative_to(instructors).as_posix() for path in instructors.rglob("*") if path.is_file()}
    assert {"lectures/04_name.ipynb", "exercises/04_name.ipynb", "reference/attacks.rst"} < names
    assert more - names == {"instructors/04_name.md"} and not any("solution" in name for name in more)
    assert "instructors/*" in (instructors / "index.md").read_text(encoding="utf-8")
    assert "instructors" not in (students / "index.md").read_text(encoding="utf-8")


PANELS = {name for name in widgets.__all__ if isinstance(getattr(widgets, name), type)}
PANELS = {name for name in PANELS if issubclass(getattr(widgets, name), Live)}


@pytest.mark.parametrize("path", notebooks_in(LECTURES), ids=lambda path: path.stem)
def test_every_panel_of_a_lecture_has_its_line(path):
    lecture = read(path)
    code = [cell.source for cell in lecture.cells if cell.cell_type == "code"]
    built = [name for source in code for name in PANELS if f"widgets.{name}(" in source]
    noted = [c.source for c in lecture_page(lecture, path.stem).cells if "stands still here" in c.source]
    assert len(noted) == len(built) and all(any(name in note for note in noted) for name in built)
