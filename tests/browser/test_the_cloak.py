"""The cloak explorer in a browser: the patch dragged over the scene, by mouse and by keyboard."""

import lab
import looks
import pytest

PANEL = """
import torch
from advcourse import checkpoints, toys, widgets

scenes, net = toys.scenes(6, torch.Generator().manual_seed(1)), checkpoints.load("people_detector")
noise = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(0))
prints = {"grey": torch.full((3, 24, 24), 0.5), "noise": noise}
some = [i for i in range(6) if scenes.y[i].any()]
streets = [widgets.Street(f"scene {i}", scenes.x[i:i + 1], scenes.y[i], prints, net) for i in some]
widgets.CloakExplorer(streets)
"""


@pytest.fixture(scope="module")
def book(jupyter):
    """One notebook with the panel."""
    with jupyter.running("cloak", PANEL) as book:
        yield book


def test_the_patch_follows_the_mouse_and_down_is_down(book, shoot):
    panel = book.panel()
    shoot(panel, "cloak-start")
    lab.drag(panel, 0, (0.5, 0.5), (0.4, 0.3), (0.25, 0.75))
    shoot(panel, "cloak-dragged")
    values = [float(panel.locator(f"[name={name}]").input_value()) for name in "xy"]
    assert values == pytest.approx([24, 72], abs=2)


def test_keys_turn_it_and_the_answer_follows(book, shoot):
    panel = book.panel()
    lab.quick(lab.latencies(panel, panel.locator("[name=size]"), "ArrowRight", 6), 600)
    panel.locator("[name=worn]").select_option("noise")
    panel.locator("[name=angle]").press("ArrowRight")
    assert "people" in lab.settled(panel)
    shoot(panel, "cloak-noise")


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book):
    panel = book.panel()
    looks.stops(panel)


def test_nothing_complained(book):
    assert book.complaints == []
