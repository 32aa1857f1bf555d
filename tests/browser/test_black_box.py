"""The panels of unit 05 in a browser: questions spent on a secret, and what is certified, fooled or open."""

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
def book(jupyter):
    """A notebook with both panels."""
    with jupyter.running("black_box", PANELS, ORACLE, SANDWICH) as book:
        yield book


def test_questions_are_spent_by_keyboard_and_the_point_by_the_mouse(book, shoot):
    panel = book.panel(0)
    before = lab.settled(panel)
    lab.quick(lab.latencies(panel, panel.locator("[name=queries]"), "ArrowRight", 6), 400)
    assert "66 questions" in lab.settled(panel) != before
    shoot(panel, "oracle-decisions")
    assert lab.drag(panel, 0, (0.25, 0.25), (0.5, 0.1)) != before
    panel.locator("[name=way]").select_option("scores: NES")
    assert "scores: NES" in lab.settled(panel)
    shoot(panel, "oracle-scores")


def test_the_sandwich_closes_in_by_keyboard_and_changes_with_the_network(book, shoot):
    panel = book.panel(1)
    before = lab.settled(panel)
    lab.quick(lab.latencies(panel, panel.locator("[name=eps]"), "ArrowRight", 6), 400)
    assert lab.settled(panel) != before
    shoot(panel, "sandwich-certified")
    panel.locator("[name=chosen]").select_option("standard")
    assert "standard at eps = 19/255: robust accuracy is at least 0%" in lab.settled(panel)
    shoot(panel, "sandwich-standard")


@pytest.mark.parametrize("which", [0, 1], ids=["oracle", "sandwich"])
def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book, which):
    panel = book.panel(which)
    looks.stops(panel)


def test_nothing_complained(book):
    assert book.complaints == []
