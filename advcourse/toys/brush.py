"""Painting in tensors: soft ellipses, strokes and blobs on many small pictures at once, each with its own numbers."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

SIZE = 64
PIXEL = 2 / SIZE

Number = Tensor | float  # one for the whole batch, or one for each picture, [N]


class Canvas:
    """A batch of pictures [N, 3, side, side] that starts in one colour each. x runs right, y down, both from -1 to 1.

    What is painted turns with `tilt`, grows with `scale` and moves with `x`, `y`, one number for each picture.
    """

    def __init__(
        self,
        colour: Tensor,
        *,
        x: Number = 0.0,
        y: Number = 0.0,
        tilt: Number = 0.0,
        scale: Number = 1.0,
        side: int = SIZE,
    ):
        self.n, self.side = len(colour), side
        self.pixels = colour[:, :, None, None].repeat(1, 1, side, side)
        at = torch.linspace(-1 + 1 / side, 1 - 1 / side, side)
        self.flat_x, self.flat_y = at[None, None, :], at[None, :, None]
        self.move(x=x, y=y, tilt=tilt, scale=scale)

    def move(self, *, x: Number = 0.0, y: Number = 0.0, tilt: Number = 0.0, scale: Number = 1.0) -> None:
        """From here on what is painted is moved, turned and scaled like this."""
        dx, dy = self.flat_x - self._one(x), self.flat_y - self._one(y)
        cos, sin = torch.cos(self._one(tilt)), torch.sin(self._one(tilt))
        self.x, self.y = (cos * dx + sin * dy) / self._one(scale), (cos * dy - sin * dx) / self._one(scale)

    def _one(self, value: Number) -> Tensor:
        """A number for each picture, shaped to meet its pixels."""
        return torch.as_tensor(value, dtype=torch.float32).expand(self.n)[:, None, None]

    def fill(self, mask: Tensor, colour: Tensor, strength: Number = 1.0) -> None:
        """Cover with a colour [N, 3] where the mask [N, side, side] is 1."""
        mask = (mask * self._one(strength))[:, None]
        self.pixels = torch.lerp(self.pixels, colour[:, :, None, None], mask)

    def disc(self, x: Number, y: Number, rx: Number, ry: Number, *, soft: float = PIXEL, power: float = 2.0) -> Tensor:
        """The mask of an ellipse; a power above 2 makes it squarer."""
        rx, ry = self._one(rx), self._one(ry)
        u, v = (self.x - self._one(x)).abs() / rx, (self.y - self._one(y)).abs() / ry
        far = (u**2 + v**2).sqrt() if power == 2.0 else (u**power + v**power) ** (1 / power)
        return (0.5 - (far - 1) * torch.minimum(rx, ry) / soft).clamp(0, 1)

    def ellipse(
        self, x: Number, y: Number, rx: Number, ry: Number, colour: Tensor, *, strength: Number = 1.0, **shape: float
    ) -> None:
        """Paint an ellipse."""
        self.fill(self.disc(x, y, rx, ry, **shape), colour, strength)

    def stroke(
        self,
        x: Number,
        y: Number,
        half: Number,
        bend: Number,
        width: Number,
        colour: Tensor,
        *,
        slope: Number = 0.0,
        strength: Number = 1.0,
    ) -> None:
        """Paint a brush stroke through (x, y), half as long as `half` to either side and thin at its ends.

        Its ends lie lower than its middle by `bend`, its right end lower than its left by twice `slope`.
        """
        t = (self.x - self._one(x)) / self._one(half)
        across = self.y - self._one(y) - self._one(bend) * t**2 - self._one(slope) * t
        thick = self._one(width) * (1 - t**2).clamp_min(0).sqrt()
        mask = (0.5 + (thick - across.abs()) / PIXEL).clamp(0, 1) * (t.abs() < 1)
        self.fill(mask, colour, strength)

    def blob(
        self,
        x: Number,
        y: Number,
        outline: Callable[[Tensor], Tensor],
        colour: Tensor,
        *,
        grow: float,
        soft: float = PIXEL,
    ) -> None:
        """Paint a shape that reaches outline(angle) + grow from its centre; angles [N, side²] in, distances out."""
        dx, dy = self.x - self._one(x), self.y - self._one(y)
        far, angle = (dx**2 + dy**2).sqrt().flatten(1), torch.atan2(dy, dx).flatten(1)
        reach, next_to_it = outline(angle), outline(angle + 0.01)
        # Measured along the ray; where the outline runs along the ray too, the way to it is shorter.
        slope = (next_to_it - reach) / (0.01 * reach)
        distance = (far - reach) / (1 + slope**2).sqrt()
        self.fill((0.5 - (distance - grow) / soft).clamp(0, 1).view(self.n, self.side, self.side), colour)

    def vignette(self, strength: float) -> None:
        """Darken the corners."""
        far = (self.flat_x**2 + self.flat_y**2) / 2
        self.pixels = self.pixels * (1 - strength * far**1.5)[:, None]

    def light(self, angle: Tensor, strength: Tensor) -> None:
        """Light from one side: brighter toward the angle, darker away from it."""
        along = self.flat_x * torch.cos(self._one(angle)) + self.flat_y * torch.sin(self._one(angle))
        self.pixels = self.pixels * (1 + self._one(strength) * along)[:, None]

    def noise(self, size: float, generator: Generator) -> Tensor:
        """The finished pictures, with a camera's noise, in [0, 1]."""
        grain = size * torch.randn(self.pixels.shape, generator=generator)
        return (self.pixels + grain).clamp(0, 1)


class Dice:
    """Random numbers [n] that all come from one generator."""

    def __init__(self, n: int, generator: Generator):
        self.n, self.generator = n, generator

    def between(self, low: float, high: float) -> Tensor:
        """Evenly drawn."""
        return low + (high - low) * torch.rand(self.n, generator=self.generator)

    def normal(self, spread: float) -> Tensor:
        """Around zero, at most twice the spread away."""
        return spread * torch.randn(self.n, generator=self.generator).clamp(-2, 2)

    def colour(self, rgb: tuple[float, float, float], spread: float) -> Tensor:
        """Colours [n, 3] around this one."""
        return (torch.tensor(rgb) + spread * torch.randn(self.n, 3, generator=self.generator).clamp(-2, 2)).clamp(0, 1)

    def among(self, colours: list[tuple[float, float, float]]) -> Tensor:
        """Colours [n, 3], each on the way between two neighbours of a list."""
        table = torch.tensor(colours)
        place = (len(colours) - 1) * torch.rand(self.n, generator=self.generator)
        low = place.long().clamp_max(len(colours) - 2)
        return torch.lerp(table[low], table[low + 1], (place - low)[:, None])


def ramp(value: Tensor, low: float, high: float) -> Tensor:
    """0 below low, 1 above high, a smooth rise between."""
    t = ((value - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)
