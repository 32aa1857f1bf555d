"""The panels of unit 05 without a browser: what they show is what bounds, oracles and attacks say."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import data
from advcourse.widgets import Bounded, SandwichExplorer

LOWER = torch.tensor([0.0, 0.05, 0.1, 0.2, 0.02, 0.0, 0.3, 0.08, 0.01, 0.15])
UPPER = 2 * LOWER


@pytest.fixture(scope="module")
def images() -> data.Images:
    return data.digits()[1][:10]


@pytest.fixture
def sandwich(images) -> SandwichExplorer:
    networks = [Bounded("certified", LOWER, UPPER), Bounded("standard", LOWER * 0, UPPER)]
    return SandwichExplorer(networks, images, widest=0.3, eps=26)


# The sandwich ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [0, 13, 26, 51, 76])
def test_every_image_is_certified_fooled_or_open_and_the_line_counts_them(sandwich, eps):
    sandwich.eps = eps
    now = sandwich.compute()
    certified, fooled = int((eps / 255 < LOWER).sum()), int((eps / 255 >= UPPER).sum())
    assert now.states.count("certified") == certified and now.states.count("fooled") == fooled
    assert f"at least {certified / 10:.0%} and at most {1 - fooled / 10:.0%} ·" in now.line
    assert f"{certified} certified, {10 - certified - fooled} open, {fooled} fooled of 10" in now.line


def test_frames_have_the_colour_of_the_state(sandwich):
    width, height = sandwich.scene["figures"][0]["size"]
    shown = np.frombuffer(sandwich.scene["figures"][0]["pixels"], np.uint8).reshape(height, width, 3)
    side = width // 8
    frames = [tuple(shown[side * (i // 8) + 5, side * (i % 8) + side // 2]) for i in range(10)]
    colours = {"certified": (0, 158, 115), "open": (187, 187, 187), "fooled": (213, 94, 0)}
    assert frames == [colours[state] for state in sandwich.compute().states] and len(set(frames)) == 3


def test_another_network_is_bounded_otherwise_and_the_mark_follows_eps(sandwich):
    before = sandwich.scene["figures"][1]
    sandwich.eps = 51
    assert sandwich.scene["figures"][1]["mark"] > before["mark"]
    sandwich.chosen = "standard"
    assert sandwich.scene["line"].startswith("standard at eps = 51/255: robust accuracy is at least 0%")
    assert sandwich.scene["figures"][1]["png"] != before["png"]


def test_bounds_that_cross_are_refused():
    with pytest.raises(ValueError, match="attack or proof is wrong"):
        Bounded("impossible", UPPER, LOWER)


@pytest.mark.parametrize(
    ("setting", "value", "message"), [("eps", -1, "grey levels"), ("chosen", "fast", "no network")]
)
def test_a_setting_that_cannot_be_says_why(sandwich, setting, value, message):
    with pytest.raises(TraitError, match=message):
        setattr(sandwich, setting, value)


def test_a_saved_notebook_holds_a_picture_and_a_line_that_never_changes(sandwich):
    bundle, metadata = sandwich._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG") and "both bounds" in metadata["image/png"]["alt"]
    assert "run this notebook to move its controls" in bundle["text/plain"]
