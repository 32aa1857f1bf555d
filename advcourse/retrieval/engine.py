"""A search engine: a database, and what describes a picture to it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from torch import Tensor, nn

from advcourse.data import Images
from advcourse.retrieval.database import Views
from advcourse.retrieval.embedding import described
from advcourse.retrieval.ranking import Index, average_precision

Shelf = TypeVar("Shelf", Views, Images)


@dataclass(frozen=True, eq=False)
class Engine(Generic[Shelf]):
    """Pictures to be found by their descriptors; `describe` makes them of pictures [B, C, H, W], see `descriptor`.

    What is relevant is of the same label y: of the same photograph, or of the same class.
    """

    describe: nn.Module
    shelf: Shelf

    @cached_property
    def index(self) -> Index:
        """The descriptors of the shelf; made when they are first asked for, in some seconds."""
        return Index(described(self.describe, self.shelf.x))

    def nearest(self, x: Tensor, k: int = 5) -> Tensor:
        """The places on the shelf of the k nearest pictures to each, nearest first: [B, C, H, W] -> [B, k]."""
        return self.index.nearest(described(self.describe, x), k)[1]

    def relevant(self, x: Tensor, y: Tensor) -> Tensor:
        """The whole shelf ranked for each picture, and whether what stands there has the label y [B]: [B, N] bool."""
        return self.shelf.y[self.index.ranking(described(self.describe, x))] == y[:, None]

    def precision(self, x: Tensor, y: Tensor) -> Tensor:
        """The average precision of asking with each picture for the label y [B]: [B]."""
        return average_precision(self.relevant(x, y))
