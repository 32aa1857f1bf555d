"""Training by a recipe: an epoch at a time, each one kept, so that a training that was killed goes on where it was."""

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from advcourse import data, measure, training
from advcourse.attacks.gradient import pgd
from advcourse.goals import Untargeted
from advcourse.threats import Linf

from . import files
from .recipes import Recipe

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


def follow(
    name: str, recipe: Recipe, folder: Path, device: torch.device | str, log: Callable[[int, float], object]
) -> dict:
    """Train by the recipe, measure on the test images and write the checkpoint; its notes.

    After every epoch the state is kept beside the checkpoint and found again by the next call; it is deleted at the
    end. Under torchrun each process takes its part of every batch, and the first one writes.
    """
    train_set, test_set = (part.to(device) for part in recipe.read())
    task = NUMBERS if train_set.y.is_floating_point() else CLASSES
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        model = _train(recipe, train_set, task, folder / f".{name}.progress", log)
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


def _train(
    recipe: Recipe, images: data.Images, task: Task, progress: Path, log: Callable[[int, float], object]
) -> nn.Module:
    """The trained network; picks up the progress of the same recipe."""
    torch.manual_seed(recipe.seed)
    model = recipe.build().to(images.x.device)
    order = torch.Generator().manual_seed(recipe.seed)
    batches = _batches(recipe, images, order)
    optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate)
    done = _resume(progress, recipe, model, optimizer, order)
    bar = tqdm(range(done + 1, recipe.epochs + 1), desc="training", unit="epoch", initial=done, total=recipe.epochs)
    for epoch in bar:
        # Starts of attacks are drawn from the global randomness: of their own in every epoch and process, so that an
        # interrupted training repeats what an uninterrupted one does.
        torch.manual_seed(recipe.seed + 1000 * epoch + 1_000_000 * training.parallel.rank())
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate_in(epoch)
        loss = training.parallel.shared(model, recipe.loss_in(epoch) or task.loss)
        mean = training.train_epoch(model, batches, optimizer, loss)
        bar.set_postfix(loss=f"{mean:.3f}")
        if training.parallel.rank() == 0:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "order": order.get_state()}
            files.write_progress(progress, {**state, "epoch": epoch, "recipe": json.dumps(recipe.described())})
        log(epoch, mean)
    return model.eval()


def _batches(recipe: Recipe, images: data.Images, order: torch.Generator) -> Iterable[tuple[Tensor, Tensor]]:
    batches = data.Batches(images.x, images.y, recipe.batch, order)
    if recipe.shift:
        batches = data.Shifted(batches, recipe.shift, order)
    return training.Replayed(batches, recipe.replays) if recipe.replays > 1 else batches


def _resume(
    progress: Path, recipe: Recipe, model: nn.Module, optimizer: torch.optim.Optimizer, order: torch.Generator
) -> int:
    """The epochs already done: 0, or what the progress says, whose state is put in place."""
    state = training.parallel.from_first(partial(files.read_progress, progress))
    if state is None or state["recipe"] != json.dumps(recipe.described()):
        return 0
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    order.set_state(state["order"])
    return state["epoch"]


def _under_attack(model: nn.Module, eps: float, test: data.Images) -> dict[str, str]:
    """Accuracy that is left by PGD-40 at the radius of the training."""
    generator = torch.Generator().manual_seed(0)
    attack = partial(pgd, threat=Linf(eps), steps=40, step_size=eps / 10, generator=generator)
    z = torch.cat([attack(model, x, Untargeted(y)) for x, y in zip(test.x.split(500), test.y.split(500))])
    return {"pgd40_accuracy": f"{measure.accuracy(model, z, test.y):.4f}"}
