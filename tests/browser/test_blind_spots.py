"""The panels of unit 01 in a browser: a point dragged with the mouse, and a face that fades into an amoeba."""

import lab
import looks
import pytest

PANELS = """
import torch
from advcourse import checkpoints, data, density, toys, widgets

draw_of = torch.Generator().manual_seed(0)
clouds = [widgets.Cloud(f"draw {i}", *toys.two_gaussians(draw_of)) for i in range(2)]
model, some = checkpoints.load("faces_age"), toys.portraits(200, draw_of)

def features(x):
    return density.texture(model[:5](x)).detach()

bell = density.fit(features(some.x), ridge=1e-3)
judge = widgets.Judge(model, lambda x: bell.distance(features(x)), 12.0, (1.0, 90.0))
others = {"amoeba": toys.amoebas(1, draw_of), "coffee": data.photo("coffee", 64)}
morphs = [widgets.Morph(name, some.x[:1], z) for name, z in others.items()]
"""


@pytest.fixture(scope="module")
def book(jupyter):
    """One notebook with both panels."""
    shown = ["outlier = widgets.OutlierExplorer(clouds)\noutlier", "widgets.MorphExplorer(morphs, judge)"]
    with jupyter.running("blind_spots", PANELS, *shown) as book:
        yield book


def place(panel) -> tuple[float, float]:
    """Where the sliders say the outlier is."""
    return tuple(float(panel.locator(f"[name={name}]").input_value()) for name in ("x", "y"))


@pytest.mark.parametrize("canvas", [0, 1])
def test_the_outlier_follows_the_mouse_on_either_map(book, shoot, canvas):
    panel = book.panel(0)
    line = lab.drag(panel, canvas, (0.5, 0.5), (0.7, 0.3), (0.9, 0.25))
    assert place(panel) == pytest.approx((8, 5), abs=0.15)
    assert "classifier: B" in line and ": alarm" in line
    line = lab.drag(panel, canvas, (0.42, 0.52))
    assert place(panel) == pytest.approx((-1.6, -0.4), abs=0.15)
    assert "classifier: A" in line and "no alarm" in line
    panel.page.mouse.move(10, 10)
    assert place(panel) == pytest.approx((-1.6, -0.4), abs=0.15), "let go is let go"
    shoot(panel, f"outlier-dragged-{canvas + 1}")


def test_the_outlier_stays_on_the_map(book):
    panel = book.panel(0)
    lab.drag(panel, 0, (0.5, 0.5), (-0.4, 1.3))
    assert place(panel) == (-10, -10)


def test_training_on_the_outlier_moves_both_maps(book, shoot):
    panel = book.panel(0)
    lab.drag(panel, 0, (0.9, 0.9))
    before = panel.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")
    panel.locator("[name=role]").select_option("also trained on, as A")
    lab.settled(panel)
    after = panel.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")
    assert before[0] != after[0] and before[1] != after[1]
    shoot(panel, "outlier-trained-on")
    panel.locator("[name=role]").select_option("only shown")


@pytest.mark.parametrize(("index", "name"), [(0, "x"), (1, "share")])
def test_keys_move_the_point_and_the_picture_follows(book, index, name):
    panel = book.panel(index)
    line = lab.settled(panel)
    lab.quick(lab.latencies(panel, panel.locator(f"[name={name}]"), "ArrowRight", 6), 400)
    assert lab.settled(panel) != line


def test_a_face_fades_into_an_amoeba(book, shoot):
    panel = book.panel(1)
    panel.locator("[name=share]").fill("0")
    face = lab.settled(panel)
    left = panel.locator(".mark").first.bounding_box()["x"]
    panel.locator("[name=share]").fill("100")
    assert "years" in face and ": no alarm" in face and ": alarm" in lab.settled(panel)
    plot, mark = panel.locator(".plot img").bounding_box(), panel.locator(".mark").last.bounding_box()
    assert plot["x"] < left < mark["x"] < plot["x"] + plot["width"]
    assert "years" in panel.locator("li").first.inner_text()
    panel.locator("[name=share]").fill("40")
    lab.settled(panel)
    shoot(panel, "morph")


@pytest.mark.parametrize("index", [0, 1])
def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book, index):
    panel = book.panel(index)
    looks.stops(panel)


def test_nothing_complained(book):
    assert book.complaints == []
