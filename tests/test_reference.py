"""The reference is whole: every public name is on a page, in words, with an example, and no example is of another."""

import re
from pathlib import Path

import pytest

import advcourse
from advcourse.course.site.examples import Sheet, read_sheet
from advcourse.course.site.reference import (
    INNER,
    OFFERED,
    ROOMS,
    directive,
    full,
    groups,
    index_page,
    module_of,
    public,
    room_page,
)

FOLDER = Path(__file__).resolve().parent.parent / "docs/examples"
SHEETS = {room: read_sheet(FOLDER / f"{room}.txt") for room in (*ROOMS, *INNER)}


@pytest.mark.parametrize("room", SHEETS)
def test_every_public_name_has_an_example_and_every_example_a_name(room):
    shown = [name for example in SHEETS[room].examples for name in example.names]
    assert sorted(shown) == sorted(public(room))
    assert all(example.session.startswith(">>> ") for example in SHEETS[room].examples)


def test_every_name_that_the_library_offers_is_described_once():
    described = [full(room, name) for room in SHEETS for name in public(room)]
    assert len(set(described)) == len(described)
    assert {f"advcourse.{name}" for name in advcourse.__all__} <= set(described)


@pytest.mark.parametrize("room", SHEETS)
def test_every_name_has_words_of_its_own(room):
    """A docstring; what can have none, a constant or a type, has a sentence in its example."""
    for name in public(room):
        thing = getattr(module_of(room), name, OFFERED.get(name))
        bare = directive(thing)[0] == "py:data"
        words = SHEETS[room].of(name).words if bare else thing.__doc__
        assert words and words.strip()[-1] in ".:", f"{room}.{name}"


def test_a_page_shows_docstring_directive_and_example():
    page = room_page("descriptors", SHEETS["descriptors"])
    assert ".. autofunction:: advcourse.cosine_distance" in page
    assert ".. autofunction:: advcourse.descriptors.soft_histogram" in page
    assert "   >>> cosine_distance(torch.tensor" in page and ">>> maps = torch.rand" in page


def test_a_name_without_an_example_is_seen():
    assert Sheet("", ()).of("fgsm") is None


def test_the_index_has_every_name_under_the_comments_of_the_list():
    listed = [name for _, names in groups() for name in names]
    assert listed == advcourse.__all__
    assert all(f"`~advcourse.{name}`" in index_page() for name in listed)
    assert "What the attacker wants\n---" in index_page()


def test_rooms_that_people_import_from_are_in_the_reference():
    """What a lecture imports from `advcourse` is offered there, or is a room with a page."""
    lectures = (FOLDER.parent.parent / "lectures").glob("*.ipynb")
    lines = re.findall(
        r"from advcourse import ([\w, ]+)", "".join(path.read_text(encoding="utf-8") for path in lectures)
    )
    named = {name.strip() for line in lines for name in line.split(",")}
    assert {"toys", "fgsm"} < named and named <= {*ROOMS, *OFFERED}
