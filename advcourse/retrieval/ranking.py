"""The nearest neighbours of a query, and how good a ranking is: recall, average precision and their intervals."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from advcourse.device import precise


class Searcher(Protocol):
    """What is asked of scikit-learn's NearestNeighbors: distances and places of the nearest, [B, k] both."""

    def kneighbors(self, X: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, eq=False)
class Index:
    """The descriptors [N, D] of a database, to be searched by cosine distance; scikit-learn does the searching."""

    descriptors: Tensor

    def __len__(self) -> int:
        return len(self.descriptors)

    def nearest(self, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Cosine distances and places of the k nearest to each query [B, D], nearest first: [B, k] both.

        Raises ValueError for a k that the database does not have and for descriptors of another length.
        """
        if not 1 <= k <= len(self) or query.ndim != 2 or query.shape[1:] != self.descriptors.shape[1:]:
            raise ValueError(
                f"k={k} of {len(self)} neighbours was asked for, queries {list(query.shape)}, descriptors "
                f"{list(self.descriptors.shape)}: k lies between 1 and the size of the database, and a query [B, D] is "
                "described as the database is"
            )
        if not len(query):
            return query.new_zeros(0, k), torch.zeros(0, k, dtype=torch.int64, device=query.device)
        distances, places = self._searcher.kneighbors(query.detach().cpu().double().numpy(), k)
        return torch.from_numpy(distances).to(query), torch.from_numpy(places).to(query.device)

    def ranking(self, query: Tensor) -> Tensor:
        """The places of the whole database, nearest first: [B, D] -> [B, N]."""
        return self.nearest(query, len(self))[1]

    @cached_property
    def _searcher(self) -> Searcher:
        from sklearn.neighbors import NearestNeighbors

        # Brute force is exact, and on some thousand descriptors quick.
        return NearestNeighbors(metric="cosine", algorithm="brute").fit(self.descriptors.cpu().double().numpy())


def recall_at(k: int, relevant: Tensor) -> Tensor:
    """Recall@k: whether one of a query's first k results is relevant. Ranked results [B, N] bool -> [B] bool.

    This is the recall of image retrieval, the chance to find *one*; the share of all relevant ones is another number.
    """
    _check_ranked(relevant)
    if not 1 <= k <= relevant.shape[1]:
        raise ValueError(f"recall@{k} of {relevant.shape[1]} results: k is at least 1 and at most as many")
    return relevant[:, :k].any(1)


def average_precision(relevant: Tensor) -> Tensor:
    """The mean, over a query's relevant results, of the precision down to each: ranked [B, N] bool -> [B].

    All results are ranked, so that each relevant one is found somewhere. Raises ValueError for a query without any.
    """
    _check_ranked(relevant)
    if not bool(relevant.any(1).all()):
        raise ValueError(
            f"{int((~relevant.any(1)).sum())} of {len(relevant)} queries have no relevant result, and their precision "
            "has no mean: leave them out"
        )
    hits = precise(relevant)
    precision = hits.cumsum(1) / torch.arange(1, relevant.shape[1] + 1, device=hits.device)
    return ((precision * hits).sum(1) / hits.sum(1)).float().to(relevant.device)


def mean_interval(values: Tensor) -> tuple[float, float]:
    """95 % interval for the mean of values [n] in 0..1, by Student's t and no farther than they can be.

    Of a mean average precision, over the queries. Fewer than two values say nothing: 0..1.
    """
    from scipy.stats import t

    n, values = len(values), precise(values)
    if n < 2:
        return 0.0, 1.0
    centre, half = values.mean().item(), t.ppf(0.975, n - 1) * values.std().item() / n**0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def _check_ranked(relevant: Tensor) -> None:
    if relevant.ndim != 2 or relevant.dtype != torch.bool:
        raise ValueError(
            f"what is relevant is a bool for each result of each query, nearest first, [B, N]; got {relevant.dtype} "
            f"{list(relevant.shape)}: labels[index.ranking(q)] == wanted[:, None]"
        )
