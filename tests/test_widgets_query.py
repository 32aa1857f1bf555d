"""The query explorer without a browser: what it shows is what mismatch and database say."""

import numpy as np
import pytest
import torch
from torch import nn
from traitlets import TraitError

from advcourse import Linf, draw, mismatch, retrieval
from advcourse.draw.neighbours import against_eps, neighbours, precisions
from advcourse.widgets import QueryExplorer
from advcourse.widgets.query_explorer import FRAME, PLACES, PRICE, sheet


@pytest.fixture(scope="module")
def engine():
    """A stand-in that describes colours in a few places: quick, and as easy to fool as a network."""
    torch.manual_seed(0)
    maps = nn.Sequential(nn.Conv2d(3, 24, 8, stride=8), nn.Tanh())
    return retrieval.Engine(retrieval.descriptor(maps, retrieval.mean_pool, size=32), retrieval.database(32, each=2))


@pytest.fixture
def explorer(engine):
    return QueryExplorer(engine)


def shown(explorer, figure):
    """The pixels of a figure, [H, W, 3]."""
    spec = explorer.scene["figures"][figure]
    return np.frombuffer(spec["pixels"], np.uint8).reshape(*spec["size"][::-1], 3)


def said(explorer, figure):
    (note,) = explorer.scene["figures"][figure]["notes"]
    return note


def as_bytes(x):
    return (x[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def test_the_query_is_a_mismatch_within_its_radius(explorer, engine):
    asked = retrieval.queries()
    explorer.eps = 8
    now, carrier, target = explorer.compute(), asked.of(PLACES[0]).x, asked.of("chelsea, upper left").x
    wanted = mismatch(engine.describe, carrier, target, Linf(8 / 255), steps=12, step_size=2 / 255)
    assert torch.equal(now.z, wanted) and (now.z - carrier).abs().max() <= 8 / 255 + 1e-6
    assert (shown(explorer, 0) == as_bytes(now.z)).all() and (shown(explorer, 2) == as_bytes(target)).all()
    assert now.agreement[1] > now.agreement[0]


def test_neighbours_are_those_of_the_carrier_and_those_of_the_query(explorer, engine):
    explorer.eps = 16
    now = explorer.compute()
    for x, views, place in ((now.carrier.x, now.seen, 3), (now.z, now.found, 4)):
        assert torch.equal(views.x, engine.shelf.x[engine.nearest(x)[0]])
        assert (shown(explorer, place)[FRAME : FRAME + 32, FRAME : FRAME + 32] == as_bytes(views.x[:1])).all()
        counted = {name: n for n, name in (part.split(" × ") for part in said(explorer, place).split(", "))}
        shown_photographs = [views.photographs[y].replace("_", " ") for y in views.y.tolist()]
        assert counted == {name: str(shown_photographs.count(name)) for name in shown_photographs}


def test_the_line_counts_neighbours_and_measures_what_was_changed(explorer, engine):
    explorer.eps = 6
    now, line = explorer.compute(), explorer.scene["line"]
    hits = [int((engine.shelf.y[engine.nearest(x)[0]] == now.target.y).sum()) for x in (now.carrier.x, now.z)]
    assert "looks like coffee, upper left · changed by up to 6 grey levels" in line
    assert f"of 5 neighbours {hits[0]} → {hits[1]} show chelsea" in line
    precision = engine.precision(now.z, now.target.y).item()
    assert f"→ {precision:.2f} · blue frame" in line


def test_without_a_radius_nothing_moves(explorer):
    explorer.eps = 0
    now = explorer.compute()
    assert torch.equal(now.z, now.carrier.x) and torch.equal(now.found.x, now.seen.x)
    assert "changed by up to 0 grey levels" in explorer.scene["line"]


def test_the_higher_the_price_the_less_is_changed(explorer):
    explorer.kept, changes = PRICE, []
    for price in (0, 2, 3.5):
        explorer.price = price
        changes.append(float((explorer.compute().z - explorer.compute().carrier.x).square().mean()))
    assert changes[0] > changes[1] > changes[2]


def test_another_carrier_and_another_target_ask_for_something_else(explorer):
    explorer.chosen, explorer.target = "retina, upper left", "rocket, lower right"
    now = explorer.compute()
    assert now.carrier.regions[int(now.carrier.region)] == "retina, upper left"
    assert "show rocket" in explorer.scene["line"] and explorer.scene["settings"]["target"] == "rocket, lower right"


def test_a_frame_is_blue_where_the_targets_photograph_is_shown(engine):
    target = retrieval.queries(32).of("coffee, upper left")
    found = engine.shelf[torch.tensor([0, *(engine.shelf.y == target.y).nonzero().flatten()[:1].tolist()])]
    corners = sheet(found, target)[0, [0, 32 + 2 * FRAME]]
    blue = [int(draw.BLUE[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    assert corners[0].tolist() == [1, 1, 1] and corners[1].tolist() == blue
    _, axes = draw.board(1, 2)
    neighbours(axes, found, wanted=int(target.y), label="as seen")
    assert axes[0].get_ylabel() == "as seen"
    assert [ax.get_title() for ax in axes] == ["astronaut", "coffee"]
    assert [ax.spines["left"].get_linestyle() != "-" for ax in axes] == [True, False]


def test_precisions_are_drawn_with_their_mean_and_its_interval():
    _, (ax,) = draw.board()
    first, third = torch.eye(6, dtype=torch.bool)[[0, 2]]
    precisions(ax, {"clean": torch.stack([third, third, third.flip(0)]), "asked": torch.stack([first, first, third])})
    rows = [[1 / 3, 1 / 3, 1 / 4], [1, 1, 1 / 3]]
    means = [c[0].get_xdata()[0] for c in ax.containers]
    assert means == pytest.approx([sum(row) / 3 for row in rows])
    told = "mAP R@1 R@5 0.31 0.00 1.00 0.78 0.67 1.00"
    assert [t.get_text() for t in ax.texts] == told.split()
    low, high = retrieval.mean_interval(torch.tensor(rows[0]))
    assert ax.containers[0][2][0].get_segments()[0][:, 0].tolist() == pytest.approx([low, high])
    against_eps(ax, [1, 2], {"target": [[0.1, 0.3], [0.9, 0.7]]})
    (line,) = [one for one in ax.lines if one.get_label() == "target"]
    assert list(line.get_ydata()) == pytest.approx([0.2, 0.8])


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [("eps", -1, "grey levels"), ("chosen", "tea", "no carrier"), ("target", "tea", "expected any of")],
)
def test_a_setting_that_cannot_be_says_why(explorer, setting, value, message):
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


def test_the_still_picture_has_words(explorer):
    still = explorer.snapshot()
    assert still.png.startswith(b"\x89PNG") and "looks like coffee" in still.alt and "five neighbours" in still.alt
    bundle, metadata = explorer._repr_mimebundle_()
    assert bundle["image/png"] and metadata["image/png"]["alt"] == still.alt


def test_a_first_look_comes_before_the_whole_attack_and_only_the_first_time(engine):
    explorer = QueryExplorer(engine)
    with explorer.hold_trait_notifications():  # so that what is shown asks for nothing by itself
        explorer.eps = 10
        (first,) = explorer.stages()
        whole = explorer.compute()
        assert first.agreement[0] < first.agreement[1] < whole.agreement[1]
        assert (first.z - first.carrier.x).abs().max() <= 10 / 255 + 1e-6
        assert list(explorer.stages()) == [], "what is remembered needs no first look"
