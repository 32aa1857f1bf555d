"""The figure of what a class got wrong shows every answer once."""

import pytest

from advcourse.draw import board
from advcourse.draw.diagnoses import diagnoses

COUNTS = {"fgsm": {"no-box": 3, "hangs": 1}, "project": {"no-box": 2, "nan": 4}, "gram": {}}


def shown(ax) -> list[list[str]]:
    """The numbers, row by row."""
    columns = len(ax.get_xticks())
    texts = [text.get_text() for text in ax.texts]
    return [texts[i : i + columns] for i in range(0, len(texts), columns)]


def test_the_most_frequent_diagnosis_comes_first():
    ax = diagnoses(board()[1][0], COUNTS)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["no-box", "nan", "hangs"]
    assert shown(ax) == [["3", "·", "1"], ["2", "4", "·"], ["·", "·", "·"]]


def test_rare_diagnoses_are_added_up():
    ax = diagnoses(board()[1][0], COUNTS, most=1)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["no-box", "2 others"]
    assert shown(ax) == [["3", "1"], ["2", "4"], ["·", "·"]]


def test_without_exercises_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="no exercises"):
        diagnoses(board()[1][0], {})
