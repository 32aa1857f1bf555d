"""The check for `fgsm(model, x, y, eps)`: one step of size eps along the sign of the gradient, kept in [0, 1]."""

from __future__ import annotations

from ..spec import Questions, Spec
from ..words import words
from .lived_in import leaves_alone
from .steps import SignedStep

EPS = 0.1
SAY = words(__file__, "steps")

STEP = SignedStep(
    args=lambda batch, size: (*batch, size),
    labels=lambda model, x, y, eps: y,
    uphill=1,
    size=lambda model, x, y, eps: eps,
    name="eps",
    take=lambda step, slope: lambda model, x, y, eps: step(x, slope(model, x, y), eps),
)

# The rows are those of every signed step, in steps.py, and for what was differentiated those of wrong_slopes.py.
MISTAKES = STEP.mistakes()

check_fgsm = Questions(
    SAY,
    (
        Spec(SAY, STEP.right, lambda: STEP.cases(EPS, MISTAKES), STEP.numbers, tolerance=1e-5),
        leaves_alone(lambda batch: STEP.args(batch, EPS)),
    ),
)
