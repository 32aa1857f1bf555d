"""Tests on a second device without float64, in a process of their own: see `pretend.start`."""

import pretend
import pytest


@pytest.fixture(scope="session", autouse=True)
def a_device_without_float64():
    """One kind for all: the library remembers whether a device has float64."""
    pretend.start()
    pretend.refuse_float64()
