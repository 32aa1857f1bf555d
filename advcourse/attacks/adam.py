"""Adam on what is attacked instead of on weights: it imports nothing that torch.optim would."""

import torch
from torch import Tensor


class Adam:
    """Adam's direction: the mean gradient over its mean size, each pixel by itself. Kingma and Ba, ICLR 2015.

    Gradients come in units of a sample's first one, so that tiny ones have squares, too; a pixel that never had any
    stays where it is.
    """

    def __init__(self) -> None:
        self.steps = 0

    def direction(self, g: Tensor) -> Tensor:
        """Where to go from here, about one step_size in each pixel: [B, ...]."""
        if not self.steps:
            top = g.flatten(1).abs().amax(1).view(-1, *[1] * (g.ndim - 1))
            self.unit = torch.where(top > 0, top, 1.0)
            self.first, self.second = torch.zeros_like(g), torch.zeros_like(g)
        g = g / self.unit
        self.steps += 1
        self.first = torch.lerp(self.first, g, 0.1)
        self.second = torch.lerp(self.second, g.square(), 0.001)
        mean = self.first / (1 - 0.9**self.steps)
        size = (self.second / (1 - 0.999**self.steps)).sqrt()
        return torch.where(size > 0, mean / size, 0.0)
