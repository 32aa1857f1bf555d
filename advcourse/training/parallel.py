"""Training in several processes, `torchrun --nproc-per-node=2 -m advcourse train NAME`: one batch, shared out.

Every process holds the network and sees the same batches; each takes its part of the samples, and
DistributedDataParallel averages the gradients. So the steps are those of a single process, up to rounding.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from .losses import TrainingLoss

Answer = TypeVar("Answer")


def rank() -> int:
    """The number of this process, 0 where there is one alone."""
    return distributed.get_rank() if _started() else 0


def size() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _started() else 1


@contextmanager
def processes(device: torch.device) -> Generator[torch.device]:
    """The group that torchrun started, nccl between GPUs and gloo between CPUs, and this process's device of the kind.

    Without torchrun nothing happens.
    """
    if "WORLD_SIZE" not in os.environ:
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        distributed.destroy_process_group()


def shared(model: nn.Module, loss: TrainingLoss) -> TrainingLoss:
    """The loss of a whole batch, computed by all processes together; with one process the loss itself."""
    return Shared(model, loss) if size() > 1 else loss


def from_first(ask: Callable[[], Answer]) -> Answer:
    """The answer of the first process, in all of them: a file may lie on its machine alone."""
    if size() == 1:
        return ask()
    answer: list[Any] = [ask() if rank() == 0 else None]
    distributed.broadcast_object_list(answer)
    return answer[0]


class Shared:
    """A training loss whose gradient is that of the mean over the batch, though each process sees its part alone.

    For losses that are means over samples: on parts of unequal size each mean counts as many samples as it has. Raises
    ValueError where a batch is smaller than the number of processes.
    """

    def __init__(self, model: nn.Module, loss: TrainingLoss):
        device = next(model.parameters()).device
        self.model = model
        self.averaged = nn.parallel.DistributedDataParallel(
            _Loss(model, loss), device_ids=[device] if device.type == "cuda" else None
        )

    def __call__(self, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        if model is not self.model:
            raise ValueError("this loss averages the gradients of the network it was made for, and got another one")
        if len(x) < size():
            raise ValueError(
                f"a batch of {len(x)} cannot be shared by {size()} processes: use fewer, or another batch size"
            )
        part_x, part_y = x.tensor_split(size())[rank()], y.tensor_split(size())[rank()]
        return self.averaged(part_x, part_y) * (len(part_x) * size() / len(x))


class _Loss(nn.Module):
    """A loss as the forward pass that DistributedDataParallel knows; an attack inside it asks the bare network."""

    def __init__(self, model: nn.Module, loss: TrainingLoss):
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.loss(self.model, x, y)


def _started() -> bool:
    return distributed.is_available() and distributed.is_initialized()
