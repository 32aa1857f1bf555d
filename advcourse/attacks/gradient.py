"""White-box attacks: follow the gradient of the goal's score with respect to the input.

An attack never changes its arguments. Samples that walk in a circle leave its batch, see `cycles`. A trace, any
callable, is fed with each iterate: `path = []; pgd(..., trace=path.append)`.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from advcourse.asking import Model, Trace, attacking, check_roles, check_steps, ignore
from advcourse.attacks.cycles import Walk
from advcourse.goals import Goal
from advcourse.threats import Allowed, Threat

Seen = tuple[Tensor, Tensor, Tensor]  # iterates [N, ...], their scores [N] and the model's answers; N = copies * B

# So many pixels of iterates are kept before the best of them is picked: 4 MB in single precision.
ROOM = 2**20


def fgsm(model: Model, x: Tensor, goal: Goal, threat: Threat, *, trace: Trace = ignore) -> Tensor:
    """Fast gradient sign method: z = P(x + eps sign(grad score)), one step to the far end of the ball.

    In l_inf it maximises the linearised score over ball and box; in l_2 and l_1 the step is that norm's steepest one.
    Goodfellow, Shlens and Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015.
    """
    check_roles(goal, threat)
    if math.isinf(threat.eps):
        raise ValueError(
            f"fgsm takes one step of length eps, and {threat} has no radius: use Linf(eps), or iterative_fgsm"
        )
    return iterative_fgsm(model, x, goal, threat, steps=1, step_size=threat.eps, trace=trace)


@torch.inference_mode(False)
def iterative_fgsm(
    model: Model, x: Tensor, goal: Goal, threat: Threat, *, steps: int, step_size: float, trace: Trace = ignore
) -> Tensor:
    """Iterative FGSM: x_t = P(x_{t-1} + step_size sign(grad score(x_{t-1}))), from x_0 = x; the last iterate.

    The threat is the choice of P: `Unbounded()` clips to the box alone, so that the path may walk as far as
    steps * step_size; `Linf(eps)` projects on ball and box around the *original* x, the usual meaning of the attack.
    Kurakin, Goodfellow and Bengio, "Adversarial Examples in the Physical World", ICLR 2017 workshop.
    """
    check_roles(goal, threat)
    allowed = threat.around(x)
    check_steps(threat, steps, step_size)
    with attacking(model, x, goal) as forward:
        walk = Walk(forward, x.detach().clone(), goal, allowed, steps, trace)
        for z, goal, allowed in walk:
            g, _, out = score_gradient(forward, z, goal.score)
            walk.to(allowed.project(z.add(allowed.steepest(g, z), alpha=step_size)), out)
    return walk.end


@torch.inference_mode(False)
def pgd(
    model: Model,
    x: Tensor,
    goal: Goal,
    threat: Threat,
    *,
    steps: int,
    step_size: float,
    restarts: int = 1,
    random_start: bool = True,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """Projected gradient ascent from random members of the set; the best iterate of every sample over all restarts.

    Best is a reached goal first, then the higher score. Restarts share one batch, [restarts * B, ...], which is also
    what the trace sees. Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018.
    """
    check_roles(goal, threat)
    check_steps(threat, steps, step_size)
    z, aim, allowed = starts(x, goal, threat, restarts, random_start, generator)
    if not len(x):
        return z
    best = Best(goal, len(x))
    with attacking(model, x, aim) as forward:
        walk = Walk(forward, z, aim, allowed, steps, trace)
        for z, aim, allowed in walk:
            g, score, out = score_gradient(forward, z, aim.score)
            best.see(z, score, out, walk.rows)
            walk.to(allowed.project(z.add(allowed.steepest(g, z), alpha=step_size)), out)
        if len(walk.z):
            with torch.no_grad():
                out = forward(walk.z)
                best.see(walk.z, walk.goal.score(out), out, walk.rows)
    return best.found()


@torch.inference_mode(False)
def input_gradient(model: Model, x: Tensor, goal: Goal) -> Tensor:
    """Gradient of the summed score with respect to x, so that a sample's gradient does not depend on its batch."""
    with attacking(model, x, goal) as forward:
        return score_gradient(forward, x.detach().clone(), goal.score)[0]


def score_gradient(forward: Model, z: Tensor, score: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """What all gradient attacks share: gradient [B, ...] and score [B] at z, and the model's answer there."""
    z = z.detach().requires_grad_()
    out = forward(z)
    scores = score(out)
    # Of the sum, not with grad_outputs: those make torch import sympy, two seconds before the first attack. A single
    # score is its own sum: on one image the operation and its gradient cost 3 % of the step.
    (g,) = torch.autograd.grad(scores if scores.numel() == 1 else scores.sum(), z)
    return g, scores.detach(), out.detach()


class Best:
    """The best iterate of each of B samples, over all its copies.

    A reached goal comes first, then the higher score, then the earlier iterate. Many are compared at once, because on a
    small batch an operation costs the same for one iterate as for forty.
    """

    def __init__(self, goal: Goal, samples: int):
        self.goal, self.samples = goal, samples
        self.rows = torch.empty(0)
        self.seen: list[Seen] = []
        self.settled: Seen | None = None  # the best of all rows, before some of them left

    def see(self, z: Tensor, score: Tensor, out: Tensor, rows: Tensor) -> None:
        """Iterates [N, ...], their scores and answers; `rows` [N], of all copies * B, is the same until some leave."""
        if rows is not self.rows:
            if self.seen:
                self.settled = self._settle()
                self.seen = [(self.settled[0][rows], self.settled[1][rows], self.settled[2][rows])]
            self.rows = rows
        self.seen.append((z, score, out))
        if len(self.seen) * z.numel() > ROOM:
            self.seen = [self._pick(self.seen, rows)]

    def found(self) -> Tensor:
        """The best of all that were seen: [B, ...]."""
        settled = self._settle()
        if len(settled[0]) == self.samples:
            return settled[0]
        return self._pick([settled], torch.arange(self.samples, device=settled[0].device))[0]

    def _settle(self) -> Seen:
        """The best of every row, of who is seen now and of who left."""
        now = self._pick(self.seen, self.rows)
        if self.settled is None:
            return now
        z, score, out = (old.index_copy(0, self.rows, new) for old, new in zip(self.settled, now))
        return z, score, out

    def _pick(self, seen: list[Seen], rows: Tensor) -> Seen:
        """Of iterates [T * N, ...] the best of each of the N rows."""
        z, score, out = (torch.cat(part) for part in zip(*seen))
        aim = self.goal[(rows % self.samples).repeat(len(z) // len(rows))]
        reached = aim.reached(out).view(-1, len(rows))
        rank = torch.where(reached == reached.any(0), score.view(-1, len(rows)), -torch.inf)
        pick = rank.nan_to_num(-torch.inf).argmax(0) * len(rows) + torch.arange(len(rows), device=z.device)
        return z[pick], score[pick], out[pick]


def starts(
    x: Tensor, goal: Goal, threat: Threat, restarts: int, random_start: bool, generator: Generator | None
) -> tuple[Tensor, Goal, Allowed]:
    """Where the restarts begin, all in one batch [restarts * B, ...], with the goal and the set of each.

    Random members, or x itself. Raises ValueError where x and the goal do not fit, or the restarts would be the same.
    """
    if restarts < 1 or (restarts > 1 and not random_start):
        raise ValueError(
            f"restarts={restarts} with random_start={random_start}: restarts must be >= 1, "
            "and they differ only by their random starts"
        )
    allowed = threat.around(x)
    goal.check_batch(x)
    if not random_start or not len(x):
        return x.detach().clone(), goal, allowed
    z = torch.cat([allowed.sample(generator) for _ in range(restarts)])
    if restarts == 1:
        return z, goal, allowed
    copies = torch.arange(len(x), device=x.device).repeat(restarts)
    return z, goal[copies], allowed[copies]
