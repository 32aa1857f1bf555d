"""Random numbers that each sample draws for itself, so that what becomes of it does not depend on its batch."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

NUMBERS = 2**20  # of one sample that are drawn at once
PROBES = 32


def blocks(probes: int, z: Tensor) -> list[int]:
    """In such parts are that many probes of each of z [N, ...] made, for memory: the same in every batch."""
    most = min(PROBES, max(1, NUMBERS // max(1, z[:1].numel())))
    return [min(most, probes - done) for done in range(0, probes, most)]


class Draws:
    """A source of random numbers for every one of B samples, seeded by one number each from the generator.

    A batch of n then draws what n batches of one draw, one after the other with the same generator, and a sample that
    is finished takes nothing from the others. Drawn on the CPU: every device sees the same.
    """

    def __init__(self, samples: int, generator: Generator | None):
        device = generator.device if generator is not None else "cpu"
        seeds = torch.randint(2**31, (samples,), generator=generator, device=device)
        self.sources = [Generator().manual_seed(seed) for seed in seeds.tolist()]

    def uniform(self, rows: Tensor, *shape: int) -> Tensor:
        """Numbers of [0, 1) for some of the samples, [N] -> [N, *shape], in float32."""
        return self._drawn(torch.rand, rows, shape)

    def normal(self, rows: Tensor, *shape: int) -> Tensor:
        """Normal numbers for some of the samples, [N] -> [N, *shape], in float32."""
        return self._drawn(torch.randn, rows, shape)

    def _drawn(self, law: Callable[..., Tensor], rows: Tensor, shape: tuple[int, ...]) -> Tensor:
        # Each into its place: a copy of many probes takes as long as a third of drawing them.
        drawn = torch.empty(len(rows), *shape)
        for place, row in zip(drawn, rows.tolist()):
            law(shape, generator=self.sources[row], out=place)
        return drawn.to(rows.device)
