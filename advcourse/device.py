"""Where the tensors live: the course asks here, so that one environment variable moves every notebook."""

import os

import torch


def device() -> torch.device:
    """The device named by ADVCOURSE_DEVICE, else the GPU where there is one, else the CPU.

    Raises ValueError for a name torch does not know and RuntimeError for a device this machine does not have.
    """
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
