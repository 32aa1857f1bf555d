"""Panels to attack one image by hand. The only room that knows ipywidgets; a pure function computes what a panel shows.

`PerturbationExplorer(subjects)` moves picture, change and probabilities; `PathExplorer(subjects)` shows where the
iterates go; `OutlierExplorer(clouds)` drags a point away from the data, `MorphExplorer(morphs, judge)` fades a face
into something else, `ConflictExplorer(network)` slides between shape and texture, `LeakExplorer(networks)` shows what
an attack repairs, `SliceExplorer(subjects)` climbs over a slice of the loss, `DescentExplorer(landscapes)` tries the
directions at a kink, `RobustnessExplorer(networks, images)` attacks networks trained in several ways,
`QueryExplorer(engine)` asks a database for one thing with the picture of another, `SandwichExplorer(networks, images)`
frames what is certified, fooled or open, `CloakExplorer(streets)` drags a patch over people who are to be found,
`NoiseExplorer(planes)` lets noisy copies vote, and compares one draw's gradient with the mean's,
`MarginExplorer(plane_sets())` trains for wide margins and shows how wide they are.
Settings are traits: `explorer.eps = 8` moves the slider, `explorer.observe(f, "scene")` listens.
"""

from advcourse.widgets.cloak import Cloaked, Street, cloaked
from advcourse.widgets.cloak_explorer import CloakExplorer
from advcourse.widgets.conflict_explorer import ConflictExplorer, Content, Triple
from advcourse.widgets.descent import Descent, Landscape
from advcourse.widgets.descent_explorer import DescentExplorer
from advcourse.widgets.leak import Trained
from advcourse.widgets.leak_explorer import LeakExplorer
from advcourse.widgets.margin_explorer import MarginExplorer
from advcourse.widgets.margins import Margins, Points, margins_of, plane_sets
from advcourse.widgets.morph_explorer import Judge, Morph, MorphExplorer
from advcourse.widgets.noise import Noisy, Plane
from advcourse.widgets.noise_explorer import NoiseExplorer
from advcourse.widgets.oracle import Secret
from advcourse.widgets.oracle_explorer import OracleExplorer
from advcourse.widgets.outlier_explorer import Cloud, Look, OutlierExplorer, look
from advcourse.widgets.path_explorer import PathExplorer, Walks, walks
from advcourse.widgets.perturbation_explorer import PerturbationExplorer, Scene, perturbation
from advcourse.widgets.playground import Playground
from advcourse.widgets.query_explorer import QueryExplorer
from advcourse.widgets.robustness_explorer import Attacked, Defended, RobustnessExplorer, attacked
from advcourse.widgets.sandwich_explorer import Bounded, SandwichExplorer
from advcourse.widgets.slice import Ascent, Slice, ascend, slice_of
from advcourse.widgets.slice_explorer import SliceExplorer
from advcourse.widgets.subject import LEAST_LIKELY, UNTARGETED, Subject

__all__ = [
    "LEAST_LIKELY",
    "UNTARGETED",
    "Ascent",
    "Attacked",
    "Bounded",
    "CloakExplorer",
    "Cloaked",
    "Cloud",
    "ConflictExplorer",
    "Content",
    "Defended",
    "Descent",
    "DescentExplorer",
    "Judge",
    "Landscape",
    "LeakExplorer",
    "Look",
    "MarginExplorer",
    "Margins",
    "Morph",
    "MorphExplorer",
    "NoiseExplorer",
    "Noisy",
    "OracleExplorer",
    "OutlierExplorer",
    "PathExplorer",
    "PerturbationExplorer",
    "Plane",
    "Playground",
    "Points",
    "QueryExplorer",
    "RobustnessExplorer",
    "SandwichExplorer",
    "Scene",
    "Secret",
    "Slice",
    "SliceExplorer",
    "Street",
    "Subject",
    "Trained",
    "Triple",
    "Walks",
    "ascend",
    "attacked",
    "cloaked",
    "look",
    "margins_of",
    "perturbation",
    "plane_sets",
    "slice_of",
    "walks",
]
