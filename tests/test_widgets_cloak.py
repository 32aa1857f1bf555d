"""The cloak explorer without a browser: it shows what place and detector say."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import Where, draw, place, toys
from advcourse.detection import Found, found
from advcourse.detection.detector import assigned, cells
from advcourse.draw.people import bars_of, costs, objectness, people
from advcourse.widgets import CloakExplorer, Street, cloaked


class Knows(torch.nn.Module):
    """A stand-in that finds the people of one scene, wherever the picture at their middle is not black."""

    def __init__(self, boxes: torch.Tensor):
        super().__init__()
        self.boxes = boxes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = torch.full((len(x), 5, 12, 12), -1.0)
        fires, wanted = assigned(out, self.boxes.expand(len(x), -1, -1))
        out[:, 1:] = (torch.cat([cells(out) - wanted[..., :2], wanted[..., 2:] - cells(out)], -1) / 8).movedim(-1, 1)
        out[:, 1:] = out[:, 1:].clamp(min=1e-3).expm1().log()
        seen = torch.nn.functional.avg_pool2d(x.mean(1), 8)
        out[:, 0] = torch.where(fires, 20 * seen - 2, -9.0)
        return out

    def objectness(self, x: torch.Tensor) -> torch.Tensor:
        return self(x)[:, 0]


PRINTS = {"black": torch.zeros(3, 8, 8), "white": torch.ones(3, 8, 8)}


@pytest.fixture(scope="module")
def streets():
    scenes = toys.scenes(12, torch.Generator().manual_seed(1))
    full = [i for i in range(12) if int((scenes.y[i, :, 2] > 0).sum()) == 2][:2]
    return [Street(f"scene {i}", scenes.x[i : i + 1], scenes.y[i], PRINTS, Knows(scenes.y[i])) for i in full]


@pytest.fixture
def explorer(streets):
    return CloakExplorer(streets)


def shown(explorer, figure):
    """The pixels of a figure, [H, W, 3]."""
    spec = explorer.scene["figures"][figure]
    return np.frombuffer(spec["pixels"], np.uint8).reshape(*spec["size"][::-1], 3)


def test_it_starts_on_the_chest_of_the_tallest(explorer, streets):
    tall = streets[0].boxes[:, 3] - streets[0].boxes[:, 1]
    left, top, right, bottom = streets[0].boxes[int(tall.argmax())].tolist()
    assert abs(explorer.x - (left + right) / 2) <= 0.5 and top < explorer.y < (top + bottom) / 2
    assert explorer.worn == "black"


def test_the_scene_is_placed_and_asked(explorer, streets):
    explorer.worn, explorer.x, explorer.y, explorer.size = "white", 30, 40, 18
    explorer.angle, explorer.light, explorer.blur = 30, 50, 1.5
    now = explorer.compute()
    where = Where(*(torch.tensor([[v]]) for v in (30.0, 40.0, 18.0, math.pi / 6, 0.5, 1.5)))
    z = place(PRINTS["white"], streets[0].x, where)
    assert torch.equal(now.z, z) and (shown(explorer, 0) == (draw.pixels(z) * 255).round().astype(np.uint8)).all()
    sure = streets[0].detector.objectness(z).sigmoid()[0]
    assert torch.equal(now.sure[1], sure)
    assert shown(explorer, 1).shape == (12, 12, 3)
    assert torch.equal(now.now.boxes, found(streets[0].detector, z)[0].boxes)
    assert now.covered == pytest.approx(float((z != streets[0].x).any(1).float().mean()))


def test_who_is_covered_is_not_found(explorer):
    explorer.size = 0
    assert explorer.scene["line"].startswith("found 2 of 2 people, without the patch 2 · surest cell")
    assert "changes 0.0 %" in explorer.scene["line"]
    assert len(explorer.scene["figures"][0]["plane"]["shapes"]) == 2
    explorer.size = 60
    assert explorer.scene["line"].startswith("found 1 of 2 people") and "→" in explorer.scene["line"]
    (box,) = explorer.scene["figures"][0]["plane"]["shapes"]
    assert box["points"][0] == box["points"][-1] and len(box["points"]) == 5
    explorer.light = 160
    assert explorer.scene["line"].startswith("found 1 of 2"), "black stays black in any light"


def test_the_point_that_is_dragged_is_the_patchs_middle(explorer):
    plane = explorer.scene["figures"][0]["plane"]
    assert plane["drag"] == ["x", "y"] and plane["window"] == [0, 96, 96, 0], "down is down"


def test_a_second_on_one_person_is_counted_as_none(streets):
    street = streets[0]
    boxes = street.boxes[street.boxes[:, 2] > 0]
    now = cloaked(street, PRINTS["black"], Where.at(*torch.zeros(3, 1, 1)))
    twice = Found(torch.cat([boxes, boxes[:1]]), torch.tensor([0.9, 0.8, 0.7]))
    assert "found 2 of 2 people and 1 that is none" in replace(now, now=twice).line


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [("size", 97, "0..96"), ("worn", "gold", "no patch 'gold'; there are black, white"), ("light", -1, "per cent")],
)
def test_a_setting_that_cannot_be_says_why(explorer, setting, value, message):
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


def test_another_scene_keeps_what_is_worn(explorer, streets):
    explorer.worn = "white"
    explorer.chosen = streets[1].name
    assert explorer.worn == "white" and torch.equal(explorer.compute().scene.x, streets[1].x)


def test_the_still_picture_has_words(explorer):
    still = explorer.snapshot()
    assert still.png.startswith(b"\x89PNG") and "whom the detector finds" in still.alt and "surest cell" in still.alt


def test_boxes_maps_bars_and_costs_are_drawn():
    _, axes = draw.board(1, 4)
    seen = Found(torch.tensor([[10.0, 20, 30, 60], [1, 1, 5, 5]]), torch.tensor([0.91, 0.3]))
    people(axes[0], torch.zeros(3, 96, 96), seen)
    assert [t.get_text() for t in axes[0].texts] == ["0.91"] and axes[0].patches[0].get_width() == 20
    objectness(axes[1], torch.eye(12))
    assert axes[1].images[0].get_array().shape == (12, 12, 3)
    bars_of(axes[2], {"none": 0.9, "patch": 0.2}, "found")
    assert [b.get_width() for b in axes[2].patches] == [0.9, 0.2]
    costs(axes[3], [0, 1], {"patch": [0.1, 0.5]}, "shift")
    assert list(axes[3].lines[0].get_ydata()) == [0.1, 0.5]
