"""Robust accuracy caught between two numbers, and whether the numbers are to be trusted."""

import math
import time
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from advcourse.asking import Model
from advcourse.goals import margin
from advcourse.measure.report import Report, Stage
from advcourse.measure.schedule import Schedule
from advcourse.measure.shares import correct, logits
from advcourse.threats import Threat


class Counted:
    """A model that counts: the samples it has answered and the gradients that were asked of their answers."""

    def __init__(self, model: Model):
        self.model, self.forwards, self.backwards = model, 0, 0

    def __call__(self, z: Tensor) -> Tensor:
        out = self.model(z)
        self.forwards += len(z)
        if isinstance(out, Tensor) and out.requires_grad:
            out.register_hook(self._count)
        return out

    def _count(self, g: Tensor) -> None:
        self.backwards += len(g)


class Outcome:
    """What the attacks so far have done to the N samples, and what each of them cost."""

    def __init__(self, model: Counted, x: Tensor, y: Tensor):
        self.model, self.y = model, y
        self.right = correct(model, x, y)
        self.survived, self.z, self.taken_by = self.right.clone(), x.detach().clone(), torch.full_like(y, -1)
        self.gap = torch.full(y.shape, torch.inf, device=y.device)
        self.stages: list[Stage] = []

    def closest(self, share: float) -> Tensor:
        """Rows of the share of the survivors whose class has come closest to losing, at least one if there is one."""
        rows = self.survived.nonzero().squeeze(1)
        return rows[self.gap[rows].argsort()[: math.ceil(share * len(rows))]].sort().values

    def take(self, name: str, rows: Tensor, attack: Callable[[Tensor], Tensor], batch: int) -> None:
        """Show these samples to an attack, ask the model about what it returns, and note whom it fooled."""
        start, forwards, backwards = time.perf_counter(), self.model.forwards, self.model.backwards
        for part in rows.split(batch) if len(rows) else ():
            z = attack(part)
            out, y = logits(self.model, z), self.y[part]
            fooled = out.argmax(1) != y
            lost = part[fooled]
            self.z[lost], self.taken_by[lost], self.survived[lost] = z[fooled], len(self.stages), False
            self.gap[part] = torch.minimum(self.gap[part], -margin(out, y).to(self.gap))
        cost = self.model.forwards - forwards, self.model.backwards - backwards, time.perf_counter() - start
        self.stages.append(Stage(name, len(rows), int((self.taken_by == len(self.stages)).sum()), *cost))


@torch.inference_mode(False)
def evaluate(
    model: Model, x: Tensor, y: Tensor, threat: Threat, *, batch: int = 100, generator: Generator | None = None
) -> Report:
    """How robust the model is on x [N, ...], y [N] within the threat: between a bound by attacks and one by proof.

    From above: attacks, cheap ones first, of which each sees the survivors of those before; what counts is the worst
    case of every sample, by a fresh answer to the point that is returned. An attack sees `batch` samples at a time. The
    random ones draw from the generator.
    """
    start = time.perf_counter()
    outcome = Outcome(Counted(model), x, y)
    for name, share, attack in Schedule(outcome.model, x, y, threat, generator).stages():
        outcome.take(name, outcome.closest(share), attack, batch)
    found = outcome.right, outcome.survived, outcome.taken_by, outcome.z
    return Report(threat, *found, None, "not asked", tuple(outcome.stages), (), time.perf_counter() - start)
