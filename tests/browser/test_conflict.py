"""The conflict explorer in a browser: the picture and the bars below it move with the controls."""

import lab
import looks
import pytest

PANEL = """
from advcourse import models, widgets

widgets.ConflictExplorer(models.pretrained())
"""


@pytest.fixture(scope="module")
def book(jupyter):
    """One notebook with the panel and the real network."""
    with jupyter.running("conflict", PANEL) as book:
        yield book


def pictures(panel) -> list[str]:
    return panel.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")


def bars(panel, figure: int) -> list[str]:
    """The texts under a picture, such as `honeycomb 89%`."""
    return [" ".join(text.split()) for text in panel.locator("figure").nth(figure).locator("li").all_inner_texts()]


def move(panel, amount: int) -> str:
    """Set the slider, wait for the new line."""
    before = lab.settled(panel)
    panel.locator("[name=amount]").fill(str(amount))
    line = lab.settled(panel)
    assert line != before
    return line


def test_the_slides_triple(book, shoot):
    panel = book.panel()
    assert "honeycomb" in bars(panel, 0)[0] and "cat" in bars(panel, 1)[0] and "honeycomb" in bars(panel, 2)[0]
    assert "the texture" in lab.settled(panel)
    assert len(set(pictures(panel))) == 3
    shoot(panel, "conflict")


def test_sliding_between_the_cues_moves_picture_and_bars(book, shoot):
    panel = book.panel()
    line = move(panel, 0)
    assert "the shape" in line and bars(panel, 2) == bars(panel, 1) and pictures(panel)[2] == pictures(panel)[1]
    move(panel, 20)
    shoot(panel, "conflict-near-the-content")
    line = move(panel, 100)
    assert "the texture" in line and bars(panel, 2) == bars(panel, 0) and pictures(panel)[2] == pictures(panel)[0]
    move(panel, 50)


@pytest.mark.parametrize("view", ["swap frequencies", "shuffle patches", "two tones", "edges"])
def test_every_view_shows_another_picture(book, shoot, view):
    panel = book.panel()
    before = pictures(panel)
    panel.locator("[name=view]").select_option(view)
    lab.settled(panel)
    assert view in panel.locator("figcaption").nth(2).inner_text()
    after = pictures(panel)
    assert after[:2] == before[:2] and after[2] != before[2]
    shoot(panel, f"conflict-{view.replace(' ', '-')}")
    panel.locator("[name=view]").select_option(index=0)
    lab.settled(panel)


def test_choosing_content_and_texture(book, shoot):
    panel = book.panel()
    panel.locator("[name=chosen]").select_option("camera on a tripod")
    panel.locator("[name=texture]").select_option("crossword puzzle")
    assert "crossword" in lab.settled(panel)
    assert "crossword puzzle" in bars(panel, 0)[0] and "tripod" in bars(panel, 1)[0]
    shoot(panel, "conflict-camera")
    panel.locator("[name=chosen]").select_option("cat")
    panel.locator("[name=texture]").select_option("honeycomb")
    lab.settled(panel)


def test_arrow_keys_move_the_slider_and_the_picture_follows(book):
    panel = book.panel()
    move(panel, 0)
    lab.quick(lab.latencies(panel, panel.locator("[name=amount]"), "ArrowRight", 8), 1000)


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book):
    panel = book.panel()
    looks.stops(panel, 4)


def test_nothing_complained(book):
    assert book.complaints == []
