"""Training. A loss is a function (model, x, y) -> scalar, and robust training differs from standard by that alone."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from advcourse.attacks.gradient import Model, ignore
from advcourse.goals import Goal, Untargeted, cross_entropy

Adversary = Callable[[Model, Tensor, Goal], Tensor]
TrainingLoss = Callable[[nn.Module, Tensor, Tensor], Tensor]


def standard_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross entropy on the clean batch: empirical risk minimisation."""
    return cross_entropy(model(x), y).mean()


def absolute_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean |model(x) - y| of a model that answers with a number, [B]: regression to the median."""
    return (model(x) - y).abs().mean()


def madry_loss(model: nn.Module, x: Tensor, y: Tensor, *, attack: Adversary) -> Tensor:
    """Mean cross entropy on attacked inputs alone: the outer half of min_w E max_{z around x} l(w, z, y).

    attack(model, x, goal) -> z is the inner half, with its threat and steps fixed: `partial(pgd, threat=Linf(0.1),
    steps=7, step_size=0.03)`. The gradient with respect to the weights is taken at a constant z (Danskin's theorem).
    Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018.
    """
    return standard_loss(model, attack(model, x, Untargeted(y)).detach(), y)


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
        model.train()
        losses = [train_step(model, x, y, optimizer, loss) for x, y in data]
        if not losses:
            raise ValueError(
                f"data gave no batches in epoch {epoch}: it is gone through once an epoch, so give a list or "
                "data.Batches, not a generator, which is used up after the first"
            )
        mean = sum(losses) / len(losses)
        bar.set_postfix(loss=f"{mean:.3f}")
        model.eval()
        log(epoch, mean)
    return model.eval()
