"""Amoebas under a microscope: what nobody would ask an age predictor about."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from advcourse.toys.brush import Canvas, Dice


def amoebas(n: int, generator: Generator) -> Tensor:
    """n amoebas, [n, 3, 64, 64] in [0, 1]: a body with six feet of any length, granules, a nucleus and a vacuole."""
    dice = Dice(n, generator)
    water = dice.colour((0.78, 0.85, 0.78), 0.025)
    canvas = Canvas(water)
    for _ in range(12):
        speck = dice.between(0.01, 0.04)
        canvas.ellipse(dice.between(-1, 1), dice.between(-1, 1), speck, speck, water * 0.82, strength=0.6)
    x, y = dice.between(-0.1, 0.1), dice.between(-0.1, 0.1)
    plasma = dice.colour((0.52, 0.64, 0.56), 0.035)
    rim = _rim(dice)
    canvas.blob(x, y, rim, plasma * 0.42, grow=0.05)
    canvas.blob(x, y, rim, plasma * 1.38, grow=0.01)
    canvas.blob(x, y, rim, plasma, grow=-0.08, soft=0.1)
    for _ in range(30):
        angle, far, size = dice.between(0, 2 * math.pi), dice.between(0.05, 0.36), dice.between(0.012, 0.035)
        canvas.ellipse(x + far * angle.cos(), y + far * angle.sin(), size, size, plasma * 0.6, strength=0.7)
    angle = dice.between(0, 2 * math.pi)
    away_x, away_y = 0.16 * angle.cos(), 0.16 * angle.sin()
    canvas.ellipse(x + away_x, y + away_y, 0.16, 0.14, plasma * 0.52, soft=0.05)
    canvas.ellipse(x + away_x, y + away_y, 0.06, 0.055, plasma * 0.22, soft=0.04)
    canvas.ellipse(x - 1.3 * away_x, y - 1.3 * away_y, 0.11, 0.11, plasma * 0.7)
    canvas.ellipse(x - 1.3 * away_x, y - 1.3 * away_y, 0.085, 0.085, plasma * 1.55)
    canvas.vignette(0.35)
    return canvas.noise(0.012, generator)


def _rim(dice: Dice) -> Callable[[Tensor], Tensor]:
    """How far the body reaches in a direction [n, P] from its centre: a disc with six feet."""
    turn, radius = dice.between(0, 2 * math.pi), dice.between(0.36, 0.44)
    feet = [
        (turn + math.pi * i / 3 + dice.between(-0.35, 0.35), dice.between(0.0, 0.46), dice.between(0.22, 0.36))
        for i in range(6)
    ]

    def rim(angle: Tensor) -> Tensor:
        reach = radius[:, None] + 0.02 * torch.cos(5 * angle + turn[:, None])
        for where, length, width in feet:
            off = torch.remainder(angle - where[:, None] + math.pi, 2 * math.pi) - math.pi
            reach = reach + length[:, None] * torch.exp(-((off / width[:, None]).abs() ** 3))
        return reach

    return rim
