"""What is global while an answer is examined: the same for every answer, and afterwards as the caller had it."""

from __future__ import annotations

import os
import random
import sys
import warnings
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import torch

from .interrupt import held


def _numpy_randomness() -> tuple | None:
    # Asked only if somebody has imported it: the import takes longer than a check.
    numpy = sys.modules.get("numpy.random")
    return (numpy.get_bit_generator(), numpy.get_state(legacy=False)) if numpy else None


def _restore_numpy_randomness(before: tuple | None) -> None:
    numpy = sys.modules.get("numpy.random")
    if numpy and before:
        numpy.set_bit_generator(before[0])
        numpy.set_state(before[1])
    elif numpy:
        numpy.seed()  # imported by the answer itself: as unforeseeable as after any import


def _folder() -> str | None:
    with suppress(OSError):  # it may have been removed
        return os.getcwd()


def _restore_folder(before: str | None) -> None:
    if before and before != _folder():
        with suppress(OSError):
            os.chdir(before)


def _restore_environment(before: dict[str, str]) -> None:
    # One by one, because other threads read it: between clear and update it would be empty.
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


# How a setting is read and how it is put back.
SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], None]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    (random.getstate, random.setstate),
    (_numpy_randomness, _restore_numpy_randomness),
    (_folder, _restore_folder),
    (lambda: dict(os.environ), _restore_environment),
    (sys.getrecursionlimit, sys.setrecursionlimit),
)


def _on_the_cpu() -> AbstractContextManager:
    """Inside, new tensors are on the CPU. Nothing where they are anyway: to say so makes every operation slower."""
    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")


@contextmanager
def fixed_surroundings() -> Generator[None]:
    """Inside: CPU, float32, gradients on, seeded randomness, no warnings, and an interrupt waits for a good place.
    Afterwards: as the caller had it."""
    # Asking CUDA for its generators would start it, which takes seconds and memory that no check needs.
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with (
        held(),
        torch.random.fork_rng(devices=devices),
        _on_the_cpu(),
        torch.inference_mode(False),
        torch.enable_grad(),
        warnings.catch_warnings(),
    ):
        before = [read() for read, _ in SETTINGS]
        try:
            _fix()
            yield
        finally:
            for (_, restore), value in zip(SETTINGS, before, strict=True):
                restore(value)


def _fix() -> None:
    warnings.simplefilter("ignore")
    torch.set_default_dtype(torch.float32)
    torch.default_generator.manual_seed(0)
    random.seed(0)
    if numpy := sys.modules.get("numpy.random"):
        numpy.seed(0)
