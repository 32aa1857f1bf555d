"""EfficientNet-Lite0 in plain PyTorch: it loads in an instant, and its layers have the names that timm gives them.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; lite: without squeeze
and excitation, and with ReLU6.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Of each stage: how much wider its blocks are inside, kernel, stride of the first, channels, blocks.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM, HEAD, CLASSES = 32, 1280, 1000
EPS = 1e-3  # of batch normalisation, as the weights were trained with


class Same(nn.Conv2d):
    """A convolution that pads as TensorFlow does: an odd pixel goes to the right and below."""

    def forward(self, input: Tensor) -> Tensor:
        (height, width), step = input.shape[2:], self.stride[0]
        down, across = (max((-(-n // step) - 1) * step + self.kernel_size[0] - n, 0) for n in (height, width))
        above, left = down // 2, across // 2  # as many pixels as the convolution can add itself, without a copy
        if down % 2 or across % 2:
            input = nn.functional.pad(input, (0, across % 2, 0, down % 2))
        return nn.functional.conv2d(input, self.weight, self.bias, step, (above, left), groups=self.groups)


class Normed(nn.BatchNorm2d):
    """Batch normalisation and ReLU6."""

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.relu6(super().forward(input), inplace=True)


class Block(nn.Module):
    """Wider by a 1 x 1 convolution, a convolution of each channel, narrower again; its input is added where it fits."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, wider: int):
        super().__init__()
        inside = wider * before
        self.wide, self.added = wider > 1, stride == 1 and before == after
        if self.wide:
            self.conv_pw, self.bn1 = nn.Conv2d(before, inside, 1, bias=False), Normed(inside, eps=EPS)
        self.conv_dw = Same(inside, inside, kernel, stride, groups=inside, bias=False)
        self.bn2 = Normed(inside, eps=EPS)
        self.conv_pwl, self.bn3 = nn.Conv2d(inside, after, 1, bias=False), nn.BatchNorm2d(after, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        z = self.bn1(self.conv_pw(x)) if self.wide else x
        z = self.bn3(self.conv_pwl(self.bn2(self.conv_dw(z))))
        return z + x if self.added else z


class EfficientNetLite0(nn.Module):
    """Images [B, 3, H, W], 224 x 224 and normalised -> logits [B, 1000]."""

    def __init__(self):
        super().__init__()
        self.conv_stem, self.bn1 = Same(3, STEM, 3, 2, bias=False), Normed(STEM, eps=EPS)
        stages, before = [], STEM
        for wider, kernel, stride, after, many in STAGES:
            first = Block(before, after, kernel, stride, wider)
            stages.append(nn.Sequential(first, *(Block(after, after, kernel, 1, wider) for _ in range(many - 1))))
            before = after
        self.blocks = nn.Sequential(*stages)
        self.conv_head, self.bn2 = nn.Conv2d(before, HEAD, 1, bias=False), Normed(HEAD, eps=EPS)
        self.classifier = nn.Linear(HEAD, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        z = self.bn2(self.conv_head(self.blocks(self.bn1(self.conv_stem(x)))))
        return self.classifier(torch.flatten(nn.functional.adaptive_avg_pool2d(z, 1), 1))


def folded(network: EfficientNetLite0) -> EfficientNetLite0:
    """The network, each normalisation made part of the convolution before it: in evaluation mode that changes nothing.

    But a picture and its gradient then take two thirds of the time. There is no training it after that.
    """
    for part in list(network.modules()):
        for (before, conv), (name, norm) in pairwise(list(part.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(part, before, fuse_conv_bn_eval(conv, norm))
                setattr(part, name, nn.ReLU6(inplace=True) if isinstance(norm, Normed) else nn.Identity())
    return network.requires_grad_()  # the new biases too
