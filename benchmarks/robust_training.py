"""What robust training costs: an epoch of each kind against a standard one, and images a second by processes."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import torch

from advcourse import data, models, training
from advcourse.checkpoints import recipes

EPS, BATCH = 0.1, 64
KINDS = {
    "standard": None,
    "mixed": recipes.mixed,
    "fast": recipes.fast,
    "free, 4 replays": recipes.free,
    "Madry, 7 steps": recipes.madry,
}
PROCESSES = (1, 2)


def epochs(train: data.Images) -> dict[str, partial]:
    """By kind of training: a function without arguments that trains a network of its own for one epoch."""
    return {name: partial(training.train_epoch, *_trainer(train, kind)) for name, kind in KINDS.items()}


def _trainer(train: data.Images, kind: recipes.LossOfEps | None) -> tuple:
    """Network, batches, optimizer and loss of one kind."""
    torch.manual_seed(0)
    model = models.cnn().to(train.x.device)
    batches = data.Batches(train.x, train.y, BATCH, torch.Generator().manual_seed(0))
    if kind is recipes.free:
        batches = training.Replayed(batches, 4)
    return model, batches, torch.optim.Adam(model.parameters(), 1e-3), kind(EPS) if kind else training.standard_loss


def images_a_second(processes: int, seconds: float) -> float:
    """Throughput of Madry's training, 7 steps, with batches of 512 shared by so many processes of this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(Path(__file__)), str(seconds)], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def _measure(seconds: float) -> None:
    """What each process under torchrun does; the first one prints images a second."""
    import time

    from advcourse import device
    from advcourse.training import parallel

    torch.set_num_threads(1)
    with parallel.processes(device()) as where:
        images = data.digits()[0].to(where)
        torch.manual_seed(0)
        model = models.cnn().to(where)
        loss = parallel.shared(model, recipes.madry(EPS))
        step = partial(training.train_step, model, optimizer=torch.optim.Adam(model.parameters(), 1e-3), loss=loss)
        order = data.Batches(images.x[:3584], images.y[:3584], 512, torch.Generator().manual_seed(0))
        # So many rounds for everyone: processes that looked at their own clocks would wait for each other for ever.
        step(*next(iter(order)))
        start, seen = time.perf_counter(), 0
        for _ in range(max(1, round(seconds / 8))):
            for x, y in order:
                step(x, y)
                seen += len(x)
        if parallel.rank() == 0:
            print(seen / (time.perf_counter() - start))


if __name__ == "__main__":
    _measure(float(sys.argv[1]))
