"""Texture against shape: pictures in which the two disagree, cues taken away one at a time, and who follows which.

`cue_conflict(network, content, texture, ...)` makes such a picture, `stimuli()` are those that ship;
`to_sixteen(probabilities)` and `shape_bias(decisions, shape, texture)` are the protocol of Geirhos et al., ICLR 2019.
"""

from advcourse.conflict.cues import edges, fade, low_pass, patch_shuffle, silhouette, swap_frequencies
from advcourse.conflict.images import cue_conflict, early_features, gram, objective, roughness
from advcourse.conflict.protocol import (
    NEITHER,
    Observer,
    ShapeBias,
    categories,
    humans_range,
    observers,
    shape_bias,
    to_sixteen,
)
from advcourse.conflict.shipped import CONTENTS, LABELS, Stimulus, decisions, make, pairs, pattern, stimuli

__all__ = [
    # pictures whose shape and texture disagree
    "cue_conflict",
    "objective",
    "roughness",
    "early_features",
    "gram",
    "Stimulus",
    "stimuli",
    "CONTENTS",
    "pairs",
    "LABELS",
    "pattern",
    "decisions",
    "make",
    # one cue without the other
    "patch_shuffle",
    "silhouette",
    "edges",
    "swap_frequencies",
    "low_pass",
    "fade",
    # who follows which
    "categories",
    "to_sixteen",
    "shape_bias",
    "ShapeBias",
    "NEITHER",
    "Observer",
    "observers",
    "humans_range",
]
