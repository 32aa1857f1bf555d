"""Unit 05: attacks by questions, transfer, evaluations that look at themselves, and bounds from below."""

import torch

from advcourse import certify, checkpoints, defences, hopskipjump, input_gradient, nes, pgd, square
from advcourse.attacks.score import _Search
from advcourse.measure.report import Report
from bugs import Bug, Claim

LECTURE = "05_black_box"


def worse_is_kept(f, self, proposal, answers):
    self.known[0], self.score = proposal.new, self.goal.score(answers)


def few_questions(f, *told, queries, **more):
    return f(*told, queries=queries // 100, **more)


def as_it_was(f, model, x, *told, **more):
    return x.clone()


def only(*names):
    """The table's rows of these attacks."""
    return lambda attacks: {row: attack for row, attack in attacks.items() if row[2] in names}


def without_the_grey_box(attacks):
    return {row: attack for row, attack in attacks.items() if row[0] != "grey" and row[2] != "boundary attack"}


ONE_FOR_ALL = Bug("one network for all", checkpoints.load, lambda f, name: f("digits_cnn"))
FEW = Bug("few questions", hopskipjump, few_questions)
NO_START = Bug("the start is forgotten", hopskipjump, lambda f, *told, start, **more: f(*told, **more))
NO_NES = Bug("nothing moves", nes, as_it_was)
SMALL = {"few": lambda some: some[:8], "questions": lambda: 400}
WIDEST = {"radii": lambda radii: radii[-1:], "shown": lambda test: test[:10]}

CLAIMS = [
    Claim(
        "D6 The mean agreement of an estimate",
        Bug("the gradient's sign", input_gradient, lambda f, *told: f(*told).sign()),
    ),
    Claim("D6 Sixty-four pairs agree", NO_NES),
    Claim("D6 Random search makes no sample worse", Bug("worse is kept", _Search.judge, worse_is_kept)),
    Claim("D6 With 300 questions it fools half", Bug("few questions", square, few_questions)),
    Claim("D6 Four hundred answers", FEW),
    Claim("D6 Two goals, three kinds of access", Bug("nothing moves", hopskipjump, as_it_was), smaller=SMALL),
    Claim(
        "D6 Told the gradient",
        Bug("no step", pgd, lambda f, *told, steps, **more: f(*told, steps=0, **more)),
        smaller={"attacks": without_the_grey_box},
    ),
    Claim("D6 Without a question", ONE_FOR_ALL, smaller={"attacks": only("transfer")}),
    Claim(
        "D6 Decisions go further",
        NO_START,
        smaller={"attacks": only("transfer, HopSkipJump", "HopSkipJump"), "few": lambda some: some[:10]},
    ),
    Claim(
        "D6 PGD asks 41 times",
        Bug("asks twice as often", nes, lambda f, *told, queries, **more: f(*told, queries=2 * queries, **more)),
        smaller={"attacks": only("PGD", "transfer", "NES"), "few": lambda some: some[:8]},
    ),
    Claim("D6 An attack on one network", ONE_FOR_ALL),
    Claim("D6 Of all attacked digits", ONE_FOR_ALL),
    Claim(
        "D6 To PGD on the cross entropy four",
        Bug("no factor", defences.Scaled.forward, lambda f, self, z: self.network(z)),
        smaller={"some": lambda some: some[:15]},
    ),
    Claim(
        "D6 Each of the seven is given away",
        Bug("alarms are not told", Report.alarms, lambda f, report: ()),
        smaller={"some": lambda some: some[:15]},
    ),
    Claim(
        "D6 No digit was fooled within",
        Bug("all are certified", certify.certified, lambda f, model, x, y, *told, **more: torch.ones_like(y) > 0),
        smaller=WIDEST,
    ),
    Claim("D6 At eps 0.1 the network trained for proofs", ONE_FOR_ALL, smaller=WIDEST),
    Claim(
        "D6 On the linear network proof and attack meet",
        Bug("half the radius", certify.radius, lambda f, *t: f(*t) / 2),
    ),
]
