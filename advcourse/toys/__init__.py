"""Small worlds that one can see whole: classes in the plane, where a classifier changes its mind, and drawn images.

`points, labels = moons(generator)` makes data, `model = wide_net(points, labels, generator)` learns it, and
`z, distance = smallest(model, points, labels, L2(1, lo=-1, hi=1))` is the nearest point that fools it.
"""

from advcourse.toys.amoeba import amoebas
from advcourse.toys.boundary import Boundary, ask, lattice, smallest, susceptibility
from advcourse.toys.faces import OLDEST, YOUNGEST, Portraits, faces_aged, portraits
from advcourse.toys.outlier import Logistic, logistic, two_gaussians
from advcourse.toys.patterns import PATTERNS
from advcourse.toys.planar import (
    DATA,
    RECIPES,
    Log,
    Recipe,
    Stage,
    blobs,
    circles,
    decayed_net,
    hinge_loss,
    linear,
    moons,
    robust_net,
    smooth_net,
    spirals,
    wide_net,
    widest_margin,
)
from advcourse.toys.scenes import Scenes, scenes
from advcourse.toys.textured import SHAPES, TEXTURES, Textured, drawn, textured_shapes

__all__ = [
    # two classes and an outlier
    "two_gaussians",
    "Logistic",
    "logistic",
    # faces with an age, and what is no face
    "YOUNGEST",
    "OLDEST",
    "Portraits",
    "portraits",
    "faces_aged",
    "amoebas",
    # streets with people to be found
    "Scenes",
    "scenes",
    # textures, and shapes in textures
    "PATTERNS",
    "SHAPES",
    "TEXTURES",
    "Textured",
    "textured_shapes",
    "drawn",
    # points in the plane
    "moons",
    "circles",
    "blobs",
    "spirals",
    "DATA",
    # ways to learn them
    "Recipe",
    "Log",
    "Stage",
    "linear",
    "smooth_net",
    "wide_net",
    "decayed_net",
    "robust_net",
    "widest_margin",
    "RECIPES",
    "hinge_loss",
    # how far it is to the boundary
    "smallest",
    "susceptibility",
    "Boundary",
    "ask",
    "lattice",
]
