"""Searching a database by image: what a picture's descriptor is, who its neighbours are, how good the ranking is.

maps = retrieval.features(models.pretrained())
describe = retrieval.descriptor(maps, retrieval.gem_pool, size=128)
shelf = retrieval.database()
index = retrieval.Index(retrieval.described(describe, shelf.x))
relevant = shelf.y[index.ranking(retrieval.described(describe, pictures))] == wanted[:, None]
retrieval.average_precision(relevant)
"""

from .database import PHOTOGRAPHS, Views, database, queries
from .embedding import (
    Layer,
    Pooling,
    Resize,
    Whitening,
    described,
    descriptor,
    features,
    gem_pool,
    max_pool,
    mean_pool,
    unit,
    whitening,
)
from .ranking import Index, average_precision, mean_interval, recall_at

__all__ = [
    "PHOTOGRAPHS",
    "Index",
    "Layer",
    "Pooling",
    "Resize",
    "Views",
    "Whitening",
    "average_precision",
    "database",
    "described",
    "descriptor",
    "features",
    "gem_pool",
    "max_pool",
    "mean_interval",
    "mean_pool",
    "queries",
    "recall_at",
    "unit",
    "whitening",
]
