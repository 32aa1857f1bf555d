"""Black-box attacks that see decisions alone: a walk along the boundary of the goal's region towards x, in l_2.

They ask `oracles.Decisions`; a model that is none is asked through one of its own. `queries` is the most that is asked
about each sample, x itself included. Every attack returns x itself, bit for bit, where the goal is reached already, and
else the nearest point of the box that reached it. Where no point did, x is returned.
"""

import math

import torch
from torch import Generator, Tensor

from advcourse.asking import Model, Trace, check_goal, ignore
from advcourse.attacks.draws import Draws, blocks
from advcourse.attacks.region import like
from advcourse.attacks.windows import pictures
from advcourse.goals import Goal
from advcourse.inputs import check_box
from advcourse.oracles import Decisions, check_asked
from advcourse.threats import L2, Unbounded

PIXELS = Unbounded()
TRIES = 8  # starts that are asked about at once
HALVINGS = 6  # of the way from a start to x
STEPS = 16  # of `boundary`, whose random numbers are drawn at once

# Of `hopskipjump`: probes of the first estimate, how far they lie, in parts of the distance to x, what an earlier
# estimate counts for beside the next, and how often the arc is asked. Tried on digits with 600 queries.
PROBES, AWAY, MEMORY, TURNS = 20, 0.3, 0.7, 5


@torch.inference_mode(False)
def boundary(
    model: Model,
    x: Tensor,
    goal: Goal,
    *,
    queries: int,
    start: Tensor | None = None,
    box: Unbounded = PIXELS,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """A random walk along the boundary: a step on the sphere around x, and where that reaches the goal, one towards x.

    The length of either step grows when it succeeds and shrinks when it fails, so that half of the steps aside and a
    quarter of those towards x succeed. It begins at `start` [B, ...], where that reaches the goal, else at random
    pictures. Brendel, Rauber and Bethge, "Decision-Based Adversarial Attacks", ICLR 2018.
    """
    walk = _begun(model, x, goal, queries, start, box, generator, trace)
    rows = walk.rows
    aside, ahead = (torch.full((len(rows),), v, dtype=walk.x.dtype, device=x.device) for v in (0.1, 0.1))
    centre = walk.x[rows]
    while walk.goes_on():
        for u in walk.draws.normal(rows, STEPS, *x.shape[1:]).to(centre).unbind(1):
            d = walk.z[rows] - centre
            size = _length(d)
            u = _orthogonal(u, d)
            turned = d + like(aside * size, d) * u
            turned = (centre + turned * like(size / _length(turned), d)).clamp(box.lo, box.hi)
            hit, asked = walk.ask_one(rows, turned)
            nearer = torch.lerp(turned, centre, like(ahead, d))
            also, asked_too = walk.ask_one(rows, nearer, hit)
            aside = aside * torch.where(hit, 1.1, torch.where(asked, 1 / 1.1, 1.0)).to(aside)
            ahead = ahead * torch.where(also, 1.33, torch.where(asked_too, 1 / 1.1, 1.0)).to(ahead)
            aside, ahead = aside.clamp(max=1.0), ahead.clamp(max=0.5)
            walk.move(torch.where(like(also, d), nearer, torch.where(like(hit, d), turned, walk.z[rows])))
        trace(walk.found())
    return walk.found()


@torch.inference_mode(False)
def hopskipjump(
    model: Model,
    x: Tensor,
    goal: Goal,
    *,
    queries: int,
    start: Tensor | None = None,
    box: Unbounded = PIXELS,
    generator: Generator | None = None,
    trace: Trace = ignore,
) -> Tensor:
    """The normal of the boundary, estimated from decisions around a point on it, shows the way to a nearer point on it.

    Probes u around the point say on which side they lie, phi(u) = 1 or -1, and the mean of (phi(u) - mean phi) u points
    along the normal. Estimates of earlier points, near as they are, count too. Then the boundary is looked for on the
    arc from the point towards the normal: of the circle over x and the point, on which, of a flat boundary, lies the
    point nearest to x. Each round has more probes than the one before. It begins at `start` [B, ...], where that
    reaches the goal, else at random pictures.
    Chen, Jordan and Wainwright, "HopSkipJumpAttack", IEEE S&P 2020; the arc is that of Reza et al., "CGBA", CVPR 2023.
    """
    walk = _begun(model, x, goal, queries, start, box, generator, trace)
    rows = walk.rows
    centre = walk.x[rows]
    normal, angle = torch.zeros_like(centre), torch.full_like(centre.flatten(1)[:, :1].squeeze(1), 0.3)
    count = 0
    while walk.goes_on():
        count += 1
        d = walk.z[rows] - centre
        normal = MEMORY * normal + walk.estimate(int(PROBES * math.sqrt(count)), AWAY * _length(d))
        angle = walk.turn(d, _orthogonal(normal, d), angle)
        trace(walk.found())
    return walk.found()


class _Walk:
    """For each of B samples the nearest point that reached the goal, and the queries it has left.

    Of those that may come nearer, `rows` [N], also a point between that one and the outside, `edge` [N, ...].
    """

    def __init__(self, oracle: Decisions, x: Tensor, goal: Goal, queries: int, box: Unbounded, draws: Draws):
        self.oracle, self.goal, self.box, self.draws, self.dtype = oracle, goal, box, draws, x.dtype
        self.x = x.detach().to(torch.promote_types(x.dtype, torch.float32))
        self.z = self.x.clone()
        self.left = torch.full((len(x),), queries, device=x.device)
        self.rows, self.edge = torch.arange(0, device=x.device), self.x[:0]

    def goes_on(self) -> bool:
        """Whether there is still a query left for someone."""
        return bool((self.left[self.rows] > 0).any())

    def found(self) -> Tensor:
        """The nearest points, in memory of their own: [B, ...]."""
        return self.z.to(self.dtype, copy=True)

    def move(self, z: Tensor) -> None:
        """z [N, ...] in place of the points of the samples that may come nearer."""
        self.z = self.z.index_copy(0, self.rows, z)

    def ask(self, rows: Tensor, points: Tensor, most: Tensor) -> tuple[Tensor, Tensor]:
        """Which points [N, k, ...] of the samples rows [N] reach the goal, and about which was asked: [N, k] bool.

        About each sample's first `most` [N], as far as its queries go.
        """
        most = torch.minimum(most, self.left[rows])
        asked = torch.arange(points.shape[1], device=rows.device) < most[:, None]
        reached = torch.zeros_like(asked)
        about = rows[:, None].expand_as(asked)[asked]
        if len(about):
            chosen = points.flatten(0, 1) if len(about) == asked.numel() else points[asked]
            out = self.oracle[about].as_scores(chosen.to(self.dtype))
            reached[asked] = self.goal[about].reached(out)
            self.left = self.left.index_add(0, rows, -asked.sum(1))
        return reached, asked

    def ask_one(self, rows: Tensor, points: Tensor, who: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The same of one point [N, ...] of each sample, or of those samples only who are meant [N]: [N] bool."""
        most = torch.ones_like(rows) if who is None else who.to(rows.dtype)
        reached, asked = self.ask(rows, points[:, None], most)
        return reached[:, 0], asked[:, 0]

    def begin(self, rows: Tensor, start: Tensor | None) -> None:
        """A point that reaches the goal for each of these samples, if its queries suffice: the start, or a random one.

        Of several random ones the nearest. Then half the way to x, and half of that, as long as the goal is reached.
        """
        lost = rows
        if start is not None:
            hit, _ = self.ask_one(lost, start.to(self.x)[lost])
            self.z = self.z.index_copy(0, lost[hit], start.to(self.x)[lost[hit]])
            lost = lost[~hit]
        found = rows[~torch.isin(rows, lost)]
        while len(lost):
            points = self.noise(lost)
            hit, _ = self.ask(lost, points, torch.full_like(lost, TRIES))
            away = (points - self.x[lost][:, None]).flatten(2).norm(dim=2).masked_fill(~hit, torch.inf)
            one = points[torch.arange(len(lost), device=lost.device), away.argmin(1)]
            hit = hit.any(1)
            self.z = self.z.index_copy(0, lost[hit], one[hit])
            found = torch.cat([found, lost[hit]])
            lost = lost[~hit & (self.left[lost] > 0)]
        self.rows = found.sort().values
        self.halve()

    def noise(self, rows: Tensor) -> Tensor:
        """Random pictures of the box, in cells of 1, 2, 4, ... pixels: [N, TRIES, ...]."""
        c, h, w = pictures(self.x).shape[1:]
        u = self.draws.uniform(rows, TRIES, c, h, w).to(self.x)
        i, j = (torch.arange(n, device=u.device) for n in (h, w))
        cells = [2 ** (t % max(h, w).bit_length()) for t in range(TRIES)]
        coarse = [u[:, t][:, :, i - i % cell][..., j - j % cell] for t, cell in enumerate(cells)]
        own = self.x[rows].flatten(1)
        lo = self.box.lo if math.isfinite(self.box.lo) else own.amin(1)[:, None] - 1
        hi = self.box.hi if math.isfinite(self.box.hi) else own.amax(1)[:, None] + 1
        points = torch.lerp(torch.as_tensor(lo).to(own), torch.as_tensor(hi).to(own), torch.stack(coarse, 1).flatten(1))
        return points.view(len(rows), TRIES, *self.x.shape[1:])

    def halve(self) -> None:
        """Each point moved towards x by halving the way, as long as it reaches the goal."""
        z, x = self.z[self.rows], self.x[self.rows]
        low, high = (torch.full((len(x),), v, dtype=x.dtype, device=x.device) for v in (0.0, 1.0))
        for _ in range(HALVINGS):
            share = (low + high) / 2
            hit, asked = self.ask_one(self.rows, torch.lerp(x, z, like(share, x)))
            high, low = torch.where(hit, share, high), torch.where(asked & ~hit, share, low)
        self.move(torch.where(like(high < 1, x), torch.lerp(x, z, like(high, x)), z))
        self.edge = torch.lerp(x, z, like((low + high) / 2, x))

    def estimate(self, probes: int, away: Tensor) -> Tensor:
        """What so many probes at the distance away [N] from the edge say about its normal: [N, ...], of any length."""
        few = torch.full_like(self.rows, probes).minimum((self.left[self.rows] - TURNS).clamp(min=0))
        n, d = self.edge.shape[0], max(1, self.edge[:1].numel())
        sums, totals = self.edge.new_zeros(n, 2, d), self.edge.new_zeros(n, 2, 1)
        done = 0
        for count in blocks(probes, self.edge):
            u = self.draws.normal(self.rows, count, *self.edge.shape[1:]).to(self.edge)
            points = torch.addcmul(self.edge[:, None], u, like(away / math.sqrt(d), self.edge)[:, None])
            hit, asked = self.ask(self.rows, points.clamp_(self.box.lo, self.box.hi), (few - done).clamp(min=0))
            weights = torch.stack([(2.0 * hit - 1) * asked, 1.0 * asked], 1).to(u)
            sums, totals = sums + weights @ u.flatten(2), totals + weights.sum(2, keepdim=True)
            done += count
        mean = totals[:, 0] / totals[:, 1].clamp(min=1)
        # Where all lie on one side, the mean is all that is known.
        mean = torch.where(mean.abs() < 1, mean, 0.0)
        return (sums[:, 0] - mean * sums[:, 1]).view_as(self.edge)

    def turn(self, d: Tensor, normal: Tensor, angle: Tensor) -> Tensor:
        """Each point x + d moved to where the arc towards the normal leaves the goal's region, and how far it turned.

        The first try is at the angle [N], in radians, the next at double or half of it. A point of the arc at the
        angle a lies at |d| cos a from x.
        """
        size, centre = _length(d), self.x[self.rows]
        ahead = d / like(size, d)

        def point(a: Tensor) -> Tensor:
            direction = like(a.cos(), d) * ahead + like(a.sin(), d) * normal
            return (centre + like(size * a.cos(), d) * direction).clamp(self.box.lo, self.box.hi)

        low, high, now = torch.zeros_like(angle), torch.full_like(angle, math.pi / 2), angle
        for _ in range(TURNS):
            hit, asked = self.ask_one(self.rows, point(now))
            low, high = torch.where(hit, now, low), torch.where(asked & ~hit, now, high)
            now = torch.where(high < math.pi / 2, (low + high) / 2, (2 * now).clamp(max=1.4))
        self.move(torch.where(like(low > 0, d), point(low), centre + d))
        self.edge = point(torch.where(high < math.pi / 2, (low + high) / 2, low))
        return torch.where(low > 0, low, high / 4).clamp(1e-3, 1.0)


def _begun(
    model: Model,
    x: Tensor,
    goal: Goal,
    queries: int,
    start: Tensor | None,
    box: Unbounded,
    generator: Generator | None,
    trace: Trace,
) -> _Walk:
    """The walk of samples that fit together with all the rest, begun with as many queries as there are."""
    oracle = Decisions.of(model)
    check_goal(goal)
    check_box(box)
    box.around(x)
    check_asked(oracle, x, goal, queries)
    if start is not None:
        _check_start(start, x, box)
    walk = _Walk(oracle, x, goal, queries, box, Draws(len(x), generator))
    trace(walk.found())
    if queries and len(x):
        out = oracle.as_scores(x.detach())
        goal.check(out)
        walk.left = walk.left - 1
        walk.begin((~goal.reached(out)).nonzero().squeeze(1), start)
        trace(walk.found())
    return walk


def _check_start(start: Tensor, x: Tensor, box: Unbounded) -> None:
    """Raise a ValueError that teaches unless start is a picture of the box for each of x."""
    box.around(start)
    if start.shape != x.shape:
        raise ValueError(
            f"start must hold a picture that reaches the goal for each of x, shape {list(x.shape)}; got "
            f"{list(start.shape)}: one for all is start.expand_as(x)"
        )


def _orthogonal(u: Tensor, d: Tensor) -> Tensor:
    """What of u [N, ...] is orthogonal to d, at length one; zero where nothing is."""
    ahead = L2.steepest(d)
    return L2.steepest(u - like((u * ahead).flatten(1).sum(1), d) * ahead)


def _length(d: Tensor) -> Tensor:
    """|d|_2 of each sample, [N, ...] -> [N], never zero."""
    return L2.size(d).clamp(min=torch.finfo(d.dtype).tiny)
