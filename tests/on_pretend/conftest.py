"""Tests on a second device without float64, in a process of their own: see `pretend.start`."""

import pretend
import pytest


@pytest.fixture(scope="session", autouse=True)
def a_device_without_float64():
    """Every test here runs beside it; the library remembers what a device can do, so that it can do the same for all."""
    pretend.start()
    with pretend.without_float64():
        yield
