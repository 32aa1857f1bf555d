"""What attacks have done to a set of samples so far, and what each of them cost."""

import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import torch
from torch import Tensor

from advcourse.asking import Model
from advcourse.goals import margin
from advcourse.measure.report import Stage
from advcourse.measure.shares import logits


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
    """Of N samples: who was right, who survived, by which stage the others were taken, and at which point z [N, ...].

    `gap` is how close a sample's class has come to losing, over all points that were looked at.
    """

    def __init__(self, counted: Counted, x: Tensor, y: Tensor, right: Tensor, batch: int):
        self.counted, self.y, self.batch, self.right = counted, y, batch, right
        self.survived, self.z, self.taken_by = right.clone(), x.detach().clone(), torch.full_like(y, -1)
        self.gap = torch.full(y.shape, torch.inf, device=y.device)
        self.stages: list[Stage] = []
        self.shown = 0

    def closest(self) -> Tensor:
        """Rows of the survivors, those first whose class has come closest to losing."""
        rows = self.survived.nonzero().squeeze(1)
        return rows[self.gap[rows].argsort(stable=True)]

    def show(self, name: str, model: Model, attack: Callable[[Tensor], Tensor], share: float) -> None:
        """Show an attack this share of the survivors, the closest ones, and the next as long as it fools someone."""
        queue = self.closest()
        with self.stage(name):
            for part in queue.split(max(1, math.ceil(share * len(queue)))) if len(queue) else ():
                fooled = [self.take(model, some, attack(some)) for some in part.split(self.batch)]
                if not any(fooled):
                    break

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """What happens inside is one row of the report: whom it is shown, whom it takes, what it costs."""
        start, forwards, backwards = time.perf_counter(), self.counted.forwards, self.counted.backwards
        self.shown = 0
        yield
        fooled = int((self.taken_by == len(self.stages)).sum())
        cost = self.counted.forwards - forwards, self.counted.backwards - backwards
        self.stages.append(Stage(name, self.shown, fooled, *cost, time.perf_counter() - start))

    def taken(self, name: str) -> Tensor:
        """Rows of the samples that the stage of this name took."""
        numbers = [number for number, stage in enumerate(self.stages) if stage.name == name]
        return torch.isin(self.taken_by, self.taken_by.new_tensor(numbers)).nonzero().squeeze(1)

    def take(self, model: Model, rows: Tensor, z: Tensor) -> int:
        """Ask the model about what an attack returned for these rows [R]: z [R, ...]; how many were fooled by it."""
        out, y = logits(model, z), self.y[rows]
        fooled = out.argmax(1) != y
        lost = rows[fooled]
        self.z[lost], self.taken_by[lost], self.survived[lost] = z[fooled], len(self.stages), False
        self.gap[rows] = torch.minimum(self.gap[rows], -margin(out, y).to(self.gap))
        self.shown += len(rows)
        return len(lost)
