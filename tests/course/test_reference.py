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

FOLDER = Path(__file__).resolve().parents[2] / "docs/examples"
SHEETS = {room: read_sheet(FOLDER / f"{room}.txt") for room in (*ROOMS, *INNER)}

FROM_PAPERS = {  # what others thought of first: the reader of its entry is told who
    "goals": "margin logit_ratio probability_margin MatchDescriptor everywhere",
    "attacks": "fgsm iterative_fgsm pgd apgd lbfgs deepfool ddn nes nes_gradient square boundary hopskipjump "
    "train_patch mismatch",
    "descriptors": "cosine_distance tensor_distance histogram_distance soft_histogram",
    "convex": "min_norm_point Polyak subgradient_method",
    "models": "laplace",
    "models.stochastic": "MonteCarloDropout",
    "certify": "interval_margins intervals relaxation smoothed",
    "training": "kurakin_loss madry_loss descent_loss interval_loss variational_loss on_predictions large_margin_loss "
    "mma_loss Free Replayed",
    "density": "fit_classes",
    "toys": "textured_shapes",
    "measure": "wilson",
    "conflict": "cue_conflict objective gram swap_frequencies categories to_sixteen shape_bias observers",
    "retrieval": "gem_pool whitening",
}


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


@pytest.mark.parametrize("room", FROM_PAPERS)
def test_what_is_from_a_paper_names_it_and_its_year(room):
    for name in FROM_PAPERS[room].split():
        thing = getattr(module_of(room), name, OFFERED.get(name))
        assert re.search(r"\b(19|20)\d\d\b", thing.__doc__), f"{room}.{name}"


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
