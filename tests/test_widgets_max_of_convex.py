"""The descent explorer without a browser: what it shows is what `convex` says, and it snaps to kinks."""

import itertools

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import draw
from advcourse.convex import MaxOf
from advcourse.draw import kinks
from advcourse.widgets import Descent, DescentExplorer, Landscape
from advcourse.widgets.descent import MEAN, SHORTEST, to_kink


def slide() -> MaxOf:
    return MaxOf([lambda w: 2 * w[0] + w[1], lambda w: -2 * w[0] + w[1]])


def bowls() -> MaxOf:
    left, right = (lambda w, at=at: (w[0] - at) ** 2 + w[1] ** 2 / 2 for at in (-1, 1))
    return MaxOf([right, left, lambda w: 0.8 - 1.5 * w[1]])


@pytest.fixture
def explorer() -> DescentExplorer:
    return DescentExplorer([Landscape("slide", slide()), Landscape("bowls", bowls(), minimiser=(0.0, 0.0))])


def at(*place: float) -> torch.Tensor:
    return torch.tensor(place, dtype=torch.float64)


@pytest.mark.parametrize(
    ("near", "kink", "active"),
    [
        ((0.06, 1.0), (0.0, 1.0), [0, 1]),
        ((0.05, -0.1), (0.0, 1.85**0.5 - 1.5), [0, 1, 2]),
        ((-0.3, -1.02), None, [0, 2]),
        ((0.7, 1.0), (0.7, 1.0), [1]),
    ],
)
def test_near_a_kink_it_snaps_to_it_and_corners_come_first(near, kink, active):
    found = to_kink(bowls(), at(*near))
    assert bowls().active_set(found).tolist() == active
    assert (found - at(*near)).norm() <= 0.1
    if kink:
        assert found.tolist() == pytest.approx(kink, abs=1e-9)


def test_functions_that_never_meet_are_no_kink():
    parallel = MaxOf([lambda w: w[0], lambda w: w[0] + 1, lambda w: w[0] - 1])
    assert torch.equal(to_kink(parallel, at(0.3, 0.2)), at(0.3, 0.2))


@pytest.mark.parametrize("name", [SHORTEST, "−∇g₁", "−∇g₂", "−∇g₃", MEAN])
def test_the_slope_is_that_of_the_profile(name):
    now = Descent(Landscape("bowls", bowls()), at(0.0, 1.0), name, 0.2)
    t, f = now.profile
    assert ((f[1] - f[0]) / t[1]).item() == pytest.approx(now.slope, abs=0.1)
    assert bowls().value(now.end).item() == pytest.approx(f[20].item())


def test_the_line_says_what_the_slide_denies(explorer):
    explorer.y, explorer.direction = 0.0, "−∇g₁"
    line = explorer.scene["line"]
    assert "active: g₁ and g₂" in line and "v* = (0.00, 1.00), no minimiser" in line
    assert "slope along −∇g₁: +3.00" in line and "step 0.30: f goes up from 0.000 to 0.900" in line
    explorer.direction = SHORTEST
    assert "slope along −v*: −1.00" in explorer.scene["line"] and "f goes down" in explorer.scene["line"]


def test_the_value_may_rise_while_the_distance_falls(explorer):
    explorer.chosen, explorer.direction, explorer.step = "bowls", "−∇g₂", 0.1
    explorer.x, explorer.y = 0.0, 1.0
    line = explorer.scene["line"]
    assert "f goes up" in line and "distance to the minimiser goes down" in line
    explorer.direction = "−∇g₃"
    assert "g₃ is not active here: its gradient says nothing about f" in explorer.scene["line"]
    explorer.x = explorer.y = 0.0
    assert "0 is in the hull: a minimiser" in explorer.scene["line"]


def test_the_cone_is_where_all_gradients_fall():
    draw_from = torch.Generator().manual_seed(0)
    compass = torch.linspace(0, 2 * torch.pi, 721, dtype=torch.float64)
    compass = torch.stack([compass.cos(), compass.sin()], 1)
    for k in (1, 2, 3, 4):
        for _ in range(30):
            g = torch.randn(k, 2, generator=draw_from, dtype=torch.float64)
            down = (compass @ g.T < 0).all(1)
            sector = kinks.descent_sector(g)
            assert len(sector) == 0 if not down.any() else (sector[1:-1] @ g.T < 1e-9).all()
            if len(sector):
                width = torch.acos((sector[:-1] * sector[1:]).sum(1).clamp(-1, 1)).sum().rad2deg()
                assert width.item() == pytest.approx(down.double().mean().item() * 360, abs=2)


def test_the_outline_goes_once_around_the_hull():
    square = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0.5, 0.0], [0, 0]])
    assert kinks.outline(square).tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert kinks.outline(torch.tensor([[1.0, 2], [1, 2]])).tolist() == [[1, 2]]
    assert sorted(kinks.outline(torch.tensor([[0.0, 0], [1, 1], [2, 2]])).tolist()) == [[0, 0], [2, 2]]


def test_names_of_arrows_do_not_cover_each_other():
    fig, (ax,) = draw.board(width=3, height=3)
    ax.set(xlim=(-2, 2), ylim=(-2, 2))
    v = at(0.1, 0.9)
    kinks.directions(ax, at(0.0, 0.0), {"−v*": v, "−∇g₁": 0.7 * v, "−∇g₂": 0.95 * v, "−∇g₃": at(0.2, 0.8)})
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text()]
    assert len(boxes) == 4 and not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_figures_and_shapes(explorer):
    land, hull, profile = explorer.scene["figures"]
    assert land["size"] == [240, 240] and len(land["pixels"]) == 3 * 240 * 240
    kinds = [shape["kind"] for shape in land["plane"]["shapes"]]
    assert kinds == ["area", "arrow", "arrow", "arrow", "line", "dot"] and land["plane"]["at"] == [0.0, 1.0]
    assert hull["plane"]["drag"] == profile["plane"]["drag"] == []
    names = [shape["name"] for shape in hull["plane"]["shapes"] if shape["kind"] == "arrow"]
    assert names == ["v*", "∇g₁", "∇g₂"]


def test_the_backdrop_is_lower_where_it_is_bluer():
    picture = Landscape("bowls", bowls()).picture
    assert picture.shape == (240, 240, 3) and np.isfinite(picture).all()
    assert picture[120, 120, 0] < picture[5, 5, 0]


def test_settings_keep_or_start_anew_with_the_function(explorer):
    explorer.chosen, explorer.direction = "bowls", "−∇g₃"
    explorer.chosen = "slide"
    assert explorer.direction == SHORTEST and explorer.step == 0.3


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("direction", "up", "no direction"),
        ("step", 0.7, "0..0.6"),
        ("step", -0.1, "0..0.6"),
        ("x", float("nan"), "finite"),
    ],
)
def test_what_makes_no_sense_is_refused(explorer, name, value, says):
    with pytest.raises(TraitError, match=says):
        setattr(explorer, name, value)


def test_the_snapshot_and_its_alt_text(explorer):
    still = explorer.snapshot()
    assert still.png[:4] == b"\x89PNG" and "active: g₁ and g₂" in still.alt
    assert repr(explorer) == "DescentExplorer(slide, bowls): run this notebook to move its controls"
