"""What the playground shows: decisions, smallest perturbations, susceptibility; in words, on paper, and in bytes."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from advcourse import draw, toys
from advcourse.attacks.gradient import fgsm
from advcourse.goals import Untargeted, margin
from advcourse.widgets.world import COARSE, HIGH, LOW, NORMS, Learner, World

WIDEST = 0.5  # eps on the curves, in units of the box [-1, 1]^2


@dataclass(frozen=True, eq=False)
class View:
    """One classifier on the points of a world, which are called `these`, in one norm and at one eps."""

    world: World
    these: str
    classifier: str
    norm: str
    eps: float

    @property
    def learner(self) -> Learner | None:
        """The classifier, where it has learnt the points."""
        return self.world.learners.get(self.classifier)

    @property
    def line(self) -> str:
        """The scene in numbers: training accuracy, susceptibility and median distance."""
        if not (n := len(self.world.points)):
            return "No points yet: click into the square, or press Enter on it, to add some of the chosen class."
        if not self.learner:
            return f"{self.classifier} has not learnt {self.these} yet · press train"
        _, distance = self.world.found(self.classifier, self.norm)
        wrong, median = int((distance == 0).sum()), distance.median()
        near = toys.susceptibility(distance, self.eps)
        far = f"{median:.3f}" if torch.isfinite(median) else "none in the box"
        return (
            f"{self.classifier} on {self.these}: {1 - wrong / n:.1%} of {n} points right · "
            f"susceptibility at eps = {self.eps:.2f} ({self.norm}): {near:.1%} · median distance {far}"
        )

    def progress(self, stage: toys.Stage) -> str:
        """The line while the classifier learns: how far it is, and its training accuracy."""
        right = (toys.ask(stage.model, self.world.points).argmax(1) == self.world.labels).double().mean()
        return f"{self.classifier} learns {self.these} · {stage.share:.0%} done · {right:.1%} of the points right"

    def still(self) -> tuple[draw.Figure, str]:
        """It on paper, and in words what the picture shows."""
        world, learner = self.world, self.learner
        fig, (left, right) = draw.board(1, 2, width=8, height=3.8)
        p = learner.boundary.probability if learner else torch.full((2, 2), 0.5)
        draw.decisions(left, p, world.points, world.labels)
        if learner:
            draw.arrows(left, world.points, world.found(self.classifier, self.norm)[0])
        distances = {name: world.found(name, self.norm)[1] for name in draw.STYLE_OF if name in world.learners}
        draw.susceptibility(right, distances, self.norm, widest=WIDEST, at=self.eps)
        what = "left, its decisions and an arrow from every point to the nearest one of the other class"
        return fig, f"{self.line}; {what}; right, susceptibility over eps."

    # In bytes, as decisions.js and susceptibility.js read them -------------------------------------------------------

    @property
    def points(self) -> dict:
        """Points and labels."""
        return {"points": packed(self.world.points), "labels": self.world.labels.to(torch.uint8).numpy().tobytes()}

    @property
    def facts(self) -> dict:
        """What fools the classifier, what it says to the points, and the curve of everyone who has learnt them."""
        facts = {}
        if self.learner:
            z, distance = self.world.found(self.classifier, self.norm)
            p = toys.ask(self.learner.model, self.world.points).softmax(1)[:, 1]
            step = self.step(self.learner)
            fooled = toys.ask(self.learner.model, step).argmax(1) != self.world.labels
            facts = {"z": packed(z), "distance": packed(distance), "p": packed(p)}
            facts |= {"step": packed(step), "fooled": fooled.to(torch.uint8).numpy().tobytes()}
        shares = self.world.susceptibility(self.norm, self.eps)
        found = {name: self.world.found(name, self.norm)[1].sort().values for name in shares}
        return {**facts, "curves": [[name, packed(found[name]), share] for name, share in shares.items()]}

    def step(self, learner: Learner) -> Tensor:
        """Where one step of FGSM takes each point, at this eps.

        Of two classes margin and cross entropy have gradients of one direction, and only the margin's never vanishes.
        """
        goal = Untargeted(self.world.labels, loss=margin)
        return fgsm(learner.model, self.world.points, goal, replace(NORMS[self.norm], eps=self.eps))

    @property
    def field(self) -> dict:
        """The decisions over the square, nothing where nobody has learnt."""
        return margins(self.learner.boundary.field) if self.learner else {}


def packed(x: Tensor) -> bytes:
    """Float32, row by row."""
    return x.detach().float().contiguous().numpy().tobytes()


def coarse(model: nn.Module) -> dict:
    """The field of a model that is still learning."""
    return margins(toys.ask(model, toys.lattice(LOW, HIGH, COARSE)).view(COARSE + 1, COARSE + 1, 2))


def margins(logits: Tensor) -> dict:
    """Logits [n, n, 2] from the bottom row up, one byte a place: the margin m of class 1 as 127.5 (1 + m / (1 + |m|)).

    So a byte keeps both the confidence and, where a net is steep, how far from the boundary a place is.
    """
    if len(logits) > 150:
        logits = logits[::2, ::2]
    m = logits[..., 1] - logits[..., 0]
    return {"n": len(m), "bytes": (127.5 * (1 + m / (1 + m.abs()))).round().byte().numpy().tobytes()}
