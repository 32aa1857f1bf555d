"""The outlier and the morph explorer without a browser: what they show is what densities and networks say."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import density, draw, models
from advcourse.toys.outlier import logistic, two_gaussians
from advcourse.widgets import Cloud, Judge, Morph, MorphExplorer, OutlierExplorer, look
from advcourse.widgets.outlier_explorer import AS_A, AS_B, ROLES, WINDOW


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    return Cloud("first", *two_gaussians(torch.Generator().manual_seed(0)))


@pytest.fixture(scope="module")
def second() -> Cloud:
    return Cloud("second", *two_gaussians(torch.Generator().manual_seed(1)))


@pytest.fixture(scope="module")
def judge() -> Judge:
    torch.manual_seed(0)
    return Judge(models.age_cnn(width=4), lambda x: 40 * x.mean((1, 2, 3)), alarm=10.0, usual=(1.0, 90.0))


@pytest.fixture(scope="module")
def morph() -> Morph:
    return Morph("white", torch.zeros(1, 3, 64, 64), torch.ones(1, 3, 64, 64))


# The outlier ----------------------------------------------------------------------------------------------------------


def test_a_look_is_what_classifier_and_density_say(cloud):
    now = look(cloud, 6.0, 3.0)
    at = torch.tensor([[6.0, 3.0]])
    classifier = logistic(cloud.x, cloud.y)
    assert now.confidence == pytest.approx(torch.sigmoid(classifier.score(at).abs()).item())
    assert now.log_density == pytest.approx(density.fit_classes(cloud.x, cloud.y).log_density(at).item())
    assert (now.known < now.threshold).double().mean().item() == pytest.approx(0.01)


def test_farther_is_surer_and_rarer(cloud):
    direction = logistic(cloud.x, cloud.y).w
    direction = direction / direction.norm()
    looks = [look(cloud, *(far * direction).tolist()) for far in (2.0, 3.0, 5.0, 8.0)]
    doubts = [1 - one.confidence for one in looks]
    assert doubts == sorted(doubts, reverse=True) and doubts[-1] < 1e-4
    heights = [one.log_density for one in looks]
    assert heights == sorted(heights, reverse=True) and heights[-1] < looks[0].threshold - 10


def test_the_line_says_it_in_numbers(cloud):
    assert "classifier: B, confidence 1 − " in (far := look(cloud, 9.0, -4.0)).line
    assert f"log p(x) = {far.log_density:.1f}, no training point lower: alarm" in far.line
    near = look(cloud, 1.6, 0.7)
    assert f"confidence {near.confidence:.1%} = sigmoid(" in near.line and near.line.endswith("lower: no alarm")
    assert look(cloud, -9.0, 4.0).line.startswith("classifier: A")


@pytest.mark.parametrize(("role", "label"), [(AS_A, 0), (AS_B, 1)])
def test_a_point_that_is_trained_on_moves_both(cloud, role, label):
    shown, trained = look(cloud, 8.0, -8.0), look(cloud, 8.0, -8.0, role)
    assert len(trained.cloud.x) == 201 and trained.cloud.y[-1] == label
    assert trained.log_density > shown.log_density
    assert not torch.allclose(trained.classifier.w, shown.classifier.w)


def test_both_maps_show_the_fields_and_lines_through_the_point(cloud):
    explorer = OutlierExplorer([cloud], x=6.0, y=3.0)
    now, cells = explorer.compute(), draw.cells(WINDOW, 80)
    left, right = explorer.scene["figures"]
    assert left["plane"]["drag"] == ["x", "y"] and len(left["plane"]["points"]) == 200
    for figure, value in (
        (left, lambda x: now.classifier.score(torch.as_tensor(x))),
        (right, lambda x: now.density.log_density(torch.as_tensor(x))),
    ):
        solid = np.concatenate([line for line, dashed in figure["plane"]["lines"] if not dashed])
        assert torch.allclose(value(solid), value([[6.0, 3.0]]), atol=0.6), "as sure, or as rare, as the outlier"
    shown = np.frombuffer(left["pixels"], np.uint8).reshape(80, 80, 3)
    says_b = (now.classifier.score(cells) > 0).view(80, 80).flip(0).numpy()
    assert ((shown[..., 0] > shown[..., 2]) == says_b).mean() > 0.97, "reddish where it says B"


def test_the_alarm_line_parts_what_is_rare(cloud):
    now = look(cloud, 0.0, 0.0)
    (dashed,) = draw.level(now.density.log_density(draw.cells(WINDOW, 80)), WINDOW, now.threshold)
    assert torch.allclose(
        now.density.log_density(torch.as_tensor(dashed)), torch.tensor(now.threshold).double(), atol=0.3
    )


def test_setting_a_trait_moves_the_outlier(cloud, second):
    explorer, seen = OutlierExplorer([cloud, second]), []
    explorer.observe(lambda change: seen.append(change.new["line"]), "scene")
    explorer.x, explorer.role = -7.0, AS_B
    explorer.chosen = "second"
    assert len(set(seen)) == 3 and explorer.scene["settings"] == {"chosen": "second", "role": AS_B, "x": -7.0, "y": 3.0}


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("x", 11.0, r"within -10\.\.10; got 11"),
        ("y", float("nan"), "got nan"),
        ("role", "ignored", "expected any of"),
        ("chosen", "third", "no training data 'third'; there are first"),
    ],
)
def test_a_setting_that_cannot_be_says_why(cloud, setting, value, message):
    explorer = OutlierExplorer([cloud])
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


# The morph ------------------------------------------------------------------------------------------------------------


def test_the_way_is_straight(morph):
    x = morph.at(torch.tensor([0.0, 0.25, 1.0]))
    assert torch.equal(x[:1], morph.start) and torch.equal(x[2:], morph.end)
    assert torch.allclose(x[1], torch.full_like(x[1], 0.25))


def test_a_step_is_what_model_and_score_say(morph, judge):
    explorer = MorphExplorer([morph], judge, share=20)
    now = explorer.compute()
    with torch.no_grad():
        assert now.age == pytest.approx(judge.model(morph.at(torch.tensor([0.2]))).item(), rel=1e-4)
    assert now.score == pytest.approx(8, rel=1e-4) and not now.alarmed
    assert now.line == f"the network says {now.age:.0f} years · unusualness 8.0 of 10.0: no alarm"
    explorer.share = 30
    assert explorer.scene["line"].endswith("unusualness 12.0 of 10.0: alarm")


def test_the_scene_holds_image_bars_and_curves_with_the_place(morph, judge):
    explorer = MorphExplorer([morph], judge, share=30)
    mixed, curves = explorer.scene["figures"]
    assert set(mixed["pixels"]) == {round(0.3 * 255)} or set(mixed["pixels"]) == {76, 77}
    assert [(name, right, said) for name, _, right, said in mixed["bars"]][1] == ("unusualness", False, "alarm")
    assert all(0 <= share <= 1 for _, share, _, _ in mixed["bars"])
    marks = []
    for share in (0, 50, 100):
        explorer.share = share
        marks.append(explorer.scene["figures"][1]["mark"])
        assert explorer.scene["figures"][1]["png"] == curves["png"], "drawn once"
    assert 0.05 < marks[0] < marks[1] < marks[2] < 1 and marks[1] == pytest.approx((marks[0] + marks[2]) / 2)


@pytest.mark.parametrize("share", [-1, 101, float("nan")])
def test_a_share_is_in_per_cent(morph, judge, share):
    with pytest.raises(TraitError, match=r"share is in per cent, 0\.\.100"):
        MorphExplorer([morph], judge).share = share


# Both -----------------------------------------------------------------------------------------------------------------


def test_a_saved_notebook_holds_a_picture_and_a_line_that_never_changes(cloud, second, morph, judge):
    outliers = [OutlierExplorer([cloud, second]), OutlierExplorer([cloud, second], x=1.0, role=ROLES[1])]
    morphs = [MorphExplorer([morph], judge), MorphExplorer([morph], judge, share=70)]
    for first, other in (outliers, morphs):
        bundle, metadata = first._repr_mimebundle_()
        assert bundle["image/png"].startswith(b"\x89PNG") and len(metadata["image/png"]["alt"].split()) > 10
        assert bundle["text/plain"] == other._repr_mimebundle_()[0]["text/plain"] == repr(first)
        assert repr(first).endswith("run this notebook to move its controls")


# Maps of the plane ----------------------------------------------------------------------------------------------------


def test_cells_run_from_the_bottom_left():
    cells = draw.cells((0, 2, -1, 1), 3)
    assert cells[:4].tolist() == [[0, -1], [1, -1], [2, -1], [0, 0]] and cells[-1].tolist() == [2, 1]


def test_a_picture_has_its_top_row_first():
    picture = draw.tint(draw.cells((0, 1, 0, 1), 5)[:, 1], 0, 1, draw.SIGNED)
    assert picture.shape == (5, 5, 3) and picture[0, 0, 0] > picture[0, 0, 2] and picture[-1, 0, 2] > picture[-1, 0, 0]


def test_a_level_line_is_where_the_value_is():
    cells = draw.cells((-2, 2, -2, 2), 81)
    (circle,) = draw.level(cells.norm(dim=1), (-2, 2, -2, 2), 1.5)
    assert np.hypot(*circle.T) == pytest.approx(1.5, abs=0.01)
    assert draw.level(cells.norm(dim=1), (-2, 2, -2, 2), 9.0) == []


def test_a_field_tells_the_classes_apart_without_colour(cloud):
    _, (ax,) = draw.board()
    draw.field(ax, np.ones((4, 4, 3)), WINDOW, cloud.x, cloud.y)
    dots, squares = ax.collections
    assert len(dots.get_offsets()) == len(squares.get_offsets()) == 100
    assert not np.array_equal(dots.get_paths()[0].vertices, squares.get_paths()[0].vertices)
    assert ax.get_xlim() == WINDOW[:2] and ax.get_ylim() == WINDOW[2:]
