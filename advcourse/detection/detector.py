"""A detector in one pass, without anchors: every cell of a map says whether a person is there, and how far it goes."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from advcourse.asking import Model, answer, evaluating
from advcourse.detection.boxes import Found, overlap, suppressed
from advcourse.detection.precision import average_precision
from advcourse.models import Normalize

STRIDE = 8  # pixels of a cell's side
FAINT = 0.02  # the probability below which nothing is reported
CENTRAL = 0.2  # so far from a person's middle, in its width and height, a cell is to fire; at least half a cell


class Detector(nn.Module):
    """Scenes [B, 3, H, W] in [0, 1] -> [B, 5, H/8, W/8]: an objectness logit and the way to four sides, by cell.

    The ways, to the left, top, right and bottom of the box, come in cells and before their softplus. One class, one
    stage, no anchors: Tian, Shen, Chen and He, "FCOS: Fully Convolutional One-Stage Object Detection", ICCV 2019.
    """

    def __init__(self, width: int = 48):
        super().__init__()
        self.layers = nn.Sequential(
            Normalize([0.5] * 3, [0.25] * 3),
            *_block(3, width // 3, size=5, stride=2),
            *_block(width // 3, 2 * width // 3, stride=2),
            *_block(2 * width // 3, width, stride=2),
            *_block(width, width),
            *_block(width, width, reach=2),
        )
        self.head = nn.Conv2d(width, 5, 1)
        # At first cells with a person are rare, and people about four cells tall.
        self.head.bias = nn.Parameter(torch.tensor([-3.0, 1.0, 1.0, 1.0, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x))

    def objectness(self, x: Tensor) -> Tensor:
        """The logits alone, [B, H/8, W/8]: what a goal `Hide` scores. Above zero the detector fires."""
        return self(x)[:, 0]


def detector(width: int = 48) -> Detector:
    """An untrained detector of one class."""
    return Detector(width)


def _block(before: int, after: int, *, size: int = 3, stride: int = 1, reach: int = 1) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(before, after, size, stride, padding=size // 2 * reach, dilation=reach, bias=False)
    return conv, nn.BatchNorm2d(after), nn.ReLU()


def cells(out: Tensor) -> Tensor:
    """The middle of each cell of a map [B, C, h, w] in pixels, x and y: [h, w, 2]."""
    down, across = (STRIDE * (torch.arange(n, device=out.device, dtype=out.dtype) + 0.5) for n in out.shape[2:])
    return torch.stack(torch.meshgrid(across, down, indexing="xy"), -1)


def boxes_of(out: Tensor) -> Tensor:
    """The box that each cell proposes, in pixels: [B, 5, h, w] -> [B, h, w, 4]."""
    ways = STRIDE * F.softplus(out[:, 1:]).movedim(1, -1)
    at = cells(out)
    return torch.cat([at - ways[..., :2], at + ways[..., 2:]], -1)


def assigned(out: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Which cells are to fire, [B, h, w] bool, and for which box, [B, h, w, 4]: boxes [B, K, 4], empty ones are none.

    The cells around a box's middle are; where two boxes want a cell, the first gets it.
    """
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    size = boxes[..., 2:] - boxes[..., :2]
    reach = (CENTRAL * size).clamp(min=STRIDE / 2)
    off = (cells(out)[None, None] - middle[:, :, None, None]).abs()
    wanted = (off <= reach[:, :, None, None]).all(-1) & (size > 0).all(-1)[:, :, None, None]
    first = wanted.int().argmax(1)
    rows = torch.arange(len(boxes), device=boxes.device)[:, None, None]
    return wanted.any(1), boxes[rows, first]


def detection_loss(model: nn.Module, x: Tensor, boxes: Tensor) -> Tensor:
    """Cross entropy of every cell and 1 - overlap of the boxes of those to fire, per such cell: boxes [B, K, 4]."""
    out = answer(model, x)
    fires, wanted = assigned(out, boxes)
    count = fires.sum().clamp(min=1)
    objectness = F.binary_cross_entropy_with_logits(out[:, 0], fires.to(out.dtype), reduction="sum")
    return (objectness + (1 - overlap(boxes_of(out)[fires], wanted[fires])).sum()) / count


def found(model: Model, x: Tensor, *, surer: float = FAINT, most: float = 0.5) -> list[Found]:
    """What the detector finds in each of x [B, 3, H, W] with a probability above `surer`, repetitions suppressed."""
    with evaluating(model), torch.no_grad():
        out = torch.cat([answer(model, part) for part in x.split(100)]) if len(x) else x.new_zeros(0, 5, 1, 1)
    score, boxes = out[:, 0].sigmoid().flatten(1), boxes_of(out).flatten(1, 2)
    return [suppressed(Found(b[s > surer], s[s > surer]), most) for s, b in zip(score, boxes)]


def precision_on(model: Model, x: Tensor, boxes: Tensor) -> float:
    """Average precision on pictures [N, 3, H, W] with the true boxes [N, K, 4], at half an overlap."""
    return average_precision(found(model, x), boxes)
