"""A notebook that nobody touched is not modified, and it keeps to itself what one is to predict."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from advcourse.course.normalise import execute, normalise

PICTURE = """\
import io
from IPython.display import Image
from matplotlib.figure import Figure
file = io.BytesIO()
Figure().savefig(file)
Image(file.getvalue())"""
CLAIM = """\
# The answer
def claim(line):
    print(line)
claim('It is three')"""


def test_the_answer_shows_when_it_is_run_and_not_before(folder, open_book):
    cells = [new_markdown_cell("**Predict first.**"), new_code_cell(PICTURE), new_code_cell(CLAIM)]
    notebook = normalise(execute(nbformat.from_dict({**new_notebook(), "cells": cells}), folder))
    notebook.metadata.language_info.version = "3.0.1"  # written by another Python
    nbformat.write(notebook, folder / "untouched.ipynb")
    book = open_book("untouched.ipynb")
    picture, claim = (book.page.locator(".jp-Notebook-cell").nth(i) for i in (1, 2))

    assert not book.modified
    assert picture.locator("img").count() == 0 and "savefig" in picture.inner_text()  # how it is made may be read
    assert claim.inner_text().strip() == "# The answer"

    book.run_all()
    picture.locator("img").wait_for()
    claim.get_by_text("It is three").wait_for()
    assert "def" not in claim.inner_text()  # its code, until one opens it
