"""The conflict explorer without a browser: the third picture is what its settings say, and so are the bars below it."""

import numpy as np
import pytest
import torch
from torch import nn
from traitlets import TraitError

from advcourse import conflict, data, models
from advcourse.widgets import ConflictExplorer
from advcourse.widgets.conflict_explorer import VIEWS, contents

NAMES = models.imagenet_names()


class Coarse(nn.Module):
    """A stand-in with 1000 classes that reads the brightness of a few places: quick, and it asks for nothing."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3 * 7 * 7, 1000)
        with torch.no_grad():
            self.linear.weight.copy_(torch.randn(1000, 147, generator=torch.Generator().manual_seed(0)))

    def forward(self, x):
        return self.linear(nn.functional.adaptive_avg_pool2d(x, 7).flatten(1))


@pytest.fixture(scope="module")
def network():
    return Coarse().eval()


@pytest.fixture
def explorer(network):
    return ConflictExplorer(network)


def shown(explorer, figure=2):
    """The pixels of a figure, [H, W, 3]."""
    spec = explorer.scene["figures"][figure]
    return np.frombuffer(spec["pixels"], np.uint8).reshape(*spec["size"][::-1], 3)


def as_bytes(x):
    return (x[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def test_it_starts_with_the_slides_triple(explorer):
    assert [f["caption"] for f in explorer.scene["figures"]] == [
        "(a) texture image",
        "(b) content image",
        "(c) between the cues",
    ]
    assert (shown(explorer, 0) == as_bytes(conflict.pattern("honeycomb"))).all()
    assert (shown(explorer, 1) == as_bytes(data.photo("chelsea"))).all()
    assert (shown(explorer) == as_bytes(conflict.stimuli()[0].x)).all()


@pytest.mark.parametrize(("amount", "figure"), [(0, 1), (100, 0)])
def test_the_way_between_the_cues_ends_in_each_of_them(explorer, amount, figure):
    explorer.amount = amount
    assert (shown(explorer) == shown(explorer, figure)).all()
    assert explorer.scene["figures"][2]["bars"] == explorer.scene["figures"][figure]["bars"]


def test_swapping_frequencies_starts_at_the_content(explorer):
    explorer.amount, explorer.view = 0, "swap frequencies"
    assert np.abs(shown(explorer).astype(int) - shown(explorer, 1)).max() <= 1
    explorer.amount = 50
    wanted = conflict.swap_frequencies(data.photo("chelsea"), conflict.pattern("honeycomb"), 8.0)
    assert (shown(explorer) == as_bytes(wanted)).all() and "8.0 pixels: honeycomb; coarser: cat" in explorer.scene[
        "line"
    ]


def test_every_view_and_every_texture_makes_another_picture(explorer):
    pictures = set()
    for view in VIEWS:
        explorer.view = view
        pictures.add(shown(explorer).tobytes())
    explorer.view, explorer.texture = next(iter(VIEWS)), "zebra"
    pictures.add(shown(explorer).tobytes())
    explorer.chosen = "rocket"
    pictures.add(shown(explorer).tobytes())
    assert len(pictures) == len(VIEWS) + 2
    assert explorer.scene["settings"] == {
        "chosen": "rocket",
        "texture": "zebra",
        "view": next(iter(VIEWS)),
        "amount": 50.0,
    }


def test_bars_are_the_networks_top_three_and_blue_where_they_name_the_shape(explorer, network):
    for one, (x, classes) in zip(contents(), ((c.x, c.classes) for c in contents())):
        explorer.chosen = one.name
        p, places = network(x).softmax(1).topk(3)
        bars = explorer.scene["figures"][1]["bars"]
        assert [bar[0] for bar in bars] == [NAMES[k] for k in places[0].tolist()]
        assert [bar[1] for bar in bars] == pytest.approx(p[0].tolist())
        assert [bar[2] for bar in bars] == [NAMES[k] in {NAMES[c] for c in classes} for k in places[0].tolist()]


@pytest.mark.parametrize(
    ("answer", "cue"), [("tabby", "the shape"), ("honeycomb", "the texture"), ("goldfish", "neither cue")]
)
def test_the_line_names_the_cue_that_the_answer_follows(answer, cue):
    class Sure(Coarse):
        def forward(self, x):
            return 50 * nn.functional.one_hot(torch.full((len(x),), NAMES.index(answer)), 1000).float()

    line = ConflictExplorer(Sure()).scene["line"]
    assert f"the network says {answer} (100%): {cue} · the 5 classes for cat add up to " in line
    assert f"add up to {int(cue == 'the shape'):.0%}, honeycomb alone has {int(cue == 'the texture'):.0%}" in line


def test_patches_grow_in_number(explorer):
    explorer.view, seen = "shuffle patches", []
    for amount in (0, 20, 100):
        explorer.amount = amount
        seen.append(explorer.scene["line"].split(" shuffled")[0])
    assert seen == ["the cat in 1 x 1", "the cat in 2 x 2", "the cat in 14 x 14"]


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("amount", 101, "per cent, 0..100; got 101"),
        ("texture", "wool", "expected any of"),
        ("view", "upside down", "expected any of"),
        ("chosen", "dog", "no content 'dog'; there are cat"),
    ],
)
def test_a_setting_that_cannot_be_says_why(explorer, setting, value, message):
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


def test_the_still_picture_has_words(explorer):
    still = explorer.snapshot()
    assert still.png.startswith(b"\x89PNG") and "the network says" in still.alt and "honeycomb" in still.alt
    bundle, metadata = explorer._repr_mimebundle_()
    assert bundle["image/png"] and metadata["image/png"]["alt"] == still.alt
