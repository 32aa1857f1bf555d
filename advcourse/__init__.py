"""Adversarial examples and robust learning: a small, exact library, ordered like the lecture.

The names below are what the notebooks use. Networks (`models`, `checkpoints`), data (`data`), measurements (`measure`),
image search (`retrieval`), figures (`draw`), panels (`widgets`) and maxima of convex functions (`convex`) are modules
of their own and load what they need when they are asked: `import advcourse` costs little more than torch.
"""

from .asking import least_likely, predicted
from .attacks.apgd import apgd
from .attacks.decision import boundary, hopskipjump
from .attacks.gradient import fgsm, input_gradient, iterative_fgsm, pgd
from .attacks.minimal import ddn, deepfool, lbfgs
from .attacks.patch import Jitter, Where, place, train_patch
from .attacks.retrieval import mismatch, resized
from .attacks.score import nes, nes_gradient, square
from .checks import Verdict, check, judge
from .claims import claim
from .descriptors import cosine_distance, histogram_distance, tensor_distance
from .device import device
from .goals import (
    Hide,
    MatchDescriptor,
    Targeted,
    Untargeted,
    cross_entropy,
    logit_ratio,
    margin,
    probability_margin,
)
from .models.expectation import Common, Draw, Fresh, expected, voted
from .oracles import Decisions, Scores
from .threats import L1, L2, Linf, Patch, Unbounded
from .training import (
    entropy_loss,
    fit,
    kurakin_loss,
    large_margin_loss,
    madry_loss,
    mma_loss,
    standard_loss,
    train_step,
    variational_loss,
)

__all__ = [
    # what the attacker wants
    "Untargeted",
    "Targeted",
    "MatchDescriptor",
    "Hide",
    "cross_entropy",
    "margin",
    "logit_ratio",
    "probability_margin",
    "cosine_distance",
    "histogram_distance",
    "tensor_distance",
    # what may be changed
    "Linf",
    "L2",
    "L1",
    "Unbounded",
    "Patch",
    # attacks that follow the gradient
    "fgsm",
    "iterative_fgsm",
    "pgd",
    "apgd",
    "predicted",
    "least_likely",
    "input_gradient",
    # attacks that look for the smallest distortion
    "lbfgs",
    "deepfool",
    "ddn",
    # querying without revealing the query
    "mismatch",
    "resized",
    # hiding from a detector
    "Where",
    "Jitter",
    "place",
    "train_patch",
    # what may be asked where there is no gradient
    "Scores",
    "Decisions",
    "nes",
    "nes_gradient",
    "square",
    "boundary",
    "hopskipjump",
    # networks with dice: one draw, the mean over draws, their vote
    "Draw",
    "Common",
    "Fresh",
    "expected",
    "voted",
    # training
    "standard_loss",
    "kurakin_loss",
    "madry_loss",
    "large_margin_loss",
    "mma_loss",
    "variational_loss",
    "entropy_loss",
    "train_step",
    "fit",
    # around a notebook
    "device",
    "claim",
    "check",
    "judge",
    "Verdict",
]
