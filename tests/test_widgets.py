"""The panels without a browser: what they show is what the library computes."""

import asyncio
import io
import warnings

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from traitlets import TraitError

from advcourse import (
    Linf,
    Targeted,
    Unbounded,
    Untargeted,
    checkpoints,
    data,
    draw,
    fgsm,
    iterative_fgsm,
    measure,
    models,
    widgets,
)
from advcourse.widgets import LEAST_LIKELY, UNTARGETED, PathExplorer, PerturbationExplorer, Subject, perturbation
from advcourse.widgets.panel import whole
from advcourse.widgets.perturbation_explorer import ATTACKS


@pytest.fixture(scope="module")
def seven() -> Subject:
    test = data.digits()[1]
    return Subject("seven", test.x[36:37], test.y[36], checkpoints.load("digits_cnn"), test.names)


@pytest.fixture(scope="module")
def other(seven) -> Subject:
    test = data.digits()[1]
    return Subject("other", test.x[8:9], test.y[8], seven.model, test.names)


@pytest.fixture(scope="module")
def photo() -> Subject:
    """As large as a photograph, with few classes and a quick network, and two classes of one name."""
    torch.manual_seed(0)
    x = torch.rand(1, 3, 120, 120)
    model = models.linear((3, 120, 120), 4)
    return Subject("photo", x, 0, model, ("crane", "cup", "crane", "cat"))


def shown(figure: dict) -> np.ndarray:
    width, height = figure["size"]
    return np.frombuffer(figure["pixels"], np.uint8).reshape(height, width, 3)


# The scene ------------------------------------------------------------------------------------------------------------


def test_fgsm_is_the_librarys_though_its_gradient_is_kept(seven):
    for eps in (24, 8, 0):
        expected = fgsm(seven.model, seven.x, Untargeted(torch.tensor([seven.y])), Linf(eps / 255))
        assert torch.equal(perturbation(seven, "FGSM", eps, 10).z, expected)


def test_one_step_of_the_iterative_attack_is_fgsm(seven):
    one, iterated = (perturbation(seven, attack, 16, 1).z for attack in ("FGSM", "iterative FGSM"))
    assert torch.allclose(one, iterated, atol=1e-6)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_change_keeps_to_ball_and_box(seven, attack):
    z = perturbation(seven, attack, 16, 5).z
    assert Linf(1.0).size(z - seven.x) <= 16 / 255 and z.min() >= 0 and z.max() <= 1


@pytest.mark.parametrize("steps", [1, 2, 3, 40])
def test_steps_always_reach_the_far_end_of_the_ball(seven, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z = perturbation(seven, "iterative FGSM", 16, steps).z
    assert Linf(1.0).size(z - seven.x).item() == pytest.approx(16 / 255)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_budget_no_change(seven, attack):
    now = perturbation(seven, attack, 0, 10)
    assert torch.equal(now.z, seven.x) and torch.allclose(now.before, now.after, atol=1e-5)


def test_a_random_start_is_the_same_every_time(seven):
    assert torch.equal(perturbation(seven, "PGD", 16, 5).z, perturbation(seven, "PGD", 16, 5).z)


@pytest.mark.parametrize("target", [LEAST_LIKELY, "3"])
def test_a_target_comes_nearer(seven, target):
    now = perturbation(seven, "iterative FGSM", 32, 20, target)
    t = seven.goal(target).t
    assert now.probabilities[1, t] > now.probabilities[0, t]


def test_least_likely_means_on_the_clean_image(seven):
    goal = seven.goal(LEAST_LIKELY)
    assert isinstance(goal, Targeted) and goal.t == seven.model(seven.x).argmin()


def test_probabilities_are_those_of_a_fresh_forward(seven):
    now = perturbation(seven, "PGD", 16, 5)
    with torch.no_grad():
        expected = seven.model(torch.cat([seven.x, now.z])).softmax(1)
    assert torch.allclose(now.probabilities, expected, atol=1e-6)


def test_the_line_says_it_in_numbers(seven):
    now = perturbation(seven, "iterative FGSM", 24, 10)
    p, loss = now.probabilities[1, 7], -now.probabilities[1, 7].log()
    assert now.line.startswith(f"7 → {int(now.after.argmax())}, fooled · p(7) 100% → {p:.0%} · ‖z − x‖∞ = 24/255")
    assert now.line.endswith(f"loss 0.00 → {loss:.2f}")
    assert " · 10 steps of 6/255 · " in now.line, "how long a step is decides what iterating can reach"
    assert " · 1 step of 24/255 · " in perturbation(seven, "FGSM", 24, 10).line


def test_the_line_says_what_became_of_the_goal(seven, photo):
    assert ", not fooled ·" in perturbation(seven, "FGSM", 0, 1).line
    assert ", target 3 not reached · p(3) 0% → 0%" in perturbation(seven, "FGSM", 0, 1, "3").line
    assert ", target 3 reached · p(3) 0% → " in perturbation(seven, "iterative FGSM", 64, 20, "3").line
    wrong = Subject("wrong", seven.x, 1, seven.model, seven.names)
    assert ", wrong before the attack ·" in perturbation(wrong, "FGSM", 8, 1).line


def test_a_walk_that_goes_nowhere_keeps_a_scale_one_can_read(seven):
    explorer = PathExplorer([seven], alpha=0)
    fig, _ = explorer.still(explorer.compute())
    paths, losses = fig.axes
    assert losses.get_ylim() == (-0.05, 1.0), "a flat line, not the sixth decimal of a loss"
    outline = paths.patches[1].get_xy()
    assert outline.max(0).min() > 1, "both ways across the ball are as long as it is"


def test_both_walks_are_those_of_the_attack(seven):
    found = widgets.walks(seven, 16, 4, 6)
    goal = Untargeted(torch.tensor([seven.y]))
    ball = iterative_fgsm(seven.model, seven.x, goal, Linf(16 / 255), steps=6, step_size=4 / 255)
    free, kept = found.iterates.values()
    assert torch.equal(kept[-1], ball) and len(free) == len(kept) == 7
    assert "outside the ball" in found.line.splitlines()[0] and "in the ball" in found.line.splitlines()[1]


def test_a_picture_that_stays_is_not_sent_again(seven):
    explorer, sent = PerturbationExplorer([seven]), []
    explorer.observe(lambda change: sent.append(change.name))
    explorer.eps += 1
    assert set(sent) == {"eps", "scene", "picture1", "picture2"}, "the clean image is as it was"
    clean, said = explorer.scene["figures"][0], explorer.get_state("scene")["scene"]["figures"][0]
    assert explorer.picture0 == clean["pixels"] and said == {k: v for k, v in clean.items() if k != "pixels"}


# Subjects -------------------------------------------------------------------------------------------------------------


def test_targets_leave_out_the_true_class_and_tell_namesakes_apart(seven, photo):
    assert seven.targets == [UNTARGETED, LEAST_LIKELY, *"012345689"]
    assert photo.labels == ["crane (0)", "cup", "crane (2)", "cat"]


def test_of_many_classes_the_likeliest_are_offered():
    model = models.linear((1, 4, 4), 50)
    subject = Subject("many", torch.zeros(1, 1, 4, 4), 0, model, [str(k) for k in range(50)])
    ranked = [k for k in model(subject.x)[0].argsort(descending=True).tolist() if k]
    assert subject.targets[2:] == [str(k) for k in ranked[:20]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": torch.zeros(28, 28)}, r"needs one image \[1, C, H, W\]; got \[28, 28\]"),
        ({"x": torch.zeros(2, 1, 28, 28)}, "the first of a batch"),
        ({"y": 10}, r"class y=10, but there are names for 0\.\.9"),
        ({"names": tuple("01234567")}, "8 names, but its model has 10 classes"),
    ],
)
def test_a_subject_that_cannot_be_says_why(seven, change, message):
    given = {"name": "a", "x": seven.x, "y": seven.y, "model": seven.model, "names": seven.names}
    with pytest.raises(ValueError, match=message):
        PerturbationExplorer([Subject(**{**given, **change})])


# Panels ---------------------------------------------------------------------------------------------------------------


def test_the_pictures_are_the_images_of_the_scene(seven):
    explorer = PerturbationExplorer([seven], attack="PGD", eps=16)
    clean, change, attacked = explorer.scene["figures"]
    z = perturbation(seven, "PGD", 16, 10).z
    assert np.array_equal(shown(clean), (draw.pixels(seven.x) * 255).round())
    assert np.array_equal(shown(attacked), (draw.pixels(z) * 255).round())
    assert np.array_equal(shown(change), (draw.signed(z - seven.x, 16 / 255) * 255).round().astype(np.uint8))
    assert change["notes"][0] == "amplified 7.97 times"


def test_the_bars_are_the_top_three_and_mark_the_true_class(seven):
    explorer = PerturbationExplorer([seven], eps=24)
    p = measure.logits(seven.model, explorer.compute().z).softmax(1)[0]
    rows = explorer.scene["figures"][2]["bars"]
    assert [name for name, _, _ in rows] == [str(k) for k in p.topk(3).indices.tolist()]
    assert [value for _, value, _ in rows] == pytest.approx(p.topk(3).values.tolist())
    assert [name for name, _, right in rows if right] == ["7"]


def test_setting_a_trait_computes_anew(seven):
    explorer, seen = PerturbationExplorer([seven]), []
    explorer.observe(lambda change: seen.append(change.new["line"]), "scene")
    for name, value in {"eps": 8, "attack": "FGSM", "target": LEAST_LIKELY, "steps": 3}.items():
        setattr(explorer, name, value)
        assert explorer.scene["settings"][name] == value
    assert len(seen) == 4 and "‖z − x‖∞ = 8/255" in seen[0] and "target" in seen[2]


def test_what_does_not_change_is_not_computed_again(seven):
    explorer, seen = PerturbationExplorer([seven], eps=8), []
    explorer.observe(seen.append, "scene")
    explorer.eps = 8.0
    assert seen == []


def test_a_message_of_the_browser_is_one_scene(seven, photo):
    explorer, seen = PerturbationExplorer([seven, photo]), []
    explorer.observe(seen.append, "scene")
    explorer.set_state({"attack": "PGD", "eps": 8, "steps": 3})
    assert len(seen) == 1 and explorer.scene["settings"]["eps"] == 8


def test_what_was_set_before_another_image_was_chosen_and_does_not_fit_it_starts_anew(seven, photo):
    """While the kernel computes, a browser collects what is set and sends it as one message."""
    explorer, seen = PerturbationExplorer([seven, photo], attack="iterative FGSM"), []
    explorer.observe(seen.append, "scene")
    explorer.set_state({"eps": 30, "target": "3", "steps": 3, "chosen": "photo"})
    assert len(seen) == 1 and explorer.scene["settings"] == {
        "chosen": "photo",
        "attack": "iterative FGSM",
        "target": UNTARGETED,
        "eps": 0.25,
        "steps": 3,
    }


def test_the_controls_are_those_of_the_chosen_image_and_come_before_its_scene(seven, photo, monkeypatch):
    explorer, sent = PerturbationExplorer([seven, photo]), []
    monkeypatch.setattr(explorer, "send_state", lambda key: sent.append((key, explorer.scene["settings"]["chosen"])))
    explorer.chosen = "photo"
    looks = {control["name"]: control for control in explorer.controls}
    assert looks["chosen"]["for"] == "photo" and looks["target"]["options"] == photo.targets
    assert (looks["eps"]["max"], looks["eps"]["step"], looks["steps"]["max"]) == (8, 0.25, 40)
    assert ({"controls", "eps", "target"}, "seven") in sent


def test_a_new_image_keeps_what_fits_it(seven, other, photo):
    explorer = PerturbationExplorer([seven, other, photo], eps=10, target="3", steps=4)
    explorer.chosen = "other"
    assert (explorer.eps, explorer.target, explorer.steps) == (10, "3", 4)
    explorer.chosen = "photo"
    assert (explorer.eps, explorer.target, explorer.steps) == (0.25, UNTARGETED, 4)


def test_a_target_that_is_the_new_true_class_is_given_up(seven, other):
    explorer = PerturbationExplorer([seven, other], target=other.labels[other.y])
    explorer.chosen = "other"
    assert explorer.target == UNTARGETED


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("chosen", "nine", "no image 'nine'; there are seven"),
        ("attack", "FGM", "expected any of .*iterative FGSM"),
        ("eps", -1, r"units of 1/255, and must lie in 0\.\.255; got -1"),
        ("eps", 1000, "got 1000"),
        ("eps", float("nan"), "got nan"),
        ("steps", 0, "steps"),
        ("target", "zebra", "no class 'zebra' to aim at; there are none"),
        ("target", "7", "'7' is the true class of 'seven'"),
    ],
)
def test_a_setting_that_cannot_be_says_why(seven, setting, value, message):
    explorer = PerturbationExplorer([seven])
    before = explorer.scene
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)
    assert explorer.scene is before
    with pytest.raises(TraitError, match=message):
        PerturbationExplorer([seven], **{setting: value})


def test_settings_and_subjects_are_checked(seven):
    with pytest.raises(TypeError, match=r"unknown settings .*epsilon.*; there are chosen, attack"):
        PerturbationExplorer([seven], epsilon=8)
    for subjects in ([], [seven, seven]):
        with pytest.raises(ValueError, match="need one and different names"):
            PerturbationExplorer(subjects)


def test_a_scene_that_fails_says_so_and_raises(seven):
    explorer = PerturbationExplorer([seven])
    explorer.subjects["seven"] = Subject("seven", seven.x, seven.y, lambda x: x, seven.names)
    with pytest.raises(ValueError, match="logits"):
        explorer.eps = 9
    assert explorer.scene["line"].startswith("This cannot be computed") and explorer.scene["settings"]["eps"] == 9


def test_the_path_explorer_draws_and_tells(seven):
    explorer = PathExplorer([seven], eps=16)
    before = explorer.scene
    explorer.alpha = 1.5
    paths, losses = explorer.scene["figures"]
    assert paths["chart"] != before["figures"][0]["chart"]
    *_, walk, x = paths["chart"]["shapes"]
    assert x["points"] == [[0, 0]] == walk["points"][:1] and len(walk["points"]) == explorer.steps + 1
    for shape, (name, along) in zip(losses["chart"]["shapes"], explorer.compute().along.items(), strict=True):
        assert shape["name"] == name
        assert [y for _, y in shape["points"]] == pytest.approx(along.score[:, 0].tolist(), abs=1e-5)
    assert "15/255" in explorer.scene["line"] and "in the ball" in explorer.scene["line"]
    with pytest.raises(TraitError, match="alpha is given in grey levels"):
        explorer.alpha = -2


@pytest.mark.parametrize("panel", [PerturbationExplorer, PathExplorer])
def test_a_saved_notebook_holds_a_picture_and_a_line_that_never_changes(seven, other, panel):
    first, second = panel([seven, other]), panel([seven, other], eps=4)
    bundle, metadata = first._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle and bundle["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"].startswith("seven")
    assert metadata["image/png"]["alt"].endswith("Run this cell to move it.")
    written = (255 * imread(io.BytesIO(bundle["image/png"]))[:20, :, :3]).round() == (0, 114, 178)
    assert written.all(2)[:, :200].sum() > 100 and not written.all(2)[:, 200:].any(), "in blue, at the top left"
    assert bundle["text/plain"] == second._repr_mimebundle_()[0]["text/plain"] == repr(first)
    assert repr(first) == f"{panel.__name__}(seven, other): run this notebook to move its controls"


@pytest.fixture(scope="module")
def large() -> Subject:
    """An image of a photograph's size, so that its attacks are shown in pieces."""
    draw_of = torch.Generator().manual_seed(0)
    w, x = torch.randn(3, 3 * 100 * 100, generator=draw_of) / 100, torch.rand(1, 3, 100, 100, generator=draw_of)
    return Subject("large", x, 0, lambda z: torch.tanh(z.flatten(1) @ w.T), "abc")


def test_what_comes_in_pieces_is_what_comes_at_once(large):
    panel = PerturbationExplorer([large], eps=4)
    rough, *_ = panel.stages()
    assert rough.attack == "FGSM" and torch.equal(rough.z, perturbation(large, "FGSM", 4, 1).z)
    assert torch.equal(whole(panel.stages()).z, panel.compute().z)
    path, goal = PathExplorer([large], eps=1, alpha=0.5, steps=4), large.goal(UNTARGETED)
    *growing, last = path.stages()
    assert [len(walks.iterates["P = box alone"]) for walks in (*growing, last)] == [2, 3, 4, 5]
    for name, threat in {"P = box alone": Unbounded(), "P = ball and box": Linf(1 / 255)}.items():
        trace: list[torch.Tensor] = []
        iterative_fgsm(large.model, large.x, goal, threat, steps=4, step_size=0.5 / 255, trace=trace.append)
        assert torch.equal(torch.cat(last.iterates[name]), torch.cat(trace))
        assert torch.equal(last.along[name].score, measure.along(large.model, trace, goal, Linf(1 / 255)).score)


def test_a_kernel_hears_the_next_key_between_two_pieces(large):
    async def keys() -> list[tuple]:
        panel, seen = PathExplorer([large], eps=1, steps=3), []
        panel.observe(lambda change: seen.append((change.new["settings"]["eps"], change.new["rough"])), "scene")
        panel.eps = 2
        panel.eps = 3
        while seen[-1][1]:
            await asyncio.sleep(0.01)
        return seen

    seen = asyncio.run(asyncio.wait_for(keys(), 60))
    assert seen == [(2, True), (3, True), (3, True), (3, True), (3, False)], "what was for 2 is not sharpened any more"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_subject_on_the_gpu(seven):
    on_gpu = Subject("seven", seven.x.cuda(), seven.y, checkpoints.load("digits_cnn").cuda(), seven.names)
    PathExplorer([on_gpu])
    explorer = PerturbationExplorer([on_gpu])
    for attack in ATTACKS:
        explorer.attack = attack
    assert on_gpu.goal("3").t.is_cuda and explorer._repr_mimebundle_()[0]["image/png"]
