"""Black-box attacks that see scores: an estimate of the gradient from differences, and random search without one.

They ask `oracles.Scores`; a model that is none is asked through one of its own. `queries` is the most that is asked
about each sample, its own picture included. A sample that has reached the goal is asked about no more.
"""

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from advcourse.answers import check_no_nan
from advcourse.asking import Model, Trace, check_roles, check_steps, ignore
from advcourse.attacks import windows
from advcourse.attacks.draws import Draws, blocks
from advcourse.attacks.falling import reach
from advcourse.goals import Goal
from advcourse.oracles import Scores, check_asked
from advcourse.threats import L1, L2, Linf, Patch, Threat, Unbounded


def nes_gradient(
    model: Model,
    x: Tensor,
    goal: Goal,
    *,
    queries: int,
    sigma: float,
    lo: float = -math.inf,
    hi: float = math.inf,
    generator: Generator | None = None,
) -> Tensor:
    """The gradient of the goal's score at x as seen from queries / 2 random directions u: [B, ...] -> [B, ...].

    The mean of u (score(x + sigma u) - score(x - sigma u)) / (2 sigma) over normal u is the gradient of the score
    smoothed by that noise; of a linear score it is the gradient itself. Each pair shares its direction: what is even in
    u, the score itself first of all, cancels. Probes are clipped to lo and hi.
    Ilyas, Engstrom, Athalye and Lin, "Black-box Adversarial Attacks with Limited Queries and Information", ICML 2018.
    """
    oracle = Scores.of(model)
    _check_probes(queries, sigma)
    check_asked(oracle, x, goal, queries)
    rows = torch.arange(len(x), device=x.device)
    return _estimate(oracle, x.detach(), goal, Draws(len(x), generator), rows, queries // 2, sigma, (lo, hi))


@torch.inference_mode(False)
def nes(
    model: Model,
    x: Tensor,
    goal: Goal,
    threat: Threat,
    *,
    queries: int,
    samples: int = 50,
    sigma: float = 1e-3,
    step_size: float | None = None,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """Projected gradient ascent without a gradient: each step follows an estimate made of `samples` queries.

    z_t = P(z_{t-1} + step_size * steepest(nes_gradient(z_{t-1}))) from z_0 = x, and the best iterate of every sample,
    which costs one more query a step. A last step has the queries that are left, where they make a pair. Without a
    step_size a step is eps / sqrt(steps), for a walk that knows next to nothing of its direction gets sqrt(steps) far.
    Ilyas, Engstrom, Athalye and Lin, "Black-box Adversarial Attacks with Limited Queries and Information", ICML 2018.
    """
    check_roles(goal, threat)
    oracle = Scores.of(model)
    allowed = threat.around(x)
    check_asked(oracle, x, goal, queries)
    _check_probes(samples, sigma)
    plan = _plan(queries, samples)
    if step_size is None:
        step_size = reach(threat, x) / math.sqrt(max(len(plan), 1))
    check_steps(threat, len(plan), step_size)
    z = x.detach().clone()
    trace(z)
    if not queries or not len(x):
        return z
    out = _first_answers(oracle, x, goal)
    best, top, draws = z, goal.score(out), Draws(len(x), generator)
    left = (~goal.reached(out)).nonzero().squeeze(1)
    for pairs in plan:
        if not len(left):
            break
        here, aim = z[left], goal[left]
        g = _estimate(oracle[left], here, aim, draws, left, pairs, sigma, (threat.lo, threat.hi))
        here = allowed[left].project(here.add(allowed[left].steepest(g, here), alpha=step_size))
        z = z.index_copy(0, left, here)
        trace(z)
        out = oracle[left](here)
        score, reached = aim.score(out), aim.reached(out)
        better = (score > top[left]) | reached
        best = best.index_copy(0, left[better], here[better])
        top = top.index_copy(0, left[better], score[better])
        left = left[~reached]
    return best.clone()


@torch.inference_mode(False)
def square(
    model: Model,
    x: Tensor,
    goal: Goal,
    threat: Threat,
    *,
    queries: int,
    area: float = 1.0,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """Random search: a window of the picture is changed, and the change is kept only if the score rises.

    So no query makes a sample worse. In l_inf a window goes to an end of what is allowed, in l_2 a bump is added to one
    window at the cost of another. The windows are each sample's own; the first ones cover `area` of the picture, and
    they shrink. What the differences between answers say about the gradient is remembered, and decides the sign of a
    window and which of two is tried. In l_inf, l_2 and the bare box.
    Andriushchenko, Croce, Flammarion and Hein, "Square Attack", ECCV 2020.
    """
    check_roles(goal, threat)
    oracle = Scores.of(model)
    if isinstance(threat, L1 | Patch):
        raise ValueError(f"square knows the windows of Linf, L2 and Unbounded; got {threat}: in l_1 use nes")
    if not 0 < area <= 1:
        raise ValueError(f"area is the share of the picture that the first windows cover, in (0, 1]; got {area}")
    threat.around(x)
    check_asked(oracle, x, goal, queries)
    z = x.detach().clone()
    trace(z)
    if not queries or not len(x):
        return z
    answers = _first_answers(oracle, x, goal)
    search = _Search(oracle, windows.pictures(z), goal, goal.score(answers), threat, Draws(len(x), generator))
    search.keep(~goal.reached(answers))
    for proposal in search.proposals(area, queries):
        search.judge(proposal, search.oracle(proposal.new.to(x.dtype).view(-1, *x.shape[1:])))
        if trace is not ignore:
            trace(search.found().view_as(x))
    return search.found().view_as(x)


class _Search:
    """How far `square` is: the best picture of every sample, and of those that are not done, `rows`, all the rest."""

    def __init__(
        self, oracle: Scores, pictures: Tensor, goal: Goal, score: Tensor, threat: Linf | L2 | Unbounded, draws: Draws
    ):
        self.oracle, self.goal, self.allowed, self.draws = oracle, goal, threat.around(pictures), draws
        self.best, self.score = pictures, score
        self.rows = torch.arange(len(pictures), device=pictures.device)
        self.known = windows.known(self.allowed, pictures)
        self.corners = self.rows[:, None]

    def keep(self, these: Tensor) -> None:
        """Go on with these of the samples, [N] bool; the others are done."""
        self.best, these = self.found(), these.nonzero().squeeze(1)
        self.rows, self.score, self.corners = self.rows[these], self.score[these], self.corners[these]
        self.known = self.known.index_select(1, these)
        self.oracle, self.goal, self.allowed = self.oracle[these], self.goal[these], self.allowed[these]

    def proposals(self, area: float, queries: int) -> Iterator[windows.Proposal]:
        """What to ask about next, as long as somebody is left; between one and the next comes `judge`."""
        plane = self.best.shape[2:]
        if queries > 1 and len(self.rows):
            yield windows.first(self.allowed, self.known, self.draws.uniform(self.rows, *self.best.shape[1:]))
        for size, steps in windows.stretches(area, queries, *plane):
            self.corners = windows.corners(self.draws.uniform(self.rows, steps, windows.TRIES, 2), size, *plane)
            for at in range(steps):
                if not len(self.rows):
                    return
                yield windows.proposal(self.allowed, self.known, self.corners[:, at], size, at)

    def judge(self, proposal: windows.Proposal, answers: Tensor) -> None:
        """Keep what is better, remember what the difference says about the gradient, and let go who is done.

        The slope moves to the nearest one that explains the last answer, as Kaczmarz solves linear equations.
        """
        _, pixels, before, after, slope = proposal
        score, reached = self.goal.score(answers), self.goal.reached(answers)
        better = (score > self.score) | reached
        d = after - before
        missing = (score - self.score).to(d) - (slope * d).sum(1)
        step = missing / d.square().sum(1).clamp(min=torch.finfo(d.dtype).tiny)
        now = torch.where(better[:, None], after, before), torch.addcmul(slope, step[:, None], d)
        self.known[:2].scatter_(2, pixels.expand(2, -1, -1), torch.stack(now))
        self.score = torch.where(better, score, self.score)
        if bool(reached.any()):
            self.keep(~reached)

    def found(self) -> Tensor:
        """The best picture of every sample, in memory of its own: [B, C, H, W]."""
        return self.best.index_copy(0, self.rows, self.known[0].to(self.best.dtype).view(-1, *self.best.shape[1:]))


def _plan(queries: int, samples: int) -> list[int]:
    """So many pairs of probes for each step: a query is for x, and one for the end of every step."""
    steps, rest = divmod(max(queries - 1, 0), samples + 1)
    return [samples // 2] * steps + ([(rest - 1) // 2] if rest >= 3 else [])


def _check_probes(samples: int, sigma: float) -> None:
    """Raise a ValueError unless the probes come in pairs, at a distance."""
    if samples < 2 or samples % 2 or not 0 < sigma < math.inf:
        raise ValueError(
            "an estimate needs pairs of probes at x + sigma u and x - sigma u: an even number of at least 2, and a "
            f"finite sigma > 0; got {samples} and sigma={sigma}"
        )


def _estimate(
    oracle: Scores,
    z: Tensor,
    goal: Goal,
    draws: Draws,
    rows: Tensor,
    pairs: int,
    sigma: float,
    box: tuple[float, float],
) -> Tensor:
    """The antithetic estimate of the gradient at z [N, ...], of the samples that are `rows` of the batch."""
    g = torch.zeros_like(z, dtype=torch.promote_types(z.dtype, torch.float32))
    n = torch.arange(len(z), device=z.device)
    for count in blocks(pairs, z):
        u = draws.normal(rows, count, *z.shape[1:]).to(z)
        probes = torch.stack([z[:, None] + sigma * u, z[:, None] - sigma * u], 1).clamp(*box)  # [N, 2, count, ...]
        about = n.repeat_interleave(2 * count)
        score = goal[about].score(oracle[about](probes.flatten(0, 2))).view(len(z), 2, count)
        rise = ((score[:, 0] - score[:, 1]) / (2 * sigma * pairs)).to(g)
        g = g + torch.einsum("nk,nk...->n...", rise, u.to(g))
    return g.to(z)


def _first_answers(oracle: Scores, x: Tensor, goal: Goal) -> Tensor:
    """The scores of x, which costs each sample a query; raises a ValueError that teaches where they do not fit."""
    out = oracle(x.detach())
    goal.check(out)
    check_no_nan(out)
    return out
