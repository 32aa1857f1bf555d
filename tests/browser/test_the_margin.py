"""The margin explorer in a browser: another loss, another gamma, and a training seen from its start."""

import lab
import looks
import pytest

PANEL = """
from advcourse import widgets

widgets.MarginExplorer(widgets.plane_sets(40), loss="cross entropy", gamma=0.2)
"""


@pytest.fixture(scope="module")
def book(jupyter):
    with jupyter.running("margins", PANEL) as book:
        yield book


@pytest.fixture
def panel(book):
    """The panel as it begins: moons at the end of the training by cross entropy."""
    panel = book.panel()
    for name, value in (("chosen", "moons"), ("loss", "cross entropy")):
        panel.locator(f"[name={name}]").select_option(value)
        lab.settled(panel)
    return panel


def test_another_loss_has_other_margins(book, panel, shoot):
    lines = {}
    for loss in ("large margin", "MMA"):
        panel.locator("[name=loss]").select_option(loss)
        lines[loss] = lab.settled(panel)
        shoot(panel, f"margin-{loss.replace(' ', '-')}")
    assert len(set(lines.values())) == 2
    assert all("true distance: median" in line and "of 40 points right" in line for line in lines.values())
    assert book.complaints == []


def test_the_data_can_be_changed(panel, shoot):
    before = lab.settled(panel)
    panel.locator("[name=chosen]").select_option("circles")
    assert lab.settled(panel) != before
    shoot(panel, "margin-circles")


def test_keys_go_back_in_the_training(panel):
    slider = panel.locator("[name=trained]")
    end = lab.settled(panel)
    lab.quick(lab.latencies(panel, slider, "ArrowLeft", 6), 1500)
    slider.press("Home")
    begun = lab.settled(panel)
    assert begun != end and "40 of 40" not in begun
    slider.press("End")
    assert lab.settled(panel) == end


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(panel):
    looks.stops(panel, count=4)


def test_nothing_complained(book):
    assert book.complaints == []
