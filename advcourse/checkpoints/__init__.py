"""Small trained weights that ship with the course, and the recipe that made each: `python -m advcourse train NAME`.

A checkpoint is a safetensors file whose metadata holds the recipe, what a test measured, the versions and a checksum
of the weights. Loading compares recipe and checksum, so that a foreign or damaged file is refused, not trusted.
"""

import json
from pathlib import Path

from torch import nn

from . import files
from .files import FOLDER
from .recipes import RECIPES, Recipe, find
from .trainer import train

__all__ = ["FOLDER", "RECIPES", "Recipe", "load", "notes", "train"]


def load(name: str, folder: Path = FOLDER) -> nn.Module:
    """The trained network of that name, in evaluation mode on the CPU. A foreign or damaged file is a ValueError."""
    recipe, path = find(name), folder / f"{name}.safetensors"
    weights, notes = files.read_weights(path)
    if notes.get("recipe") != json.dumps(recipe.described()):
        raise ValueError(
            f"{path.name} was made by another recipe than {name}'s: "
            f"train it again with  python -m advcourse train {name}"
        )
    if notes.get("sha256") != files.checksum(weights):
        raise ValueError(
            f"{path.name} is damaged, its weights do not have their checksum: restore the file, or train it again"
        )
    model = recipe.build()
    model.load_state_dict(weights)
    return model.eval()


def notes(name: str, folder: Path = FOLDER) -> dict[str, str]:
    """What is written in a checkpoint beside the weights: recipe, accuracies, versions, checksum."""
    find(name)
    return files.read_weights(folder / f"{name}.safetensors")[1]
