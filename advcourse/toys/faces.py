"""Faces drawn from an age in years, for a network that has to read it off them.

Age shows in many places and in none alone: the proportions of the head, the size of eyes, nose and ears, wrinkles,
hair and its colour, glasses. All else (skin, light, pose, smile, haircut, background) varies freely and says nothing.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from advcourse.toys.brush import Canvas, Dice, ramp

YOUNGEST, OLDEST = 1.0, 90.0

SKINS = [(0.98, 0.87, 0.78), (0.93, 0.76, 0.64), (0.83, 0.64, 0.50), (0.66, 0.47, 0.35), (0.47, 0.32, 0.24)]
HAIRS = [(0.93, 0.80, 0.50), (0.66, 0.40, 0.20), (0.40, 0.24, 0.14), (0.20, 0.13, 0.10), (0.09, 0.08, 0.08)]
IRISES = [(0.30, 0.50, 0.62), (0.34, 0.46, 0.34), (0.40, 0.28, 0.16), (0.20, 0.13, 0.09)]
WALLS = [(0.70, 0.80, 0.86), (0.84, 0.82, 0.70), (0.78, 0.70, 0.80), (0.62, 0.74, 0.66), (0.88, 0.72, 0.64)]
CLOTHES = [(0.20, 0.36, 0.56), (0.62, 0.22, 0.22), (0.26, 0.46, 0.36), (0.82, 0.66, 0.26), (0.36, 0.32, 0.38)]


@dataclass(frozen=True, eq=False)
class Portraits:
    """Faces x [N, 3, 64, 64] in [0, 1] and the age y [N] of each, in years."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: slice) -> "Portraits":
        return Portraits(self.x[index], self.y[index])

    def to(self, device: torch.device | str) -> "Portraits":
        """The same portraits on another device."""
        return Portraits(self.x.to(device), self.y.to(device))

    def __repr__(self) -> str:
        return f"Portraits(x={list(self.x.shape)}, {self.x.device})"


def portraits(n: int, generator: Generator) -> Portraits:
    """n faces of ages drawn evenly between YOUNGEST and OLDEST, 1 and 90 years."""
    y = YOUNGEST + (OLDEST - YOUNGEST) * torch.rand(n, generator=generator)
    return Portraits(faces_aged(y, generator), y)


def faces_aged(age: Tensor, generator: Generator) -> Tensor:
    """A face [N, 3, 64, 64] in [0, 1] for each age [N] in years; everything but the age is drawn at random."""
    if age.ndim != 1 or not ((age >= 0) & (age <= 120)).all():
        raise ValueError(f"ages are years from 0 to 120, one for each face, [N]; got {age}")
    # Some hundred at a time: what they need then stays in the processor's cache.
    return torch.cat([_Sitters(part, generator).painted() for part in age.float().split(100)])


class _Sitters:
    """People of given ages [n], everything else about them drawn at random, and the steps of painting them.

    child falls from 1 at birth to 0 at 20; worn rises from 0 at 25 to 1 at 85; both are noisy, as people are.
    """

    def __init__(self, age: Tensor, generator: Generator):
        self.dice = dice = Dice(len(age), generator)
        self.generator = generator
        self.child = (1 - ramp(age + dice.normal(0.5), -4, 21)).clamp(0, 1)
        self.worn = ((age + dice.normal(2.5) - 22) / 63).clamp(0, 1.1)
        self.stout = dice.normal(0.03)
        self.skin = dice.among(SKINS)
        self.turn = dice.normal(0.05)  # how far the head looks to the side
        grey = ramp(age + dice.normal(4), 38, 72)[:, None]
        self.hair = torch.lerp(dice.among(HAIRS), dice.colour((0.86, 0.86, 0.87), 0.012), grey)
        self.mane = dice.between(-1, 1) - 0.5 * ramp(self.child, 0.7, 1)  # above 0: long hair
        self.receding = ramp(age + dice.normal(8), 25, 80) * (self.mane < 0) * dice.between(0.3, 1)
        self.bearded = (self.mane < 0) * (self.child < 0.01) * (dice.between(0, 1) < 0.35)
        self.glasses = dice.between(0, 1) < 0.08 + 0.5 * ramp(age, 38, 75)
        self.width = 0.46 + 0.06 * self.child + self.stout + 0.02 * self.worn
        self.jaw = 0.56 - 0.17 * self.child + 0.03 * self.worn  # how far down the chin reaches
        self.eyes = 0.0 + 0.12 * self.child  # a child's eyes sit low, under a large forehead

    def painted(self) -> Tensor:
        dice = self.dice
        wall = dice.among(WALLS)
        size = 1.06 - 0.08 * self.child + dice.normal(0.04)
        self.canvas = Canvas(wall, x=dice.normal(0.05), y=dice.normal(0.04), tilt=dice.normal(0.06), scale=size)
        self.canvas.light(dice.between(0, 6.3), dice.between(0, 0.25))
        self.behind()
        self.head()
        self.front_hair()
        self.wrinkles()
        self.eyes_and_brows()
        self.nose()
        self.mouth()
        self.spectacles()
        self.canvas.light(dice.between(0, 6.3), dice.between(0, 0.22))
        return self.canvas.noise(0.01, self.generator)

    def shade(self, factor: float) -> Tensor:
        """The skin in shadow: darker and a little redder."""
        return (self.skin * torch.tensor([factor * 1.06, factor, factor * 0.97])).clamp(0, 1)

    def behind(self) -> None:
        canvas, w = self.canvas, self.width
        long = self.mane.clamp_min(0)
        canvas.ellipse(0, 0.05 + 0.25 * long, w * 1.12, 0.5 + 0.35 * long, self.hair * 0.8, strength=(long > 0) * 1.0)
        shirt = self.dice.among(CLOTHES)
        canvas.ellipse(0, 1.25 - 0.2 * self.child, 0.86 - 0.2 * self.child, 0.5, shirt, power=2.6)
        neck = 0.24 - 0.07 * self.child
        canvas.ellipse(0, self.jaw + 0.12, neck, 0.3, self.shade(0.82), power=3.0)
        ear = 0.085 + 0.045 * self.worn
        for side in (-1, 1):
            canvas.ellipse(side * w * 0.99 + 0.4 * self.turn, self.eyes + 0.1, 0.075, ear * 1.25, self.shade(0.9))

    def head(self) -> None:
        canvas, w = self.canvas, self.width
        canvas.ellipse(0, -0.12, w, 0.52, self.skin)
        chin = w * (0.80 + 0.16 * self.child + 0.14 * self.worn)
        canvas.ellipse(0.3 * self.turn, self.jaw - 0.46, chin, 0.46, self.skin, power=2.2)
        rosy = torch.lerp(self.skin, torch.tensor([0.93, 0.45, 0.42]), 0.5)
        for side in (-1, 1):
            cheek = canvas.disc(side * 0.27 + self.turn, self.eyes + 0.25, 0.14, 0.11, soft=0.12)
            canvas.fill(cheek, rosy, 0.12 + 0.5 * self.child)
        beard = canvas.disc(0.3 * self.turn, self.jaw - 0.18, chin * 0.98, 0.24, power=2.4, soft=0.06)
        canvas.fill(beard, self.hair * 0.9, 0.85 * self.bearded)

    def front_hair(self) -> None:
        canvas, dice = self.canvas, self.dice
        top = (-0.40 + dice.normal(0.05) + 0.05 * self.child - 0.30 * self.receding)[:, None, None]
        ends = (-0.02 + 0.25 * self.mane.clamp_min(0) + dice.normal(0.06))[:, None, None]  # where hair ends at the side
        part = dice.normal(0.25)[:, None, None]
        full = 1.12 - 0.04 * self.receding - 0.04 * self.child
        cap = canvas.disc(0, -0.13, self.width * full, 0.53 * full)
        across = (canvas.x / self.width[:, None, None]).clamp(-1.1, 1.1)
        line = torch.lerp(top + part * across * (1 - across.abs()), ends, across.abs() ** 3)
        hair = cap * (0.5 + (line - canvas.y) / 0.05).clamp(0, 1)
        # An infant has little hair yet, and who goes bald little left.
        canvas.fill(hair, self.hair, 1 - 0.6 * ramp(self.child, 0.85, 1.0) - 0.35 * self.receding)
        sheen = canvas.disc(-0.14, -0.5, 0.22, 0.08, soft=0.15)
        canvas.fill(sheen * hair, (self.hair * 1.3).clamp(0, 1), 0.6 * (1 - self.receding))

    def wrinkles(self) -> None:
        canvas, t, dark = self.canvas, self.turn, self.shade(0.66)
        for i in range(3):
            deep = 0.75 * ramp(self.worn + self.dice.normal(0.05), 0.22 + 0.12 * i, 1.0)
            y = self.eyes - 0.25 - 0.085 * i
            canvas.stroke(0.6 * t, y, 0.26 - 0.03 * i, 0.03, 0.013, dark, strength=deep)
        for side in (-1, 1):
            deep = self.worn.clamp(0, 1)
            canvas.stroke(side * 0.2 + t, self.eyes + 0.135, 0.12, -0.05, 0.02, dark, strength=0.7 * deep)
            for slope in (-0.05, 0.0, 0.05):
                crow = side * (self.width - 0.07) + 0.5 * t
                canvas.stroke(
                    crow, self.eyes + slope, 0.06, 0.0, 0.012, dark, slope=side * slope, strength=0.8 * deep**1.5
                )
            # From the nose to the corners of the mouth, and on from there to the chin.
            fold, mouth = side * 0.21 + t, self.eyes + 0.42
            canvas.stroke(fold, mouth - 0.06, 0.07, 0.0, 0.035, dark, slope=side * 0.15, strength=0.75 * deep**0.8)
            low = 0.6 * ramp(deep, 0.4, 1)
            canvas.ellipse(side * 0.22 + t, mouth + 0.14, 0.02, 0.07, dark, strength=low, soft=0.04)

    def eyes_and_brows(self) -> None:
        canvas, dice, t = self.canvas, self.dice, self.turn
        iris = dice.among(IRISES)
        look_x, look_y = dice.normal(0.012), dice.normal(0.008)
        wide = 0.095 + 0.022 * self.child + dice.normal(0.004)
        high = (0.062 + 0.034 * self.child - 0.026 * self.worn) * (1 + dice.normal(0.06))
        white = torch.tensor([0.97, 0.96, 0.94]).expand(dice.n, 3)
        ink, lid = iris * 0.12, self.shade(0.55)
        lift = dice.normal(0.015)
        for side in (-1, 1):
            x = side * (0.195 + 0.008 * self.child) + t
            canvas.ellipse(x, self.eyes, wide, high, white)
            sight = canvas.disc(x, self.eyes, wide, high)
            canvas.fill(sight * canvas.disc(x + look_x, self.eyes + look_y, 0.058, 0.058), iris)
            canvas.fill(sight * canvas.disc(x + look_x, self.eyes + look_y, 0.03, 0.03), ink)
            canvas.ellipse(x + look_x - 0.022, self.eyes + look_y - 0.022, 0.012, 0.012, white)
            droop = 0.036 * side * self.worn
            canvas.stroke(x, self.eyes - high - 0.005, wide * 1.1, 0.75 * high, 0.022, lid, slope=droop)
            thick = 0.026 - 0.012 * self.child + 0.008 * self.worn + 0.01 * (self.mane < 0)
            brow = self.eyes - high - 0.105 + lift + 0.01 * self.worn
            fall, clear = side * (0.008 + 0.03 * self.worn), 0.9 - 0.4 * self.child
            canvas.stroke(x + side * 0.01, brow, 0.13, 0.035, thick, self.hair * 0.8, slope=fall, strength=clear)

    def nose(self) -> None:
        canvas, t = self.canvas, 1.5 * self.turn
        tip = self.eyes + 0.25 - 0.05 * self.child + 0.03 * self.worn
        wide = 0.075 - 0.012 * self.child + 0.018 * self.worn
        canvas.stroke(t, tip, wide + 0.015, -0.04, 0.022, self.shade(0.68))
        shine = (self.skin * 1.1).clamp(0, 1)
        canvas.ellipse(t - 0.015, tip - 0.035, wide * 0.55, 0.035, shine, soft=0.05, strength=0.7)
        bridge = self.shade(0.8)
        canvas.ellipse(t + 0.05, tip - 0.11, 0.016, 0.1, bridge, soft=0.04, strength=0.85 - 0.6 * self.child)
        for side in (-1, 1):
            canvas.ellipse(t + side * wide * 0.6, tip + 0.005, 0.018, 0.013, self.shade(0.45))

    def mouth(self) -> None:
        canvas, dice, t = self.canvas, self.dice, 1.2 * self.turn
        smile = dice.between(-0.07, 0.012)
        y = self.eyes + 0.43 - 0.07 * self.child + 0.02 * self.worn
        wide = 0.155 - 0.04 * self.child + dice.normal(0.012)
        red = torch.lerp(self.shade(0.78), torch.tensor([0.80, 0.30, 0.30]), (0.6 - 0.4 * self.worn)[:, None])
        full = 0.042 - 0.026 * self.worn - 0.006 * self.child
        canvas.stroke(t, y + 0.018, wide, smile, full + 0.012, red)
        canvas.stroke(t, y, wide * 1.05, smile, 0.012, self.shade(0.42))

    def spectacles(self) -> None:
        canvas, t = self.canvas, self.turn
        dark = self.dice.colour((0.20, 0.16, 0.16), 0.08)
        on = 1.0 * self.glasses
        for side in (-1, 1):
            rim = canvas.disc(side * 0.2 + t, self.eyes + 0.01, 0.165, 0.125, power=2.8)
            glass = canvas.disc(side * 0.2 + t, self.eyes + 0.01, 0.138, 0.098, power=2.8)
            canvas.fill(rim - glass, dark, on)
            canvas.fill(glass, torch.ones_like(dark), 0.12 * on)
        canvas.ellipse(t, self.eyes - 0.01, 0.05, 0.016, dark, strength=on)
