"""Who asks for scores or decisions alone: ours and peers, each as (x, y) -> z with the same model.

Square has 500 queries in l_inf with eps .1, both its first windows as large as it takes them. HopSkipJump has 600 in
l_2; Foolbox has no budget of queries, so it takes as many steps as end nearest to that, which is 3 with its 100 probes
at first (540). Its floor is the forwards alone: 600 of the whole batch.
"""

from contestants import EPS, Contestant, Maker
from torch import Tensor, nn, no_grad

import advcourse

SQUARE_QUERIES, JUMP_QUERIES = 500, 600


def square(model: nn.Module) -> Contestant:
    threat = advcourse.Linf(EPS)

    def attack(x: Tensor, y: Tensor) -> Tensor:
        goal = advcourse.Untargeted(y, advcourse.margin)
        return advcourse.square(advcourse.Scores(model), x, goal, threat, queries=SQUARE_QUERIES)

    return attack


def square_torchattacks(model: nn.Module) -> Contestant:
    """With the loss and the windows of its defaults, and the schedule brought to the budget."""
    from torchattacks import Square

    return Square(model, norm="Linf", eps=EPS, n_queries=SQUARE_QUERIES)


def forwards(model: nn.Module) -> Contestant:
    """What no attack can save: the queries themselves."""

    def asked(x: Tensor, y: Tensor) -> Tensor:
        with no_grad():
            for _ in range(JUMP_QUERIES):
                model(x)
        return x.clone()

    return asked


def hopskipjump(model: nn.Module) -> Contestant:
    return lambda x, y: advcourse.hopskipjump(
        advcourse.Decisions(model), x, advcourse.Untargeted(y), queries=JUMP_QUERIES
    )


def boundary(model: nn.Module) -> Contestant:
    return lambda x, y: advcourse.boundary(advcourse.Decisions(model), x, advcourse.Untargeted(y), queries=JUMP_QUERIES)


def hopskipjump_foolbox(model: nn.Module) -> Contestant:
    """The attack's own run, without the evaluation that its call adds."""
    from foolbox import PyTorchModel
    from foolbox.attacks import HopSkipJumpAttack
    from foolbox.criteria import Misclassification

    asked = PyTorchModel(model, bounds=(0, 1), device=next(model.parameters()).device)
    attack = HopSkipJumpAttack(steps=3)
    return lambda x, y: attack.run(asked, x, Misclassification(y))


SQUARE: dict[str, Maker] = {"torchattacks": square_torchattacks, "advcourse": square}
JUMP: dict[str, Maker] = {
    "bare forwards": forwards,
    "advcourse": hopskipjump,
    "advcourse's boundary": boundary,
    "foolbox": hopskipjump_foolbox,
}
