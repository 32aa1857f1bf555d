"""What Sphinx does differently here: formulas without a network, docstrings in plain English, short signatures."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

from advcourse.course.site.docstrings import marked_up, shortened

# The part of MathJax that pages load. Its package would copy all of it, twenty times as much.
PROGRAM, FONTS = "tex-chtml-full.js", "output/chtml/fonts/woff-v2"


def mathjax() -> Path:
    """Where the package has it; the package's name is no identifier."""
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("sphinx-mathjax-offline is not installed: pip install -e '.[site]'")
    return Path(spec.origin).parent / "static/mathjax"


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        here, there = mathjax(), Path(app.outdir) / "_static/mathjax"
        shutil.copytree(here / FONTS, there / FONTS, dirs_exist_ok=True)
        shutil.copy(here / PROGRAM, there / PROGRAM)


def docstring(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    lines[:] = marked_up(lines)


def signature(
    app: Sphinx, what: str, name: str, thing: object, options: object, given: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    return given and shortened(given), returns and shortened(returns)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx once, before it reads a page."""
    app.setup_extension("sphinx.ext.mathjax")
    app.config["mathjax_path"] = f"mathjax/{PROGRAM}"
    app.connect("autodoc-process-docstring", docstring)
    app.connect("autodoc-process-signature", signature)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True}
