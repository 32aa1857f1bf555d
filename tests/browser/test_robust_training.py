"""The panel of unit 10 in a browser: networks trained in several ways, attacked at any radius."""

import lab
import looks
import pytest

PANEL = """
from advcourse import Linf, checkpoints, data, fgsm, measure, widgets

test = data.digits()[1]
radii = [Linf(grey / 255) for grey in (0, 13, 26, 38, 51, 64)]

def trained(name, recipe):
    net = checkpoints.load(recipe)
    return widgets.Defended(name, net, measure.robustness_curve(net, test.x[:60], test.y[:60], fgsm, radii))

networks = [trained("standard", "digits_cnn"), trained("free", "digits_robust_2")]
"""


@pytest.fixture(scope="module")
def book(jupyter):
    """A notebook with the panel alone."""
    shown = "widgets.RobustnessExplorer(networks, test[[0, 1, 2, 36, 8, 74]], eps=51)"
    with jupyter.running("robust_training", PANEL, shown) as book:
        yield book


def withstand(panel) -> int:
    """How many of the six the line says withstand."""
    return int(lab.settled(panel).split(": ")[1].split(" of ")[0])


def test_another_network_withstands_more(book, shoot):
    panel = book.panel(0)
    standard = withstand(panel)
    shoot(panel, "robustness-standard")
    panel.locator("[name=chosen]").select_option("free")
    assert withstand(panel) > standard
    shoot(panel, "robustness-free")
    panel.locator("[name=chosen]").select_option("standard")
    assert withstand(panel) == standard


def test_the_radius_by_keyboard_moves_the_mark_and_the_digits(book):
    panel = book.panel(0)
    panel.locator("[name=eps]").fill("10")
    lab.settled(panel)
    left = panel.locator(".mark").bounding_box()["x"]
    before = panel.locator("canvas").evaluate("one => one.toDataURL()")
    lab.quick(lab.latencies(panel, panel.locator("[name=eps]"), "ArrowRight", 6), 400)
    assert "eps = 16/255" in lab.settled(panel)
    assert panel.locator(".mark").bounding_box()["x"] > left
    assert panel.locator("canvas").evaluate("one => one.toDataURL()") != before


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book):
    panel = book.panel(0)
    looks.stops(panel)


def test_nothing_complained(book):
    assert book.complaints == []
