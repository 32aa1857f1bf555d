"""The descent explorer in a browser: w0 dragged with the mouse and by keys, snapping to kinks, directions tried."""

import lab
import looks
import pytest

PANEL = """
from advcourse import widgets
from advcourse.convex import MaxOf

slide = MaxOf([lambda w: 2 * w[0] + w[1], lambda w: -2 * w[0] + w[1]])
left, right = (lambda w, at=at: (w[0] - at) ** 2 + w[1] ** 2 / 2 for at in (-1, 1))
bowls = MaxOf([right, left, lambda w: 0.8 - 1.5 * w[1]])
window = (-2.0, 2.0, -2.0, 2.0)
widgets.DescentExplorer([widgets.Landscape("slide", slide), widgets.Landscape("bowls", bowls, window, (0.0, 0.0))])
"""


@pytest.fixture(scope="module")
def book(jupyter):
    with jupyter.running("max_of_convex", PANEL) as book:
        yield book


@pytest.fixture
def panel(book):
    """The panel on the bowls, trying v* from where nothing is tied."""
    panel = book.panel()
    for name, value in (("chosen", "slide"), ("chosen", "bowls")):
        panel.locator(f"[name={name}]").select_option(value)
        lab.settled(panel)
    panel.locator("[name=direction]").select_option("−v*, the shortest subgradient")
    lab.settled(panel)
    return panel


def test_w0_follows_the_mouse_and_snaps_to_the_kink(book, panel, shoot):
    line = lab.drag(panel, 0, (0.5, 0.25), (0.8, 0.4), (0.9, 0.3))
    assert "w₀ = (1.60, 0.80), active: g₂ " in line
    line = lab.drag(panel, 0, (0.9, 0.3), (0.52, 0.25))
    assert "w₀ = (0.00, 1.00), active: g₁ and g₂" in line and "no minimiser" in line
    panel.locator("[name=direction]").select_option("−∇g₁")
    line = lab.settled(panel)
    assert "slope along −∇g₁: +3.00" in line and "f goes up" in line
    assert "distance to the minimiser goes down" in line
    shoot(panel, "descent-up")
    assert "0 is in the hull: a minimiser" in lab.drag(panel, 0, (0.5, 0.25), (0.5, 0.5))
    assert book.complaints == []


def test_the_other_maps_only_show(panel):
    before = lab.drag(panel, 0, (0.5, 0.25), (0.52, 0.25))
    assert lab.drag(panel, 1, (0.2, 0.2), (0.8, 0.8)) == before == lab.drag(panel, 2, (0.2, 0.2), (0.8, 0.8))


def test_keys_move_step_and_point(book, panel, shoot):
    line = lab.drag(panel, 0, (0.5, 0.25), (0.6, 0.2))
    for name in ("step", "x", "y"):
        lab.quick(lab.latencies(panel, panel.locator(f"[name={name}]"), "ArrowRight", 6), 400)
        before, line = line, lab.settled(panel)
        assert line != before
    shoot(panel, "descent-keys")


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book, panel):
    looks.stops(panel)


def test_nothing_complained(book):
    assert book.complaints == []
