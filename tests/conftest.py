"""Shared by all tests; what only one file needs is in that file."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root() -> Path:
    """The root of the repository."""
    return ROOT
