"""The panels of unit 05 in a browser: questions spent on a secret, and what is certified, fooled or open."""

import statistics

import lab
import looks
import pytest

PANELS = """
import torch
from advcourse import data, toys, widgets

points, labels = toys.moons(torch.Generator().manual_seed(0))
net = toys.smooth_net(points, labels, torch.Generator().manual_seed(0))
lower = torch.linspace(0, 0.1, 40)
bounded = [widgets.Bounded("certified", lower, 2 * lower), widgets.Bounded("standard", 0 * lower, lower)]
"""
ORACLE = "widgets.OracleExplorer([widgets.Secret('smooth net', net, points, labels)])"
SANDWICH = "widgets.SandwichExplorer(bounded, data.digits()[1][:40], widest=0.25)"


@pytest.fixture(scope="module")
def book(folder, served):
    """A notebook with both panels."""
    lab.write_notebook(folder / "black_box.ipynb", PANELS, ORACLE, SANDWICH)
    book = lab.Book(*served, "black_box.ipynb")
    book.run_all()
    assert book.errors == []
    yield book
    book.close()


def test_questions_are_spent_by_keyboard_and_the_point_by_the_mouse(book, shoot):
    panel = book.panel(0)
    before = lab.settled(panel)
    waits = lab.latencies(panel, panel.locator("[name=queries]"), "ArrowRight", 10)
    print(f"key press to picture: median {statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms")
    assert statistics.median(waits) < 400
    assert lab.settled(panel) != before and "70 questions" in lab.settled(panel)
    shoot(panel, "oracle-decisions")
    box, mouse = panel.locator("canvas").first.bounding_box(), book.page.mouse
    mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.1 * box["height"], steps=5)
    mouse.up()
    assert lab.settled(panel) != before
    panel.locator("[name=way]").select_option("scores: NES")
    assert "scores: NES" in lab.settled(panel)
    shoot(panel, "oracle-scores")


def test_the_sandwich_closes_in_by_keyboard_and_changes_with_the_network(book, shoot):
    panel = book.panel(1)
    before = lab.settled(panel)
    waits = lab.latencies(panel, panel.locator("[name=eps]"), "ArrowRight", 10)
    print(f"key press to picture: median {statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms")
    assert statistics.median(waits) < 400 and lab.settled(panel) != before
    shoot(panel, "sandwich-certified")
    panel.locator("[name=chosen]").select_option("standard")
    assert "standard at eps = 23/255: robust accuracy is at least 0%" in lab.settled(panel)
    shoot(panel, "sandwich-standard")


@pytest.mark.parametrize("which", [0, 1], ids=["oracle", "sandwich"])
def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book, which):
    panel = book.panel(which)
    looks.stops(panel)


@pytest.mark.parametrize("which", [0, 1], ids=["oracle", "sandwich"])
def test_no_theme_and_no_window_cuts_it(book, shoot, which):
    panel = book.panel(which)
    looks.fits(book, panel, shoot, f"black-box-{which}")


def test_nothing_complained(book):
    assert book.complaints == []
