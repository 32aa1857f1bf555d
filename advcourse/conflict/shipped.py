"""Four photographs in six textures: all 24 cue-conflict images at one setting, none of them chosen or left out.

They ship as small JPEGs; `python -m advcourse conflict` makes them again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Generator, Tensor

from advcourse import data
from advcourse.asking import ignore
from advcourse.conflict.images import cue_conflict
from advcourse.conflict.protocol import NEITHER
from advcourse.models import imagenet_names, pretrained
from advcourse.toys.patterns import PATTERNS

FOLDER = Path(__file__).parent / "stimuli"
WEIGHT, STEPS = 0.03, 60

# What a person would say to a photograph, and the ImageNet classes that count as that.
CONTENTS = {
    "chelsea": ("cat", (281, 282, 283, 284, 285)),
    "coffee": ("cup of coffee", (504, 967, 968)),
    "camera": ("camera on a tripod", (732, 759, 872)),
    "rocket": ("rocket", (657, 744)),
}
LABELS = (*(label for label, _ in CONTENTS.values()), *PATTERNS)


@dataclass(frozen=True, eq=False)
class Stimulus:
    """A conflict image x [1, 3, 224, 224], the photograph its shape is from and the pattern its texture is from."""

    photo: str
    pattern: str
    x: Tensor

    @property
    def name(self) -> str:
        return f"{self.label} in {self.pattern}"

    @property
    def label(self) -> str:
        """What a person says."""
        return CONTENTS[self.photo][0]

    @property
    def shape(self) -> int:
        """The place of the shape's label among LABELS."""
        return LABELS.index(self.label)

    @property
    def texture(self) -> int:
        """The place of the texture's label among LABELS."""
        return LABELS.index(self.pattern)


@cache
def pattern(name: str) -> Tensor:
    """The texture of that name, always the same, [1, 3, 224, 224]; it takes a while to make, and is made once."""
    return PATTERNS[name](Generator().manual_seed(2))


def decisions(probabilities: Tensor) -> Tensor:
    """The first answer of each row [N, 1000] as a place among LABELS, or NEITHER of them: [N].

    For counting on these images, where an answer is one class of a thousand; the published ones have `to_sixteen`.
    """
    place = torch.full((1000,), NEITHER)
    for k, (_, classes) in enumerate(CONTENTS.values()):
        place[list(classes)] = k
    for name in PATTERNS:
        place[imagenet_names().index(name)] = LABELS.index(name)
    return place[probabilities.argmax(1).cpu()]


def pairs() -> list[tuple[str, str]]:
    """Every photograph with every pattern, photograph by photograph."""
    return [(photo, name) for photo in CONTENTS for name in PATTERNS]


@cache
def stimuli() -> tuple[Stimulus, ...]:
    """The 24 images that ship, photograph by photograph."""
    return tuple(Stimulus(photo, name, _read(_path(photo, name))) for photo, name in pairs())


def make(folder: Path = FOLDER, log: Callable[[str], object] = ignore) -> None:
    """Make all 24 again and write them as JPEGs; takes some minutes. log is called with each name when it is done."""
    network = pretrained()
    for photo, name in pairs():
        z = cue_conflict(network, data.photo(photo), pattern(name), weight=WEIGHT, steps=STEPS)
        _write(_path(photo, name, folder), z)
        log(f"{photo} in {name}")


def _path(photo: str, name: str, folder: Path = FOLDER) -> Path:
    return folder / f"{photo}_{name.replace(' ', '_')}.jpg"


def _read(path: Path) -> Tensor:
    from skimage.io import imread

    if not path.exists():
        raise FileNotFoundError(f"there is no picture {path.name}; make them with  python -m advcourse conflict")
    return torch.from_numpy(imread(path).copy()).permute(2, 0, 1)[None].float() / 255


def _write(path: Path, x: Tensor) -> None:
    from PIL import Image

    array = (x[0] * 255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(array).save(path, quality=80)
