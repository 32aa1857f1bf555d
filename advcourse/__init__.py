"""Adversarial examples and robust learning: a small, exact library, ordered like the lecture.

The names below are what the notebooks use. Figures (`draw`), widgets (`widgets`), data (`data`) and networks (`models`)
are modules of their own and load what they need when they are asked: `import advcourse` costs little more than torch.
"""

from .attacks.gradient import fgsm, input_gradient, iterative_fgsm, least_likely, pgd
from .device import device
from .goals import Targeted, Untargeted, cross_entropy, margin
from .threats import L1, L2, Linf, Unbounded

__all__ = [
    "L1",
    "L2",
    "Linf",
    "Targeted",
    "Unbounded",
    "Untargeted",
    "cross_entropy",
    "device",
    "fgsm",
    "input_gradient",
    "iterative_fgsm",
    "least_likely",
    "margin",
    "pgd",
]
