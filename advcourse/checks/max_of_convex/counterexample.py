"""The check for `counterexample(n)`: whatever refutes the slide is right, and its mean along with it."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from ..interview import Interview
from ..spec import Questions
from ..verdict import Finding
from ..words import words

SAY = words(__file__)
SMALL = 1e-6  # of the gradients' own length
OTHERS = (3, 7)


def refutes_in_the_plane(ask: Interview) -> None:
    rows = ask(2)
    try:
        _examine(rows, partial(SAY.fail, n=2))
    except Finding:
        if _refutes(rows.T) and _is_told(ask, 3, "wrong-shape"):
            SAY.fail("columns")
        raise


def refutes_elsewhere(ask: Interview) -> None:
    """In spaces of more dimensions."""
    for n in OTHERS:
        try:
            rows = ask(n)
        except Finding as found:
            if found.verdict.diagnosis in ("wrong-shape", "raises"):
                SAY.fail("only-in-the-plane", n=n)
            raise
        try:
            _examine(rows, partial(SAY.fail, n=n))
        except Finding:
            if _refutes(rows[:, :2]):
                SAY.fail("other-coordinates", n=n, added=rows[0, 2:] @ rows[1, 2:])
            raise


def _refutes(rows: Tensor) -> bool:
    try:
        _examine(rows, partial(SAY.fail, n=2))
    except Finding:
        return False
    return True


def _is_told(ask: Interview, n: int, diagnosis: str) -> bool:
    try:
        ask(n)
    except Finding as found:
        return found.verdict.diagnosis == diagnosis
    return False


def _examine(rows: Tensor, fail: partial) -> None:
    if not rows.any(1).all():
        fail("zero-gradient")
    # Each by its largest entry first: the square of 1e200 is no number.
    units = rows / rows.abs().amax(1, keepdim=True)
    units = units / units.norm(dim=1, keepdim=True)
    cosine = units[0] @ units[1]
    if cosine > SMALL:
        fail("acute", degrees=_degrees(cosine))
    if cosine < -1 + SMALL:
        fail("opposite", degrees=_degrees(cosine))
    rows = rows / rows.abs().max()
    lengths = rows.norm(dim=1)
    if (units @ rows.mean(0)).min() > SMALL * lengths.max():
        fail(
            "right-angle" if cosine > -SMALL else "mean-descends",
            degrees=_degrees(cosine),
            times=lengths.max() / lengths.min(),
        )


def _degrees(cosine: Tensor) -> str:
    return f"{cosine.clamp(-1, 1).arccos().rad2deg():.0f}"


check_counterexample = Questions(SAY, (refutes_in_the_plane, refutes_elsewhere))
