"""The slice explorer without a browser: its plane, its maximisers and its ascent, against closed forms."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import Linf, models
from advcourse.goals import cross_entropy
from advcourse.widgets import Slice, SliceExplorer, Subject, ascend, slice_of
from advcourse.widgets.slice import CELLS, WINDOW

EPS = 25.5  # grey levels: 0.1


@pytest.fixture(scope="module")
def subject() -> Subject:
    """An image in the middle of the box and a linear classifier of two classes: the maximum is known."""
    torch.manual_seed(0)
    model = models.linear((1, 5, 6), classes=2).eval()
    return Subject("grey", 0.3 + 0.4 * torch.rand(1, 1, 5, 6), 0, model, ("no", "yes"))


@pytest.fixture(scope="module")
def curved() -> Subject:
    torch.manual_seed(1)
    model = models.mlp((1, 5, 6), classes=3, width=32).eval()
    for p in model.parameters():
        p.data.mul_(3)
    return Subject("curved", torch.rand(1, 1, 5, 6), 1, model, ("a", "b", "c"))


@pytest.fixture(scope="module")
def cut(curved) -> Slice:
    return slice_of(curved, EPS)


def highest(subject: Subject, eps: float) -> float:
    """log(1 + exp(-m + eps |w|_1)), w the slope of the margin m of the true class with respect to the pixels."""
    w = (subject.model[2].weight[0] - subject.model[2].weight[1]).detach() / 0.5
    out = subject.model(subject.x).detach()[0]
    return torch.nn.functional.softplus(out[1] - out[0] + eps * w.abs().sum()).item()


def test_x_and_both_maximisers_have_their_places(cut):
    corners = torch.tensor([[0.0, 0.0], [-1.0, 1.0], [1.0, 1.0]])
    images = torch.cat([cut.subject.x, cut.a, cut.b])
    assert torch.allclose(cut.at(corners), images, atol=1e-6)
    assert torch.allclose(cut.places(images), corners, atol=1e-5)


def test_the_place_of_an_image_is_the_nearest(cut):
    z = torch.rand(4, 1, 5, 6)
    nearest = cut.at(cut.places(z))
    away = (z - nearest).flatten(1)
    assert (away @ cut.directions.T).abs().max() < 1e-4, "what is left is at right angles to the plane"


def test_one_maximiser_only_is_still_a_picture(curved):
    one = Slice(curved, Linf(0.1), curved.x + 0.05, curved.x + 0.05)
    assert one.places(curved.x).isfinite().all() and one.at(torch.tensor([[0.3, 1.0]])).isfinite().all()


def test_the_slack_tells_who_is_allowed(cut):
    places = torch.tensor([[0.0, 0.5], [0.0, 0.9], [-1.2, 1.0], [0.0, 1.2], [1.0, 0.2]])
    z = cut.at(places)
    x = cut.subject.x
    allowed = (
        ((z - x).abs().flatten(1).amax(1) <= 0.1 + 1e-6) & (z.flatten(1).amin(1) >= 0) & (z.flatten(1).amax(1) <= 1)
    )
    assert torch.equal(cut.slack(z) >= -1e-6, allowed) and allowed.tolist() == [True, True, False, False, False]


def test_both_maximisers_are_good_ones(cut):
    random = cut.allowed.sample(torch.Generator().manual_seed(5))
    losses = cut.loss(torch.cat([cut.a, cut.b, random, cut.subject.x]))
    assert losses[0] >= losses[1] > losses[2:].max()


def test_the_maximum_of_a_linear_classifier_is_reached(subject):
    assert slice_of(subject, EPS).loss(slice_of(subject, EPS).a).item() == pytest.approx(
        highest(subject, 0.1), rel=1e-4
    )
    climbed = ascend(slice_of(subject, EPS), 0.9, 0.2, 20)
    assert climbed.loss[-1].item() == pytest.approx(highest(subject, 0.1), rel=1e-4)


def test_an_ascent_keeps_to_the_set_and_counts_its_steps(cut):
    climbed = ascend(cut, 1.2, -0.2, 7)
    assert len(climbed.z) == len(climbed.loss) == len(climbed.places) == 8
    assert ((climbed.z - cut.subject.x).abs() <= 0.1 + 1e-6).all() and climbed.z.min() >= 0 and climbed.z.max() <= 1
    start = cut.at(torch.tensor([[1.2, -0.2]]))
    assert torch.equal(climbed.z[:1], cut.allowed.project(start))
    y = torch.full((8,), 1)
    assert torch.allclose(climbed.loss, cross_entropy(cut.subject.model(climbed.z), y), atol=1e-5)
    assert climbed.loss[-1] > climbed.loss[0]


def test_the_line_says_it_in_numbers(cut):
    line = ascend(cut, 0.0, 0.3, 5).line
    first, end, a, b = line.split(" · ")
    climbed = ascend(cut, 0.0, 0.3, 5)
    assert first == f"start: loss {climbed.loss[0]:.3f}" and end.startswith(
        f"after 5 steps: loss {climbed.loss[-1]:.3f}, says "
    )
    assert a.startswith("maximiser A: loss ") and b.startswith("maximiser B: loss ")


def test_the_map_shows_the_loss_and_the_allowed_set(curved):
    explorer = SliceExplorer([curved], eps=EPS)
    field, climb = explorer.scene["figures"]
    shown = np.frombuffer(field["pixels"], np.uint8).reshape(CELLS, CELLS, 3)
    assert field["plane"]["window"] == list(WINDOW) and field["plane"]["drag"] == ["s", "t"]
    assert shown.reshape(-1, 3).min() < 120 and len(climb["chart"]["shapes"][0]["points"]) == 21
    *outline, path, x, a, b = field["plane"]["shapes"]
    assert outline and all(line["dashed"] for line in outline) and not path["dashed"] and len(path["points"]) == 21
    assert [mark["name"] for mark in (x, a, b)] == ["x", "A", "B"]
    assert np.allclose([mark["points"][0] for mark in (x, a, b)], [[0, 0], [-1, 1], [1, 1]], atol=1e-3)


@pytest.mark.parametrize("steps", [1, 20])
def test_the_curve_keeps_clear_of_the_edges_of_its_axes(curved, steps):
    explorer = SliceExplorer([curved], eps=EPS, steps=steps)
    fig, _ = explorer.still(now := explorer.compute())
    low, high = fig.axes[1].get_ylim()
    assert low < 0 and high > 1.05 * max(now.loss.max(), now.slice.highest.max())


def test_dragging_keeps_the_map_and_a_new_radius_makes_another(curved, monkeypatch):
    explorer, made = SliceExplorer([curved], eps=EPS), []
    monkeypatch.setattr("advcourse.widgets.slice_explorer.slice_of", lambda *args: made.append(args) or slice_of(*args))
    explorer.s, explorer.t, explorer.steps = 0.5, 0.6, 3
    assert made == []
    before = explorer.scene["figures"][0]["pixels"]
    explorer.eps = 60
    assert len(made) == 1 and explorer.scene["figures"][0]["pixels"] != before


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("s", 1.4, r"within -1\.3\.\.1\.3; got 1\.4"),
        ("t", float("nan"), "got nan"),
        ("eps", -1, r"must lie in 0\.\.255"),
        ("steps", 0, "not be less than 1"),
        ("chosen", "other", "no image and network 'other'"),
    ],
)
def test_a_setting_that_cannot_be_says_why(curved, setting, value, message):
    explorer = SliceExplorer([curved], eps=EPS)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


def test_a_saved_notebook_holds_a_picture_and_a_line_that_never_changes(curved):
    first, other = SliceExplorer([curved], eps=EPS), SliceExplorer([curved], eps=40, s=0.5)
    bundle, metadata = first._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG") and len(metadata["image/png"]["alt"].split()) > 10
    assert bundle["text/plain"] == other._repr_mimebundle_()[0]["text/plain"] == repr(first)
