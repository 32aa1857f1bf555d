"""The playground without a browser: what it shows is what toys compute, and what one does has the effect it should."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

from advcourse import L2, Linf, draw, toys
from advcourse.widgets import Playground
from advcourse.widgets.playground import OWN
from advcourse.widgets.view import WIDEST

L2_BOX = L2(0.1, lo=-1.0, hi=1.0)
WIDE, LINE, SMOOTH = (recipe.name for recipe in (toys.wide_net, toys.linear, toys.smooth_net))


def floats(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.float32)


@pytest.fixture
def playground() -> Playground:
    return Playground(classifier=LINE)


def test_the_arrows_are_the_smallest_perturbations(playground):
    world = playground.world
    z, distance = toys.smallest(world.learners[LINE].model, world.points, world.labels, L2_BOX)
    assert np.array_equal(floats(playground.scene["z"]).reshape(-1, 2), z)
    assert np.array_equal(floats(playground.scene["distance"]), distance)
    points, _ = toys.moons(torch.Generator().manual_seed(0))
    assert np.array_equal(floats(playground.scene["points"]).reshape(-1, 2), points)


def test_the_cross_is_where_one_step_of_fgsm_ends(playground):
    playground.eps = 0.6 * WIDEST
    model, points, labels = (playground.world.learners[LINE].model, playground.world.points, playground.world.labels)
    way = model.weight[1] - model.weight[0]  # a line's gradient is the same everywhere
    step = points + 0.6 * WIDEST * (1 - 2 * labels)[:, None] * way / way.norm()
    assert np.allclose(floats(playground.scene["step"]).reshape(-1, 2), step.clamp(-1, 1).detach(), atol=1e-5)
    fooled = np.frombuffer(playground.scene["fooled"], np.uint8)
    inside = (step.abs() <= 1).all(1).numpy()
    far = floats(playground.scene["distance"])
    assert (fooled[inside] == (far < 0.6 * WIDEST)[inside]).all(), "on a linear classifier one step is as good as any"


def test_the_norm_and_eps_decide_the_susceptibility(playground):
    world = playground.world
    for norm, threat in {"ℓ₂": L2_BOX, "ℓ∞": Linf(0.1, lo=-1.0, hi=1.0)}.items():
        _, distance = toys.smallest(world.learners[LINE].model, world.points, world.labels, threat)
        playground.norm = norm
        for eps in (0.0, 0.2):
            playground.eps = eps
            share = (distance < eps).double().mean().item()
            assert playground.susceptibility == {LINE: share}
            assert f"susceptibility at eps = {eps:.2f} ({norm}): {share:.1%}" in playground.scene["line"]
            name, sorted_distances, sent = playground.scene["curves"][0]
            assert (name, sent) == (LINE, share) and np.array_equal(floats(sorted_distances), distance.sort().values)


def test_the_field_keeps_sign_and_confidence_in_a_byte(playground):
    n, data = playground.field["n"], playground.field["bytes"]
    logits = toys.ask(playground.world.learners[LINE].model, toys.lattice(-1, 1, n - 1))
    v = np.frombuffer(data, np.uint8) / 127.5 - 1
    p = 1 / (1 + np.exp(-v / (1 - np.abs(v).clip(max=0.996))))
    assert len(data) == n * n and np.abs(p - logits.softmax(1)[:, 1].numpy()).max() < 0.01


def test_training_is_shown_live():
    playground = Playground(data="blobs", classifier=LINE)
    seen = []
    playground.observe(lambda change: seen.append((change.new.get("progress"), change.new["line"])), "scene")
    playground.classifier = SMOOTH
    assert seen == [(None, f"{SMOOTH} has not learnt blobs yet · press train")] and playground.field == {}
    playground.train()
    shares = [share for share, _ in seen[1:-1]]
    assert len(shares) >= 25 and shares == sorted(shares) and shares[-1] == 1
    assert seen[1][1].startswith(f"{SMOOTH} learns blobs · {shares[0]:.0%} done · ")
    assert seen[-1][0] is None and "100.0% of 200 points right" in seen[-1][1]
    assert list(playground.susceptibility) == [LINE, SMOOTH]


def test_a_training_that_fails_leaves_no_progress_behind(playground, monkeypatch):
    monkeypatch.setattr(playground, "_show_learning", lambda stage: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        playground.train()
    assert "progress" not in playground.scene


def test_every_training_has_its_own_seed_and_the_same_in_every_playground():
    one, other = Playground(classifier=LINE), Playground(classifier=LINE)
    first = one.field["bytes"]
    assert first == other.field["bytes"]
    one.classifier = other.classifier = SMOOTH
    one.train()
    other.train()
    second = one.field["bytes"]
    one.train()
    assert other.field["bytes"] == second != one.field["bytes"]


def test_a_dragged_point_is_followed_and_the_classifier_stays(playground):
    before, z = playground.field, floats(playground.scene["z"]).reshape(-1, 2).copy()
    playground.held = {"point": 3, "at": [0.9, -0.8], "done": False}
    world = playground.world
    expected, _ = toys.smallest(world.learners[LINE].model, world.points, world.labels, L2_BOX)
    now = floats(playground.scene["z"]).reshape(-1, 2)
    assert playground.field is before and np.allclose(world.points[3], [0.9, -0.8])
    assert np.array_equal(now, expected) and not np.array_equal(now[3], z[3])
    assert np.array_equal(np.delete(now, 3, 0), np.delete(z, 3, 0))


def test_letting_go_is_a_new_scene_even_where_nothing_moves(playground):
    held, seen = {"point": 3, "at": [0.9, -0.8], "done": False}, []
    playground.held = held
    playground.observe(seen.append, "scene")
    playground.held = {**held, "done": True}
    assert len(seen) == 1


def test_a_point_that_is_let_go_is_new_for_every_classifier(playground):
    playground.classifier = SMOOTH
    playground.train()
    playground.norm = "ℓ∞"
    playground.held = {"point": 3, "at": [0.9, -0.8], "done": False}
    playground.held = {"point": 3, "at": [0.9, 5.0], "done": True}
    world = playground.world
    assert np.allclose(world.points[3], [0.9, 1.0])
    for name, learner in world.learners.items():
        for norm, threat in {"ℓ₂": L2_BOX, "ℓ∞": Linf(0.1, lo=-1.0, hi=1.0)}.items():
            expected = toys.smallest(learner.model, world.points, world.labels, threat)[1]
            assert torch.allclose(world.found(name, norm)[1], expected, atol=1e-6)


def test_with_learning_the_field_follows_and_ends_in_full_detail():
    playground = Playground(data="blobs", classifier=WIDE, learning=True)
    before = playground.field["bytes"]
    for _ in range(25):
        playground.held = {"point": 1, "at": [-0.8, 0.8], "done": False}
        playground.held = {"point": 1, "at": [-0.8, 0.81], "done": False}
    coarse = floats(playground.scene["distance"])
    playground.held = {"point": 1, "at": [-0.8, 0.81], "done": True}
    fine = floats(playground.scene["distance"])
    assert playground.field["bytes"] != before and fine[1] > 0, "the point that moved is learnt"
    assert (fine <= coarse + 1e-3).all() and np.quantile(coarse - fine, 0.9) < 2 / 48, "coarse misses small islands"


def test_drawing_data_of_ones_own():
    playground = Playground(data=OWN, classifier=LINE)
    assert playground.scene["line"].startswith("No points yet") and playground.susceptibility == {}
    playground.train()
    assert playground.susceptibility == {}, "there is nothing to learn yet"
    for at, label in (((-0.5, 0.0), 0), ((0.5, 0.0), 1), ((0.5, 3.0), 1)):
        playground.add(at, label)
    assert playground.scene["labels"] == bytes([0, 1, 1]) and playground.world.points.abs().max() <= 1
    playground.train()
    assert "your own points: 100.0% of 3 points right" in playground.scene["line"]
    playground.add((-0.6, 0.0), 1)
    assert "75.0% of 4 points right" in playground.scene["line"] and floats(playground.scene["distance"])[3] == 0
    playground.remove(3)
    assert "100.0% of 3 points right" in playground.scene["line"]
    for _ in range(3):
        playground.remove(0)
    assert playground.scene["line"].startswith("No points yet")


def test_points_of_one_class_have_no_adversarial_examples():
    playground = Playground(data=OWN, classifier=SMOOTH)
    for x in (-0.5, 0.0, 0.5):
        playground.add((x, 0.0), 0)
    playground.train()
    assert playground.susceptibility == {SMOOTH: 0.0} and "none in the box" in playground.scene["line"]
    playground.snapshot()


def test_what_the_browser_says_is_done(playground):
    playground._obey(None, {"do": "train"}, [])
    assert playground.world.trainings == 2
    playground._obey(None, {"do": "add", "with": [[0.1, 0.2], 1]}, [])
    assert len(playground.world.points) == 201
    playground._obey(None, {"do": "start_anew"}, [])
    assert len(playground.world.points) == 200 and playground.susceptibility == {}
    with pytest.raises(KeyError):
        playground._obey(None, {"do": "close"}, [])


def test_each_data_set_keeps_its_own(playground):
    playground.held = {"point": 3, "at": [0.9, 0.9], "done": True}
    playground.data = "blobs"
    assert playground.susceptibility == {}
    playground.data = "moons"
    assert list(playground.susceptibility) == [LINE] and np.allclose(playground.world.points[3], [0.9, 0.9])


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("data", "suns", "draw your own"),
        ("classifier", "tree", "wide net"),
        ("norm", "l3", "ℓ∞"),
        ("eps", -0.1, r"must lie in 0\.\.0\.5; got -0\.1"),
        ("eps", float("nan"), "got nan"),
    ],
)
def test_a_setting_that_cannot_be_says_why(playground, setting, value, message):
    before = playground.scene
    with pytest.raises(TraitError, match=message):
        setattr(playground, setting, value)
    assert playground.scene is before
    with pytest.raises(TypeError, match=r"unknown settings \['epsilon'\]; there are data, classifier"):
        Playground(epsilon=1)


def test_a_saved_notebook_holds_a_picture_and_a_line_that_never_changes(playground):
    bundle, metadata = playground._repr_mimebundle_()
    other = Playground(data="blobs", classifier=LINE, eps=0.2)
    assert "application/vnd.jupyter.widget-view+json" in bundle and bundle["image/png"].startswith(b"\x89PNG")
    assert "susceptibility at eps" in metadata["image/png"]["alt"]
    assert bundle["text/plain"] == repr(playground) == repr(other) == other._repr_mimebundle_()[0]["text/plain"]


# Its pictures in print ------------------------------------------------------------------------------------------------


def test_the_curve_is_the_share_under_eps():
    _, (ax,) = draw.board()
    distance = torch.tensor([0.0, 0.1, 0.3, 0.7, torch.inf])
    line = draw.susceptibility(ax, {"a": distance}, "ℓ₂", widest=0.5).lines[0]
    eps, share = line.get_data()
    for e in (0.05, 0.2, 0.4, 0.5):
        assert share[np.searchsorted(eps, e, side="right") - 1] == pytest.approx((distance < e).double().mean().item())
    assert line.get_drawstyle() == "steps-post" and eps[-1] == 0.5


def test_an_arrow_for_each_point_that_moves():
    _, (ax,) = draw.board()
    x, z = torch.zeros(3, 2), torch.tensor([[0.0, 0.0], [0.1, 0.0], [0.0, -0.2]])
    quiver = draw.arrows(ax, x, z).collections[0]
    assert np.allclose(np.stack([quiver.U, quiver.V], 1), z[1:])


def test_the_gallery_is_the_data_and_every_classifier():
    x, y = toys.moons(torch.Generator().manual_seed(0))
    fields = {name: torch.linspace(0, 1, 25).view(5, 5) for name in ("robust", "susceptible")}
    _, axes = draw.board(1, 3)
    draw.gallery(axes, x, y, fields)
    assert [ax.get_title() for ax in axes] == ["training data", "robust", "susceptible"]
    assert [len(ax.lines) for ax in axes] == [0, 1, 1], "a boundary in each but the first"
    with pytest.raises(ValueError, match="zip"):
        draw.gallery(axes[:2], x, y, fields)


def test_every_classifier_has_a_style_of_its_own():
    colours, markers, _ = zip(*draw.LEARNERS)
    assert len(set(colours)) == len(set(markers)) == len(toys.RECIPES)


def test_a_classifier_has_the_same_line_in_the_playground_and_in_every_figure(playground):
    sent = {name: (colour, marker) for name, colour, marker, _ in playground.styles}
    for names in (["wide net", "linear"], ["A", "wide net"]):
        _, (ax,) = draw.board()
        draw.susceptibility(ax, {name: torch.tensor([0.1, 0.2]) for name in names}, "ℓ₂")
        drawn = {line.get_label(): (line.get_color(), line.get_marker()) for line in ax.lines}
        assert all(drawn[name] == sent[name] for name in names if name in sent)
