"""Textured shapes: the dial between the cues does what it says, and both cues can be seen."""

import pytest
import torch

from advcourse import toys
from advcourse.toys import textured
from advcourse.toys.textured import KINDS, SIDE


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def every_pair(n):
    """n of each shape in each texture, [16 n]."""
    pairs = torch.cartesian_prod(torch.arange(KINDS), torch.arange(KINDS)).repeat_interleave(n, 0)
    return pairs[:, 0], pairs[:, 1]


@pytest.mark.parametrize("agreement", [0.0, 0.25, 0.6, 1.0])
def test_agreement_is_how_often_the_texture_is_that_of_the_shape(agreement):
    made = toys.textured_shapes(4000, dice(), agreement=agreement)
    share = (made.shape == made.texture).double().mean().item()
    assert share == pytest.approx(agreement, abs=0.03 if 0 < agreement < 1 else 0)
    assert made.x.shape == (4000, 1, SIDE, SIDE) and made.x.min() >= 0 and made.x.max() <= 1
    assert (made.shape.bincount() / 4000 - 0.25).abs().max() < 0.03


def test_another_texture_is_any_other_alike_so_that_a_quarter_says_nothing():
    made = toys.textured_shapes(8000, dice(), agreement=1 / KINDS)
    table = torch.stack([made.texture[made.shape == k].bincount(minlength=KINDS) for k in range(KINDS)]).double()
    assert (table / table.sum(1, keepdim=True) - 1 / KINDS).abs().max() < 0.04


def test_a_generator_repeats_it():
    one, again, other = (toys.textured_shapes(20, dice(seed), agreement=0.5) for seed in (3, 3, 4))
    assert torch.equal(one.x, again.x) and torch.equal(one.texture, again.texture) and not torch.equal(one.x, other.x)


def test_without_contrast_only_the_shape_is_left():
    shape, texture = every_pair(1)
    flat = [toys.drawn(shape, t, dice(1), contrast=0.0) for t in (texture, texture.flip(0))]
    assert torch.equal(*flat)


def test_the_texture_does_not_tell_the_shape_by_its_brightness():
    """The mean grey of a shape's body is the same in every texture, up to noise."""
    shape, texture = every_pair(150)
    means = toys.drawn(shape, texture, dice(), contrast=0.3).mean((1, 2, 3)).view(KINDS, KINDS, 150).mean(2)
    assert (means - means.mean(1, keepdim=True)).abs().max() < 0.01


def test_every_shape_has_its_own_outline_somewhere_in_the_picture():
    faces = textured._masks(textured.Dice(200, dice()))
    assert faces.shape == (KINDS, 200, SIDE, SIDE)
    covered = faces.mean((2, 3))
    assert covered.min() > 0.03 and covered.max() < 0.6
    assert faces[:, :, 0].max() == 0 or faces[:, :, 0].mean() < 0.02, "hardly anything is cut off at the top"
    for a in range(KINDS):
        for b in range(a):
            assert (faces[a] - faces[b]).abs().mean() > 0.02


def test_textures_go_up_and_down_around_zero():
    patterns = textured._patterns(textured.Dice(100, dice()))
    assert patterns.abs().max() <= 1.4 + 1e-6 and patterns.mean((1, 2, 3)).abs().max() < 0.02


@pytest.mark.parametrize("agreement", [-0.1, 1.1, float("nan")])
def test_agreement_is_a_probability(agreement):
    with pytest.raises(ValueError, match="probability"):
        toys.textured_shapes(3, dice(), agreement=agreement)


@pytest.mark.parametrize(
    ("shape", "texture", "message"),
    [
        ([0, 1], [0], "one for each image|one texture"),
        ([0, 4], [0, 1], "a shape is"),
        ([0, 1], [-1, 1], "a texture is"),
    ],
)
def test_kinds_that_do_not_exist_are_refused(shape, texture, message):
    with pytest.raises(ValueError, match=message):
        toys.drawn(torch.tensor(shape), torch.tensor(texture), dice())


def test_moving_them_keeps_everything_and_none_is_none():
    made = toys.textured_shapes(0, dice(), agreement=1.0).to("cpu")
    assert len(made) == 0 and "Textured(x=[0, 1, 32, 32]" in repr(made)
