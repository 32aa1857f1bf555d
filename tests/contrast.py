"""How well a colour is told from another, as WCAG 2 has it: from 1, not at all, to 21. Marks need 3."""

from collections.abc import Sequence


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two colours with parts in [0, 1]."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb: Sequence[float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))
