"""Cue conflict: cues taken away one at a time, the protocol against hand counts, and the images that ship."""

import json
import math
from collections import Counter

import pytest
import torch

from advcourse import conflict, data, measure, models, toys
from advcourse.__main__ import main
from advcourse.conflict import NEITHER, ShapeBias, images, shape_bias, shipped, stimuli, to_sixteen


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def some(*shape, seed=0):
    return torch.rand(shape, generator=dice(seed))


# Cues taken away ------------------------------------------------------------------------------------------------------


def patches_of(image, grid):
    """The patches of an image [C, H, W] as tuples of numbers."""
    h, w = image.shape[1] // grid, image.shape[2] // grid
    cut = [image[:, i * h : (i + 1) * h, j * w : (j + 1) * w] for i in range(grid) for j in range(grid)]
    return [tuple(patch.flatten().tolist()) for patch in cut]


@pytest.mark.parametrize(
    ("shape", "grid"), [((3, 3, 8, 8), 4), ((2, 1, 6, 9), 3), ((1, 3, 4, 4), 4), ((0, 3, 4, 4), 2)]
)
def test_patch_shuffle_deals_the_same_patches(shape, grid):
    x = some(*shape)
    z = conflict.patch_shuffle(x, grid, dice(1))
    assert z.shape == x.shape and (len(x) == 0 or not torch.equal(z, x))
    for before, after in zip(x, z):
        assert Counter(patches_of(before, grid)) == Counter(patches_of(after, grid))


def test_patch_shuffle_has_an_order_for_each_image_and_repeats_it():
    x = some(1, 3, 12, 12).expand(5, -1, -1, -1)
    z = conflict.patch_shuffle(x, 4, dice(1))
    assert len({tuple(image.flatten().tolist()) for image in z}) == 5
    assert torch.equal(z, conflict.patch_shuffle(x, 4, dice(1)))
    assert not torch.equal(z, conflict.patch_shuffle(x, 4, dice(2)))


def test_one_patch_is_the_image():
    x = some(2, 3, 6, 6)
    z = conflict.patch_shuffle(x, 1, dice())
    assert torch.equal(z, x) and z.data_ptr() != x.data_ptr()


@pytest.mark.parametrize("grid", [0, 5])
def test_patches_have_to_be_equal(grid):
    with pytest.raises(ValueError, match="equal patches"):
        conflict.patch_shuffle(some(1, 3, 8, 8), grid, dice())


def test_low_pass_keeps_a_flat_image_and_the_mean_of_waves_and_a_sigma_of_0_is_nothing():
    flat = torch.full((1, 3, 20, 30), 0.4)
    assert torch.allclose(conflict.low_pass(flat, 3.0), flat, atol=1e-6)
    waves = 0.5 + 0.4 * torch.sin(torch.arange(64) * 2 * math.pi / 4).expand(1, 1, 64, 64)
    kept = conflict.low_pass(waves, 2.0)[..., 8:-8] - 0.5  # the border is repeated, not continued
    # A Gaussian lets a wave of frequency f pass by exp(-2 (pi f sigma)^2).
    assert kept.abs().max() == pytest.approx(0.4 * math.exp(-2 * (math.pi * 2 / 4) ** 2), abs=2e-3)
    assert torch.equal(conflict.low_pass(waves, 0), waves)


def test_swapping_frequencies_with_oneself_or_with_nothing_fine_changes_nothing():
    x, flat = some(1, 3, 32, 32), torch.full((1, 3, 32, 32), 0.3)
    assert torch.allclose(conflict.swap_frequencies(x, x, 2.0), x, atol=1e-6)
    assert torch.allclose(conflict.swap_frequencies(x, flat, 2.0), conflict.low_pass(x, 2.0), atol=1e-6)


def test_the_way_from_content_over_conflict_to_texture():
    a, b, c = some(3, 1, 3, 4, 4)
    assert [torch.equal(conflict.fade(a, b, c, at), end) for at, end in ((-1, a), (0, b), (1, c))] == [True] * 3
    assert torch.allclose(conflict.fade(a, b, c, -0.5), (a + b) / 2)
    with pytest.raises(ValueError, match="-1"):
        conflict.fade(a, b, c, 1.5)


def test_a_silhouette_is_black_and_white_and_forgets_the_texture():
    shape = torch.zeros(1, 1, 40, 40)
    shape[..., 10:30, 12:28] = 1
    stripes = (torch.arange(40) % 2).expand(40, 40) * 0.2
    plain, striped = (0.2 + 0.5 * shape).expand(-1, 3, -1, -1), (0.1 + 0.5 * shape + stripes).expand(-1, 3, -1, -1)
    one, other = conflict.silhouette(plain), conflict.silhouette(striped)
    assert one.unique().tolist() == [0, 1] and one.shape == plain.shape
    assert (one != other).double().mean() < 0.01
    assert (one[:, :1] != shape).double().mean() < 0.02


def test_edges_are_dark_where_the_brightness_changes():
    x = torch.zeros(1, 3, 30, 30)
    x[..., 15:] = 1
    lines = conflict.edges(x)
    assert lines[..., 13:17].mean() < 0.3 and lines[..., :8].min() > 0.95 and lines[..., 22:].min() > 0.95
    assert torch.allclose(conflict.edges(torch.full((1, 3, 9, 9), 0.5)), torch.ones(1, 3, 9, 9), atol=1e-4)


# The protocol ---------------------------------------------------------------------------------------------------------


def test_sixteen_categories_share_no_class_and_are_what_their_members_are_called():
    members = conflict.categories()
    every = [k for ks in members.values() for k in ks]
    assert len(members) == 16 and list(members) == sorted(members) and len(every) == len(set(every)) == 207
    assert (len(members["dog"]), len(members["bird"]), members["knife"]) == (109, 49, (499,))
    names = models.imagenet_names()
    assert {names[k] for k in members["elephant"]} == {"Indian elephant", "African elephant"}
    assert {"tabby", "Siamese cat"} <= {names[k] for k in members["cat"]}


def test_a_category_is_the_mean_of_its_members():
    p = torch.zeros(2, 1000)
    p[0, 385], p[0, 151 + 1] = 0.6, 0.4  # one elephant of two, one dog of 109
    p[1] = 1 / 1000
    got, names = to_sixteen(p), list(conflict.categories())
    assert got.shape == (2, 16)
    assert got[0, names.index("elephant")] == pytest.approx(0.3)
    assert got[0, names.index("dog")] == pytest.approx(0.4 / 109)
    assert torch.allclose(got[1], torch.full((16,), 1e-3, dtype=got.dtype))


def test_a_sum_would_favour_large_categories():
    """Under the mean, answers that know nothing are spread; under the sum, nearly all of them are `dog`."""
    p = torch.randn(500, 1000, generator=dice()).softmax(1)
    means, sums = to_sixteen(p), torch.stack([p[:, list(k)].sum(1) for k in conflict.categories().values()], 1)
    dog = list(conflict.categories()).index("dog")
    assert (sums.argmax(1) == dog).all() and (means.argmax(1) == dog).double().mean() < 0.1


@pytest.mark.parametrize("bad", [torch.randn(2, 1000), torch.rand(1000), torch.ones(2, 16) / 16, torch.ones(1, 1000)])
def test_logits_and_other_shapes_are_refused(bad):
    with pytest.raises(ValueError, match=r"softmax|\[N, 1000\]"):
        to_sixteen(bad)


def test_shape_bias_of_a_hand_count():
    shape = torch.tensor([0, 0, 1, 2, 3, 3, 4])
    texture = torch.tensor([1, 0, 2, 1, 4, 4, 4])  # the second and the last are congruent
    said = torch.tensor([0, 0, 2, 1, 7, NEITHER, 4])
    found = shape_bias(said, shape, texture)
    assert found == ShapeBias(shape=1, texture=2, other=2, congruent=2)
    assert found.decided == 3 and found.bias == pytest.approx(1 / 3) and found.interval == measure.wilson(1, 3)
    assert "shape bias 33.3%" in str(found)


def test_without_a_decided_answer_there_is_no_bias():
    found = shape_bias(torch.tensor([5, 5]), torch.tensor([0, 1]), torch.tensor([1, 1]))
    assert math.isnan(found.bias) and found.interval == (0.0, 1.0)


def test_swapping_the_cues_swaps_the_bias():
    cues = torch.randint(4, (3, 300), generator=dice())
    one, other = shape_bias(*cues), shape_bias(cues[0], cues[2], cues[1])
    assert one.bias + other.bias == pytest.approx(1) and one.congruent == other.congruent > 0


@pytest.mark.parametrize("said", [torch.rand(3), torch.tensor([0, 1]), torch.zeros(3, 16)])
def test_decisions_are_class_numbers_one_for_each_image(said):
    with pytest.raises(ValueError, match=r"\[N\]|argmax"):
        shape_bias(said, torch.tensor([0, 1, 2]), torch.tensor([1, 2, 0]))


def test_the_observers_are_those_of_the_paper():
    found = {one.name: one.found for one in conflict.observers()}
    published = json.loads((conflict.protocol.FOLDER / "shape_bias_observers.json").read_text())["observers"]
    for row in published:
        one = found[row["observer"]]
        assert one.shape + one.texture + one.other == row["n"]
        assert one.bias == pytest.approx(row["shape_bias"], abs=5e-5)
    humans = found["humans (10 pooled)"]
    assert round(humans.bias, 3) == 0.959 and round(found["ResNet-50"].bias, 3) == 0.221
    assert round(found["EfficientNet-Lite0 (measured for this course)"].bias, 3) == 0.241
    low, high = conflict.humans_range()
    assert low < humans.bias < high
    assert [one.human for one in conflict.observers()].count(True) == 1
    assert [one.stylised for one in conflict.observers()].count(True) == 5


def test_the_observers_can_be_counted_from_trials():
    """The counts, spelled out as trials and counted again with congruent images among them."""
    for one in conflict.observers():
        n = [one.found.shape, one.found.texture, one.found.other, 80]
        said = torch.tensor([0, 1, 2, 3]).repeat_interleave(torch.tensor(n))
        shape, texture = torch.zeros_like(said), torch.ones_like(said)
        shape[said == 3], texture[said == 3] = 3, 3
        counted = shape_bias(said, shape, texture)
        assert (counted.shape, counted.texture, counted.other, counted.congruent) == tuple(n)
        assert counted.interval == one.found.interval


# Conflict images ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    return models.pretrained()


def test_the_gram_matrix_forgets_where():
    f = some(2, 5, 6, 7)
    moved = f.flatten(2)[:, :, torch.randperm(42, generator=dice())].view_as(f)
    assert images.gram(f).shape == (2, 5, 5) and torch.allclose(images.gram(f), images.gram(moved), atol=1e-6)
    slow = sum(f[0, :, i, j].outer(f[0, :, i, j]) for i in range(6) for j in range(7)) / 42
    assert torch.allclose(images.gram(f)[0], slow, atol=1e-6)


def test_the_objective_is_zero_where_nothing_is_missing_and_grows_with_the_weight(network):
    content, texture = data.photo("coffee", 96), toys.PATTERNS["honeycomb"](dice())[..., :96, :96]
    flat = torch.full_like(content, 0.5)
    with torch.no_grad():
        assert conflict.objective(network, flat + 0.1 * content, flat, 1.0)(flat).item() > 0.5, "the shape is missing"
        same = conflict.objective(network, content, content, 1.0)(content)
        assert same.item() == pytest.approx(0.5 * conflict.roughness(content).item(), rel=1e-4)
        one, two = (conflict.objective(network, content, texture, weight)(texture) for weight in (1.0, 2.0))
        shape = (two - one).item()
        assert one.item() == pytest.approx(shape + 0.5 * conflict.roughness(texture).item(), rel=1e-3)


def test_a_conflict_image_gets_nearer_to_the_texture_and_stays_an_image(network):
    content, texture = data.photo("coffee", 96), toys.PATTERNS["honeycomb"](dice())[..., :96, :96]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    seen = []
    with torch.no_grad():
        z = conflict.cue_conflict(network, content, texture, weight=0.03, steps=8, trace=seen.append)
    assert z.shape == content.shape and not z.requires_grad and len(seen) == 8
    assert torch.allclose(z * 255, (z * 255).round()) and z.min() >= 0 and z.max() <= 1

    def off(x):
        with torch.no_grad():
            grams = [[images.gram(f) for f in images.early_features(network, one)] for one in (x, texture)]
        return sum(((a - b).square().sum() / b.square().sum()).item() for a, b in zip(*grams))

    assert off(z) < 0.7 * off(content)
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())
    assert all(p.requires_grad for p in network.parameters())
    again = conflict.cue_conflict(network, content, texture, weight=0.03, steps=8)
    assert torch.equal(z, again)
    assert conflict.cue_conflict(network, content, texture, weight=0.03, steps=0) is not content


def test_one_content_and_one_texture_of_one_size(network):
    with pytest.raises(ValueError, match="one size"):
        conflict.cue_conflict(network, some(1, 3, 64, 64), some(1, 3, 32, 32), weight=0.1, steps=1)


# What ships -----------------------------------------------------------------------------------------------------------


def test_every_photograph_in_every_pattern_ships_and_nothing_else():
    files = sorted(shipped.FOLDER.iterdir())
    assert [path.name for path in files] == sorted(shipped._path(one.photo, one.pattern).name for one in stimuli())
    assert len(files) == len(conflict.CONTENTS) * len(toys.PATTERNS) == 24
    assert sum(path.stat().st_size for path in files) < 600_000
    for one in stimuli():
        assert one.x.shape == (1, 3, 224, 224) and one.x.min() >= 0 and one.x.max() <= 1
        assert conflict.LABELS[one.shape] == one.label and conflict.LABELS[one.texture] == one.pattern


@pytest.mark.parametrize("name", toys.PATTERNS)
def test_the_network_names_every_pattern_whatever_the_draw(network, name):
    x = torch.cat([conflict.pattern(name), *(toys.PATTERNS[name](dice(seed)) for seed in range(3))])
    p = measure.probabilities(network, x)
    assert {models.imagenet_names()[k] for k in p.argmax(1).tolist()} == {name}
    assert p[0].max() > 0.5 and torch.allclose(x * 255, (x * 255).round(), atol=1e-4)


def test_the_photographs_are_named_as_a_person_would(network):
    x = torch.cat([data.photo(name) for name in conflict.CONTENTS])
    assert conflict.decisions(measure.probabilities(network, x)).tolist() == [0, 1, 2, 3]


def test_decisions_are_places_among_the_labels_or_neither():
    names, p = models.imagenet_names(), torch.zeros(4, 1000)
    for row, name in enumerate(("tabby", "espresso", "honeycomb", "goldfish")):
        p[row, names.index(name)] = 1
    said = conflict.decisions(p).tolist()
    assert [conflict.LABELS[k] for k in said[:3]] == ["cat", "cup of coffee", "honeycomb"] and said[3] == NEITHER


def test_what_ships_is_what_the_maker_makes(tmp_path, network):
    """One of the 24, made again: the same answer, and nearly the same picture."""
    one = stimuli()[0]
    content, texture = data.photo(one.photo), conflict.pattern(one.pattern)
    z = conflict.cue_conflict(network, content, texture, weight=shipped.WEIGHT, steps=shipped.STEPS)
    shipped._write(tmp_path / "again.jpg", z)
    again = shipped._read(tmp_path / "again.jpg")
    assert (again - one.x).abs().mean() < 0.05
    assert torch.equal(*(conflict.decisions(measure.probabilities(network, x)) for x in (again, one.x)))


def test_the_command_makes_all_of_them_with_a_bar(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(shipped, "cue_conflict", lambda network, content, texture, **_: content)
    monkeypatch.setattr(conflict.make, "__defaults__", (tmp_path, conflict.make.__defaults__[1]))
    assert main(["conflict"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in shipped.FOLDER.iterdir())
    assert "24/24" in capsys.readouterr().err


def test_a_missing_picture_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m advcourse conflict"):
        shipped._read(tmp_path / "gone.jpg")
