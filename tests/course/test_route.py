"""The way through the course: read off the notebooks, filled by what has passed, and said in words too."""

from itertools import pairwise

import pytest

from advcourse import draw
from advcourse.checks import EXERCISES
from advcourse.course.notebook import NotebookError
from advcourse.course.route import course_map, stops, told
from advcourse.draw.route import Stop, place, route

NOBODY = frozenset()
BOXES, LEAK = "02_adversarial_examples", "07_mixed_batches"


@pytest.fixture
def course(tmp_path):
    """Two units, of which nothing is read but the title and the minutes."""
    for unit, title in ((BOXES, "2 · Boxes"), (LEAK, "7 · Leaks")):
        for folder, minutes in (("lectures", 40), ("exercises", 60)):
            (tmp_path / folder).mkdir(exist_ok=True)
            cell = f'{{"source": ["# {title}\\n", "About {minutes} minutes."]}}'
            (tmp_path / folder / f"{unit}.ipynb").write_text(cell, encoding="utf-8")
    (tmp_path / "lectures" / "00_start_here.ipynb").write_text("{}", encoding="utf-8")
    return tmp_path


def names_of(unit):
    return [name for name, one in EXERCISES.items() if one.check.words.file.parent.name == unit[3:]]


def test_nobody_has_everything_before_him(course):
    first, second = stops(course, NOBODY)
    assert (first.number, first.title, first.minutes) == ("2", "Boxes", 100)
    assert second.passed == (False,) * len(names_of(LEAK))
    assert "Next: unit 2." in told([first, second]) and told([first, second]).startswith("0 of ")


def test_who_has_solved_one_has_read_and_the_rest_takes_its_share(course):
    first, second = stops(course, frozenset(names_of(BOXES)[:2]))  # of five
    assert (sum(first.passed), first.minutes, second.minutes) == (2, 35, 100)  # 60 * 3 / 5, in fives


def test_the_next_one_is_the_first_that_is_not_done(course):
    way = stops(course, frozenset(names_of(BOXES)))
    assert [stop.done for stop in way] == [True, False] and "Next: unit 7." in told(way)
    assert told(stops(course, frozenset(EXERCISES))).startswith("All ")


def test_an_exercise_notebook_that_is_gone_or_torn_stops_nothing(course):
    (course / "exercises" / f"{BOXES}.ipynb").unlink()
    (course / "exercises" / f"{LEAK}.ipynb").write_bytes(b"\xff{")
    assert [stop.minutes for stop in stops(course, NOBODY)] == [40, 40]


def test_without_lectures_one_is_told_where_to_run_it(tmp_path):
    with pytest.raises(NotebookError, match="no lectures; run this in a notebook of the course"):
        stops(tmp_path, NOBODY)


def test_the_map_says_in_words_what_it_shows(course, tmp_path, monkeypatch):
    assert "7 Leaks: 0 of 5, 100 minutes left" in course_map(course).alt
    notes = tmp_path / "progress.txt"
    notes.write_text("leaked\n", encoding="utf-8")
    monkeypatch.setenv("ADVCOURSE_PROGRESS", str(notes))
    seen = course_map(course)
    assert "1 of 10 exercises have passed" in seen.alt and "7 Leaks: 1 of 5, 50 minutes left" in seen.alt


def test_the_way_turns_and_no_two_stops_meet():
    at = [place(k) for k in range(12)]
    steps = [max(abs(a - c), abs(b - d)) for (a, b), (c, d) in pairwise(at)]
    assert len(set(at)) == 12 and max(steps) < 3 < 2 * min(steps)


def test_a_piece_of_the_ring_is_filled_for_each_exercise_that_passed():
    _, (ax,) = draw.board()
    route(
        ax, [Stop("1", "Done", (True, True), 0), Stop("2", "Begun", (True, False, False), 30), Stop("3", "None", (), 9)]
    )
    wedges = [patch for patch in ax.patches if hasattr(patch, "theta1")]
    assert [bool(wedge.get_hatch()) for wedge in wedges] == [True, True, True, False, False]
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("✓") == 1 and texts.count("next") == 1 and "Begun\n1 of 3 · 30 min left" in texts
