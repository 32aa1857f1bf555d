"""Whether the attacks of an evaluation did their work: each line compares two of them that ought to agree.

What weaker attacks can do, stronger ones can; more work finds little more; where everything is allowed, nobody is
left; what is proven is not refuted. A sample that a check fools is fooled, and is counted so.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from torch import Tensor

from advcourse.asking import Model
from advcourse.attacks.falling import diameter, falling, reach
from advcourse.attacks.gradient import pgd
from advcourse.goals import Untargeted, margin
from advcourse.measure.outcome import Outcome
from advcourse.measure.report import Finding
from advcourse.measure.shares import correct
from advcourse.threats import Threat, Unbounded

FEW = 50  # samples are enough to see an attack fail


def stronger(outcome: Outcome, model: Model, x: Tensor, y: Tensor, threat: Threat) -> Iterator[Finding]:
    """Does PGD with ten steps of a quarter of the radius fool whom noise, or one step, has fooled?"""
    walk = partial(pgd, threat=threat, steps=10, step_size=reach(threat, x) / 4, random_start=False)
    for name in ("noise", "one step"):
        rows = outcome.taken(name)[:FEW]
        missed = 0
        if len(rows):
            missed = int(correct(model, walk(model, x[rows], Untargeted(y[rows])), y[rows]).sum())
        yield Finding(
            f"beats {name}",
            missed <= 1 + len(rows) // 5 if len(rows) else None,
            f"ten steps miss {missed} of {len(rows)} samples that {name} fools",
            "the gradient leads astray: the surface is rough or the gradient masked; believe attacks without gradients",
        )


def converged(outcome: Outcome) -> Iterator[Finding]:
    """Do restarts, twice the steps, half the radius and questions without gradients find no more than one in a hundred?

    What is found within half the radius lies within the whole: accuracy falls as the radius grows, if attacks see it.
    """
    few = 1 + len(outcome.right) // 100
    for stage, name, cure in (
        ("restarts", "restarts", "the start decides, so another one may find more: restart more often"),
        ("twice the steps", "more steps", "the attacks had not arrived: restart them, with more steps"),
        ("half the radius", "monotone", "a smaller ball fools more: the steps in the larger one are too long"),
        (
            "black box",
            "black box",
            "gradients are masked, for who sees more should do better: give Square more queries, and the attack a "
            "model with honest gradients",
        ),
        ("transfer", "transfer", "the twin's adversarial examples beat the model's own: its gradients are masked"),
    ):
        asked = [one for one in outcome.stages if one.name == stage]
        found, shown = sum(one.fooled for one in asked), sum(one.shown for one in asked)
        told = f"{stage} fools {found} more of {shown} samples"
        yield Finding(name, found <= few if shown else None, told if shown else "not tried", cure)


def wide(outcome: Outcome, model: Model, x: Tensor, y: Tensor, threat: Threat) -> Finding:
    """Is nobody left when the radius is as wide as the box?"""
    rows = outcome.right.nonzero().squeeze(1)[:FEW]
    asked = len(rows) > 0 and not isinstance(threat, Unbounded)
    left = 0
    if asked:
        whole = replace(threat, eps=diameter(threat, x))
        left = int(correct(model, falling(model, x[rows], Untargeted(y[rows], margin), whole, steps=20), y[rows]).sum())
    return Finding(
        "wide ball",
        10 * left <= len(rows) if asked else None,
        f"{left} of {len(rows)} samples withstand a radius as wide as the box" if asked else "there is no radius",
        "there every image may become any other one: an attack that fails does not see the way",
    )


def undefended(left: int, n: int, survivors: int) -> Finding:
    """Does the twin that was trained without a defence fall, or at least half of what the model withstands?"""
    return Finding(
        "twin",
        20 * left <= n or 2 * left <= survivors if n else None,
        f"{left} of {n} samples are left of the undefended twin, {survivors} of the model" if n else "none was given",
        "attacks that do not break an undefended network break nothing: look at x and y, or take a larger radius",
    )


def proven(outcome: Outcome, bound: Tensor | None, why: str) -> Finding:
    """Is none of the certified samples fooled?"""
    broken = 0 if bound is None else int((bound & ~outcome.survived).sum())
    return Finding(
        "proof",
        None if bound is None else not broken,
        f"{broken} of {int(bound.sum())} certified samples were fooled" if bound is not None else why,
        "bound or attack is wrong: is what was certified what was attacked?",
    )
