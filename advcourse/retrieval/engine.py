"""A search engine: a database of views, and what describes a picture to it."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from advcourse.retrieval.database import Views
from advcourse.retrieval.embedding import described
from advcourse.retrieval.ranking import Index, average_precision


@dataclass(frozen=True, eq=False)
class Engine:
    """Views to be found by their descriptors; `describe` makes them of pictures [B, 3, H, W], see `descriptor`."""

    describe: nn.Module
    shelf: Views

    @cached_property
    def index(self) -> Index:
        """The descriptors of all views; made when they are first asked for, in some seconds."""
        return Index(described(self.describe, self.shelf.x))

    def nearest(self, x: Tensor, k: int = 5) -> Tensor:
        """The places on the shelf of the k nearest views to each picture, nearest first: [B, 3, H, W] -> [B, k]."""
        return self.index.nearest(described(self.describe, x), k)[1]

    def relevant(self, x: Tensor, y: Tensor) -> Tensor:
        """All views ranked for each picture, and whether each shows the photograph y [B]: [B, N] bool."""
        return self.shelf.y[self.index.ranking(described(self.describe, x))] == y[:, None]

    def precision(self, x: Tensor, y: Tensor) -> Tensor:
        """The average precision of asking with each picture for the photograph y [B]: [B]."""
        return average_precision(self.relevant(x, y))
