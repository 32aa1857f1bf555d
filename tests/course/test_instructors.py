"""Notes for instructors: a page for every unit; minutes, mistakes, panels and computations are those of the course."""

import ast
import doctest
import re
from pathlib import Path

import nbformat
import pytest
from statements import REQUIRED

from advcourse import checks, widgets
from advcourse.checks import EXERCISES
from advcourse.course.build import notebooks_in
from advcourse.course.notebook import NotebookError, read
from advcourse.course.rules import START
from advcourse.course.site.instructors import MISTAKE, SECTIONS, filled, stated
from advcourse.widgets.settings import controls

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / "docs/site/instructors"
UNITS = sorted(path.stem for path in notebooks_in(ROOT / "lectures"))
PANEL = re.compile(r"`(?P<call>[A-Z]\w+\([^`]*\))`")


def note(unit: str) -> str:
    return (NOTES / f"{unit}.md").read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    return re.split(r"^## ", page, flags=re.M)[1:][SECTIONS.index(title)]


def test_every_unit_has_notes_and_no_notes_are_left_over():
    pages = {path.stem for path in NOTES.glob("*.md")}
    assert set(UNITS) <= pages <= {START, *REQUIRED}


@pytest.mark.parametrize("unit", UNITS)
def test_notes_have_every_section_and_say_something_in_each(unit):
    page = note(unit)
    assert tuple(re.findall(r"^## (.*)$", page, re.M)) == SECTIONS
    assert all(len(section(page, title).split()) >= (3 if title == "Timing" else 40) for title in SECTIONS)
    assert 3 <= len(re.findall(r"^\*\*\d · ", section(page, "Exam questions"), re.M)) <= 5
    assert section(page, "Exam questions").count("*Answer.*") == len(re.findall(r"^\*\*\d · ", page, re.M))


@pytest.mark.parametrize("unit", UNITS)
def test_the_three_mistakes_are_diagnoses_of_this_units_exercises(unit):
    mistakes = [(found["who"], found["what"]) for found in MISTAKE.finditer(section(note(unit), SECTIONS[2]))]
    assert len(mistakes) == len(set(mistakes)) == 3
    of_the_unit = {"doctor"} if unit == START else getattr(checks, unit[3:]).EXERCISES.keys()
    assert {who for who, _ in mistakes} <= of_the_unit
    page = filled(note(unit), unit, ROOT)
    for who, what in mistakes:
        if unit != START:
            assert EXERCISES[who].check.words[what].partition("{")[0] in page
    assert "{" not in re.sub(r"\$.*?\$|```.*?```", "", page, flags=re.S), "something is not filled in"


@pytest.mark.parametrize("unit", UNITS)
def test_minutes_are_those_of_the_notebooks(unit):
    page = filled(note(unit), unit, ROOT)
    for kind in ("lectures", "exercises")[: 1 if unit == START else 2]:
        for _, minutes in list(stated(read(ROOT / kind / f"{unit}.ipynb"))):
            assert f"| {minutes} |" in page
    assert unit == START or page.count("\n| ") >= 5


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != START])
def test_the_exercises_take_as_long_as_their_parts(unit):
    (_, whole), *parts = stated(read(ROOT / "exercises" / f"{unit}.ipynb"))
    assert whole == sum(minutes for _, minutes in parts)


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_to_be_shown_is_a_panel_of_the_lecture_in_a_state_it_can_have(unit):
    lecture = "\n".join(cell.source for cell in read(ROOT / "lectures" / f"{unit}.ipynb").cells)
    shown = PANEL.findall(section(note(unit), "Show live"))
    assert shown or unit == START
    for call in map(ast.parse, shown):
        (line,) = call.body
        name, given = line.value.func.id, {one.arg: ast.literal_eval(one.value) for one in line.value.keywords}
        assert f"widgets.{name}(" in lecture, name
        looks = {one["name"]: one for one in controls(getattr(widgets, name))}
        for setting, value in given.items():
            assert setting in looks, f"{name} has no setting {setting}"
            assert value in looks[setting].get("options", [value]), f"{name}({setting}={value!r})"


@pytest.mark.parametrize("unit", UNITS)
def test_computations_in_the_answers_come_out_as_they_say(unit):
    blocks = re.findall(r"^```pycon\n(.*?)^```$", note(unit), re.M | re.S)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, unit, None, 0)
    assert test.examples, "no answer is computed"
    failed, _ = doctest.DocTestRunner(verbose=False).run(test)
    assert failed == 0


@pytest.mark.parametrize("mistake", ["fgsm: signless", "fsgm: no-sign", "doctor: weather"])
def test_a_mistake_that_nobody_knows_is_refused(mistake):
    with pytest.raises(NotebookError, match=mistake):
        filled(f"### `{mistake}`", "04_gradient_attacks", ROOT)


def test_numbers_that_a_check_measures_are_left_open():
    page = filled("### `fgsm: minus-sign`\n\nWhy.", "04_gradient_attacks", ROOT)
    assert "from … to … on average" in page and page.endswith("Why.")


def test_minutes_are_read_under_headings_only():
    cells = ["# 4\n\nAbout 60 minutes.", "takes 3 minutes", "## Explain\n\n*5 minutes.*", "## Done"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(cell) for cell in cells])
    assert list(stated(notebook)) == [("4", 60), ("Explain", 5)]
