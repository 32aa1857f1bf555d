"""The panels of unit 05 without a browser: what they show is what bounds, oracles and attacks say."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import data
from advcourse.widgets import Bounded, OracleExplorer, SandwichExplorer, Secret
from advcourse.widgets.oracle import BY_SCORES, WAYS, normal_at, spend

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


# The oracle -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secret() -> Secret:
    """A line: class 1 where 3 a + 4 b > 1. Its distance from any point is known."""
    line = torch.nn.Linear(2, 2)
    with torch.no_grad():
        line.weight.copy_(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
        line.bias.copy_(torch.tensor([0.0, -1.0]))
    x = torch.tensor([[-0.5, -0.5], [0.5, 0.5]])
    return Secret("line", line, x, torch.tensor([0, 1]))


AT, AWAY = torch.tensor([-0.2, 0.1]), 0.24  # of a line 3 a + 4 b = 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("queries", [1, 2, 7, 20, 60, 150])
def test_no_more_questions_are_asked_than_were_to_be_spent_and_each_is_shown_with_its_answer(secret, way, queries):
    now = spend(secret, way, AT, queries)
    assert 1 <= len(now.asked) <= queries and torch.equal(now.asked[0], AT)
    inside = (3 * now.asked[:, 0] + 4 * now.asked[:, 1] > 1).long()
    assert torch.equal(now.said, inside) and now.line.startswith(f"{len(now.asked)} questions to {way}")
    assert (now.asked.abs() <= 1 + 1e-5).all() or way == BY_SCORES


@pytest.mark.parametrize("way", WAYS)
def test_enough_questions_find_the_boundary_and_its_normal(secret, way):
    now = spend(secret, way, AT, 150)
    assert now.fooled and AWAY <= now.distance < AWAY * (1.8 if way == BY_SCORES else 1.05)
    assert now.agreement > 0.9 and torch.cosine_similarity(now.slope, torch.tensor([3.0, 4.0]), dim=0) > 0.999
    assert "the boundary is 0.24 away" in now.line


def test_one_question_tells_nothing(secret):
    now = spend(secret, WAYS[1], AT, 1)
    assert not now.fooled and now.agreement == 0 and torch.equal(now.z, AT)


def test_the_normal_is_that_of_the_side_on_which_more_answers_lie():
    u = torch.tensor([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]])
    assert torch.equal(normal_at(torch.zeros(2), u, u[:, 0] > 0), torch.tensor([0.05, 0.0]))
    assert not normal_at(torch.ones(2), u, u[:, 0] > 0).any(), "far away answers tell nothing"


def test_the_map_shows_every_question_and_the_drag_is_a_setting(secret):
    explorer = OracleExplorer([secret], x=-0.2, y=0.1, queries=30)
    plane = explorer.scene["figures"][0]["plane"]
    assert len(plane["points"]) == len(explorer.compute().asked) and plane["drag"] == ["x", "y"]
    before = explorer.scene["line"]
    explorer.queries = 60
    assert explorer.scene["line"] != before
    with pytest.raises(TraitError, match="stays on the map"):
        explorer.x = 2.0


def test_a_saved_oracle_holds_a_picture_that_says_what_it_shows(secret):
    bundle, metadata = OracleExplorer([secret])._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG") and "gradient beside the true one" in metadata["image/png"]["alt"]
