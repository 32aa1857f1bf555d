"""Several processes train as one does: the same global batches, the same steps, up to rounding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from advcourse import checkpoints
from advcourse.training import parallel, standard_loss

ROOT = Path(__file__).resolve().parent.parent

# A recipe of the test's own, trained by the function behind `python -m advcourse train`, in the folder of argv[1].
TRAIN = """
import sys
from functools import partial
from pathlib import Path
import torch
from advcourse import Linf, checkpoints, data, fgsm, models
from advcourse.checkpoints import RECIPES, Recipe
from advcourse.training import madry_loss, parallel

torch.set_num_threads(1)


def fgsm_alone(eps):
    return partial(madry_loss, attack=partial(fgsm, threat=Linf(eps)))


common = dict(epochs=2, batch=102, learning_rate=1e-2, seed=3, first=500)
RECIPES["standard"] = Recipe(models.linear, data.digits, **common)
RECIPES["attacked"] = Recipe(models.linear, data.digits, loss=fgsm_alone, eps=0.1, warm_up=1, **common)
with parallel.processes(torch.device("cpu")) as device:
    for name in ("standard", "attacked"):
        checkpoints.train(name, Path(sys.argv[1]), device=device)
"""


def train_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, torch.Tensor]]:
    """Here, where everything is loaded already."""
    monkeypatch.setattr(sys, "argv", ["script.py", str(folder)])
    with monkeypatch.context() as known:
        for name in ("standard", "attacked"):
            known.setitem(checkpoints.RECIPES, name, None)
        exec(TRAIN, {})
    return trained(folder)


def train_in(processes: int, folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    script = folder / "script.py"
    script.write_text(TRAIN)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*launch, str(script), str(folder)], env=environment, capture_output=True, text=True, timeout=240
    )
    assert not done.returncode, done.stderr[-2000:]
    return trained(folder)


def trained(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    assert not list(folder.glob(".*")), "nothing is left but the checkpoints"
    return {path.stem: load_file(path) for path in folder.glob("*.safetensors")}


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch comes without torch.distributed")
def test_two_processes_end_in_the_weights_of_one(tmp_path, monkeypatch):
    """With an attack whose starts are not random; batches of 102 leave a last one of 92, all shared out in halves."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = train_alone(tmp_path / "one", monkeypatch), train_in(2, tmp_path / "two")
    assert one.keys() == two.keys() == {"standard", "attacked"}
    for name, weights in one.items():
        for key, value in weights.items():
            assert torch.allclose(value, two[name][key], atol=1e-4), f"{key} of {name}"
    assert not torch.allclose(one["standard"]["2.weight"], one["attacked"]["2.weight"], atol=1e-2)


def test_alone_nothing_is_shared():
    assert parallel.rank() == 0 and parallel.size() == 1
    assert parallel.shared(nn.Linear(2, 2), standard_loss) is standard_loss
    with parallel.processes(torch.device("cpu")) as device:
        assert device == torch.device("cpu") and not torch.distributed.is_initialized()


def test_the_parts_of_an_uneven_batch_weigh_what_they_hold(monkeypatch):
    """Three processes and a batch of 8, without processes: the mean of their losses is the loss of the batch."""
    model, x, y = nn.Linear(2, 2), torch.randn(8, 2), torch.arange(8) % 2
    monkeypatch.setattr(nn.parallel, "DistributedDataParallel", lambda module, device_ids: module)
    monkeypatch.setattr(parallel, "size", lambda: 3)
    loss, shares = parallel.Shared(model, standard_loss), []
    for rank in range(3):
        monkeypatch.setattr(parallel, "rank", lambda rank=rank: rank)
        shares.append(loss(model, x, y).item())
    assert sum(shares) / 3 == pytest.approx(standard_loss(model, x, y).item(), rel=1e-5)
    with pytest.raises(ValueError, match=r"batch of 2 cannot be shared by 3 processes"):
        loss(model, x[:2], y[:2])
    with pytest.raises(ValueError, match="another one"):
        loss(nn.Linear(2, 2), x, y)
