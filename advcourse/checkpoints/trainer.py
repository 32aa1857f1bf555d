"""Training by a recipe: an epoch at a time, each one kept, so that a training that was killed goes on where it was."""

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from advcourse import data, detection, measure, training
from advcourse.asking import ignore
from advcourse.attacks.gradient import pgd
from advcourse.goals import Untargeted
from advcourse.threats import Linf

from . import files
from .recipes import Pictures, Recipe, find

# So many test images are attacked for a robust network's notes: enough for a point and a half, seconds on a CPU.
ATTACKED = 1000


@dataclass(frozen=True)
class Task:
    """How answers of one kind are learnt, and what is measured on the test images, under which name in the notes."""

    loss: training.TrainingLoss
    measured: str
    measure: Callable[[nn.Module, Tensor, Tensor], float]


CLASSES = Task(training.standard_loss, "test_accuracy", measure.accuracy)
NUMBERS = Task(training.absolute_loss, "test_absolute_error", measure.absolute_error)
BOXES = Task(detection.detection_loss, "test_average_precision", detection.precision_on)


def task_of(y: Tensor) -> Task:
    """By what the answers are: boxes [N, K, 4], numbers [N], or classes [N]."""
    if y.ndim == 3:
        return BOXES
    return NUMBERS if y.is_floating_point() else CLASSES


def train(
    name: str,
    folder: Path = files.FOLDER,
    log: Callable[[training.Record], object] = ignore,
    device: torch.device | str = "cpu",
) -> dict[str, str]:
    """Follow the recipe, measure on the test images and write the checkpoint; returns its notes.

    Labels that are classes are learnt by cross entropy and judged by accuracy, numbers by their absolute error, boxes
    by average precision, robust networks also by PGD-40. The state is kept beside the checkpoint after every epoch and
    deleted at the end: an interrupted training goes on with the next call. The global randomness stays as it was.
    Weights agree from machine to machine up to rounding, accuracies to a point. Under torchrun each process takes its
    part of every batch, and the first one writes.
    """
    recipe = find(name)
    train_set, test_set = (part.to(device) for part in recipe.read())
    task = task_of(train_set.y)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        model = _trained(recipe, train_set, task.loss, folder / f".{name}.progress", log)
    weights = {key: value.cpu() for key, value in model.state_dict().items()}
    notes = {
        "recipe": json.dumps(recipe.described()),
        task.measured: f"{task.measure(model, test_set.x, test_set.y):.4f}",
        **(_under_attack(model, recipe.eps, test_set[:ATTACKED]) if recipe.eps else {}),
        "versions": f"python {platform.python_version()}, torch {torch.__version__}",
        "sha256": files.checksum(weights),
    }
    if training.parallel.rank() == 0:
        files.write_weights(folder / f"{name}.safetensors", weights, notes)
        (folder / f".{name}.progress").unlink(missing_ok=True)
    return notes


def _trained(
    recipe: Recipe,
    images: Pictures,
    loss: training.TrainingLoss,
    path: Path,
    log: Callable[[training.Record], object],
) -> nn.Module:
    """The recipe's network after its last epoch, from the progress at the path if that is the same recipe's."""
    torch.manual_seed(recipe.seed)
    model = recipe.build().to(images.x.device)
    order = torch.Generator().manual_seed(recipe.seed)
    optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate)
    progress = _Progress(path, json.dumps(recipe.described()), model, optimizer, order)

    def schedule(epoch: int, loss: training.TrainingLoss) -> training.TrainingLoss:
        # Starts of attacks are drawn from the global randomness: of their own in every epoch and process, so that an
        # interrupted training repeats what an uninterrupted one does.
        torch.manual_seed(recipe.seed + 1000 * epoch + 1_000_000 * training.parallel.rank())
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate_in(epoch)
        return training.parallel.shared(model, recipe.loss_in(epoch) or loss)

    return training.fit(
        model,
        _batches(recipe, images, order),
        optimizer,
        loss,
        epochs=recipe.epochs,
        log=log,
        schedule=schedule,
        checkpoint=progress.keep,
        done=progress.restore(),
    )


def _batches(recipe: Recipe, images: Pictures, order: torch.Generator) -> Iterable[tuple[Tensor, Tensor]]:
    batches: Iterable[tuple[Tensor, Tensor]] = data.Batches(images.x, images.y, recipe.batch, order)
    if recipe.shift:
        batches = data.Shifted(batches, recipe.shift, order)
    return training.Replayed(batches, recipe.replays) if recipe.replays > 1 else batches


@dataclass(frozen=True, eq=False)
class _Progress:
    """All that changes from epoch to epoch of a recipe's training, and the file that keeps it between two calls."""

    path: Path
    recipe: str
    model: nn.Module
    optimizer: torch.optim.Optimizer
    order: torch.Generator

    def keep(self, record: training.Record) -> None:
        """Write the state after an epoch; with several processes the first one does."""
        if training.parallel.rank() == 0:
            state: dict[str, object] = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
            state |= {"order": self.order.get_state(), "epoch": record.epoch, "recipe": self.recipe}
            files.write_progress(self.path, state)

    def restore(self) -> int:
        """Put the state of the same recipe in place, if there is one; how many epochs are done."""
        state = training.parallel.from_first(partial(files.read_progress, self.path))
        if state is None or state["recipe"] != self.recipe:
            return 0
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.order.set_state(state["order"])
        return state["epoch"]


def _under_attack(model: nn.Module, eps: float, test: Pictures) -> dict[str, str]:
    """Accuracy that is left by PGD-40 at the radius of the training."""
    generator = torch.Generator().manual_seed(0)
    attack = partial(pgd, threat=Linf(eps), steps=40, step_size=eps / 10, generator=generator)
    z = torch.cat([attack(model, x, Untargeted(y)) for x, y in zip(test.x.split(500), test.y.split(500))])
    return {"pgd40_accuracy": f"{measure.accuracy(model, z, test.y):.4f}"}
