"""Streets with people in them, for a detector that has to find each: many sizes, poses and clothes, much clutter.

What stands around has the parts of a person, one at a time: posts are as upright, trees have a trunk and a round top,
houses are as colourful as clothes, a ball is as round as a head. Only a person is all of it in one.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from advcourse.toys.brush import Canvas, Dice
from advcourse.toys.faces import CLOTHES, HAIRS, SKINS

SIDE = 96
MOST = 3  # people in one scene
SMALLEST, LARGEST = 26, 74  # heights in pixels
FINE = 0.06  # how soft the edges of what is painted on people are, in half heights

SKIES = [(0.72, 0.82, 0.92), (0.86, 0.87, 0.88), (0.93, 0.83, 0.72), (0.55, 0.66, 0.80)]
GROUNDS = [(0.45, 0.55, 0.36), (0.56, 0.54, 0.52), (0.72, 0.66, 0.52), (0.38, 0.38, 0.42)]
HOUSES = [(0.72, 0.44, 0.36), (0.80, 0.74, 0.60), (0.52, 0.54, 0.60), (0.86, 0.62, 0.40), (0.44, 0.50, 0.40)]
LEAVES = [(0.20, 0.36, 0.18), (0.38, 0.48, 0.20), (0.60, 0.42, 0.16)]
TROUSERS = [(0.16, 0.18, 0.24), (0.26, 0.34, 0.50), (0.46, 0.40, 0.32), (0.62, 0.60, 0.56), (0.36, 0.20, 0.20)]


@dataclass(frozen=True, eq=False)
class Scenes:
    """Scenes x [N, 3, 96, 96] in [0, 1] and the people in each, y [N, 3, 4]: left, top, right, bottom in pixels.

    Where there are fewer people than three, the boxes that are left over are all zero.
    """

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: slice | Tensor) -> "Scenes":
        return Scenes(self.x[index], self.y[index])

    def to(self, device: torch.device | str) -> "Scenes":
        """The same scenes on another device."""
        return Scenes(self.x.to(device), self.y.to(device))

    def __repr__(self) -> str:
        return f"Scenes(x={list(self.x.shape)}, {self.x.device})"


def scenes(n: int, generator: Generator) -> Scenes:
    """n scenes with none to three people each: one in eight is empty."""
    parts = [_drawn(min(100, n - done), generator) for done in range(0, n, 100)]  # what the processor's cache holds
    if not parts:
        return Scenes(torch.zeros(0, 3, SIDE, SIDE), torch.zeros(0, MOST, 4))
    x, y = (torch.cat(part) for part in zip(*parts))
    return Scenes(x, y)


def _drawn(n: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Pictures [n, 3, 96, 96] and boxes [n, 3, 4], the smallest person first."""
    dice = Dice(n, generator)
    street = _Street(dice)
    street.clutter()
    people = torch.tensor([0, 1, 1, 2, 2, 2, 3, 3])[dice.between(0, 8).long().clamp_max(7)]
    height = torch.stack([_skewed(dice) for _ in range(MOST)], 1).sort(1).values
    places = torch.rand(n, MOST, generator=generator).argsort(1)  # nobody stands in front of another's middle
    boxes = []
    for k in range(MOST):
        x = (places[:, k] - 1) * 0.62 + dice.between(-0.1, 0.1)
        here = MOST - 1 - k < people
        boxes.append(street.person(x, height[:, k] / SIDE, here))
    street.canvas.light(dice.between(0, 6.3), dice.between(0, 0.25))
    return street.canvas.noise(0.02, generator), torch.stack(boxes, 1)


def _skewed(dice: Dice) -> Tensor:
    """Heights in pixels, [n]: each doubling as often as the other."""
    return SMALLEST * (LARGEST / SMALLEST) ** dice.between(0, 1)


class _Tracked(Canvas):
    """A canvas that remembers what was covered since it was last `cleared`: [N, side, side] in [0, 1]."""

    def clear(self) -> None:
        self.covered = torch.zeros(self.n, self.side, self.side)

    def fill(self, mask: Tensor, colour: Tensor, strength: Tensor | float = 1.0) -> None:
        super().fill(mask, colour, strength)
        self.covered = torch.maximum(self.covered, mask * self._one(strength))

    def limb(self, start: tuple[Tensor, Tensor], end: tuple[Tensor, Tensor], thick: Tensor, colour: Tensor) -> None:
        """Paint a line from start to end, thick to either side, with round ends."""
        ax, ay, bx, by = (self._one(v) for v in (*start, *end))
        dx, dy = bx - ax, by - ay
        along = (((self.x - ax) * dx + (self.y - ay) * dy) / (dx**2 + dy**2).clamp_min(1e-6)).clamp(0, 1)
        far = ((self.x - ax - along * dx) ** 2 + (self.y - ay - along * dy) ** 2).sqrt()
        self.fill((0.5 + (self._one(thick) - far) / FINE).clamp(0, 1), colour)


class _Street:
    """n streets at the dice's choice, and how people and other things are painted into them."""

    def __init__(self, dice: Dice):
        self.dice = dice
        self.canvas = _Tracked(dice.among(SKIES), side=SIDE)
        self.canvas.clear()
        self.horizon = dice.between(-0.35, 0.05)
        below = (0.5 + (self.canvas.y - self.canvas._one(self.horizon)) / 0.04).clamp(0, 1)
        self.canvas.fill(below, dice.among(GROUNDS))

    def clutter(self) -> None:
        """Houses with windows, trees, posts, balls and boxes."""
        for _ in range(3):
            self.house()
        for _ in range(2):
            self.tree()
        for _ in range(3):
            self.lamp()
        for _ in range(3):
            self.litter()

    def lamp(self) -> None:
        dice, canvas, there = self.dice, self.canvas, self.some(0.6)
        x, y, high = dice.between(-1, 1), self.horizon + dice.between(0, 0.5), dice.between(0.2, 0.6)
        post, lamp = dice.between(0.01, 0.04), dice.between(0.03, 0.09)
        canvas.ellipse(x, y - high, post, high, dice.among(TROUSERS), power=8.0, strength=there)
        canvas.ellipse(x, y - 2 * high, lamp, lamp, dice.colour((0.9, 0.85, 0.6), 0.1), strength=there)

    def litter(self) -> None:
        dice, canvas, there = self.dice, self.canvas, self.some(0.6)
        x, y, size = dice.between(-1, 1), self.horizon + dice.between(0.1, 0.9), dice.between(0.03, 0.12)
        tall = size * dice.between(0.7, 1.3)
        canvas.ellipse(x, y, size, tall, dice.among(CLOTHES), power=4.0, strength=there)
        canvas.ellipse(dice.between(-1, 1), y, size / 2, size / 2, dice.among(SKINS), strength=there)

    def house(self) -> None:
        dice, canvas, there = self.dice, self.canvas, self.some(0.7)
        x, wide, high = dice.between(-1, 1), dice.between(0.15, 0.4), dice.between(0.1, 0.45)
        wall = dice.among(HOUSES)
        canvas.ellipse(x, self.horizon - high + 0.02, wide, high, wall, power=12.0, strength=there)
        for column in (-0.5, 0.0, 0.5):
            for row in (-1.4, -0.8):
                at = x + column * wide, self.horizon + row * high
                canvas.ellipse(*at, wide / 8, high / 7, wall * 0.4, power=8.0, strength=there)

    def some(self, share: float) -> Tensor:
        """1 in this share of the pictures, 0 in the others: [n]."""
        return (self.dice.between(0, 1) < share) * 1.0

    def tree(self) -> None:
        dice, canvas = self.dice, self.canvas
        x, y, size = dice.between(-1, 1), self.horizon + dice.between(0.02, 0.3), dice.between(0.15, 0.4)
        there = self.some(0.7)
        bark = dice.colour((0.34, 0.26, 0.20), 0.04)
        canvas.ellipse(x, y - size * 0.6, size * 0.12, size * 0.6, bark, power=6.0, strength=there)
        leaves = dice.among(LEAVES)
        for shade, away in ((0.8, -0.2), (1.0, 0.15), (1.15, 0.0)):
            top = dice.between(0.35, 0.55) * size
            canvas.ellipse(x + away * size, y - 1.35 * size, top, top, leaves * shade, strength=there)

    def person(self, x: Tensor, height: Tensor, here: Tensor) -> Tensor:
        """Paint people of these heights, in half pictures, where there is one; their boxes [n, 4] in pixels."""
        dice, canvas, before = self.dice, self.canvas, self.canvas.pixels
        feet = torch.maximum(self.horizon + 2 * height * 0.55, dice.between(0.1, 0.97))
        feet = torch.minimum(feet, torch.tensor(0.97))
        canvas.move(x=x, y=feet - height, tilt=dice.normal(0.04), scale=height)
        canvas.clear()
        stout = 1 + dice.normal(0.12)
        self.legs(stout)
        self.trunk(stout)
        self.head()
        self.carried()
        canvas.pixels = torch.where(here[:, None, None, None], canvas.pixels, before)
        canvas.move()
        return _around(canvas.covered > 0.5) * here[:, None]

    def legs(self, stout: Tensor) -> None:
        dice, canvas, cloth = self.dice, self.canvas, self.dice.among(TROUSERS)
        shoes, bare = dice.colour((0.15, 0.13, 0.12), 0.06), self.some(0.2)[:, None] > 0
        for side in (-1.0, 1.0):
            foot, knee = side * 0.12 + dice.normal(0.1), side * 0.11 + dice.normal(0.06)
            hip, zero = side * 0.09 * stout, torch.zeros(dice.n)
            canvas.limb((hip, zero + 0.1), (knee, zero + 0.5), 0.1 * stout, cloth)
            canvas.limb((knee, zero + 0.5), (foot, zero + 0.92), 0.075 * stout, cloth)
            canvas.ellipse(foot + 0.03, 0.95, 0.1, 0.05, shoes)
        skirt = canvas.disc(0, 0.25, 0.24 * stout, 0.3, power=3.0, soft=FINE)
        canvas.fill(skirt, torch.where(bare, dice.among(CLOTHES), cloth), bare[:, 0] * 1.0)

    def trunk(self, stout: Tensor) -> None:
        dice, canvas, shirt = self.dice, self.canvas, self.dice.among(CLOTHES)
        skin, zero = dice.among(SKINS), torch.zeros(dice.n)
        self.skin = skin
        for side in (-1.0, 1.0):
            shoulder = side * 0.21 * stout
            lift = dice.between(-0.35, 1.0)
            elbow_x, elbow_y = shoulder + side * (0.08 + 0.16 * (1 - lift.abs())), -0.44 + 0.3 * lift
            hand_x, hand_y = elbow_x + side * dice.between(-0.16, 0.14), elbow_y + dice.between(0.05, 0.3)
            canvas.limb((elbow_x, elbow_y), (hand_x, hand_y), zero + 0.05, skin)
            canvas.limb((shoulder, zero - 0.46), (elbow_x, elbow_y), zero + 0.065, shirt * 0.9)
        body = canvas.disc(0, -0.2, 0.25 * stout, 0.37, power=3.5, soft=FINE)
        canvas.fill(body, shirt)
        stripes = (torch.sin(canvas.y * 40) > 0.2) * body
        canvas.fill(stripes, dice.among(CLOTHES), self.some(0.25))
        canvas.fill(body * (canvas.x.abs() < 0.03), shirt * 0.6, self.some(0.3))

    def carried(self) -> None:
        """A print on the shirt or a board before the chest, of any colour: the person behind it is still one."""
        dice, canvas, there = self.dice, self.canvas, self.some(0.5)
        x, y, half = dice.normal(0.06), -0.25 + dice.normal(0.1), dice.between(0.1, 0.4)
        paper, ink = (torch.stack([dice.between(0, 1) for _ in "rgb"], 1) for _ in range(2))
        paper = torch.lerp(paper.mean(1, keepdim=True), paper, dice.between(0, 1)[:, None])  # dull as often as bright
        tall = half * dice.between(0.7, 1.1)
        canvas.ellipse(x, y, half, tall, paper, power=12.0, strength=there, soft=FINE)
        mark = canvas.disc(x, y, half * dice.between(0.3, 0.9), tall * dice.between(0.3, 0.9), power=4.0, soft=FINE)
        wave, along = dice.between(0, 60)[:, None, None], dice.between(-1, 1)[:, None, None]
        stripes = torch.sin(wave * (canvas.x + along * canvas.y)) > -0.3
        canvas.fill(mark * stripes, ink, there * self.some(0.6))

    def head(self) -> None:
        dice, canvas, hair = self.dice, self.canvas, self.dice.among(HAIRS)
        turn = dice.normal(0.03)
        canvas.ellipse(turn, -0.62, 0.06, 0.08, self.skin * 0.85, soft=FINE)
        long = self.some(0.4)
        canvas.ellipse(turn, -0.74, 0.155, 0.2, hair, strength=long, soft=FINE)
        canvas.ellipse(turn, -0.8, 0.13, 0.16, self.skin, soft=FINE)
        canvas.ellipse(turn, -0.9, 0.145, 0.085, hair, soft=FINE)
        for side in (-0.05, 0.05):
            canvas.ellipse(turn + side, -0.8, 0.02, 0.02, self.skin * 0.2, soft=FINE)


def _around(mask: Tensor) -> Tensor:
    """The box of all pixels of a mask [n, H, W]: [n, 4], from the first pixel's edge to the last one's; 0 for none."""
    sides = []
    for on in (mask.any(1), mask.any(2)):
        at = torch.arange(on.shape[1])
        sides.append((torch.where(on, at, on.shape[1]).amin(1), torch.where(on, at + 1, 0).amax(1)))
    (left, right), (top, bottom) = sides
    return torch.stack([left, top, right, bottom], 1).float() * mask.flatten(1).any(1)[:, None]
