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
def jupyter(folder, browser):
    """JupyterLab in a tab of the browser, serving the folder."""
    with lab.jupyterlab(folder) as address:
        yield lab.Lab(browser, address, folder)


@pytest.fixture
def open_book(jupyter):
    """Open a notebook of the folder, in a kernel of its own: open_book("lectures/04_gradient_attacks.ipynb")."""
    opened: list[lab.Book] = []

    def open_one(path: str) -> lab.Book:
        opened.append(jupyter.open(path))
        return opened[-1]

    yield open_one
    for book in opened:
        book.close()


@pytest.fixture
def shoot():
    """Keep a screenshot: shoot(panel, "explorer") writes build/screenshots/explorer.png."""
    shots = Path(os.environ.get("ADVCOURSE_SCREENSHOTS", lab.ROOT / "build" / "screenshots"))
    return lambda what, name: what.screenshot(path=shots / f"{name}.png")
