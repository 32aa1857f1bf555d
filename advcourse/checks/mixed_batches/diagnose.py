"""The check for `diagnose(...)`, which says of five measured numbers whether the robustness they show is real."""

from __future__ import annotations

from dataclasses import dataclass

from ..interview import Interview
from ..verdict import fail

HONEST, LEAKING, OVERFITTED, MASKED = KINDS = "honest", "leaking", "overfitted", "masked"


def one_of_four(value: object, args: tuple) -> str:
    """One of the four words."""
    if value is None:
        fail("returns-none", "It returned None.", "Which path through your code ends without a return?")
    if not isinstance(value, str):
        fail(
            "returns-no-word",
            f"It returned a {type(value).__name__}.",
            "One word is wanted, as a string: which of the four is it?",
        )
    if value not in KINDS:
        fail(
            "other-word",
            f"It returned {value[:30]!r}.",
            f"One of {', '.join(KINDS)} is wanted, spelt like this.",
        )
    return value


NUMBERS = ("clean", "one_step", "one_step_predicted", "iterative", "zero_gradients")


@dataclass(frozen=True)
class Patient:
    """Five numbers, what they are a case of, and the finding for one who says otherwise."""

    seen: tuple[float, float, float, float, float]
    kind: str
    what: str


PATIENTS = (
    Patient((0.97, 0.81, 0.82, 0.48, 0.0), HONEST, "a robustly trained network"),
    Patient((0.96, 0.04, 0.06, 0.00, 0.0), HONEST, "an undefended network, which the one-step attack fools as well"),
    Patient((0.95, 0.88, 0.89, 0.85, 0.02), HONEST, "a network with a few saturated images"),
    Patient((0.90, 0.10, 0.12, 0.02, 0.0), HONEST, "a weak network, which the one-step attack fools as well"),
    Patient((0.95, 0.92, 0.93, 0.01, 0.0), OVERFITTED, "a network robust to its own one-step attack alone"),
    Patient((0.89, 0.74, 0.75, 0.00, 0.0), OVERFITTED, "a network robust to its own one-step attack alone"),
    Patient((0.85, 0.93, 0.81, 0.00, 0.0), LEAKING, "a network that is better attacked than clean"),
    Patient((0.93, 0.97, 0.90, 0.12, 0.0), LEAKING, "a network that is better attacked than clean"),
    Patient((0.96, 0.95, 0.95, 0.94, 0.97), MASKED, "a network whose gradient is zero almost everywhere"),
    Patient((0.96, 0.90, 0.91, 0.02, 0.80), MASKED, "a network whose gradient is zero on four images in five"),
)


def check_diagnose(ask: Interview) -> str:
    answers = [ask(*patient.seen) for patient in PATIENTS]
    if len(set(answers)) == 1:
        fail(
            "one-for-all",
            f"All {len(PATIENTS)} cases are called {answers[0]}.",
            "Which of the five numbers does your code look at?",
        )
    for patient, answer in zip(PATIENTS, answers, strict=True):
        if answer != patient.kind:
            _explain(patient, answer)
    return f"All {len(PATIENTS)} cases are named rightly, each of the four kinds among them."


def _explain(patient: Patient, answer: str) -> None:
    numbers = ", ".join(f"{key} {value:g}" for key, value in zip(NUMBERS, patient.seen, strict=True))
    told = f"{patient.what[0].upper()}{patient.what[1:]} ({numbers}) is called {answer}."
    if answer == OVERFITTED and patient.kind == LEAKING:
        fail(
            "leak-called-overfitting",
            told,
            "Both fall to the iterative attack: which comparison sees the leak, and is it asked first?",
        )
    if answer == OVERFITTED and patient.kind == HONEST:
        fail(
            "weak-called-overfitting",
            told,
            "Being fooled is not the disease: does the one-step attack promise what the iterative one breaks?",
        )
    if patient.kind == MASKED:
        fail("misses-masking", told, "What is an accuracy under a gradient attack worth when there is no gradient?")
    if answer == MASKED:
        fail("sees-masking", told, "How many images have no gradient at all there: is it most of them?")
    if patient.kind == LEAKING:
        fail("misses-leak", told, "Can an attack do good: which two accuracies do you compare?")
    if answer == LEAKING:
        fail("sees-leak", told, "What does a leak raise above what: which two accuracies do you compare?")
    fail("misses-overfitting", told, "What is left when the same budget is spent in many steps?")
