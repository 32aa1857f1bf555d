"""Unit 03: a network names the texture where texture and shape disagree, and training decides which of the two."""

from dataclasses import replace

import torch

from advcourse import conflict, toys
from advcourse.conflict import NEITHER, ShapeBias
from bugs import Bug, Claim
from bugs.shared import DOWNHILL

LECTURE = "03_texture_vs_shape"


def only_textures_counted(f, decisions, shape, texture):
    counted = f(decisions, shape, texture)
    return replace(counted, shape=counted.texture, other=counted.other + counted.shape - counted.texture)


def added_up(f, probabilities):
    return f(probabilities) * torch.tensor([len(members) for members in conflict.categories().values()])


def objective_with(*, layers: float = 1, weight: float = 1, smooth: float = 0.5):
    """For `conflict.objective`: another factor for one of its three parts."""

    def wrong(f, network, content, texture, w):
        far, both = f(network, content, texture, 0.0), f(network, content, texture, w)

        def loss(z):
            rough = 0.5 * conflict.roughness(z)
            return layers * (far(z) - rough) + weight * (both(z) - far(z)) + smooth * 2 * rough

        return loss

    return wrong


def shaped_once(agreement):
    """One network, five times over."""
    return lambda learn: {at: 5 * [learn(at, 0)] for at in agreement}


NEVER_AGREE = Bug(
    "the cues never agree", toys.textured_shapes, lambda f, *told, agreement, **set: f(*told, agreement=0.0, **set)
)
NOT_BLURRED = Bug("nothing is blurred", conflict.low_pass, lambda f, x, sigma: x)

ONE_OF_EACH = {"nets": lambda learn: {agreement: [learn(agreement, 0)] for agreement in (1.0, 0.25)}}

CLAIMS = [
    Claim(
        "C1 What the library minimises is this formula",
        Bug("the layers are added up", conflict.objective, objective_with(layers=4)),
        Bug("half the weight", conflict.objective, objective_with(weight=0.5)),
        Bug("pixels may flicker", conflict.objective, objective_with(smooth=0)),
    ),
    Claim(
        "C1 Of all 24",
        Bug("the cues are exchanged", conflict.shape_bias, lambda f, said, shape, texture: f(said, texture, shape)),
    ),
    Claim(
        "C1 Moved by three pixels, or blurred by one",
        NOT_BLURRED,
        smaller={"shown": lambda shown: [shown[i] for i in (0, 9, 11, 16)]},
    ),
    Claim(
        "C1 The network names the texture, the content",
        Bug("answers are looked up in reverse", conflict.decisions, lambda f, p: f((1 - p).softmax(1))),
        Bug(
            "patterns count as neither",
            conflict.decisions,
            lambda f, p: torch.where(f(p) < len(conflict.CONTENTS), f(p), NEITHER),
        ),
    ),
    Claim(
        "C1 The weight of the shape decides",
        Bug(
            "the maker ignores the texture",
            conflict.cue_conflict,
            lambda f, network, content, texture, **set: f(network, content, content, **set),
        ),
        Bug(
            "the maker ignores the shape",
            conflict.cue_conflict,
            lambda f, *told, weight, **set: f(*told, weight=0, **set),
        ),
        smaller={
            "made": lambda conflict, network, triple: {
                weight: conflict.cue_conflict(network, triple[1:2], triple[:1], weight=weight, steps=10)
                for weight in (0.3, 0.02)
            }
        },
    ),
    Claim(
        "C1 Pictures made without the network",
        Bug(
            "coarse and fine are exchanged",
            conflict.swap_frequencies,
            lambda f, coarse, fine, sigma: f(fine, coarse, sigma),
        ),
    ),
    Claim(
        "C1 A texture cut into 4 x 4 shuffled patches",
        Bug("pixels are shuffled", conflict.patch_shuffle, lambda f, x, grid, generator: f(x, x.shape[2], generator)),
    ),
    Claim("C2 A network that knows nothing", Bug("members are added up", conflict.to_sixteen, added_up)),
    Claim(
        "C2 People 95.9 %",
        Bug("other answers count", ShapeBias.decided, lambda f, self: f(self) + self.other),
        Bug("the share of the texture", ShapeBias.bias, lambda f, self: 1 - f(self)),
    ),
    Claim(
        "C2 Trained where both cues agree",
        Bug("answers for the texture count as shape", conflict.shape_bias, only_textures_counted),
        NEVER_AGREE,
        Bug("every shape is untextured", toys.drawn, lambda f, *told, contrast: f(*told, contrast=0.0)),
        smaller=ONE_OF_EACH,
    ),
    Claim(
        "C2 The more often",
        NEVER_AGREE,
        smaller={
            "nets": shaped_once((1.0, 0.95, 0.75, 0.25)),
            "test": lambda toys, dice: toys.textured_shapes(300, dice(99), agreement=0.0),
        },
    ),
    Claim(
        "C2 With a faint texture",
        Bug("every texture is bold", toys.drawn, lambda f, *told, contrast: f(*told, contrast=0.3)),
        smaller={
            "pale": lambda bias, learn, faint: [bias(learn(1.0, 0, contrast=0.1), faint).bias],
            "both": lambda bias, learn, test: [bias(learn(1.0, 0), test)],
        },
    ),
    Claim(
        "C2 A higher shape bias does not make these networks robust in l_inf",
        DOWNHILL,
        smaller=ONE_OF_EACH,
    ),
    Claim(
        "C2 Blurred by three pixels",
        NOT_BLURRED,
        smaller=ONE_OF_EACH,
    ),
]
