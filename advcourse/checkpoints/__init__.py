"""Small trained weights that ship with the course, and the recipe that made each: `python -m advcourse train NAME`.

A checkpoint is a safetensors file whose metadata holds the recipe, what a test measured, the versions and a checksum
of the weights. Loading compares recipe and checksum, so that a foreign or damaged file is refused, not trusted.
"""

import hashlib
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from advcourse import data, measure, models, training

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """How a network was made: builder in models, images in data, seed and the settings of Adam."""

    model: str
    images: str
    epochs: int
    batch: int
    learning_rate: float
    seed: int


RECIPES = {
    "digits_linear": Recipe("linear", "digits", epochs=20, batch=128, learning_rate=1e-3, seed=0),
    "digits_mlp": Recipe("mlp", "digits", epochs=20, batch=128, learning_rate=1e-3, seed=0),
    "digits_cnn": Recipe("cnn", "digits", epochs=20, batch=128, learning_rate=2e-3, seed=0),
    "fashion_mlp": Recipe("mlp", "fashion", epochs=6, batch=128, learning_rate=1e-3, seed=0),
    "fashion_cnn": Recipe("cnn", "fashion", epochs=6, batch=128, learning_rate=2e-3, seed=0),
    "faces_age": Recipe("age_cnn", "faces", epochs=16, batch=64, learning_rate=1e-3, seed=0),
}


@dataclass(frozen=True)
class Task:
    """How answers of one kind are learnt, and what is measured on the test images, under which name in the notes."""

    loss: training.TrainingLoss
    measured: str
    measure: Callable[[nn.Module, Tensor, Tensor], float]


CLASSES = Task(training.standard_loss, "test_accuracy", measure.accuracy)
NUMBERS = Task(training.absolute_loss, "test_absolute_error", measure.absolute_error)


def load(name: str, folder: Path = FOLDER) -> nn.Module:
    """The trained network of that name, in evaluation mode on the CPU. A foreign or damaged file is a ValueError."""
    recipe, path = _recipe(name), folder / f"{name}.safetensors"
    weights, notes = _read(path)
    if notes.get("recipe") != json.dumps(asdict(recipe)):
        raise ValueError(
            f"{path.name} was made by another recipe than {name}'s: "
            f"train it again with  python -m advcourse train {name}"
        )
    if notes.get("sha256") != _checksum(weights):
        raise ValueError(
            f"{path.name} is damaged, its weights do not have their checksum: restore the file, or train it again"
        )
    model = _build(recipe)
    model.load_state_dict(weights)
    return model.eval()


def notes(name: str, folder: Path = FOLDER) -> dict[str, str]:
    """What is written in a checkpoint beside the weights: recipe, accuracy, versions, checksum."""
    _recipe(name)
    return _read(folder / f"{name}.safetensors")[1]


def train(name: str, folder: Path = FOLDER, log: Callable[[int, float], object] = training.ignore) -> dict[str, str]:
    """Follow the recipe on the CPU, measure on the test images and write the checkpoint; returns its notes.

    Labels that are classes are learnt by cross entropy and judged by accuracy, numbers by their absolute error.
    The global randomness stays as it was. Weights agree from machine to machine up to rounding, accuracies to a point.
    """
    recipe = _recipe(name)
    train_set, test_set = getattr(data, recipe.images)()
    task = NUMBERS if train_set.y.is_floating_point() else CLASSES
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = _build(recipe)
        batches = data.Batches(train_set.x, train_set.y, recipe.batch, torch.Generator().manual_seed(recipe.seed))
        optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate)
        training.fit(model, batches, optimizer, task.loss, epochs=recipe.epochs, log=log)
    weights = model.state_dict()
    written = {
        "recipe": json.dumps(asdict(recipe)),
        task.measured: f"{task.measure(model, test_set.x, test_set.y):.4f}",
        "versions": f"python {platform.python_version()}, torch {torch.__version__}",
        "sha256": _checksum(weights),
    }
    _write(folder / f"{name}.safetensors", weights, written)
    return written


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise ValueError(f"there is no recipe called {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def _build(recipe: Recipe) -> nn.Module:
    return getattr(models, recipe.model)()


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise FileNotFoundError(
            f"there are no weights at {path.name}; make them with  python -m advcourse train {path.stem}"
        )
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{path.name} is not a readable safetensors file ({error}): restore it, or train it again"
        ) from None


def _write(path: Path, weights: dict[str, Tensor], notes: dict[str, str]) -> None:
    """The whole file or none: written beside its place, then moved there."""
    from safetensors.torch import save

    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial")
    try:
        partial.write_bytes(save(weights, metadata=notes))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _checksum(weights: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in sorted(weights):
        digest.update(key.encode() + weights[key].contiguous().numpy().tobytes())
    return digest.hexdigest()
