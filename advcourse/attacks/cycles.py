"""Samples that walk in a circle need no more gradients: with a fixed step, everything after the first lap is known.

In an l_inf ball every pixel moves by the step size or rests at an end. So the iterates of a sample are few, sooner or
later one comes back, most often after two steps, and from then on the walk repeats itself, for ever and exactly.
Whoever is found out leaves the batch. The iterates are the same as without, up to what a smaller batch rounds.

That holds for a model that is a function of each sample. So nobody leaves before a whole lap was walked again to the
same answers, bit for bit, while torch drew no random number, and before a few samples have got alone the answers that
they have in the batch. Otherwise all stay to the end. What this cannot see is a model with a memory or with dice of its
own that repeats itself so long by chance and says something else later.
"""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from advcourse.asking import Model, Trace, ignore
from advcourse.goals import Goal
from advcourse.threats import Allowed

LAPS = (2, 4, 6)  # the laps looked for; one that divides them is found as well


@dataclass(frozen=True)
class Looks:
    """The first look's step; steps between looks, before one came back and after; a step's own cost, in samples."""

    first: int
    seldom: int
    often: int
    fixed: int


# A GPU takes as long for one sample as for a thousand, and waits for every look: there they pay when all come back.
HERE, ON_A_GPU = Looks(first=8, seldom=4, often=2, fixed=12), Looks(first=24, seldom=24, often=24, fixed=2**12)

Circle = tuple[Tensor, int, list[Tensor]]  # the rows of some who left, the step when their lap began, and the lap


class Walk:
    """The walk of N samples, [N, ...]: `for z, goal, allowed in walk`, those that still have to ask for a gradient.

    `rows` says which of the N they are, and each round ends with `walk.to(...)`. The trace sees all N at every step;
    at the end `walk.end` has them.
    """

    def __init__(self, forward: Model, z: Tensor, goal: Goal, allowed: Allowed, steps: int, trace: Trace):
        self.forward, self.z, self.goal, self.allowed = forward, z, goal, allowed
        self.rows = torch.arange(len(z), device=z.device)
        self.steps, self.step, self.trace = steps if z.numel() else 0, 0, trace
        self.looks = ON_A_GPU if z.is_cuda else HERE
        self.every = self.looks.seldom if steps > self.looks.first else 0
        self.wasted, self.trusted, self.random = 0, False, _random_state(z)
        self.past: deque[tuple[Tensor, Tensor]] = deque(maxlen=2 * max(LAPS))  # iterates, and the answers there
        self.circles: list[Circle] = []

    def __iter__(self) -> Generator[tuple[Tensor, Goal, Allowed]]:
        while self.step < self.steps:
            if self.trace is not ignore:
                self.trace(self._everyone())
            if self.every and self.step >= self.looks.first and self.step % self.every == 0:
                self._look()
            if len(self.z):
                yield self.z, self.goal, self.allowed
            self.step += 1
        self.end = self._everyone()
        self.trace(self.end)

    def to(self, z: Tensor, out: Tensor) -> None:
        """Where they go, and what the model answered where they were."""
        if self.every:
            self.past.append((self.z, out.reshape(len(out), -1)))
        self.z = z

    def _everyone(self) -> Tensor:
        """The iterates of all N: who left is where the circle says."""
        if not self.circles:
            return self.z
        n = len(self.rows) + sum(len(rows) for rows, _, _ in self.circles)
        z = self.z.new_empty(n, *self.z.shape[1:]).index_copy_(0, self.rows, self.z)
        for rows, start, lap in self.circles:
            z.index_copy_(0, rows, lap[(self.step - start) % len(lap)])
        return z

    def _look(self) -> None:
        """See who came back: at first whether the model is a function, then to let them go."""
        if not self.trusted:
            self._try(self._same_answers())
        if self.trusted:
            self._leave()

    def _same_answers(self) -> Tensor:
        """Rows whose last answer is that of a lap before: where there is none, nobody came back."""
        before = torch.stack([self.past[-1 - lap][1] for lap in LAPS if lap < len(self.past)])
        return (before == self.past[-1][1]).all(2).any(0).nonzero().squeeze(1)

    def _try(self, rows: Tensor) -> None:
        """Trust the model once a lap was walked again to the same answers, and never if somebody met another one."""
        if not len(rows):
            return
        z, out = (torch.stack([kept[rows] for kept in part]) for part in zip(*self.past))
        for lap in LAPS:
            back, same = _equal(z[lap:], z[:-lap], 2), (out[lap:] == out[:-lap]).all(2)
            agree, differ = torch.stack([(back & same).any(1).sum(), (back & ~same).sum()]).tolist()
            if differ or (agree and not torch.equal(self.random, _random_state(self.z))):
                self.every = 0
                self.past.clear()
                return
            self.every = self.looks.often if agree else self.every
            self.trusted = self.trusted or agree >= lap

    def _leave(self) -> None:
        """Let those go who walk in a circle, if that saves enough."""
        laps = torch.zeros_like(self.rows)
        for lap in reversed(LAPS):  # of several the shortest
            laps = laps.masked_fill(_equal(self.z, self.past[-lap][0], 1), lap)
        back, n = laps.nonzero().squeeze(1), len(self.z)
        back = back[: n - _round_size(n - len(back))]
        if not self._pays(len(back)) or not self._one_by_one(back):
            return
        for lap in LAPS:
            gone = back[laps[back] == lap]
            if len(gone):
                self.circles.append((self.rows[gone], self.step - lap, [z[gone] for z, _ in [*self.past][-lap:]]))
        stay = torch.ones_like(laps, dtype=torch.bool).index_fill_(0, back, False).nonzero().squeeze(1)
        self.rows, self.z, self.wasted = self.rows[stay], self.z[stay], 0
        self.past = deque(((z[stay], out) for z, out in [*self.past][-max(LAPS) :]), maxlen=max(LAPS))
        self.goal, self.allowed = self.goal[stay], self.allowed[stay]

    def _one_by_one(self, rows: Tensor) -> bool:
        """Whether the model answers to these alone what it answers to them among the others; asked before any left."""
        (z, out), n = self.past[-1], len(self.z)
        if self.circles or len(rows) == n:
            return True
        try:
            with torch.no_grad():
                gap = (self.forward(z[rows]).reshape(len(rows), -1) - out[rows]).abs().amax()
            same = bool(gap <= out.abs().amax() * torch.finfo(out.dtype).eps ** 0.5)
        except (RuntimeError, ValueError, IndexError):  # it holds something for every place of the batch
            same = False
        self.every = self.every if same else 0
        return same

    def _pays(self, back: int) -> bool:
        """Whether it is time to make the batch smaller: those who came back have cost, and would cost, as much."""
        n = len(self.z)
        a_step = back + (self.looks.fixed if back == n else 0)
        self.wasted += a_step * self.looks.often
        return min(self.wasted, a_step * (self.steps - self.step)) >= self.looks.fixed + n / 8


def _round_size(n: int) -> int:
    """The next batch size of at most five in each octave: for every new one, libraries prepare their convolutions."""
    unit = 2 ** max(0, n.bit_length() - 3)
    return -(-n // unit) * unit


def _equal(z: Tensor, before: Tensor, dims: int) -> Tensor:
    """Which iterates are exactly the same: z and before [..., C, H, W] after so many leading dimensions, [...] bool."""
    # The largest difference, because it takes a third of the time that comparing every pixel does.
    return (z - before).flatten(dims).abs().amax(dims) == 0


def _random_state(z: Tensor) -> Tensor:
    """The state of torch's random numbers, which moves when a model draws some."""
    return torch.cat([torch.get_rng_state(), *([torch.cuda.get_rng_state(z.device)] if z.is_cuda else [])])
