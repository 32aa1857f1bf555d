"""The settings of a panel: traits that know how their control looks, and refuse what makes no sense.

eps = grey_levels(16.0, "radius eps", min=0, max=64, step=1)   # in the body of a panel: its slider, its keyword

What is left out of min, max, step or options is said by the panel's `offer` for each choice.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from traitlets import CFloat, Enum, Int, TraitError, TraitType

Trait = TypeVar("Trait", bound=TraitType)


class Number(CFloat):
    """A number that must be `sensible`; what it `says` of itself is the message where it is not."""

    def __init__(self, start: float, sensible: Callable[[float], bool], says: str):
        super().__init__(start)
        self.sensible, self.says = sensible, says

    def validate(self, obj: object, value: object) -> float:
        number = super().validate(obj, value)
        if not self.sensible(number):
            raise TraitError(f"{self.name} {self.says}; got {value}")
        return number


def setting(trait: Trait, label: str, **looks: object) -> Trait:
    """Any trait as a setting, under a label."""
    return trait.tag(sync=True, control={"label": label, **looks})


def slider(
    start: float,
    label: str,
    *,
    sensible: Callable[[float], bool] = math.isfinite,
    says: str = "must be finite",
    unit: str = "",
    **span: object,
) -> Number:
    """A number on a slider from min to max; from Python it may be any that is sensible."""
    return setting(Number(start, sensible, says), label, unit=unit, **span)


def within(low: float, high: float) -> Callable[[float], bool]:
    """Whether a number lies in low..high; NaN does not."""
    return lambda value: low <= value <= high


grey_levels = partial(
    slider,
    sensible=within(0, 255),
    says="is given in grey levels, units of 1/255, and must lie in 0..255",
    unit="/255",
)
per_cent = partial(slider, sensible=within(0, 100), says="is in per cent, 0..100", min=0, max=100, unit=" %")


def on_map(start: float, label: str, low: float, high: float, step: float) -> Number:
    """One coordinate of a place that stays on the map."""
    says = f"stays on the map, within {low:g}..{high:g}"
    return slider(start, label, sensible=within(low, high), says=says, min=low, max=high, step=step)


def count(start: int, label: str, most: int, **looks: object) -> Int:
    """A whole number from 1 on."""
    return setting(Int(start, min=1, max=most), label, min=1, max=most, step=1, unit="", **looks)


def one_of(options: Iterable[str], start: str, label: str) -> Enum:
    """One of these, from a list."""
    return setting(Enum(tuple(options), start), label, options=list(options))


def controls(panel: type) -> list[dict]:
    """How the settings of a panel look, in the order in which they are declared."""
    declared = ((name, trait) for one in reversed(panel.__mro__) for name, trait in vars(one).items())
    return [
        {"name": name, **trait.metadata["control"]}
        for name, trait in declared
        if "control" in getattr(trait, "metadata", {})
    ]
