"""Drawn faces and amoebas: repeatable pictures, in which age shows in many places and nothing else gives it away."""

import pytest
import torch

from advcourse import checkpoints, measure, models, training
from advcourse.toys.amoeba import amoebas
from advcourse.toys.brush import Canvas, Dice, ramp
from advcourse.toys.faces import OLDEST, YOUNGEST, Portraits, faces_aged, portraits


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def same_people(*ages: float, seed: int = 0) -> torch.Tensor:
    """One person at several ages: the same random numbers each time."""
    return torch.cat([faces_aged(torch.tensor([age]), drawn(seed)) for age in ages])


@pytest.mark.parametrize("make", [lambda n, g: portraits(n, g).x, amoebas], ids=["faces", "amoebas"])
def test_pictures_are_images_and_repeat_themselves(make):
    x = make(7, drawn())
    assert x.shape == (7, 3, 64, 64) and x.dtype == torch.float32
    assert x.min() >= 0 and x.max() <= 1 and x.flatten(1).std(1).min() > 0.05
    assert torch.equal(x, make(7, drawn())) and not torch.equal(x, make(7, drawn(1)))
    assert (x[0] - x[1]).abs().mean() > 0.02, "no two alike"


@pytest.mark.parametrize("n", [0, 1, 101])
def test_any_number_of_portraits(n):
    made = portraits(n, drawn())
    assert len(made) == len(made.x) == len(made.y) == n
    assert made.x.shape[1:] == (3, 64, 64)


def test_ages_are_spread_evenly():
    y = portraits(300, drawn()).y
    assert y.min() >= YOUNGEST and y.max() <= OLDEST
    assert y.mean().item() == pytest.approx((YOUNGEST + OLDEST) / 2, abs=4.5)
    assert (y.sort().values - torch.linspace(YOUNGEST, OLDEST, 300)).abs().max() < 8


@pytest.mark.parametrize(
    "age", [torch.tensor([-1.0]), torch.tensor([130.0]), torch.tensor([float("nan")]), torch.ones(2, 2)]
)
def test_ages_nobody_has_are_refused(age):
    with pytest.raises(ValueError, match="years from 0 to 120, one for each face"):
        faces_aged(age, drawn())


def test_age_shows_all_over_the_face():
    """From 10 to 80 most of the head changes; no single region carries all of it."""
    child, old = torch.stack([same_people(10, 80, seed=seed) for seed in range(40)]).unbind(1)
    changed = (child - old).abs().mean((0, 1))
    assert (changed > 0.05).float().mean() > 0.4
    rows = changed.sum(1) / changed.sum()
    assert rows.max() < 0.06, "no row of pixels carries much of it"


def test_growing_old_is_gradual():
    ages = torch.linspace(20, 90, 15)
    x = same_people(*ages.tolist(), seed=3)
    steps = (x[1:] - x[:-1]).abs().mean((1, 2, 3))
    assert steps.max() < 0.5 * (x[0] - x[-1]).abs().mean()


def test_no_single_colour_tells_the_age():
    """A linear fit of the age to the mean colour of a face is off by many times what the network needs."""
    made = portraits(400, drawn())
    colour = torch.cat([made.x.mean((2, 3)), torch.ones(400, 1)], 1)
    guess = colour @ torch.linalg.lstsq(colour, made.y[:, None]).solution
    assert (guess[:, 0] - made.y).abs().mean() > 12


# The network that reads it --------------------------------------------------------------------------------------------


def test_the_network_reads_the_age_of_fresh_faces():
    made = portraits(300, drawn(99))
    assert measure.absolute_error(checkpoints.load("faces_age"), made.x, made.y) < 6


def test_ages_come_one_a_face_in_years():
    torch.manual_seed(0)
    model = models.age_cnn(width=4)
    out = model(torch.rand(5, 3, 64, 64))
    assert out.shape == (5,) and out.min() > 10 and out.max() < 80, "about right before any training"


def test_absolute_loss_is_the_absolute_error():
    model, x, y = (lambda x: x.sum(1)), torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([2.0, 10.0])
    assert training.absolute_loss(model, x, y).item() == 2.0


# The brush ------------------------------------------------------------------------------------------------------------


def test_an_ellipse_covers_its_area():
    canvas = Canvas(torch.zeros(2, 3))
    mask = canvas.disc(0.1, -0.2, torch.tensor([0.3, 0.5]), 0.4)
    area = mask.sum((1, 2)) * (2 / 64) ** 2
    assert area.tolist() == pytest.approx([torch.pi * 0.12, torch.pi * 0.2], rel=0.02)


def test_a_blob_that_is_a_disc_is_a_disc():
    colour, one, other = torch.ones(1, 3), Canvas(torch.zeros(1, 3)), Canvas(torch.zeros(1, 3))
    one.blob(0.1, 0.1, lambda angle: torch.full_like(angle, 0.5), colour, grow=0.0)
    other.ellipse(0.1, 0.1, 0.5, 0.5, colour)
    assert torch.allclose(one.pixels, other.pixels, atol=1e-4)


def test_a_tilted_canvas_turns_what_is_painted():
    flat, turned = (Canvas(torch.zeros(1, 3), tilt=tilt) for tilt in (0.0, torch.pi / 2))
    for canvas in (flat, turned):
        canvas.stroke(0, 0, 0.6, 0, 0.05, torch.ones(1, 3))
    assert torch.allclose(flat.pixels.transpose(2, 3), turned.pixels, atol=1e-3) and flat.pixels.sum() > 100


def test_dice_and_ramp():
    dice = Dice(1000, drawn())
    assert dice.between(2, 3).min() >= 2 and dice.between(2, 3).max() <= 3
    assert dice.normal(0.5).abs().max() <= 1
    assert dice.among([(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)]).std(1).max() < 1e-6
    assert ramp(torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0]), 0, 1).tolist() == [0, 0, 0.5, 1, 1]


def test_portraits_move_to_a_device():
    made = portraits(2, drawn())
    assert isinstance(made.to("cpu"), Portraits) and repr(made) == "Portraits(x=[2, 3, 64, 64], cpu)"
