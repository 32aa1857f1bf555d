"""Shared by all tests; what only one file needs is in that file."""

import faulthandler
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import advcourse.course  # noqa: F401  first: it spares whatever reads notebooks seconds

ROOT = Path(__file__).resolve().parent.parent


LONGEST = 45 * 60  # seconds of all tests of one process


@pytest.fixture(scope="session", autouse=True)
def a_hang_is_told() -> Iterator[None]:
    """Where tests hang, every thread says where, and the process ends. A watch on each test costs more."""
    faulthandler.dump_traceback_later(LONGEST, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture
def live_in(monkeypatch) -> Callable[[Path], None]:
    """Make this folder the user's home, under the names that any system knows it by."""

    def move(folder: Path) -> None:
        for name in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(name, str(folder))

    return move


@pytest.fixture(autouse=True)
def the_same_randomness():
    """A test draws the same numbers alone, after any other, and in whichever worker it runs."""
    # The CPU's generator alone: torch.manual_seed notes a whole traceback for every kind of device not yet started.
    for seed in (torch.default_generator.manual_seed, random.seed, np.random.seed):
        seed(0)
