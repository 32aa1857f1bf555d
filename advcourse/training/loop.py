"""What minimises a training loss, whichever it is: a step, an epoch, many epochs."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from advcourse.asking import ignore

from .losses import TrainingLoss


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
    log: Callable[[int, float], object] = ignore,
) -> nn.Module:
    """Train for some epochs over data, batches (x, y), with a progress bar; the model, in evaluation mode.

    log is called with the epoch (from 1) and its mean loss: `history = []; fit(..., log=lambda *e: history.append(e))`.
    Raises ValueError where an epoch finds no batches, as the second does in a generator.
    """
    bar = tqdm(range(1, epochs + 1), desc="training", unit="epoch")
    for epoch in bar:
        mean = train_epoch(model, data, optimizer, loss)
        bar.set_postfix(loss=f"{mean:.3f}")
        log(epoch, mean)
    return model.eval()
