"""The noise explorer without a browser: its vote, discs and gradients are those of the definitions."""

import math

import pytest
import torch
from torch import nn
from traitlets import TraitError

from advcourse import Common, Unbounded, Untargeted, certify, draw, expected, input_gradient
from advcourse.models.stochastic import GaussianNoise
from advcourse.widgets import NoiseExplorer, Noisy, Plane
from advcourse.widgets.noise import CELLS, REACH

HERE = torch.tensor([0.1, -0.2])


def half() -> Plane:
    """Class 1 right of a line; the vote's boundary is the line itself."""
    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
        model.bias.copy_(torch.tensor([0.0, -0.005]))
    x = torch.tensor([[0.3, 0.0], [-0.25, 0.5], [0.005, 0.1]])
    return Plane("half", model.eval(), x, torch.tensor([1, 0, 0]))


def curved() -> Plane:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2)).eval()
    with torch.no_grad():
        model[0].weight.mul_(6)
        model[2].weight.mul_(4)
    x = torch.rand(9, 2, generator=torch.Generator().manual_seed(1)) * 1.4 - 0.7
    return Plane("curved", model, x, model(x).argmax(1))


def test_on_a_half_plane_discs_and_arrows_are_known():
    now = Noisy(half(), 0.1, 1000, HERE)
    labels, radius = now.certified
    assert labels.tolist() == [1, 0, -1] and radius[2] == 0, "one on the line: too close to call"
    away = (now.nearest - now.plane.x).norm(dim=1)
    cell = 2 * REACH / (CELLS - 1)
    assert away[:2].tolist() == pytest.approx([0.295, 0.255], abs=cell)
    assert (radius[:2] < away[:2]).all() and (radius[:2] > 0.2).all()


def test_the_vote_is_the_normal_distribution_on_a_half_plane():
    plane = half()
    vote = plane.vote(0.2)
    row, at = CELLS // 2, torch.linspace(-REACH, REACH, CELLS)
    want = torch.special.ndtr((at - 0.005) / 0.2)
    assert (vote[row] - want)[60:-60].abs().max() < 0.03
    share = Noisy(plane, 0.2, 1000, HERE).share.view(81, 81)
    assert (share.mean(0) - torch.special.ndtr(torch.linspace(-1, 1, 81) / 0.2)).abs().max() < 0.06


def test_its_discs_are_those_of_the_library():
    """Counted with other dice, so about as large."""
    plane = curved()
    labels, radius = Noisy(plane, 0.1, 1000, HERE).certified
    votes = certify.smoothed(
        plane.model, plane.x, sigma=0.1, draws=1000, generator=torch.Generator().manual_seed(5), box=Unbounded(-1, 1)
    )
    both = (labels >= 0) & (votes.label >= 0)
    assert both.sum() >= 5 and torch.equal(labels[both], votes.label[both])
    assert (radius - votes.radius)[both].abs().max() < 0.03


@pytest.mark.parametrize("sigma", [0.05, 0.2, 0.4])
def test_no_disc_reaches_the_end_of_its_arrow(sigma):
    now = Noisy(curved(), sigma, 1000, HERE)
    away = (now.nearest - now.plane.x).norm(dim=1)
    moved = away > 0
    assert moved.any() and (now.certified[1][moved] < away[moved]).all()


def test_the_mean_gradient_is_the_one_through_the_expectation():
    now = Noisy(curved(), 0.15, 400, HERE)
    each, mean = now.gradients
    network = nn.Sequential(GaussianNoise((2,), std=0.15), now.plane.model)
    goal = Untargeted(torch.tensor([now.answer]))
    library = input_gradient(expected(network, draws=Common(400, seed=0)), HERE[None], goal)[0]
    assert torch.cosine_similarity(mean, library, dim=0) > 0.97
    one = input_gradient(now.plane.model, (HERE + now.noise[:1]), goal)[0]
    torch.testing.assert_close(each[0], one)


def test_arrows_of_gradients_stay_on_the_map_and_keep_their_directions():
    now = Noisy(curved(), 0.3, 50, HERE)
    some, mean = now.arrows
    assert mean.norm().item() == pytest.approx(0.4) and (some.norm(dim=1) <= 0.9 + 1e-6).all()
    assert torch.allclose(torch.cosine_similarity(some, now.gradients[0][:8]), torch.ones(8), atol=1e-4)


@pytest.fixture
def explorer():
    return NoiseExplorer([half(), curved()])


def test_the_line_reads_out_what_is_shown(explorer):
    now = explorer.compute()
    line = explorer.scene["line"]
    assert f"{int((now.certified[0] >= 0).sum())} of 3 points certified" in line
    share = now.plane.answers(now.at + now.noise).mean()
    assert f"{share:.0%} of the draws say 1" in line
    explorer.chosen = "curved"
    assert "of 9 points certified" in explorer.scene["line"]


def test_the_ring_can_be_dragged_on_both_maps_and_no_more_draws_are_needed(explorer):
    maps = [f["plane"] for f in explorer.scene["figures"]]
    assert [m["drag"] for m in maps] == [["x", "y"], ["x", "y"]] and maps[0]["at"] == pytest.approx([0.1, 0.1])
    explorer.x = -0.5
    assert explorer.scene["figures"][0]["plane"]["at"] == pytest.approx([-0.5, 0.1])
    first = Noisy(half(), 0.2, 10, HERE).noise
    assert torch.equal(first, Noisy(half(), 0.2, 50, HERE).noise[:10])


def test_discs_are_drawn_as_large_as_they_are(explorer):
    now = explorer.compute()
    lines = [s for s in explorer.scene["figures"][0]["plane"]["shapes"] if s["kind"] == "line" and len(s["points"]) > 2]
    wide = [max(p[0] for p in s["points"]) - min(p[0] for p in s["points"]) for s in lines]
    assert wide == pytest.approx([2 * r for r in now.certified[1].tolist() if r > 0], rel=0.02)


@pytest.mark.parametrize(
    ("name", "value"), [("sigma", 0.0), ("sigma", math.nan), ("draws", 0), ("draws", 2000), ("x", 1.5)]
)
def test_what_makes_no_sense_is_refused(explorer, name, value):
    with pytest.raises(TraitError):
        setattr(explorer, name, value)


def test_on_paper_it_says_what_it_shows(explorer):
    says = explorer.snapshot().alt
    assert "certified discs" in says and "points certified" in says
    fig, _ = explorer.still(explorer.compute())
    assert fig.axes[0].get_title().startswith("the vote")
    assert draw.png(fig)[:4] == b"\x89PNG"
