"""The robustness explorer without a browser: what it shows is what attack, networks and curves say."""

import time

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import Linf, checkpoints, data, fgsm, measure
from advcourse.widgets import Defended, RobustnessExplorer, attacked

RADII = [Linf(grey / 255) for grey in (0, 13, 26, 51)]


@pytest.fixture(scope="module")
def images() -> data.Images:
    return data.digits()[1][[0, 1, 2, 36]]


@pytest.fixture(scope="module")
def networks() -> list[Defended]:
    some = data.digits()[1][:60]
    loaded = {name: checkpoints.load(recipe) for name, recipe in NAMES.items()}
    return [Defended(n, net, measure.robustness_curve(net, some.x, some.y, fgsm, RADII)) for n, net in loaded.items()]


NAMES = {"standard": "digits_cnn", "free": "digits_robust_2"}


def test_it_is_an_attack_within_the_ball_and_the_answers_to_it(networks, images):
    now = attacked(networks[0], images, 40.0)
    assert (now.z - images.x).abs().max() <= 40 / 255 + 1e-6 and now.z.min() >= 0 and now.z.max() <= 1
    for z, answers in ((images.x, now.before), (now.z, now.after)):
        assert torch.equal(measure.logits(networks[0].model, z).argmax(1), answers)
    again = attacked(networks[0], images, 40.0)
    assert torch.equal(again.z, now.z), "the same settings show the same"


def test_the_line_counts_who_withstands(networks, images):
    standard, free = (attacked(network, images, 51.0) for network in networks)
    for now in (standard, free):
        left = int((now.after == images.y).sum())
        assert f": {left} of 4 withstand PGD-10" in now.line and now.line.count("✗") == 4 - left
    assert standard.line.count("✗") > free.line.count("✗")


@pytest.mark.parametrize(("eps", "place", "said"), [(0, 0, "clean"), (20, 1, "at 13/255"), (60, 3, "at 51/255")])
def test_the_share_is_that_of_the_largest_radius_measured_up_to_here(networks, images, eps, place, said):
    now, curve = attacked(networks[1], images, float(eps)), networks[1].curve
    low, high = curve.interval[place]
    assert now.share == f"of 60 test images {curve.accuracy[place]:.0%} ({low:.0%} to {high:.0%}) {said}"


def test_without_a_radius_nothing_moves(networks, images):
    now = attacked(networks[0], images, 0.0)
    assert torch.equal(now.z, images.x) and torch.equal(now.before, now.after)


def test_the_sheet_has_three_rows_and_frames_whom_the_attack_fooled(networks, images):
    explorer = RobustnessExplorer(networks, images, eps=51)
    sheet, curves = explorer.scene["figures"]
    width, height = sheet["size"]
    side = width // 4
    assert height == 3 * side
    shown = np.frombuffer(sheet["pixels"], np.uint8).reshape(height, width, 3)
    framed = [tuple(shown[side + 4, side * i + 20]) == (213, 94, 0) for i in range(4)]
    fooled = explorer.compute().after != images.y
    assert framed == fooled.tolist() and any(framed)
    assert curves["png"].startswith(b"\x89PNG")


def test_the_mark_stands_at_eps_and_the_curves_are_drawn_once_for_each_network(networks, images):
    explorer = RobustnessExplorer(networks, images, eps=0)
    drawn, marks = [], []
    for eps in (0, 26, 51):
        explorer.eps = eps
        drawn.append(explorer.scene["figures"][1]["png"])
        marks.append(explorer.scene["figures"][1]["mark"])
    assert drawn[0] == drawn[1] == drawn[2] and 0.05 < marks[0] < marks[1] < marks[2] < 1
    assert (marks[1] - marks[0]) / (marks[2] - marks[0]) == pytest.approx(26 / 51)
    explorer.chosen = "free"
    assert explorer.scene["figures"][1]["png"] != drawn[0], "another one is thickest"
    assert explorer.scene["line"].startswith("free at eps = 51/255")


def test_a_move_of_the_slider_is_quick(networks, images):
    explorer = RobustnessExplorer(networks, images, eps=10)
    waits = []
    for eps in range(11, 22):
        start = time.process_time()
        explorer.eps = eps
        waits.append(time.process_time() - start)
    assert sorted(waits)[5] < 0.15


@pytest.mark.parametrize(
    ("setting", "value", "message"), [("eps", -1, "grey levels"), ("chosen", "fast", "no network")]
)
def test_a_setting_that_cannot_be_says_why(networks, images, setting, value, message):
    with pytest.raises(TraitError, match=message):
        setattr(RobustnessExplorer(networks, images), setting, value)


def test_a_saved_notebook_holds_a_picture_and_a_line_that_never_changes(networks, images):
    first, other = RobustnessExplorer(networks, images), RobustnessExplorer(networks, images, eps=40)
    bundle, metadata = first._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG") and "input gradients below" in metadata["image/png"]["alt"]
    assert bundle["text/plain"] == other._repr_mimebundle_()[0]["text/plain"]
