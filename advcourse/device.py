"""Where the tensors live: the course asks here, so that one environment variable moves every notebook."""

import functools
import os

import torch
from torch import Tensor


def device() -> torch.device:
    """The device named by ADVCOURSE_DEVICE, else the GPU where there is one, else the CPU.

    Who asks here gets the course's numbers: a GPU of NVIDIA multiplies in whole float32 from then on. In TF32, which
    PyTorch leaves on for convolutions, it keeps ten bits, and next to nothing can be certified of what it answers.

    Raises ValueError for a name torch does not know and RuntimeError for a device this machine does not have.
    """
    chosen = _chosen()
    if chosen.type == "cuda":
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    return chosen


def _chosen() -> torch.device:
    name = os.environ.get("ADVCOURSE_DEVICE", "").strip()
    if not name:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        wanted = torch.device(name)
    except RuntimeError:
        raise ValueError(f"ADVCOURSE_DEVICE={name!r} is no device; use cpu, cuda, cuda:1 or mps, or unset it") from None
    try:
        torch.ones(1, device=wanted).item()  # computes: the meta device allocates, but holds no numbers
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RuntimeError(
            f"ADVCOURSE_DEVICE={name!r}, but this machine cannot use it ({reason}); set ADVCOURSE_DEVICE=cpu"
        ) from None
    return wanted


def with_float64(x: Tensor) -> Tensor:
    """x where it can be computed with in float64: as it is or, where its device has none (Apple's GPUs), on the CPU."""
    return x if _has_float64(x.device) else x.cpu()


def precise(x: Tensor) -> Tensor:
    """x in float64, on its own device or, where that has none, on the CPU.

    What was computed with it goes back with `.to(x)`; with a device that has float64 nothing moves either way.
    """
    return with_float64(x).double()  # in this order: a device converts before it sends


@functools.cache
def _has_float64(device: torch.device) -> bool:
    try:
        torch.zeros(1, dtype=torch.float64, device=device)
    except (TypeError, RuntimeError):
        return False
    return True
