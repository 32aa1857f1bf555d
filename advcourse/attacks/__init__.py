"""Attacks, one file for each kind of answer the attacker may ask for."""

from .gradient import fgsm, ignore, input_gradient, iterative_fgsm, least_likely, pgd

__all__ = ["fgsm", "ignore", "input_gradient", "iterative_fgsm", "least_likely", "pgd"]
