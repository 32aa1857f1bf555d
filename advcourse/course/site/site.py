"""Builds the site: everything is laid out in a folder of its own, so that nothing beside the sources is written."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from advcourse.course import living
from advcourse.course.build import notebooks_in
from advcourse.course.notebook import NotebookError, read
from advcourse.course.site.instructors import filled
from advcourse.course.site.notebooks import exercise_page, lecture_page
from advcourse.course.site.quoted import sections, within
from advcourse.course.site.reference import reference_pages

TITLE = "Adversarial examples, hands on"
INSTRUCTORS = "instructors"  # the folder of docs/site that students never see
QUOTED = {"README.md": "index.md", "CONTRIBUTING.md": "contribute.md"}  # what pages quote, and what stands for it
NOTES = """
```{toctree}
:caption: For instructors
:hidden:
:glob:

instructors/*
```
"""
COLOUR = re.compile(r"\x1b\[[\d;]*m")  # Sphinx's warnings are coloured
BESIDE = ("LICENSE", "docs/perturbation_explorer.png")  # what pages show
KINDS: dict[str, Callable[[NotebookNode, str], NotebookNode]] = {"lectures": lecture_page, "exercises": exercise_page}


def lay_out(root: Path, folder: Path, *, instructors: bool) -> None:
    """The site's sources in this empty folder: pages, lectures, exercises and the reference; never a solution."""
    hidden = () if instructors else (INSTRUCTORS,)
    shutil.copytree(root / "docs/site", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*hidden))
    if (folder / INSTRUCTORS).exists():
        with open(folder / "index.md", "a", encoding="utf-8") as front:
            front.write(NOTES)
        for page in sorted((folder / INSTRUCTORS).glob("*.md")):
            if (root / "lectures" / f"{page.stem}.ipynb").exists():
                page.write_text(filled(page.read_text(encoding="utf-8"), page.stem, root), encoding="utf-8")
            else:
                page.unlink()  # of a unit that has no lecture yet
    for name in BESIDE:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(root / name, folder / name)
    for kind, page in KINDS.items():
        (folder / kind).mkdir()
        for path in notebooks_in(root / kind):
            nbformat.write(page(read(path), path.stem), folder / kind / path.name)
    lay_out_quotes(root, folder)
    for name, text in reference_pages(root / "docs/examples").items():
        (folder / "reference").mkdir(exist_ok=True)
        (folder / "reference" / name).write_text(text, encoding="utf-8")


def lay_out_quotes(root: Path, folder: Path) -> None:
    """A file for each section of README and CONTRIBUTING, whose links lead to pages of the site."""
    (folder / "_include").mkdir()
    for source in QUOTED:
        text = (root / source).read_text(encoding="utf-8")
        for name, page in QUOTED.items():
            text = text.replace(f"]({name})", f"]({page})")
        text = text.replace("](docs/site/", "](")
        for name, body in sections(text):
            (folder / "_include" / name).write_text(
                within(body, lambda link: (folder / link).exists()), encoding="utf-8"
            )


def build_site(root: Path, out: Path, *, instructors: bool = False) -> list[str]:
    """Builds the students' site, or the instructors', into `out`; the warnings, of which there should be none."""
    if not (root / "docs/site/index.md").exists():
        raise NotebookError(f"{root}: has no docs/site; run this in the root of the repository")
    with tempfile.TemporaryDirectory(prefix="site") as own:
        source, made, trees = (Path(own) / name for name in ("source", "html", "trees"))
        source.mkdir()
        lay_out(root, source, instructors=instructors)
        living.write(source / "_static/playground")
        warnings = run_sphinx(source, made, trees, TITLE + (" (instructors)" if instructors else ""))
        for kind in KINDS:  # the page offers the notebook itself, not what it was turned into
            for path in notebooks_in(root / kind):
                shutil.copy(path, made / "_sources" / kind / path.name)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        shutil.move(made, out)
    return warnings


def run_sphinx(source: Path, made: Path, trees: Path, title: str) -> list[str]:
    """One build; its warnings."""
    try:
        from sphinx.application import Sphinx
    except ImportError as error:
        raise NotebookError("Sphinx is not installed: pip install -e '.[site]', or make site") from error
    from io import StringIO

    from advcourse.course.site.settings import settings

    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    said = StringIO()
    app = Sphinx(
        source, None, made, trees, "html", confoverrides=settings(title), status=None, warning=said, freshenv=True
    )
    app.build(force_all=True)
    plain = COLOUR.sub("", said.getvalue()).replace(f"{source}/", "")
    return [line for line in plain.splitlines() if line.strip()]
