"""Reading and writing of weights: whole or not at all, and never a damaged or foreign file without a word."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

FOLDER = Path(__file__).parent


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Weights and notes of a safetensors file."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise FileNotFoundError(
            f"there are no weights at {path.name}; make them with  python -m advcourse train {path.stem}"
        )
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{path.name} is not a readable safetensors file ({error}): restore it, or train it again"
        ) from None


def write_weights(path: Path, weights: dict[str, Tensor], notes: dict[str, str]) -> None:
    """A safetensors file with its notes."""
    from safetensors.torch import save

    _replace(path, lambda partial: partial.write_bytes(save(weights, metadata=notes)))


def read_progress(path: Path) -> dict | None:
    """What an interrupted training left, None where there is nothing. No pickle is run."""
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path.name}, left by an interrupted training, cannot be read ({type(error).__name__}): delete it and the "
            "training starts from the beginning"
        ) from None


def write_progress(path: Path, state: dict) -> None:
    """What a training needs to go on: tensors, numbers and text."""
    _replace(path, lambda partial: torch.save(state, partial))


def checksum(weights: dict[str, Tensor]) -> str:
    """SHA-256 of the names and the bytes of the weights."""
    digest = hashlib.sha256()
    for key in sorted(weights):
        digest.update(key.encode() + weights[key].cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """The whole file or none: written beside its place, then moved there."""
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
