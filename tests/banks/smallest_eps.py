"""Answers to `smallest_eps(fooled, high, tolerance)`."""

import math

import numpy as np
import torch


def reference(fooled, high, tolerance):
    if not fooled(high):
        return float("inf")
    low = 0.0
    while high - low > tolerance:
        middle = (low + high) / 2
        if fooled(middle):
            high = middle
        else:
            low = middle
    return high


def halvings(is_fooled, upper, precision):
    """A counted loop over the width of the interval."""
    if is_fooled(upper):
        width = upper
        for _ in range(math.ceil(math.log2(upper / precision))):
            width /= 2
            if is_fooled(upper - width):
                upper -= width
        return upper
    return math.inf


def recursive(fooled, high, tolerance, low=0.0, known=False):
    if not known and not fooled(high):
        return np.inf
    if high - low <= tolerance:
        return high
    middle = low + (high - low) / 2
    if fooled(middle):
        return recursive(fooled, middle, tolerance, low, True)
    return recursive(fooled, high, tolerance, middle, True)


def asks_high_last(fooled, high, tolerance):
    low, best = 0.0, high
    while best - low > tolerance / 2:
        middle = 0.5 * (low + best)
        low, best = (low, middle) if fooled(middle) else (middle, best)
    return best if best < high or fooled(best) else math.inf


def with_tensors(fooled, high, tolerance):
    low, up = torch.tensor(0.0), torch.tensor(float(high))
    if not fooled(up):
        return torch.tensor(float("inf"))
    while up - low > tolerance:
        middle = (low + up) / 2
        low, up = torch.where(torch.tensor(fooled(middle)), torch.stack([low, middle]), torch.stack([middle, up]))
    return up


def search(fooled, low, high, tolerance):
    """Both ends of the last interval, and whether high fools."""
    reachable = fooled(high)
    while reachable and high - low > tolerance:
        middle = (low + high) / 2
        if fooled(middle):
            high = middle
        else:
            low = middle
    return low, high, reachable


def ending(at):
    """The reference, with another end."""

    def answer(fooled, high, tolerance):
        low, up, reachable = search(fooled, 0.0, high, tolerance)
        return at(low, up) if reachable else math.inf

    return answer


def unreachable(value):
    """The reference, with another answer where nothing fools."""
    return lambda fooled, high, tolerance: reference(fooled, high, tolerance) if fooled(high) else value


def raises_when_unreachable(fooled, high, tolerance):
    if not fooled(high):
        raise ValueError("nothing fools")
    return reference(fooled, high, tolerance)


def never_asks_about_high(fooled, high, tolerance):
    low = 0.0
    while high - low > tolerance:
        middle = (low + high) / 2
        low, high = (low, middle) if fooled(middle) else (middle, high)
    return high


def upward(fooled, high, tolerance):
    eps = tolerance
    while eps <= high:
        if fooled(eps):
            return eps
        eps += tolerance
    return math.inf


def downward(fooled, high, tolerance):
    if not fooled(high):
        return math.inf
    while high > tolerance and fooled(high - tolerance):
        high -= tolerance
    return high


def grid(fooled, high, tolerance):
    values = torch.arange(tolerance, high + tolerance / 2, tolerance).clamp(max=high)
    hits = [float(v) for v in values if fooled(v)]
    return hits[0] if hits else math.inf


def halves_swapped(fooled, high, tolerance):
    if not fooled(high):
        return math.inf
    low = 0.0
    while high - low > tolerance:
        middle = (low + high) / 2
        if fooled(middle):
            low = middle
        else:
            high = middle
    return high


def doubles_first(fooled, high, tolerance):
    eps = tolerance
    while not fooled(eps) and eps < 1e6:
        eps *= 2
    return ending(lambda low, up: up)(fooled, eps, tolerance) if eps < 1e6 else math.inf


def until_equal(fooled, high, tolerance):
    if not fooled(high):
        return math.inf
    low = 0.0
    while low != high:
        middle = (low + high) / 2
        low, high = (low, middle) if fooled(middle) else (middle, high)
    return high


def steps(n):
    def answer(fooled, high, tolerance):
        if not fooled(high):
            return math.inf
        low = 0.0
        for _ in range(n):
            middle = (low + high) / 2
            low, high = (low, middle) if fooled(middle) else (middle, high)
        return high

    return answer


def from_the_tolerance_on(fooled, high, tolerance):
    if not fooled(high):
        return math.inf
    low = tolerance
    while high - low > tolerance:
        middle = (low + high) / 2
        low, high = (low, middle) if fooled(middle) else (middle, high)
    return high


def first_middle_that_fools(fooled, high, tolerance):
    if not fooled(high):
        return math.inf
    low = 0.0
    while high - low > tolerance:
        middle = (low + high) / 2
        if fooled(middle):
            return middle
        low = middle
    return high


def halves_while_it_fools(fooled, high, tolerance):
    if not fooled(high):
        return math.inf
    while high > tolerance and fooled(high / 2):
        high /= 2
    return high


def waits(fooled, high, tolerance):
    while True:
        pass


def a_tolerance_above(fooled, high, tolerance):
    low = high if not fooled(high) else 0.0
    width = high - low
    while width > tolerance:
        width /= 2
        low += 0 if fooled(low + width) else width
    return low + tolerance if low < high else math.inf


def relative(fooled, high, tolerance):
    low, up = 0.0, high
    if not fooled(high):
        return math.inf
    while up - low > tolerance * up:
        middle = (low + up) / 2
        low, up = (low, middle) if fooled(middle) else (middle, up)
    return up


BANK = {
    "the reference": ("ok", reference),
    "a counted loop, other names": ("ok", halvings),
    "recursive": ("ok", recursive),
    "asks about high last": ("ok", asks_high_last),
    "with tensors": ("ok", with_tensors),
    "NumPy's number": ("ok", lambda *args: np.float64(reference(*args))),
    "the stub": ("not-attempted", lambda fooled, high, tolerance: ...),
    "a stub for the middle": ("not-attempted", lambda fooled, high, tolerance: fooled(high) and high - ...),
    "the lower end": ("lower-end", ending(lambda low, up: low)),
    "the middle": ("untested-eps", ending(lambda low, up: (low + up) / 2)),
    "rounded": ("rounded", ending(lambda low, up: round(up, 3))),
    "rounded to two digits": ("rounded", ending(lambda low, up: round(up, 2))),
    "high where nothing fools": ("no-infinity", unreachable(1.0)),
    "None where nothing fools": ("no-infinity", unreachable(None)),
    "False where nothing fools": ("no-infinity", unreachable(False)),
    "minus one where nothing fools": ("no-infinity", unreachable(-1.0)),
    "raises where nothing fools": ("no-infinity", raises_when_unreachable),
    "never asks about high": ("no-infinity", never_asks_about_high),
    "always infinity": ("gives-up", lambda fooled, high, tolerance: math.inf if fooled(high) else 0.0),
    "hard-coded upper end": ("gives-up", lambda fooled, high, tolerance: reference(fooled, min(1.0, high), tolerance)),
    "hard-coded interval": ("asks-beyond-high", lambda fooled, high, tolerance: reference(fooled, 1.0, tolerance)),
    "doubles first": ("doubles-first", doubles_first),
    "upward scan": ("linear-scan", upward),
    "downward scan": ("linear-scan", downward),
    "a grid": ("linear-scan", grid),
    "halves swapped": ("wrong-half", halves_swapped),
    "until the ends are equal": ("endless-search", until_equal),
    "ten steps": ("fixed-steps", steps(10)),
    "the first middle that fools": ("stops-too-early", first_middle_that_fools),
    "halves as long as it fools": ("stops-too-early", halves_while_it_fools),
    "fifty steps": ("too-many-questions", steps(50)),
    "tolerance of the square root": ("too-coarse", lambda f, high, tol: reference(f, high, tol**0.5 / 4)),
    "relative to high": ("too-coarse", lambda f, high, tol: reference(f, high, tol * max(high, 1))),
    "from the tolerance on": ("starts-above-zero", from_the_tolerance_on),
    "high": ("returns-high", lambda f, high, tol: high if f(high) else math.inf),
    "asks nothing": ("never-asks", lambda f, high, tol: high / 2),
    "relative to the upper end": ("relative-tolerance", relative),
    "four times as fine as asked": ("too-many-questions", lambda f, high, tol: reference(f, high, tol / 4)),
    "asks every question twice": (
        "asks-again",
        lambda f, high, tol: reference(lambda eps: (f(eps) and f(eps)) or f(eps), high, tol),
    ),
    "hangs without asking": ("hangs", waits),
    "yes or no": ("returns-no-number", lambda f, high, tol: f(high)),
    "text": ("returns-no-number", lambda f, high, tol: "0.3"),
    "both ends": ("returns-tuple", lambda f, high, tol: search(f, 0.0, high, tol)[:2]),
    "two numbers in a tensor": ("wrong-shape", lambda f, high, tol: torch.tensor(search(f, 0.0, high, tol)[:2])),
    "NaN": ("nan", lambda f, high, tol: math.nan),
    "a tolerance above what does not fool": ("ok", a_tolerance_above),
    "per cent": ("beyond-high", lambda fooled, high, tolerance: 100 * reference(fooled, high, tolerance)),
}
