"""Panels to attack one image by hand. The only room that knows ipywidgets; a pure function computes what a panel shows.

`PerturbationExplorer(subjects)` moves picture, change and probabilities; `PathExplorer(subjects)` shows where the
iterates go. Their settings are traits: `explorer.eps = 8` moves the slider, `explorer.observe(f, "scene")` listens.
"""

from advcourse.widgets.path_explorer import PathExplorer, Walks, walks
from advcourse.widgets.perturbation_explorer import PerturbationExplorer, Scene, perturbation
from advcourse.widgets.subject import LEAST_LIKELY, UNTARGETED, Subject

__all__ = [
    "LEAST_LIKELY",
    "UNTARGETED",
    "PathExplorer",
    "PerturbationExplorer",
    "Scene",
    "Subject",
    "Walks",
    "perturbation",
    "walks",
]
