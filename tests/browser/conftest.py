"""One JupyterLab and one browser for all these tests; a screenshot of every panel they look at stays behind."""

import os
import shutil
from pathlib import Path

import lab
import pytest


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """What JupyterLab serves: a copy of the lectures, so that nothing a test does reaches the checkout."""
    folder = tmp_path_factory.mktemp("course")
    if (lab.ROOT / "lectures").exists():
        shutil.copytree(lab.ROOT / "lectures", folder / "lectures")
    return folder


@pytest.fixture(scope="session")
def browser():
    """A browser; skipped where it, or JupyterLab, is missing."""
    if why := lab.missing():
        pytest.skip(why)
    with lab.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def served(folder, browser):
    """The browser and the address it finds JupyterLab at."""
    with lab.jupyterlab(folder) as address:
        yield browser, address


@pytest.fixture
def open_book(served):
    """Open a notebook of the folder: open_book("lectures/04_gradient_attacks.ipynb")."""
    opened: list[lab.Book] = []

    def open_one(path: str, **size) -> lab.Book:
        opened.append(lab.Book(*served, path, **size))
        return opened[-1]

    yield open_one
    for book in opened:
        book.close()


@pytest.fixture
def shoot():
    """Keep a screenshot: shoot(panel, "explorer") writes build/screenshots/explorer.png."""
    shots = Path(os.environ.get("ADVCOURSE_SCREENSHOTS", lab.ROOT / "build" / "screenshots"))
    return lambda what, name: what.screenshot(path=shots / f"{name}.png")
