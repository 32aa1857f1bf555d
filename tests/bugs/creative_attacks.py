"""Unit 06: a query that is not what it looks like, and a patch that hides people."""

from advcourse import Hide, Jitter, MatchDescriptor, histogram_distance, mismatch, place, resized, tensor_distance
from advcourse.attacks.patch import printed
from advcourse.models import FaceDetector
from advcourse.retrieval import Resize, average_precision
from bugs import Bug, Claim
from bugs.shared import WEIGHTS_ARE_NOT_LOADED

LECTURE = "06_creative_attacks"

ASKS_FOR_ITSELF = Bug(
    "the carrier asks for itself",
    mismatch,
    lambda f, embed, carrier, target, *told, **how: f(embed, carrier, carrier, *told, **how),
)
NOTHING_IS_PAID = Bug("changes cost nothing", mismatch, lambda f, *told, **how: f(*told, **{**how, "weight": 0.0}))
ONE_SIZE = Bug(
    "only the first size counts",
    mismatch,
    lambda f, *told, **how: f(*told, **{**how, "sizes": how.get("sizes", ())[:1]}),
)
NOT_BLURRED = Bug("no copy is blurred", resized, lambda f, x, size, blur=0.0: f(x, size, 0.0))

# Two views of each region and three pairs: every effect is large enough to be seen on them.
FEW_VIEWS = {
    "engine": lambda describe, Engine, retrieval, device: Engine(describe, retrieval.database(96, each=2).to(device()))
}
FEW_PAIRS = {"shows": lambda shows: shows[:3], "corner": lambda corner: corner[:, :3]}
SIX_PAIRS = {"shows": lambda shows: shows[:6], "corner": lambda corner: corner[:, :6]}
FEW = {**FEW_VIEWS, **FEW_PAIRS}

HIDING_GOES_UP = Bug("hiding goes up", Hide.score, lambda f, self, out: -f(self, out))
NOTHING_MOVES = Bug("nothing moves", Jitter.__call__, lambda f, self, where, generator=None: where)

CLAIMS = [
    Claim(
        "D7 The database finds",
        Bug("the first result is all that counts", average_precision, lambda f, relevant: relevant[:, 0].float()),
        smaller=FEW_VIEWS,
    ),
    Claim(
        "D7 Matching a descriptor", Bug("the goal is left", MatchDescriptor.score, lambda f, self, out: -f(self, out))
    ),
    Claim("D7 A cup of coffee", ASKS_FOR_ITSELF, smaller=FEW_VIEWS),
    Claim("D7 The larger the radius", ASKS_FOR_ITSELF, smaller=FEW),
    Claim("D7 A price reaches", NOTHING_IS_PAID, smaller=FEW),
    Claim("D7 Over twelve pairs", ASKS_FOR_ITSELF, smaller={**FEW_VIEWS, **SIX_PAIRS}),
    Claim("D7 The first result is", ASKS_FOR_ITSELF, smaller={**FEW_VIEWS, **SIX_PAIRS}),
    Claim(
        "D7 An unknown pooling",
        Bug("histograms are all alike", histogram_distance, lambda f, out, target: 0 * f(out, target)),
        Bug("so are tensors", tensor_distance, lambda f, out, target: 0 * f(out, target)),
        smaller=FEW,
    ),
    Claim(
        "D7 Another resolution",
        Bug("every database works at 96", Resize.forward, lambda f, self, x: f(Resize(96), x)),
        smaller=FEW,
    ),
    Claim("D7 Through a small copy", NOT_BLURRED, smaller={**FEW, "ways": lambda ways: dict(list(ways.items())[:2])}),
    Claim("D7 Made at one size", ONE_SIZE, smaller={**FEW, "ways": lambda ways: dict(list(ways.items())[1:])}),
    Claim("D7 On clothes", ASKS_FOR_ITSELF),
    Claim("D7 A mirror gives", ASKS_FOR_ITSELF, smaller=FEW_PAIRS),
    Claim("D7 Who knows of the mirror", ASKS_FOR_ITSELF, smaller=FEW),
    Claim("H3 The detector finds people", WEIGHTS_ARE_NOT_LOADED),
    Claim("H3 Who wears a patch", Bug("all gets darker", place, lambda f, *told: 0.99 * f(*told))),
    Claim("H3 The cloak hides", HIDING_GOES_UP),
    Claim("H3 It is universal", HIDING_GOES_UP),
    Claim(
        "H3 A printer's twelve",
        Bug("every colour can be printed", printed, lambda f, patch: patch.clone()),
    ),
    Claim("H3 Away from its place", NOTHING_MOVES),
    Claim("H3 Each change alone", HIDING_GOES_UP),
    Claim("H3 A patch on the cheek", HIDING_GOES_UP),
    Claim("H3 Moved a little", NOTHING_MOVES),
    Claim("H3 On the chest", Bug("nothing is a face", FaceDetector.forward, lambda f, self, x: f(self, x) - 100)),
]
