"""The noise explorer in a browser: the ring dragged over the plane, by mouse and by keyboard."""

import lab
import looks
import pytest

PANEL = """
import torch
from advcourse import toys, widgets

generator, planes = torch.Generator().manual_seed(2), []
for name, recipe in (("moons", toys.wide_net), ("spirals", toys.smooth_net)):
    x, y = toys.DATA[name](generator)
    planes.append(widgets.Plane(f"{name}, {recipe.name}", recipe(x, y, generator), x[:16], y[:16]))
widgets.NoiseExplorer(planes)
"""


@pytest.fixture(scope="module")
def book(jupyter):
    """One notebook with the panel."""
    with jupyter.running("noise", PANEL) as book:
        yield book


def test_the_ring_follows_the_mouse_on_both_maps_and_up_is_up(book, shoot):
    panel = book.panel()
    shoot(panel, "noise-start")
    for which, at in ((0, (0.75, 0.25)), (1, (0.25, 0.75))):
        line = lab.drag(panel, which, (0.5, 0.5), (0.6, 0.4), at)
        across, up = 2 * at[0] - 1, 1 - 2 * at[1]
        values = [float(panel.locator(f"[name={name}]").input_value()) for name in "xy"]
        assert values == pytest.approx([across, up], abs=0.06)
        assert f"at ({values[0]:.2f}, {values[1]:.2f})" in line
    shoot(panel, "noise-dragged")


def test_more_noise_and_the_answer_follows(book, shoot):
    panel = book.panel()
    lab.quick(lab.latencies(panel, panel.locator("[name=sigma]"), "ArrowRight", 6), 600)
    assert "noise 0.21" in lab.settled(panel)
    shoot(panel, "noise-loud")
    panel.locator("[name=chosen]").select_option("spirals, small smooth net")
    panel.locator("[name=draws]").press("ArrowRight")
    assert "201 draws" in lab.settled(panel)
    shoot(panel, "noise-spirals")


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book):
    looks.stops(book.panel())


def test_nothing_complained(book):
    assert book.complaints == []
