"""Attacks, one file for each kind of answer the attacker may ask for."""

from .apgd import apgd
from .decision import boundary, hopskipjump
from .gradient import fgsm, input_gradient, iterative_fgsm, pgd
from .minimal import ddn, deepfool, lbfgs
from .retrieval import mismatch, resized
from .score import nes, nes_gradient, square

__all__ = [
    "apgd",
    "boundary",
    "ddn",
    "deepfool",
    "fgsm",
    "hopskipjump",
    "input_gradient",
    "iterative_fgsm",
    "lbfgs",
    "mismatch",
    "nes",
    "nes_gradient",
    "pgd",
    "resized",
    "square",
]
