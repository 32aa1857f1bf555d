"""Searching a database by image: what a picture's descriptor is, who its neighbours are, how good the ranking is.

maps = retrieval.features(models.pretrained())
engine = retrieval.Engine(retrieval.descriptor(maps, retrieval.gem_pool, size=96), retrieval.database(96))
cat = retrieval.queries().of("chelsea")
engine.nearest(cat.x)            # [4, 5] places of the nearest views on engine.shelf
engine.precision(cat.x, cat.y)   # [4] average precision of asking for the cat's photograph
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
from .engine import Engine
from .ranking import Index, average_precision, mean_interval, recall_at

__all__ = [
    "PHOTOGRAPHS",
    "Engine",
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
