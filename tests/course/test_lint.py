"""Every rule of the notebooks, kept and broken."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from advcourse.course.__main__ import main
from advcourse.course.lint import lint
from advcourse.course.normalise import normalise
from advcourse.course.rules import RULES, START

UNIT, HOME = "04_steps", "/home" + "/somebody/course"
LONG = "\n".join(f"a{n} = {n}" for n in range(21))


def code(source="x = 1", *outputs, id=None, count=1):
    extra = {"id": id} if id else {}
    return new_code_cell(source, outputs=list(outputs), execution_count=count, **extra)


def picture(**metadata):
    return new_output("display_data", data={"image/png": "AAAA"}, metadata=metadata)


@pytest.fixture
def course(tmp_path):
    """A course that keeps every rule, and a way to write one more notebook into it."""

    def write(folder, name, *cells, tidy=True, **metadata):
        notebook = nbformat.from_dict(
            {**new_notebook(metadata=metadata), "cells": list(cells)}
        )  # duplicate ids as well
        path = tmp_path / folder / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        notebook = normalise(notebook) if tidy else notebook
        path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")
        return tmp_path

    write("lectures", START, code("import advcourse"))
    write("lectures", UNIT, code("import advcourse"), code("claim('D1', 'It holds', holds=True)"))
    write("solutions", UNIT, code("z = ...\n### BEGIN SOLUTION\nz = 1\n### END SOLUTION"))
    write("exercises", UNIT, code("z = ...", count=None))
    return write


NEXT = new_markdown_cell("## Another matter")
CLAIM = code("claim('D1', 'It holds', holds=True)", id="claim")


def lecture(course, *cells, **rest):
    """Problems after the unit's lecture was replaced by these cells and a claim."""
    return lint(course("lectures", UNIT, *cells, CLAIM, **rest))


def test_a_good_course_has_no_problems(course, capsys):
    root = course("lectures", START, code("import advcourse"))
    assert lint(root) == [] and main(["lint", str(root)]) == 0
    assert "all rules kept" in capsys.readouterr().out


def test_problems_make_the_command_fail(course, capsys):
    root = course("lectures", UNIT, code("x = 1;", id="semi"), CLAIM)
    assert main(["lint", str(root)]) == 1
    assert "lectures/04_steps.ipynb cell 1 (id semi): has a line that ends in `;`" in capsys.readouterr().out


def test_an_empty_folder_is_a_problem(tmp_path):
    assert "root of the repository" in lint(tmp_path)[0]


BROKEN = {  # a rule -> a cell that breaks it in a lecture, and words of the message
    "short_code": (code("import a"), code(LONG, id="bad"), "21 lines of code"),
    "short_setup": (code("\n".join(f"import a{n}" for n in range(7)), id="bad"), "first code cell and has 7 lines"),
    "short_prose": (new_markdown_cell("word " * 120, id="bad"), "has 120 words"),
    "sound_ids": (code(id="a"), code(id="bad"), code(id="bad"), "has the id of cell 2"),
    "python_code": (code("x = = 1", id="bad"), "is not Python: invalid syntax, line 1"),
    "no_semicolon": (code("x = 1; \ny = 2", id="bad"), "ends in `;`"),
    "no_installs": (code("!pip install torch", id="bad"), "installs packages"),
    "no_remote_images": (new_markdown_cell("![cat](https://example.org/cat.png)", id="bad"), "image from the network"),
    "solutions_hidden": (code("### BEGIN SOLUTION", id="bad"), "solution marker"),
    "computed_numbers": (
        code("share = 0.31"),
        new_markdown_cell("It keeps 31 % of 0.31, and 47.5 %.", id="bad"),
        "says 47.5 %, which no cell computes",
    ),
    "no_stopwatch": (new_markdown_cell("It takes some seconds, or Ten seconds.", id="bad"), "says Ten seconds"),
    "predictions_kept": (
        new_markdown_cell("**Predict first.** How many?"),
        code("x", new_output("stream", text="So many: three"), id="bad"),
        "shows what was to be predicted",
    ),
    "executed": (code(id="bad", count=None), "was not run"),
    "no_errors": (code("x", new_output("error", ename="NameError", evalue="x"), id="bad"), "ends in NameError"),
    "alt_text": (code("x", picture(), id="bad"), "alt text"),
    "no_machine_paths": (code("x", new_output("stream", text=f"in {HOME}"), id="bad"), "a path of one machine"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_names_file_cell_and_remedy(course, rule):
    *cells, words = BROKEN[rule]
    problems = lecture(course, *cells, tidy=False, **normalise(new_notebook()).metadata)
    (problem,) = [p for p in problems if words in p]
    assert problem.startswith(f"lectures/{UNIT}.ipynb cell {len(cells)} (id bad)")


def test_a_number_in_a_typed_alt_text_is_computed_elsewhere_or_refused(course):
    def problems(source):
        alt = {"image/png": {"alt": "It falls to 0.31."}}
        shown = new_output("display_data", data={"image/png": "AA", "text/plain": "It falls to 0.31."}, metadata=alt)
        return [p for p in lecture(course, code(source, shown)) if "which no cell computes" in p]

    typed = 'draw.picture(fig, alt="It falls to 0.31.")'
    assert len(problems(typed)) == 1
    assert problems(f"share = 0.31\n{typed}") == problems('draw.picture(fig, alt=f"It falls to {share}.")') == []


def test_every_rule_is_seen_broken_here():
    whole_notebook = {"short_lecture", "clean_exercise", "right_kernel", "normal_form", "good_name", "makes_claims"}
    assert {rule.__name__ for rule in RULES} == set(BROKEN) | whole_notebook


def test_an_alt_text_in_the_code_does_not_tell_what_was_to_be_predicted(course):
    question = new_markdown_cell("## Predict first")
    for text, problems in (("The curve of A falls under that of B.", 1), ("A curve for A and one for B.", 0)):
        drawn = code(f'draw.picture(fig, alt="{text}")', picture(**{"image/png": {"alt": text}}), id="bad")
        assert len(lecture(course, code("import a"), question, drawn, NEXT)) == problems
        assert lecture(course, code("import a"), question, NEXT, drawn) == []


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_an_alt_text_of_an_exercise_says_what_is_drawn(course, folder):
    for text, problems in (("The standard network falls first.", 1), ("Four pictures with their answers.", 0)):
        drawn = code(f'draw.picture(fig, alt="{text}")', count=1 if folder == "solutions" else None)
        found = lint(course(folder, UNIT, code("import a", count=drawn.execution_count), drawn))
        assert len([line for line in found if "alt text" in line]) == problems


def test_the_first_page_folds_what_units_ask_about(course):
    for tags, problems in (([], 1), (["hide-cell"], 0)):
        found = lint(course("lectures", START, new_code_cell(CLAIM.source, execution_count=1, metadata={"tags": tags})))
        assert len([line for line in found if "what a unit asks later" in line]) == problems


def test_what_jupyterlab_shows_of_a_folded_cell_does_not_tell(course):
    question = new_markdown_cell("## Predict first")
    for text, problems in (("3 of 4", 1), ("Counted:\n3 of 4", 0)):
        assert (
            len(lecture(course, code("import a"), question, code("x", new_output("stream", text=text)), NEXT))
            == problems
        )
    for line, problems in (
        ("claim('D1', 'Three', holds=True)", 1),
        ("# The answer\nclaim('D1', 'Three', holds=True)", 0),
    ):
        assert len(lecture(course, code("import a"), question, code(line), NEXT)) == problems


@pytest.mark.parametrize(
    "fine",
    [
        new_markdown_cell("About 40 minutes, a 95 % interval, $0.123$, `0.456`, Geirhos 2019, three of 9."),
        new_markdown_cell("# 12 · Steps"),
        code("\n".join(LONG.splitlines()[:20])),
        new_markdown_cell("| word " * 119 + "|\n|---|"),
        new_markdown_cell("<div align='center' class='note'>" * 60 + "one"),
        new_markdown_cell("[the paper](https://example.org/paper)"),
        code("%timeit f()\nx = 'a;b'"),
        code("await f()"),
        code("x", picture(**{"image/png": {"alt": "A seven, then a three."}})),
        code("x", new_output("stream", text="homework: /workshop and and/or tmp/")),
        code(
            "x", new_output("display_data", data={"image/png": "A" * 300 + HOME}, metadata={"image/png": {"alt": "a"}})
        ),
    ],
)
def test_what_is_just_inside_a_rule_is_fine(course, fine):
    assert lecture(course, code("import a"), code(), fine) == []


def test_solution_markers_are_not_counted_as_lines(course):
    body = "\n".join(["### BEGIN SOLUTION", *LONG.splitlines()[:20], "### END SOLUTION"])
    assert lint(course("solutions", UNIT, code("import a"), code(), code(body))) == []


def test_median_length(course):
    nine = ["\n".join(f"{name}{n} = {n}" for n in range(9)) for name in "abcd"]
    (problem,) = lecture(course, code("import a"), *map(code, nine))
    assert "median of 9 lines" in problem


def test_duplicate_ids(course):
    problems = lecture(course, code(id="same"), code(id="same"), tidy=False, **normalise(new_notebook()).metadata)
    assert problems == [f"lectures/{UNIT}.ipynb cell 2 (id same): has the id of cell 1; give it another one"]


def test_length_of_a_lecture(course):
    assert lecture(course, *[new_markdown_cell("a")] * 0, *[new_markdown_cell("a") for _ in range(44)]) == []
    assert "has 46 cells" in lecture(course, *[new_markdown_cell("a") for _ in range(45)])[0]


def test_outputs_and_counts_in_exercises(course):
    for dirty in (code(count=1), code("x", new_output("stream", text="a"))):
        assert "has outputs or a count" in lint(course("exercises", UNIT, dirty))[0]


@pytest.mark.parametrize("folder", ["lectures", "exercises"])
def test_markers_outside_solutions(course, folder):
    marked = code("### END SOLUTION", count=None if folder == "exercises" else 1)
    assert "solution marker" in lint(course(folder, UNIT, marked, *[CLAIM] * (folder == "lectures")))[0]


def test_kernel(course):
    problems = lecture(course, tidy=False, kernelspec={"name": "conda", "display_name": "my own"})
    assert any("its kernelspec is not" in p for p in problems)


def test_normal_form(course):
    metadata = normalise(new_notebook()).metadata
    (problem,) = lecture(course, code(count=7), tidy=False, **metadata)
    assert "normal form" in problem


@pytest.mark.parametrize("name", ["4_steps", "04-steps", "04_Steps", "steps", "04_"])
def test_file_names(course, name):
    problems = lint(course("lectures", name, CLAIM))
    assert any("NN_name.ipynb" in p and name in p for p in problems)


def test_a_unit_is_in_all_three_folders(course):
    problems = lint(course("solutions", "05_next", code()))
    assert problems == [
        f"{f}/05_next.ipynb: is missing; a unit has one name in all three" for f in ("exercises", "lectures")
    ]


def test_the_start_page_is_a_lecture_only(course):
    (problem,) = lint(course("exercises", START, code(count=None)))
    assert "does not belong here" in problem


def test_a_lecture_claims_something(course):
    (problem,) = lint(course("lectures", UNIT, code("claims = 1")))
    assert "claims nothing" in problem


def test_code_pasted_between_units(course):
    pasted = "\n".join(LONG.splitlines()[:6])
    course("lectures", UNIT, code("import a"), code(pasted, id="a"), CLAIM)
    (problem,) = lint(course("solutions", UNIT, code("z = ..."), code(pasted, id="b")))
    assert problem.startswith("solutions/04_steps.ipynb cell 2 (id b): is also in lectures/04_steps.ipynb")


def test_a_solution_and_its_exercise_share_code(course):
    shared = "\n".join(LONG.splitlines()[:6])
    course("solutions", UNIT, code(shared))
    assert lint(course("exercises", UNIT, code(shared, count=None))) == []


def test_ids_of_other_characters(course):
    root = course("lectures", UNIT, CLAIM)
    path = root / "lectures" / f"{UNIT}.ipynb"
    path.write_text(path.read_text().replace('"claim"', '"a.b"'))
    (problem,) = [p for p in lint(root) if "not a valid" in p]
    assert "cell 1 (id a.b): 'a.b' does not match" in problem


def test_a_file_that_is_no_notebook(course):
    root = course("lectures", START, code("import advcourse"))
    (root / "lectures" / f"{UNIT}.ipynb").write_text("{")
    problems = lint(root)
    assert any("04_steps.ipynb: is not a notebook" in p for p in problems)
