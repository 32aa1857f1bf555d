"""The perturbation explorer: an image, a small change, and what the network says before and after."""

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor
from traitlets import Bunch, TraitError, Unicode, validate

from advcourse import draw, measure
from advcourse.attacks.gradient import iterative_fgsm, pgd
from advcourse.threats import Linf
from advcourse.widgets.figures import figure
from advcourse.widgets.panel import Panel
from advcourse.widgets.settings import count, grey_levels, one_of, setting
from advcourse.widgets.subject import UNTARGETED, Subject

FGSM, ITERATIVE, PGD = ATTACKS = "FGSM", "iterative FGSM", "PGD"


@dataclass(frozen=True, eq=False)
class Scene:
    """An attack on one subject and what came of it: z [1, C, H, W]; logits before, after [1, K].

    eps, and the length of each of the steps, in grey levels.
    """

    subject: Subject
    attack: str
    eps: float
    steps: int
    step_size: float
    target: str
    z: Tensor
    before: Tensor
    after: Tensor

    @property
    def probabilities(self) -> Tensor:
        """Softmax of the answers before and after, [2, K]."""
        return torch.cat([self.before, self.after]).softmax(1)

    @property
    def verdict(self) -> str:
        """What became of the goal, in two or three words."""
        goal = self.subject.goal(self.target)
        before, after = (bool(goal.reached(out)) for out in (self.before, self.after))
        if self.target != UNTARGETED:
            return f"target {self.subject.labels[self.subject.asked(self.target)]} {'' if after else 'not '}reached"
        return "wrong before the attack" if before else "fooled" if after else "not fooled"

    @property
    def walk(self) -> str:
        """How many steps were made, and how long each of them was before it was projected."""
        return f"{self.steps} step{'s' * (self.steps != 1)} of {self.step_size:.3g}/255"

    @property
    def line(self) -> str:
        """The scene in numbers: answers, probability and loss of the class in question, size of the change."""
        labels, k = self.subject.labels, self.subject.asked(self.target)
        says = [labels[int(out.argmax())] for out in (self.before, self.after)]
        p = [f"{float(row[k]):.0%}" for row in self.probabilities]
        loss = [f"{-float(out.log_softmax(1)[0, k]):.2f}" for out in (self.before, self.after)]
        size = float(Linf(1.0).size(self.z - self.subject.x)) * 255
        return (
            f"{says[0]} → {says[1]}, {self.verdict} · p({labels[k]}) {p[0]} → {p[1]} · "
            f"‖z − x‖∞ = {size:.3g}/255 · {self.walk} · loss {loss[0]} → {loss[1]}"
        )


def perturbation(subject: Subject, attack: str, eps: float, steps: int, target: str = UNTARGETED) -> Scene:
    """Attack the subject in the l_inf ball of eps grey levels (1/255) and ask the model again.

    attack: "FGSM", one step of eps; "iterative FGSM"; "PGD", from a random start that is always the same. Steps are
    min(eps, 2.5 eps / steps) long, so that they reach the far end of the ball. target: a class, "least likely" or
    "none (untargeted)". Raises ValueError for an unknown attack or target.
    """
    goal, threat = subject.goal(target), Linf(eps / 255)
    steps = 1 if attack == FGSM else steps
    step_size = min(1.0, 2.5 / steps) * eps
    if attack == FGSM:
        allowed = threat.around(subject.x)
        z = allowed.project(subject.x + threat.eps * allowed.steepest(subject.gradient(target)))
    elif attack == ITERATIVE:
        z = iterative_fgsm(subject.model, subject.x, goal, threat, steps=steps, step_size=step_size / 255)
    elif attack == PGD:
        start = torch.Generator().manual_seed(0)
        z = pgd(subject.model, subject.x, goal, threat, steps=steps, step_size=step_size / 255, generator=start)
    else:
        raise ValueError(f"there is no attack {attack!r}; there are {', '.join(ATTACKS)}")
    return Scene(subject, attack, eps, steps, step_size, target, z, subject.logits, measure.logits(subject.model, z))


def climbing(subject: Subject, eps: float, steps: int, target: str) -> Generator[Scene | None, None, Scene]:
    """The scene of iterative FGSM in pieces: that of FGSM, whose gradient is known, then a step each, then itself."""
    yield perturbation(subject, FGSM, eps, 1, target)
    threat, step_size = Linf(eps / 255), min(1.0, 2.5 / steps) * eps
    allowed, z = threat.around(subject.x), subject.x
    for _ in range(steps):
        z = allowed.project(z.add(allowed.steepest(subject.uphill(z, target), z), alpha=step_size / 255))
        yield None
    after = measure.logits(subject.model, z)
    return Scene(subject, ITERATIVE, eps, steps, step_size, target, z, subject.logits, after)


class PerturbationExplorer(Panel[Subject, Scene]):
    """Choose image, attack, eps in grey levels, steps and target class; see change, result and probabilities.

    Settings are traits and may be given as keywords: PerturbationExplorer(subjects, attack="PGD", eps=16).
    """

    attack = one_of(ATTACKS, ITERATIVE, "attack")
    target = setting(Unicode(UNTARGETED), "target class")
    eps = grey_levels(0.0, "radius eps", min=0)
    steps = count(10, "steps", 40, idle=["attack", FGSM])

    def offer(self, subject: Subject) -> dict[str, dict]:
        eps = {"max": 8, "step": 0.25, "start": 0.25} if subject.photo else {"max": 64, "step": 1, "start": 24}
        return {"eps": eps, "target": {"options": subject.targets, "start": UNTARGETED}}

    def compute(self) -> Scene:
        return perturbation(self.subject, self.attack, self.eps, self.steps, self.target)

    def stages(self) -> Generator[Scene | None, None, Scene]:
        if not self.subject.photo or self.attack == FGSM or self.eps == 0:
            return self.compute()
        if self.attack == ITERATIVE:
            return (yield from climbing(self.subject, self.eps, self.steps, self.target))
        yield perturbation(self.subject, FGSM, self.eps, 1, self.target)
        return self.compute()

    def figures(self, now: Scene) -> list[dict]:
        x, labels = now.subject.x, now.subject.labels
        rows = (draw.top(p, labels) for p in now.probabilities)
        clean, attacked = ([(name, p, name == labels[now.subject.y]) for name, p in row] for row in rows)
        return [
            figure("clean", draw.pixels(x), bars=clean),
            figure("change", draw.signed(now.z - x, now.eps / 255), notes=self._notes(now), key=True),
            figure("attacked", draw.pixels(now.z), bars=attacked),
        ]

    def still(self, now: Scene) -> tuple[draw.Figure, str]:
        fig, axes = draw.board(1, 5, width=9, height=2.1)
        subject, eps = now.subject, max(now.eps, 1e-3) / 255
        draw.fooled(axes, subject.x, now.z, now.probabilities, subject.labels, true=subject.y, eps=eps)
        what = f"{subject.name} clean, the change by {now.attack} with eps = {now.eps:g}/255, and attacked"
        return fig, f"{what}, with the top 3 classes of both."

    def _notes(self, now: Scene) -> list[str]:
        if not now.eps:
            return ["no change"]
        colours = "grey: no change" if now.z.shape[1] == 3 else "orange: brighter, blue: darker"
        return [f"amplified {255 / (2 * now.eps):.3g} times", colours]

    @validate("target")
    def _valid_target(self, proposal: Bunch) -> str:
        try:
            self.entering or self.subject.asked(proposal.value)
        except ValueError as error:
            raise TraitError(str(error)) from None
        return proposal.value
