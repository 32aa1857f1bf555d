"""The margin explorer without a browser: what it says is what looking everywhere finds, at every stage."""

import numpy as np
import pytest
import torch
from torch import nn
from traitlets import TraitError

from advcourse import toys
from advcourse.toys.margins import trainings
from advcourse.widgets import MarginExplorer, Points, margins_of, plane_sets
from advcourse.widgets.margins import WHOLE, on_the_way


class Upright(nn.Module):
    """Class 1 right of x = 0.1: every distance is known, and every gradient tells it."""

    def forward(self, x):
        return torch.stack([0.1 - x[:, 0], x[:, 0] - 0.1], 1)


POINTS = Points("four", torch.tensor([[-0.5, 0.2], [0.0, -0.4], [0.3, 0.9], [0.6, 0.0]]), torch.tensor([0, 1, 1, 1]))


@pytest.fixture(scope="module")
def explorer() -> MarginExplorer:
    return MarginExplorer(plane_sets(16), loss="cross entropy", gamma=0.2)


def test_of_an_upright_boundary_all_is_known():
    now = margins_of(POINTS, Upright(), 0.25)
    assert now.distance.tolist() == pytest.approx([0.6, 0.0, 0.2, 0.5], abs=1e-3)
    assert now.first_order.tolist() == pytest.approx([0.6, -0.1, 0.2, 0.5], abs=1e-5)
    assert now.right.tolist() == [True, False, True, True] and not now.too_long.any()
    assert torch.allclose(now.z[:1], torch.tensor([[0.1, 0.2]]), atol=1e-2) and torch.equal(now.z[1], POINTS.x[1])
    assert now.line == (
        "3 of 4 points right · true distance: median 0.20, a tenth of the points under 0.06, 2 under gamma = 0.25 · "
        "first-order margin: too long by over a tenth for 0 of 3"
    )


def test_a_promise_of_more_than_there_is_is_counted():
    """A slope that is steeper beyond: at x the boundary seems to be twice as far away."""

    class Bent(nn.Module):
        def forward(self, x):
            f = torch.where(x[:, 0] > 0.3, 0.4 + x[:, 0] - 0.3, 2 * (x[:, 0] - 0.1))
            return torch.stack([-f, f], 1)

    now = margins_of(POINTS, Bent(), 0.1)
    assert now.too_long.tolist() == [False, False, False, True]
    assert now.line.endswith("too long by over a tenth for 1 of 3")


def test_a_training_has_thirty_stages_from_the_same_start_to_the_recipes_end():
    points = plane_sets(16)[0]
    walks = [on_the_way(points, name, 0.2) for name in ("cross entropy", "MMA")]
    assert [len(walk) for walk in walks] == [31, 31]
    start, other = ([p.detach() for p in walk[0].parameters()] for walk in walks)
    assert all(torch.equal(a, b) for a, b in zip(start, other))
    end = trainings(0.2)["MMA"](points.x, points.y, torch.Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(end.parameters(), walks[1][-1].parameters()))


def test_the_scene_is_the_chosen_networks(explorer):
    explorer.set_trait("chosen", "blobs")
    explorer.trained = 30
    network = on_the_way(explorer.subject, "cross entropy", 0.2)[-1]
    _, distance = toys.smallest(network, explorer.subject.x, explorer.subject.y, WHOLE, cells=96)
    now = explorer.compute()
    assert torch.allclose(now.distance, distance, atol=1e-3)
    picture, counted = explorer.scene["figures"]
    lines = [one for one in picture["plane"]["shapes"] if not one["dashed"]]
    assert len(lines) == int(now.right.sum()) and len(counted["chart"]["shapes"]) == 4
    outlines = [np.array(one["points"]) for one in counted["chart"]["shapes"][:2]]
    assert [np.diff(outline[:, 0])[1::2].size for outline in outlines] == [25, 25]
    assert [outline[1:-1:2, 1].sum() for outline in outlines] == [16, 16], "every point is counted, in either way"
    ends = torch.tensor([one["points"][1] for one in lines])
    assert torch.allclose(ends, now.z[now.right])
    assert explorer.scene["line"].startswith(now.line)


def test_a_stage_is_computed_once(explorer, monkeypatch):
    explorer.trained = 12
    before = explorer.compute()
    monkeypatch.setattr("advcourse.widgets.margin_explorer.on_the_way", None)
    explorer.trained = 11
    explorer.trained = 12
    assert explorer.compute() is before


@pytest.mark.parametrize("wrong", [{"gamma": 0.6}, {"trained": 31}, {"trained": 2.5}, {"loss": "Kurakin"}])
def test_a_setting_that_makes_no_sense_is_refused(explorer, wrong):
    with pytest.raises(TraitError):
        explorer.set_trait(*next(iter(wrong.items())))


def test_on_paper_it_says_what_it_shows(explorer):
    told = explorer.snapshot()
    assert "arrow" in told.alt and "points right" in told.alt and told.png.startswith(b"\x89PNG")
