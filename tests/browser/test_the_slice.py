"""The slice explorer in a browser: the start dragged over the loss, by mouse and by keyboard."""

import lab
import looks
import pytest

PANEL = """
from advcourse import checkpoints, data, widgets

test = data.digits()[1]
nets = {name: checkpoints.load(file) for name, file in {"standard": "digits_cnn", "robust": "digits_robust_2"}.items()}

def subject(i, name):
    return widgets.Subject(f"image {i}, {name} network", test.x[i:i + 1], int(test.y[i]), nets[name], test.names)

widgets.SliceExplorer([subject(0, "standard"), subject(10, "robust")])
"""


@pytest.fixture(scope="module")
def book(jupyter):
    """One notebook with the panel."""
    with jupyter.running("slice", PANEL) as book:
        yield book


def value(panel, name: str) -> float:
    return float(panel.locator(f"[name={name}]").input_value())


def distances(line: str) -> list[float]:
    """From the end of the ascent to A and to B."""
    return [float(part.split("ℓ₂ distance ")[1].split()[0]) for part in line.split(" · ")[2:]]


def test_the_ascent_ends_on_the_side_it_starts_on(book, shoot):
    panel = book.panel()
    left = distances(lab.drag(panel, 0, (0.5, 0.7), (0.3, 0.4), (0.2, 0.3)))
    shoot(panel, "slice-left")
    assert value(panel, "s") == pytest.approx(-0.8, abs=0.06) and value(panel, "t") == pytest.approx(0.8, abs=0.06)
    right = distances(lab.drag(panel, 0, (0.5, 0.7), (0.7, 0.4), (0.8, 0.3)))
    shoot(panel, "slice-right")
    assert left[0] < left[1] and right[1] < right[0], "two mountains: to the left lies A, to the right B"


def test_keys_move_the_start_and_the_path_follows(book):
    panel = book.panel()
    line = lab.settled(panel)
    lab.quick(lab.latencies(panel, panel.locator("[name=t]"), "ArrowDown", 6), 600)
    assert lab.settled(panel) != line


def test_another_image_and_radius_make_another_map(book, shoot):
    panel = book.panel()
    before = lab.settled(panel)
    panel.locator("[name=chosen]").select_option(index=1)
    robust = lab.settled(panel)
    assert robust != before and "start: loss" in robust and "says" in robust
    panel.locator("[name=eps]").press("ArrowLeft")
    assert lab.settled(panel) != robust
    shoot(panel, "slice-robust")


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book):
    panel = book.panel()
    looks.stops(panel)


def test_nothing_complained(book):
    assert book.complaints == []
