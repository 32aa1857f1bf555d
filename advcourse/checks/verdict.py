"""What a check says about an answer."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, SupportsFloat

if TYPE_CHECKING:
    from torch import Tensor

    from .forms import Form
    from .interview import Interview
    from .words import Words

PASSED, FAILED, NOT_ATTEMPTED = "passed", "failed", "not attempted"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one exercise: `status` is "passed", "failed" or "not attempted".

    `diagnosis` is a short stable id ("ok", "not-attempted", "minus-sign", ...). `message` says in two sentences what
    was seen and what to look at; of a passed answer it says what was verified.
    """

    status: str
    diagnosis: str
    message: str


class Check(Protocol):
    """Examines an answer: ends early with a `Finding`, or returns what the sentence `ok` names in braces."""

    @property
    def words(self) -> Words:
        """The sentences of the exercise."""

    def __call__(self, ask: Interview) -> Mapping[str, object]:
        """What the passed verdict says besides."""


@dataclass(frozen=True)
class Exercise:
    """What a student is asked to write: `arguments` as the notebook names them, and the check that examines an answer.

    The check is a function of an `Interview`. It ends early with a `Finding`, or returns what the sentence `ok` of its
    `words` names in braces.
    `form` is one of `forms`: what the answer has to be. Without one, a tensor like the first among the arguments.
    """

    arguments: str
    check: Check
    form: Form | None = None


class Finding(Exception):
    """Ends a check: the verdict is known."""

    def __init__(self, verdict: Verdict):
        super().__init__(verdict.message)
        self.verdict = verdict


def kind_of(thing: object) -> str:
    """The name of its type, whatever the thing says about itself: `__class__` and `__name__` can lie or raise."""
    return type.__dict__["__name__"].__get__(type(thing))


def number(value: SupportsFloat) -> str:
    """A measured number as messages show it: two digits, so that rounding differences do not show."""
    value = float(value)
    return f"{value:.0f}" if 99.5 <= abs(value) < 1e5 else f"{value:.2g}"


def apart(a: SupportsFloat, b: SupportsFloat) -> tuple[str, str]:
    """Two measured numbers with as many digits as it takes to tell them apart, at least two."""
    a, b = float(a), float(b)
    pairs = ((number(a), number(b)), *((f"{a:.{n}g}", f"{b:.{n}g}") for n in range(3, 10)))
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def span(values: Tensor) -> str:
    """The smallest to the largest of measured numbers."""
    low, high = number(values.min()), number(values.max())
    return low if low == high else f"{low} to {high}"


def lines(name: str, verdict: Verdict) -> str:
    """The verdict as a notebook prints it."""
    head = {
        PASSED: f"✓ {name}",
        FAILED: f"✗ {name}: {verdict.diagnosis}",
        NOT_ATTEMPTED: f"○ {name}: not attempted yet",
    }[verdict.status]
    body = textwrap.fill(verdict.message, width=100, initial_indent="  ", subsequent_indent="  ")
    return f"{head}\n{body}"
