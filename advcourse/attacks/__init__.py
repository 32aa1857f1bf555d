"""Attacks, one file for each kind of answer the attacker may ask for."""

from .gradient import fgsm, ignore, input_gradient, iterative_fgsm, least_likely, pgd
from .minimal import ddn, deepfool, lbfgs

__all__ = ["ddn", "deepfool", "fgsm", "ignore", "input_gradient", "iterative_fgsm", "lbfgs", "least_likely", "pgd"]
