"""What minimises a training loss, whichever it is: a step, an epoch, many epochs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from advcourse.asking import ignore

from .losses import TrainingLoss

Schedule = Callable[[int, TrainingLoss], TrainingLoss]


@dataclass(frozen=True)
class Record:
    """What is logged of an epoch: its number, from 1, and the mean of its losses."""

    epoch: int
    loss: float


def unchanged(epoch: int, loss: TrainingLoss) -> TrainingLoss:
    """The schedule of a training whose loss and optimizer stay as they were given."""
    return loss


def train_step(model: nn.Module, x: Tensor, y: Tensor, optimizer: Optimizer, loss: TrainingLoss) -> float:
    """One optimizer step on one batch; the loss before the step. Raises FloatingPointError when it is not finite."""
    value = loss(model, x, y)
    number = value.item()
    if not abs(number) < float("inf"):
        raise FloatingPointError(
            f"the training loss is {number}: lower the learning rate, or look for NaN in the inputs"
        )
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return number


def train_epoch(
    model: nn.Module, data: Iterable[tuple[Tensor, Tensor]], optimizer: Optimizer, loss: TrainingLoss
) -> float:
    """One step on each batch (x, y) of data; the mean loss. The model is left in evaluation mode.

    Raises ValueError where there are no batches, as in the second epoch of a generator.
    """
    model.train()
    losses = [train_step(model, x, y, optimizer, loss) for x, y in data]
    model.eval()
    if not losses:
        raise ValueError(
            "data gave no batches: it is gone through once an epoch, so give a list or data.Batches, not a generator, "
            "which is used up after the first"
        )
    return sum(losses) / len(losses)


def fit(
    model: nn.Module,
    data: Iterable[tuple[Tensor, Tensor]],
    optimizer: Optimizer,
    loss: TrainingLoss,
    *,
    epochs: int,
    log: Callable[[Record], object] = ignore,
    schedule: Schedule = unchanged,
    checkpoint: Callable[[Record], object] = ignore,
    done: int = 0,
) -> nn.Module:
    """Train for some epochs over data, batches (x, y), with a progress bar; the model, in evaluation mode.

    log gets one record an epoch: `history = []; fit(..., log=history.append)`, then `history[-1].loss`. Before an epoch
    schedule(epoch, loss) returns what is minimised in it, and may set the optimizer's rate. After it, before the log,
    checkpoint can keep what a training needs to go on later, with so many epochs `done`. Raises ValueError where an
    epoch finds no batches, as the second does in a generator.
    """
    bar = tqdm(range(done + 1, epochs + 1), desc="training", unit="epoch", initial=done, total=epochs)
    for epoch in bar:
        record = Record(epoch, train_epoch(model, data, optimizer, schedule(epoch, loss)))
        bar.set_postfix(loss=f"{record.loss:.3f}")
        checkpoint(record)
        log(record)
    return model.eval()
