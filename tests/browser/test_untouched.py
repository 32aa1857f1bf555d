"""A notebook that nobody touched is not modified, whatever Python it was written with."""

import json

import lab


def test_an_untouched_notebook_opens_as_not_modified(folder, open_book):
    """Lectures are asked as they are opened, in test_lectures.py; here an exercise, written by another Python."""
    notebook = json.loads((lab.ROOT / "exercises/09_max_of_convex.ipynb").read_text(encoding="utf-8"))
    notebook["metadata"]["language_info"]["version"] = "3.0.1"
    (folder / "untouched.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert not open_book("untouched.ipynb").modified
