"""The descent explorer in a browser: w0 dragged with the mouse and by keys, snapping to kinks, directions tried."""

import statistics

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
def book(folder, served):
    lab.write_notebook(folder / "max_of_convex.ipynb", PANEL)
    book = lab.Book(*served, "max_of_convex.ipynb")
    book.run_all()
    assert book.errors == []
    yield book
    book.close()


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


def drag(panel, canvas: int, *to: tuple[float, float]) -> str:
    """Press on a map and move over places given as shares of its width and height, from the top left."""
    box, mouse = panel.locator("canvas").nth(canvas).bounding_box(), panel.page.mouse
    points = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in to]
    mouse.move(*points[0])
    mouse.down()
    for point in points[1:]:
        mouse.move(*point, steps=6)
    mouse.up()
    return lab.settled(panel)


def test_w0_follows_the_mouse_and_snaps_to_the_kink(book, panel, shoot):
    line = drag(panel, 0, (0.5, 0.25), (0.8, 0.4), (0.9, 0.3))
    assert "w₀ = (1.60, 0.80), active: g₂ " in line
    line = drag(panel, 0, (0.9, 0.3), (0.52, 0.25))
    assert "w₀ = (0.00, 1.00), active: g₁ and g₂" in line and "no minimiser" in line
    panel.locator("[name=direction]").select_option("−∇g₁")
    line = lab.settled(panel)
    assert "slope along −∇g₁: +3.00" in line and "f goes up" in line
    assert "distance to the minimiser goes down" in line
    shoot(panel, "descent-up")
    assert "0 is in the hull: a minimiser" in drag(panel, 0, (0.5, 0.25), (0.5, 0.5))
    assert book.complaints == []


def test_the_other_maps_only_show(panel):
    before = drag(panel, 0, (0.5, 0.25), (0.52, 0.25))
    assert drag(panel, 1, (0.2, 0.2), (0.8, 0.8)) == before == drag(panel, 2, (0.2, 0.2), (0.8, 0.8))


def test_keys_move_step_and_point(book, panel, shoot):
    drag(panel, 0, (0.5, 0.25), (0.6, 0.2))
    line = lab.settled(panel)
    for name in ("step", "x", "y"):
        waits = lab.latencies(panel, panel.locator(f"[name={name}]"), "ArrowRight", 6)
        print(f"{name}: key press to picture: median {statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms")
        assert statistics.median(waits) < 400
        assert lab.settled(panel) != line
        line = lab.settled(panel)
    shoot(panel, "descent-keys")


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book, panel):
    looks.stops(panel)


def test_no_theme_and_no_window_cuts_it(book, panel, shoot):
    drag(panel, 0, (0.5, 0.25), (0.5, 0.53))
    looks.fits(book, panel, shoot, "descent")
    assert book.complaints == []
