"""What follows a prediction is folded: pictures and numbers, and of a claim its words too."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from advcourse.course.build import exercise_of
from advcourse.course.normalise import normalise

QUESTION = new_markdown_cell("**Predict first.** How many?")


def told(text="3", **rest):
    return new_code_cell(
        rest.pop("source", "print(n)"), outputs=[new_output("stream", text=text)], execution_count=1, **rest
    )


def folds(*cells):
    """What is folded of each code cell, after normalising."""
    notebook = nbformat.from_dict({**new_notebook(), "cells": list(cells)})
    hidden = [cell.metadata.get("jupyter", {}) for cell in normalise(notebook).cells if cell.cell_type == "code"]
    return [" ".join(sorted(key.removesuffix("_hidden") for key, on in each.items() if on)) for each in hidden]


def test_from_the_question_to_the_next_heading():
    assert folds(
        told(), QUESTION, told(), new_markdown_cell("So many."), told(), new_markdown_cell("## Next"), told()
    ) == [
        "",
        "outputs",
        "outputs",
        "",
    ]


def test_a_heading_may_ask():
    assert folds(new_markdown_cell("## Predict first: how far?"), told()) == ["outputs"]


def test_a_claim_says_the_answer_in_its_code():
    assert folds(QUESTION, told(source="claim('A1', 'It is three', holds=n == 3, n=n)")) == ["outputs source"]


def test_code_that_prepares_the_answer_stays_open():
    assert folds(QUESTION, new_code_cell("n = 3", execution_count=1)) == [""]


def test_a_tag_folds_anywhere_and_other_tags_stay():
    assert folds(told(metadata={"tags": ["hide-input"]}), told(metadata={"tags": ["hide-cell"]})) == [
        "source",
        "outputs source",
    ]
    notebook = nbformat.from_dict(
        {**new_notebook(), "cells": [QUESTION, told(metadata={"tags": ["nbval-ignore-output"]})]}
    )
    assert normalise(notebook).cells[1].metadata.tags == ["nbval-ignore-output", "hide-output"]


def test_who_ran_and_saved_it_gets_it_folded_again():
    once = normalise(nbformat.from_dict({**new_notebook(), "cells": [QUESTION, told()]}))
    saved = nbformat.from_dict(once)
    saved.cells[1].metadata["jupyter"] = {"outputs_hidden": False}
    assert normalise(saved) == normalise(once) == once


def test_an_exercise_has_no_outputs_to_fold():
    solution = normalise(nbformat.from_dict({**new_notebook(), "cells": [QUESTION, told()]}))
    assert exercise_of(solution).cells[1].metadata == {"tags": ["hide-output"]}
